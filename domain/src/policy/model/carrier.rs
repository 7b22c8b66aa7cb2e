//! A carrier whose answers are as bad as the choices make them.

use super::choices::Choices;
use crate::{
    Command, OrderId, ShipmentId,
    policy::Call,
    shipment::{
        CarrierNotice, DispatchKey, HearCarrier, RecordDelivered, RecordDispatched, RecordFailed,
        RecordLost, RecordRefused, RecordReturnedToSender, RecordTracked, ShipmentCommand,
        Whereabouts,
    },
    testing::at,
};
use std::collections::{BTreeMap, BTreeSet};

/// What the carrier calls itself.
const NAME: &str = "Parcel\u{1b} Express";

/// What the carrier has taken under an idempotency key, which is what it calls it, too.
#[derive(Debug, Clone)]
struct Label {
    order_id: OrderId,
    shipment_id: ShipmentId,
    /// Whether it was taken.
    taken: bool,
    fate: Fate,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Fate {
    UnderWay,
    Delivered,
    Lost,
    Returned,
}

/// The carrier, with everything that it was asked.
#[derive(Debug, Default, Clone)]
pub(super) struct Carrier {
    by_key: BTreeMap<String, Label>,
    /// Shipments of which the carrier never has news.
    silent: BTreeSet<ShipmentId>,
    /// Shipments that the carrier always tries to deliver in vain.
    unlucky: BTreeSet<ShipmentId>,
}

impl Carrier {
    /// What a call comes to; nothing if it must be made again.
    pub(super) fn call(&mut self, choices: &mut Choices, call: &Call) -> Option<Command> {
        let (shipment, command) = match call {
            Call::Dispatch {
                order_id,
                shipment_id,
                attempt,
                idempotency_key,
            } => {
                let command =
                    self.dispatch(choices, *order_id, *shipment_id, *attempt, idempotency_key)?;
                (*shipment_id, command)
            }
            Call::Track {
                shipment_id,
                tracking_number,
                inquiries,
                ..
            } => {
                let command = self.track(choices, *shipment_id, tracking_number, *inquiries)?;
                (*shipment_id, command)
            }
            other => panic!("no carrier does this: {other:?}"),
        };
        Some(Command::Shipment(shipment, command))
    }

    fn dispatch(
        &mut self,
        choices: &mut Choices,
        order_id: OrderId,
        shipment_id: ShipmentId,
        attempt: u32,
        key: &str,
    ) -> Option<ShipmentCommand> {
        let answer = choices.below(6);
        // It never gets there.
        if answer == 5 {
            return None;
        }
        if answer == 3 {
            let never = match choices.once_in(2) {
                true => &mut self.unlucky,
                false => &mut self.silent,
            };
            never.insert(shipment_id);
        }
        let label = self.by_key.entry(key.into()).or_insert_with(|| Label {
            order_id,
            shipment_id,
            taken: choices.of(&[true, true, false]),
            fate: Fate::UnderWay,
        });
        let taken = label.taken;
        let labels = self.by_key.values();
        let labels = labels.filter(|label| label.taken && label.shipment_id == shipment_id);
        assert!(labels.count() <= 1, "two labels for {shipment_id}");
        // Its answer does not come back.
        if answer == 4 {
            return None;
        }
        Some(match taken {
            true => ShipmentCommand::RecordDispatched(RecordDispatched {
                attempt,
                carrier: NAME.into(),
                tracking_number: key.into(),
            }),
            false => ShipmentCommand::RecordRefused(RecordRefused {
                attempt,
                code: "address_unknown".into(),
            }),
        })
    }

    fn track(
        &mut self,
        choices: &mut Choices,
        shipment_id: ShipmentId,
        tracking_number: &str,
        inquiries: u32,
    ) -> Option<ShipmentCommand> {
        let label = self.by_key.get_mut(tracking_number);
        let label = label.expect("only what was taken is tracked");
        assert!(label.taken && label.shipment_id == shipment_id, "{label:?}");
        let (silent, unlucky) = (&self.silent, &self.unlucky);
        let failed = ShipmentCommand::RecordFailed(RecordFailed {
            inquiries,
            reason: "nobody was in".into(),
        });
        let nothing_new = ShipmentCommand::RecordTracked(RecordTracked { inquiries });
        match choices.below(7) {
            _ if silent.contains(&shipment_id) => return Some(nothing_new),
            _ if unlucky.contains(&shipment_id) => return Some(failed),
            6 => return None,
            5 => return Some(nothing_new),
            4 if label.fate == Fate::UnderWay => return Some(failed),
            3 if label.fate == Fate::UnderWay => label.fate = Fate::Returned,
            2 if label.fate == Fate::UnderWay => label.fate = Fate::Lost,
            _ if label.fate == Fate::UnderWay => label.fate = Fate::Delivered,
            _ => {}
        }
        Some(label.fate.tell())
    }

    /// What it says by itself of something that it was asked to take, before its answer does, again, or
    /// long after it; or what nobody has asked for yet.
    pub(super) fn tell_again(&mut self, choices: &mut Choices) -> Option<Command> {
        let which = choices.below(self.by_key.len().max(1));
        let (key, label) = self.by_key.iter_mut().nth(which)?;
        let key = DispatchKey::parse(key).expect("the key is one of ours");
        let speaks = !self.silent.contains(&label.shipment_id);
        if label.taken && label.fate == Fate::UnderWay && speaks && choices.once_in(3) {
            let fates = [Fate::Delivered, Fate::Lost, Fate::Returned];
            label.fate = match self.unlucky.contains(&label.shipment_id) {
                true => Fate::UnderWay,
                false => choices.of(&fates),
            };
        }
        let notice = match label.taken {
            false => CarrierNotice::Refused {
                code: "address_unknown".into(),
            },
            true => CarrierNotice::Taken {
                carrier: NAME.into(),
                tracking_number: key.to_string(),
                whereabouts: match choices.below(4) {
                    // What it says is old.
                    2 => Whereabouts::UnderWay,
                    3 if speaks => Whereabouts::Failed {
                        reason: "nobody was in".into(),
                    },
                    _ => label.fate.whereabouts(),
                },
            },
        };
        let attempt = key.attempt;
        let command = ShipmentCommand::Hear(HearCarrier { attempt, notice });
        Some(Command::Shipment(label.shipment_id, command))
    }

    /// What an operator learns of a shipment who calls the carrier up.
    pub(super) fn tell(&self, tracking_number: &str) -> ShipmentCommand {
        self.by_key[tracking_number].fate.tell()
    }

    /// Whether the carrier has taken something for an order.
    pub(super) fn has_taken(&self, order_id: OrderId) -> bool {
        let mut labels = self.by_key.values();
        labels.any(|label| label.order_id == order_id && label.taken)
    }
}

impl Fate {
    fn whereabouts(self) -> Whereabouts {
        match self {
            Self::UnderWay => Whereabouts::UnderWay,
            Self::Delivered => Whereabouts::Delivered { at: at(0) },
            Self::Lost => Whereabouts::Lost,
            Self::Returned => Whereabouts::Returned,
        }
    }

    fn tell(self) -> ShipmentCommand {
        match self {
            Self::UnderWay | Self::Delivered => {
                let delivered_at = at(0);
                ShipmentCommand::RecordDelivered(RecordDelivered { delivered_at })
            }
            Self::Lost => ShipmentCommand::RecordLost(RecordLost),
            Self::Returned => ShipmentCommand::RecordReturnedToSender(RecordReturnedToSender),
        }
    }
}

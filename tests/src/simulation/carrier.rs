//! A carrier with waybills of its own, over connections that lose requests and answers.

use super::{node::Node, word::Said, world::World};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    Command, OrderId,
    shipment::{CarrierNotice, DispatchKey, HearCarrier, ShipmentCommand, Whereabouts},
};
use saga::carrier::{CallError, Carrier, DispatchRequest, Dispatched, Tracking};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use store::Clock;

/// The longest that a shipment is under way, in milliseconds: longer than the carrier is asked for.
const LONGEST_WAY_MS: u64 = 30_000;

/// What the carrier calls itself.
const NAME: &str = "Post";

/// Why it does not take a shipment.
const REFUSED: &str = "address_not_served";

/// What the carrier knows under an idempotency key. The tracking number is the key.
#[derive(Debug, Clone)]
pub(super) struct Waybill {
    pub order_id: OrderId,
    /// The shipment, as we call it.
    pub reference: String,
    /// What becomes of it, and when; none if it was not taken.
    pub end: Option<(DateTime<Utc>, End)>,
}

/// What becomes of a shipment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Delivered,
    Lost,
    ReturnedToSender,
}

/// The carrier's books.
#[derive(Default)]
pub(super) struct Waybills(Mutex<BTreeMap<String, Waybill>>);

impl Waybills {
    fn entries(&self) -> MutexGuard<'_, BTreeMap<String, Waybill>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All of them, with their keys.
    pub(super) fn all(&self) -> Vec<(String, Waybill)> {
        self.entries().clone().into_iter().collect()
    }

    /// One of the things that it may say by itself: it has always taken a shipment before that has got
    /// anywhere.
    pub(super) fn says(&self, world: &World) -> Option<Said> {
        let mut all = self.all_said(world);
        match all.len() {
            0 => None,
            count => Some(all.swap_remove(world.dice.below(count))),
        }
    }

    /// All that it may say by itself.
    pub(super) fn all_said(&self, world: &World) -> Vec<Said> {
        let now = world.clock.now();
        let entries = self.entries();
        let said = entries
            .iter()
            .flat_map(|(key, waybill)| waybill.says(key, now));
        said.collect()
    }

    /// Takes a shipment, or refuses to, once for each key.
    fn dispatch(&self, world: &World, request: &DispatchRequest) -> Waybill {
        let mut entries = self.entries();
        let key = request.idempotency_key.clone();
        let waybill = entries.entry(key).or_insert_with(|| {
            let goes_well = !world.dice.happens(world.faults.shipping);
            let end = match world.dice.below(4) {
                _ if goes_well => Some(End::Delivered),
                0 => Some(End::Lost),
                1 => Some(End::ReturnedToSender),
                // What nobody sees to is refused no more than now and then.
                _ => None,
            };
            let at = world.clock.now() + world.dice.millis(0..=LONGEST_WAY_MS);
            Waybill {
                order_id: request.order_id,
                reference: request.reference.clone(),
                end: end.map(|end| (at, end)),
            }
        });
        waybill.clone()
    }

    fn track(&self, world: &World, tracking_number: &str) -> Result<Tracking, CallError> {
        let entries = self.entries();
        let known = entries.get(tracking_number).and_then(|known| known.end);
        let (at, end) = known.ok_or(CallError::NotFound)?;
        Ok(match end {
            _ if at > world.clock.now() => match world.dice.below(3) {
                0 => Tracking::DeliveryFailed {
                    reason: "nobody home".into(),
                },
                _ => Tracking::Underway,
            },
            End::Delivered => Tracking::Delivered { at },
            End::Lost => Tracking::Lost,
            End::ReturnedToSender => Tracking::ReturnedToSender,
        })
    }
}

impl Waybill {
    /// What it may say of this by itself by now.
    fn says(&self, key: &str, now: DateTime<Utc>) -> Vec<Said> {
        let Some(of) = DispatchKey::parse(key) else {
            return vec![];
        };
        let hear = |what: &str, notice| {
            let attempt = of.attempt;
            let command = ShipmentCommand::Hear(HearCarrier { attempt, notice });
            Said {
                event: format!("{key} {what}"),
                command: Command::Shipment(of.shipment_id, command),
            }
        };
        let Some((at, end)) = self.end else {
            let code = REFUSED.into();
            return vec![hear("refused", CarrierNotice::Refused { code })];
        };
        let taken = |whereabouts| CarrierNotice::Taken {
            carrier: NAME.into(),
            tracking_number: key.into(),
            whereabouts,
        };
        let mut said = vec![
            hear("accepted", taken(Whereabouts::UnderWay)),
            hear(
                "failed",
                taken(Whereabouts::Failed {
                    reason: "nobody home".into(),
                }),
            ),
        ];
        if at <= now {
            let whereabouts = match end {
                End::Delivered => Whereabouts::Delivered { at },
                End::Lost => Whereabouts::Lost,
                End::ReturnedToSender => Whereabouts::Returned,
            };
            said.push(hear("end", taken(whereabouts)));
        }
        said
    }
}

/// The carrier, over a process's connection.
pub(super) struct NodeCarrier(pub Arc<Node>);

impl NodeCarrier {
    /// Whether the connection breaks now.
    fn breaks(&self) -> Result<(), CallError> {
        let world = &self.0.world;
        match world.goes_wrong(world.faults.carrier / 2) {
            true => Err(CallError::Unknown("simulated: the connection broke".into())),
            false => Ok(()),
        }
    }
}

#[async_trait]
impl Carrier for NodeCarrier {
    async fn dispatch(&self, request: &DispatchRequest) -> Result<Dispatched, CallError> {
        self.0.step("carrier: dispatch").await;
        self.breaks()?;
        let world = &self.0.world;
        let waybill = world.waybills.dispatch(world, request);
        self.0
            .trace(|| format!("carrier: {request:?}: {waybill:?}"));
        if waybill.order_id != request.order_id || waybill.reference != request.reference {
            world.wrong(format!(
                "one key for two shipments: {request:?}, {waybill:?}"
            ));
        }
        self.breaks()?;
        self.0.step("carrier: dispatched").await;
        match waybill.end {
            None => Err(CallError::Refused(REFUSED.into())),
            Some(_) => Ok(Dispatched {
                carrier: NAME.into(),
                tracking_number: request.idempotency_key.clone(),
            }),
        }
    }

    async fn inquire(&self, key: &str, reference: &str) -> Result<Dispatched, CallError> {
        self.0.step("carrier: inquire").await;
        self.breaks()?;
        let world = &self.0.world;
        let found = world.waybills.entries().get(key).cloned();
        self.0
            .trace(|| format!("carrier: inquire {key}: {found:?}"));
        self.breaks()?;
        self.0.step("carrier: inquired").await;
        match found {
            Some(waybill) if waybill.end.is_some() && waybill.reference == reference => {
                Ok(Dispatched {
                    carrier: NAME.into(),
                    tracking_number: key.to_owned(),
                })
            }
            _ => Err(CallError::NotFound),
        }
    }

    async fn track(&self, tracking_number: &str) -> Result<Tracking, CallError> {
        self.0.step("carrier: track").await;
        self.breaks()?;
        let world = &self.0.world;
        let answer = world.waybills.track(world, tracking_number);
        self.0
            .trace(|| format!("carrier: track {tracking_number}: {answer:?}"));
        if answer == Err(CallError::NotFound) {
            world.wrong(format!(
                "the carrier is asked for {tracking_number}, which it has not"
            ));
        }
        self.breaks()?;
        self.0.step("carrier: tracked").await;
        answer
    }
}

//! What customers, packers and operators do, and what befalls an order.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    Command, Event, Location, Money, OrderId, Recorded, ReturnId,
    order::{
        AddNote, CancelLines, LineQuantity, OrderCommand, OrderEvent, OrderPlaced, PlaceHold,
        ReleaseHold, RequestCancellation,
    },
    returns::{
        ApproveReturn, InspectReturn, InspectedLine, MarkInTransit, ReceiveReturn, RequestReturn,
        ReturnCommand, ReturnEvent,
    },
    shipment::{PackShipment, ShipmentCommand, ShipmentEvent},
};
use rand::{RngExt, rngs::StdRng};
use std::ops::Range;

/// What befalls an order, drawn when it is placed.
#[derive(Debug, Clone)]
pub(super) struct Fate {
    /// What its payment is asked for.
    pub(super) amount: Money,
    /// How often its payment is declined.
    pub(super) declined: u32,
    /// Whether the provider's first answer does not come.
    pub(super) unheard: bool,
    /// How often the carrier refuses it.
    pub(super) refused: u32,
    /// How long the carrier takes.
    travels: TimeDelta,
    /// When it arrives, once it has left.
    pub(super) arrives: Option<DateTime<Utc>>,
    /// Whether the carrier loses it.
    pub(super) lost: bool,
    /// What the customer will send back.
    unwanted: Vec<LineQuantity>,
}

/// What somebody will do, and in how long.
pub(super) type Deed = (TimeDelta, Command);

impl Fate {
    /// That of an order, and what is done about it in the meantime.
    pub(super) fn of(placed: &OrderPlaced, rng: &mut StdRng) -> (Self, Vec<Deed>) {
        let fate = Self {
            amount: Money::new(placed.total, placed.currency),
            declined: match rng.random_range(0..100) {
                0..3 => 3,
                3..5 => 1,
                _ => 0,
            },
            unheard: one_in(rng, 200),
            refused: u32::from(one_in(rng, 100)),
            travels: within(rng, 24..96),
            arrives: None,
            lost: one_in(rng, 300),
            unwanted: match one_in(rng, 12) {
                true => some_of(placed, rng),
                false => Vec::new(),
            },
        };
        (fate, meanwhile(placed, rng))
    }

    /// What people do about something that has happened.
    pub(super) fn react(&mut self, recorded: &Recorded, rng: &mut StdRng) -> Option<Deed> {
        match &recorded.event {
            Event::Order(OrderEvent::HoldPlaced(event)) => {
                let hold = event.hold.clone();
                let release = OrderCommand::ReleaseHold(ReleaseHold { hold });
                Some((within(rng, 1..8), Command::Order(event.order_id, release)))
            }
            Event::Shipment(ShipmentEvent::ShipmentCreated(event)) => {
                let pack = ShipmentCommand::Pack(PackShipment);
                let command = Command::Shipment(event.shipment_id, pack);
                Some((within(rng, 1..20), command))
            }
            Event::Shipment(ShipmentEvent::ShipmentDispatched(_)) => {
                let recorded_at = recorded.envelope.recorded_at;
                self.arrives = recorded_at.checked_add_signed(self.travels);
                None
            }
            Event::Shipment(ShipmentEvent::ShipmentDelivered(event)) => {
                self.send_back(event.order_id, rng)
            }
            Event::Return(event) => of_return(event, rng),
            _ => None,
        }
    }

    fn send_back(&mut self, order_id: OrderId, rng: &mut StdRng) -> Option<Deed> {
        let lines = std::mem::take(&mut self.unwanted);
        if lines.is_empty() {
            return None;
        }
        let return_id = ReturnId::new(uuid(rng));
        let request = ReturnCommand::Request(RequestReturn {
            return_id,
            order_id,
            lines,
            reason: "It is not what the customer expected.".into(),
        });
        Some((within(rng, 24..240), Command::Return(return_id, request)))
    }
}

/// What people do about an order that nothing but its being there gives reason to.
fn meanwhile(placed: &OrderPlaced, rng: &mut StdRng) -> Vec<Deed> {
    let order = |command| Command::Order(placed.order_id, command);
    let mut deeds = Vec::new();
    if one_in(rng, 10) {
        let note = OrderCommand::AddNote(AddNote {
            note_id: uuid(rng),
            text: "The customer called and asks to be told before delivery.".into(),
        });
        deeds.push((within(rng, 1..48), order(note)));
    }
    if one_in(rng, 33) {
        let hold = OrderCommand::PlaceHold(PlaceHold {
            hold: "fraud-check".into(),
            reason: "The address is far from where the card is from.".into(),
        });
        deeds.push((TimeDelta::milliseconds(20), order(hold)));
    }
    if one_in(rng, 25) {
        let cancel = OrderCommand::RequestCancellation(RequestCancellation {
            reason: "The customer changed their mind.".into(),
        });
        deeds.push((within(rng, 0..12), order(cancel)));
    }
    if one_in(rng, 50)
        && let [_, .., last] = &*placed.lines
    {
        let cancel = OrderCommand::CancelLines(CancelLines {
            cancellation_id: uuid(rng),
            lines: vec![LineQuantity {
                line: last.line,
                quantity: last.quantity,
            }],
            reason: "One of them was enough.".into(),
        });
        deeds.push((within(rng, 0..4), order(cancel)));
    }
    deeds
}

/// What the shop, and the customer, do next about a return.
fn of_return(event: &ReturnEvent, rng: &mut StdRng) -> Option<Deed> {
    let (wait, return_id, command) = match event {
        ReturnEvent::ReturnRequested(event) => {
            let location = Location::default();
            let approve = ReturnCommand::Approve(ApproveReturn { location });
            (within(rng, 1..24), event.return_id, approve)
        }
        ReturnEvent::ReturnApproved(event) => {
            let number = rng.random_range(0..1_000_000_000_000_u64);
            let sent = ReturnCommand::MarkInTransit(MarkInTransit {
                tracking_number: Some(format!("PX{number:012}")),
            });
            (within(rng, 4..72), event.return_id, sent)
        }
        ReturnEvent::ReturnInTransit(event) => {
            let receive = ReturnCommand::Receive(ReceiveReturn {
                receipt_id: uuid(rng),
                lines: Vec::new(),
            });
            (within(rng, 24..96), event.return_id, receive)
        }
        ReturnEvent::ReturnReceived(event) => {
            let broken = one_in(rng, 5);
            let lines = event.lines.iter().map(|line| InspectedLine {
                line: line.line,
                restocked: if broken { 0 } else { line.quantity },
                quarantined: if broken { line.quantity } else { 0 },
                refused: 0,
                reason: broken.then(|| "The package is torn.".into()),
            });
            let inspect = ReturnCommand::Inspect(InspectReturn {
                order_id: event.order_id,
                lines: lines.collect(),
            });
            (within(rng, 1..24), event.return_id, inspect)
        }
        _ => return None,
    };
    Some((wait, Command::Return(return_id, command)))
}

/// Up to three lines of an order, whole.
fn some_of(placed: &OrderPlaced, rng: &mut StdRng) -> Vec<LineQuantity> {
    let lines = placed.lines.iter().map(|line| LineQuantity {
        line: line.line,
        quantity: line.quantity,
    });
    lines.take(rng.random_range(1..=3)).collect()
}

pub(super) fn uuid(rng: &mut StdRng) -> uuid::Uuid {
    uuid::Builder::from_random_bytes(rng.random()).into_uuid()
}

pub(super) fn one_in(rng: &mut StdRng, count: u32) -> bool {
    rng.random_range(0..count) == 0
}

/// A time within these hours.
fn within(rng: &mut StdRng, hours: Range<i64>) -> TimeDelta {
    TimeDelta::seconds(rng.random_range(hours.start * 3_600..hours.end * 3_600))
}

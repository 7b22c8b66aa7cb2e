//! Has confirmed orders packed and sent, keeps what has not left of those that are cancelled, asks
//! where the rest is, and does not wait for ever for what customers send back.

mod backorder;
mod parcels;
mod returned;

use super::{Call, Limits, Policy, Reaction, Task, Timer, TimerName, after, deadline};
use crate::{
    Command, Event, Location, OrderId, Recorded, ShipmentId,
    event::is_default,
    order::{
        Awaited, CancellationRequested, OrderCommand, OrderEvent, PlaceHold, RejectCancellation,
        ReleaseHold, RequestCancellation,
    },
    payment::PaymentEvent,
    returns::ReturnEvent,
    shipment::{
        Allotted, CancelShipment, CreateShipment, DispatchRefused, GiveUpShipment, MarkReady,
        RequestDispatch, ShipmentCommand, ShipmentEvent,
    },
    stock::StockEvent,
};
pub use backorder::Backorder;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What the hold is called that a refusal of the carrier puts on an order.
const HOLD: &str = "carrier-refused";

/// The shipping policy.
pub struct Shipping;

/// What it remembers: the shipments that the carrier has refused and not taken since, and stock that is
/// still to come. Of nearly every order that is nothing: what else it must know, the shipments' streams
/// know.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ShippingState {
    /// The refused shipments.
    pub refused: BTreeSet<ShipmentId>,
    /// Why the order is to be cancelled, if a shipment of it was given up.
    #[serde(default, skip_serializing_if = "is_default")]
    pub given_up: Option<String>,
    /// What the order waits for before it can be packed.
    #[serde(default, skip_serializing_if = "is_default")]
    pub backorder: Backorder,
    /// Where its stock is reserved, until its shipment is there or its stock given back; none is the default
    /// place.
    #[serde(default, skip_serializing_if = "is_default")]
    pub place: Option<Location>,
    /// How often the carrier was asked where those shipments are that are under way and were tried in vain.
    #[serde(default, skip_serializing_if = "is_default")]
    pub asked: BTreeMap<ShipmentId, u32>,
    /// What leaves from where, of an order that leaves in several parcels; nothing of others.
    #[serde(default, skip_serializing_if = "is_default")]
    pub parcels: Vec<Allotted>,
    /// Those of the parcels that have arrived, or will not.
    #[serde(default, skip_serializing_if = "is_default")]
    pub ended: BTreeSet<ShipmentId>,
    /// Whether a dispute of its payment was lost: then what has not left of it stays.
    #[serde(default, skip_serializing_if = "is_default")]
    pub lost: bool,
}

impl Policy for Shipping {
    const NAME: &'static str = "shipping";
    type State = ShippingState;

    fn key(event: &Recorded) -> Option<OrderId> {
        match &event.event {
            Event::Order(event) => match event {
                // What was not confirmed was not packed.
                OrderEvent::CancellationRequested(event) if event.confirmed => {
                    Some(event.order.order_id)
                }
                OrderEvent::CancellationRejected(event) if event.confirmed => {
                    Some(event.order.order_id)
                }
                OrderEvent::HoldReleased(event) => Some(event.order_id),
                OrderEvent::DeadlineSet(event) if event.what == Awaited::Stock => {
                    Some(event.order_id)
                }
                _ => None,
            },
            // The last part says that all SKUs are kept.
            Event::Stock(StockEvent::ReservationCommitted(event)) if event.part == event.parts => {
                Some(event.order_id)
            }
            Event::Stock(StockEvent::StockReserved(event))
                if event.part == event.parts && event.location != Location::default()
                    || event.parcels > 1 =>
            {
                Some(event.order_id)
            }
            // What is remembered of its place is of no use any more.
            Event::Stock(StockEvent::ReservationReleased(event))
                if event.part == event.parts && event.location != Location::default() =>
            {
                Some(event.order_id)
            }
            Event::Stock(StockEvent::ReservationExpired(event))
                if event.part == event.parts && event.location != Location::default() =>
            {
                Some(event.order_id)
            }
            Event::Shipment(ShipmentEvent::ShipmentCreated(event))
                if event.location != Location::default() =>
            {
                Some(event.order_id)
            }
            Event::Stock(StockEvent::Backordered(event)) => Some(event.order_id),
            Event::Stock(StockEvent::BackorderCovered(event)) => Some(event.order_id),
            Event::Stock(StockEvent::BackorderDropped(event)) => Some(event.order_id),
            Event::Stock(StockEvent::BackorderExpired(event)) if event.part == event.parts => {
                Some(event.order_id)
            }
            Event::Stock(_) | Event::Customer(_) | Event::Product(_) => None,
            Event::Payment(PaymentEvent::PaymentCaptured(event)) => {
                event.shipment_id.map(|_| event.order_id)
            }
            Event::Payment(PaymentEvent::DisputeLost(event)) => Some(event.order_id),
            Event::Payment(_) => None,
            Event::Shipment(event) => match event {
                ShipmentEvent::ShipmentReady(event) => Some(event.order_id),
                ShipmentEvent::DispatchRequested(event) => Some(event.order_id),
                ShipmentEvent::ShipmentDispatched(event) => Some(event.order_id),
                ShipmentEvent::DispatchRefused(event) => Some(event.order_id),
                ShipmentEvent::ShipmentTracked(event) => Some(event.order_id),
                ShipmentEvent::ShipmentDelivered(event) => Some(event.order_id),
                ShipmentEvent::ShipmentDeliveryFailed(event) => Some(event.order_id),
                ShipmentEvent::ShipmentLost(event) => Some(event.order_id),
                ShipmentEvent::ShipmentReturnedToSender(event) => Some(event.order_id),
                ShipmentEvent::ShipmentGivenUp(event) => Some(event.order_id),
                ShipmentEvent::ShipmentCancelled(event) => Some(event.order_id),
                ShipmentEvent::ShipmentCancellationRefused(event) => Some(event.order_id),
                ShipmentEvent::ShipmentCreated(_)
                | ShipmentEvent::ShipmentPacked(_)
                | ShipmentEvent::ShipmentRefitted(_)
                | ShipmentEvent::ShipmentBookedIn(_) => None,
            },
            Event::Return(event) => match event {
                ReturnEvent::ReturnApproved(event) => Some(event.order_id),
                ReturnEvent::ReturnInTransit(event) => Some(event.order_id),
                ReturnEvent::ReturnReceived(event) => Some(event.order_id),
                ReturnEvent::ReturnCancelled(event) => Some(event.order_id),
                ReturnEvent::ReturnRequested(_)
                | ReturnEvent::ReturnDeclined(_)
                | ReturnEvent::ReturnInspected(_)
                | ReturnEvent::ReturnBookedIn(_)
                | ReturnEvent::ReturnRefunded(_)
                | ReturnEvent::ReturnClosed(_) => None,
            },
        }
    }

    fn react(
        limits: &Limits,
        mut state: ShippingState,
        event: &Recorded,
    ) -> (ShippingState, Vec<Reaction>) {
        let Some(order_id) = Self::key(event) else {
            return (state, vec![]);
        };
        let reactions = match &event.event {
            Event::Order(OrderEvent::CancellationRequested(asked)) => {
                vec![cancel(order_id, &state, asked)]
            }
            Event::Order(OrderEvent::DeadlineSet(told)) => backorder::told(&state, told),
            // Another cancellation was under way when it was given up, and came to nothing.
            Event::Order(_) if state.given_up.is_some() => {
                ask_for_cancellation(order_id, state.given_up.as_deref())
            }
            // Some of it has left; the rest does not.
            Event::Order(OrderEvent::CancellationRejected(_)) if state.lost => {
                parcels::drop_all(&state, order_id)
            }
            // Something that kept shipments from leaving has gone: those that may leave now do.
            Event::Order(_) => parcels::all(&state, order_id)
                .map(|shipment| dispatch(order_id, shipment))
                .collect(),
            Event::Stock(StockEvent::StockReserved(reserved)) => {
                match reserved.parcels {
                    0 | 1 => state.place = Some(reserved.location.clone()),
                    _ => parcels::reserved(&mut state.parcels, reserved),
                }
                vec![]
            }
            Event::Stock(
                StockEvent::ReservationReleased(_) | StockEvent::ReservationExpired(_),
            ) => {
                state.place = None;
                parcels::forget(&mut state);
                vec![]
            }
            Event::Stock(happened) => backorder::stock(limits, &mut state, event, happened),
            Event::Payment(PaymentEvent::PaymentCaptured(captured)) => {
                let ready = |shipment| put(shipment, ShipmentCommand::MarkReady(MarkReady));
                captured.shipment_id.map(ready).into_iter().collect()
            }
            // Should its cancellation be refused, as one of several parcels has left, the others stay.
            Event::Payment(PaymentEvent::DisputeLost(_)) => {
                state.lost = state.parcels.len() > 1;
                vec![]
            }
            Event::Payment(_) | Event::Customer(_) | Event::Product(_) => vec![],
            Event::Shipment(happened) => shipment(limits, &mut state, order_id, event, happened),
            Event::Return(happened) => returned::reactions(limits, order_id, event, happened),
        };
        (state, reactions)
    }
}

/// Has all of an order packed; that leaves from `location`, unless it leaves from several places.
fn create(order_id: OrderId, parcels: &[Allotted], location: Location) -> Reaction {
    let command = match parcels.split_first() {
        Some((first, further)) if !further.is_empty() => CreateShipment {
            order_id,
            location: first.location.clone(),
            skus: first.skus.clone(),
            further: further.to_vec(),
        },
        _ => CreateShipment {
            order_id,
            location,
            skus: vec![],
            further: vec![],
        },
    };
    let shipment = ShipmentId::whole(order_id);
    put(shipment, ShipmentCommand::Create(command))
}

fn cancel(order_id: OrderId, state: &ShippingState, asked: &CancellationRequested) -> Reaction {
    let first = state.parcels.first().map(|first| first.location.clone());
    let command = CancelShipment {
        order_id,
        location: first.or_else(|| state.place.clone()).unwrap_or_default(),
        request: asked.request,
        reason: asked.reason.clone(),
        parcels: parcels::count(state),
    };
    let shipment = ShipmentId::whole(order_id);
    put(shipment, ShipmentCommand::Cancel(command))
}

/// What follows from what happened to a shipment.
fn shipment(
    limits: &Limits,
    state: &mut ShippingState,
    order_id: OrderId,
    event: &Recorded,
    happened: &ShipmentEvent,
) -> Vec<Reaction> {
    match happened {
        ShipmentEvent::ShipmentReady(ready) if state.lost => {
            vec![parcels::drop_lost(order_id, ready.shipment_id)]
        }
        ShipmentEvent::ShipmentReady(ready) => vec![dispatch(order_id, ready.shipment_id)],
        ShipmentEvent::DispatchRequested(asked) => {
            let shipment_id = asked.shipment_id;
            // What is tried again has its time anew, should it be refused again.
            let again = state.refused.contains(&shipment_id);
            let call_off = again.then_some(Reaction::Unschedule(TimerName::Shipping(shipment_id)));
            let call = Reaction::Call(Call::Dispatch {
                order_id,
                shipment_id,
                attempt: asked.attempt,
                idempotency_key: asked.idempotency_key.clone(),
            });
            call_off.into_iter().chain([call]).collect()
        }
        ShipmentEvent::DispatchRefused(refused) if state.lost => {
            vec![parcels::drop_lost(order_id, refused.shipment_id)]
        }
        ShipmentEvent::DispatchRefused(refused) => {
            state.refused.insert(refused.shipment_id);
            hold(limits, order_id, event, refused)
        }
        ShipmentEvent::ShipmentDispatched(sent) => {
            let mut reactions = vec![track(
                limits,
                order_id,
                event,
                sent.shipment_id,
                &sent.tracking_number,
                0,
            )];
            if state.refused.remove(&sent.shipment_id) {
                reactions.push(Reaction::Unschedule(TimerName::Shipping(sent.shipment_id)));
                // It may have come after the shipment was tried again.
                reactions.extend(let_go(state, order_id));
            }
            reactions
        }
        // The rest of the order can leave without it.
        ShipmentEvent::ShipmentGivenUp(kept) if state.parcels.len() > 1 => {
            vec![parcels::drop_out(order_id, kept.shipment_id, &kept.reason)]
        }
        ShipmentEvent::ShipmentCancelled(kept) if kept.amount.is_some() => {
            if kept.shipment_id != ShipmentId::whole(order_id) {
                parcels::ended(state, kept.shipment_id);
            }
            if !state.refused.remove(&kept.shipment_id) {
                return vec![];
            }
            let timer = Reaction::Unschedule(TimerName::Shipping(kept.shipment_id));
            let release = let_go(state, order_id);
            std::iter::once(timer).chain(release).collect()
        }
        ShipmentEvent::ShipmentGivenUp(kept) => {
            state.given_up = Some(kept.reason.clone());
            ask_for_cancellation(order_id, state.given_up.as_deref())
        }
        ShipmentEvent::ShipmentCancelled(kept) => {
            state.given_up = None;
            state.place = None;
            let waited = backorder::call_off(&mut state.backorder);
            let refused = state.refused.remove(&kept.shipment_id);
            let refused = refused.then_some(TimerName::Shipping(kept.shipment_id));
            let refused = refused.map(Reaction::Unschedule);
            parcels::forget(state);
            waited.into_iter().chain(refused).collect()
        }
        ShipmentEvent::ShipmentTracked(tracked) => {
            if let Some(asked) = state.asked.get_mut(&tracked.shipment_id) {
                *asked = tracked.inquiries;
            }
            vec![track(
                limits,
                order_id,
                event,
                tracked.shipment_id,
                &tracked.tracking_number,
                tracked.inquiries,
            )]
        }
        ShipmentEvent::ShipmentDeliveryFailed(failed) => {
            let asked = state.asked.get(&failed.shipment_id).copied();
            if failed.inquiries <= asked.unwrap_or_default() {
                // Nobody had asked: when that is done next stands already, and is not put off. Of the first
                // that is not known, unless nobody had ever asked.
                return vec![];
            }
            state.asked.insert(failed.shipment_id, failed.inquiries);
            vec![track(
                limits,
                order_id,
                event,
                failed.shipment_id,
                &failed.tracking_number,
                failed.inquiries,
            )]
        }
        ShipmentEvent::ShipmentDelivered(ended) => vec![found(state, ended.shipment_id)],
        ShipmentEvent::ShipmentLost(ended) => vec![found(state, ended.shipment_id)],
        ShipmentEvent::ShipmentReturnedToSender(ended) => vec![found(state, ended.shipment_id)],
        ShipmentEvent::ShipmentCancellationRefused(refused) => {
            let command = OrderCommand::RejectCancellation(RejectCancellation {
                request: refused.request,
                reason: refused.reason.clone(),
            });
            vec![Reaction::Execute(Command::Order(order_id, command))]
        }
        ShipmentEvent::ShipmentCreated(_) => {
            state.place = None;
            vec![]
        }
        ShipmentEvent::ShipmentPacked(_)
        | ShipmentEvent::ShipmentRefitted(_)
        | ShipmentEvent::ShipmentBookedIn(_) => vec![],
    }
}

fn ask_for_cancellation(order_id: OrderId, reason: Option<&str>) -> Vec<Reaction> {
    let command = |reason: &str| {
        OrderCommand::RequestCancellation(RequestCancellation {
            reason: reason.into(),
        })
    };
    let command = reason.map(command).into_iter();
    command
        .map(|command| Reaction::Execute(Command::Order(order_id, command)))
        .collect()
}

/// No hold says any more that the carrier refuses something, unless it refuses something else of the order.
fn let_go(state: &ShippingState, order_id: OrderId) -> Option<Reaction> {
    let release = OrderCommand::ReleaseHold(ReleaseHold { hold: HOLD.into() });
    let release = Reaction::Execute(Command::Order(order_id, release));
    state.refused.is_empty().then_some(release)
}

fn put(shipment: ShipmentId, command: ShipmentCommand) -> Reaction {
    Reaction::Execute(Command::Shipment(shipment, command))
}

fn dispatch(order_id: OrderId, shipment: ShipmentId) -> Reaction {
    let command = RequestDispatch { order_id };
    put(shipment, ShipmentCommand::RequestDispatch(command))
}

/// Has people see to what the carrier refused; the order does not wait for them for ever.
fn hold(
    limits: &Limits,
    order_id: OrderId,
    event: &Recorded,
    refused: &DispatchRefused,
) -> Vec<Reaction> {
    let reason = format!("the carrier refused it: {}", refused.code);
    let hold = OrderCommand::PlaceHold(PlaceHold {
        hold: HOLD.into(),
        reason: reason.clone(),
    });
    // Whether it still is when the time has come, the shipment knows, whatever is remembered here.
    let give_up = ShipmentCommand::GiveUp(GiveUpShipment {
        attempt: refused.attempt,
        reason,
    });
    let due = after(event, limits.shipping_hold);
    let timer = Timer {
        name: TimerName::Shipping(refused.shipment_id),
        due,
        task: Task::Execute(Command::Shipment(refused.shipment_id, give_up)),
    };
    vec![
        Reaction::Execute(Command::Order(order_id, hold)),
        Reaction::Schedule(timer),
        deadline(order_id, Awaited::Dispatch, refused.shipment_id, due),
    ]
}

/// Asks the carrier later; or, after the last time, leaves it to an operator.
fn track(
    limits: &Limits,
    order_id: OrderId,
    event: &Recorded,
    shipment_id: ShipmentId,
    tracking_number: &str,
    asked: u32,
) -> Reaction {
    let waits = &limits.tracking;
    let wait = waits.get(asked as usize).or(waits.last());
    let timer = |due| Timer {
        name: TimerName::Tracking(shipment_id),
        due,
        task: Task::Call(Call::Track {
            order_id,
            shipment_id,
            tracking_number: tracking_number.into(),
            inquiries: asked.saturating_add(1),
        }),
    };
    match wait {
        Some(wait) if asked < limits.tracking_times => {
            Reaction::Schedule(timer(after(event, *wait)))
        }
        _ => Reaction::Park(
            timer(event.envelope.recorded_at),
            format!("the carrier was asked {asked} times where the shipment is"),
        ),
    }
}

/// Nobody need ask any more where it is.
fn found(state: &mut ShippingState, shipment: ShipmentId) -> Reaction {
    parcels::ended(state, shipment);
    state.asked.remove(&shipment);
    Reaction::Unschedule(TimerName::Tracking(shipment))
}

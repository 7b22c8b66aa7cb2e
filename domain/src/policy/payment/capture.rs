//! What is taken for what is packed, and given back for what never arrived.

use super::{PaymentPolicyState, lifetime, parcels, record, void};
use crate::{
    Command, Money, OrderId, Recorded, ShipmentId,
    order::{Awaited, DropShipment, OrderCommand, PlaceHold, ReleaseHold, RequestCancellation},
    payment::{
        PaymentCaptureFailed, PaymentCaptured, PaymentCommand, RequestCapture, RequestRefund,
    },
    policy::{Limits, Reaction, Task, Timer, TimerName, after, deadline},
    shipment::ShipmentEvent,
};

/// What the hold is called that is on an order while the provider does not take what it must.
const HOLD: &str = "capture-failed";

/// What follows from what happened to a shipment.
pub(super) fn shipment(
    limits: &Limits,
    state: &mut PaymentPolicyState,
    event: &Recorded,
    happened: &ShipmentEvent,
) -> Vec<Reaction> {
    match happened {
        ShipmentEvent::ShipmentPacked(packed) => {
            let (order_id, shipment) = (packed.order_id, packed.shipment_id);
            let asked = (shipment, packed.amount, 1);
            let command = request(limits, state, event, order_id, asked);
            vec![record(order_id, command)]
        }
        ShipmentEvent::ShipmentCreated(created) => parcels::created(state, event, created)
            .into_iter()
            .collect(),
        // The rest of the order goes its way.
        ShipmentEvent::ShipmentCancelled(kept) if kept.amount.is_some() => {
            let called_off = call_off(state, kept.order_id, kept.shipment_id);
            let dropped = parcels::dropped(state, event, kept);
            let watched = lifetime::goes_on(limits, state, event, kept.order_id);
            let dropped = dropped.into_iter().chain(watched);
            called_off.into_iter().chain(dropped).collect()
        }
        ShipmentEvent::ShipmentCancelled(kept) => {
            state.parcels = None;
            let void = void(kept.order_id, event, "the order is being cancelled");
            let waits = state.not_taken.remove(&kept.shipment_id);
            let retry = Reaction::Unschedule(TimerName::Capture(kept.shipment_id));
            std::iter::once(void)
                .chain(waits.then_some(retry))
                .collect()
        }
        ShipmentEvent::ShipmentLost(lost) => {
            let (order_id, shipment) = (lost.order_id, lost.shipment_id);
            vec![refund(
                event,
                order_id,
                shipment,
                lost.amount,
                "the carrier has lost it",
            )]
        }
        ShipmentEvent::ShipmentReturnedToSender(back) => {
            let (order_id, shipment) = (back.order_id, back.shipment_id);
            vec![refund(
                event,
                order_id,
                shipment,
                back.amount,
                "the carrier has brought it back",
            )]
        }
        _ => vec![],
    }
}

/// It is not asked for any more, and no hold says that it is.
fn call_off(
    state: &mut PaymentPolicyState,
    order_id: OrderId,
    shipment: ShipmentId,
) -> Vec<Reaction> {
    if !state.not_taken.remove(&shipment) {
        return vec![];
    }
    let retry = Reaction::Unschedule(TimerName::Capture(shipment));
    let release = OrderCommand::ReleaseHold(ReleaseHold { hold: HOLD.into() });
    let release = state.not_taken.is_empty().then(|| order(order_id, release));
    std::iter::once(retry).chain(release).collect()
}

fn request(
    limits: &Limits,
    state: &PaymentPolicyState,
    event: &Recorded,
    order_id: OrderId,
    (shipment_id, amount, attempt): (ShipmentId, Money, u32),
) -> PaymentCommand {
    let retries = u32::try_from(limits.capture_retries.len()).unwrap_or(u32::MAX);
    PaymentCommand::RequestCapture(RequestCapture {
        order_id,
        shipment_id,
        amount,
        attempt,
        max_attempts: retries.saturating_add(1),
        idempotency_key: super::key(event, order_id, &format!("capture:{shipment_id}"), attempt),
        more: state.parcels.is_some(),
    })
}

pub(super) fn refund(
    event: &Recorded,
    order_id: OrderId,
    shipment_id: ShipmentId,
    amount: Money,
    reason: &str,
) -> Reaction {
    let command = RequestRefund {
        order_id,
        shipment_id,
        amount,
        idempotency_key: super::key(event, order_id, &format!("refund:{shipment_id}"), 1),
        reason: reason.into(),
    };
    record(order_id, PaymentCommand::RequestRefund(command))
}

/// What was taken at last need not be asked for any more.
pub(super) fn taken(state: &mut PaymentPolicyState, captured: &PaymentCaptured) -> Vec<Reaction> {
    let waited = captured
        .shipment_id
        .is_some_and(|shipment| state.not_taken.remove(&shipment));
    if !waited || !state.not_taken.is_empty() {
        return vec![];
    }
    let release = OrderCommand::ReleaseHold(ReleaseHold { hold: HOLD.into() });
    vec![order(captured.order_id, release)]
}

/// Asks the provider again later, with a hold on the order; after the last time the order is
/// cancelled.
pub(super) fn not_taken(
    limits: &Limits,
    state: &mut PaymentPolicyState,
    event: &Recorded,
    failed: &PaymentCaptureFailed,
) -> Vec<Reaction> {
    let (order_id, attempt) = (failed.order_id, failed.attempt);
    let (Some(shipment), Some(amount)) = (failed.shipment_id, failed.amount) else {
        return vec![];
    };
    let reason = format!("the payment could not be taken: {}", failed.code);
    let waits = &limits.capture_retries;
    let wait = waits
        .get(attempt.saturating_sub(1) as usize)
        .or(waits.last());
    let Some(wait) = wait.filter(|_| failed.attempts_left > 0) else {
        if state.parcels.is_some() {
            // The rest of the order can leave without it.
            let drop = DropShipment {
                shipment_id: shipment,
                even_packed: true,
                reason,
            };
            return vec![order(order_id, OrderCommand::DropShipment(drop))];
        }
        state.not_taken.remove(&shipment);
        let cancel = RequestCancellation { reason };
        return vec![order(order_id, OrderCommand::RequestCancellation(cancel))];
    };
    let next = attempt.saturating_add(1);
    let command = request(limits, state, event, order_id, (shipment, amount, next));
    let retry = Reaction::Schedule(Timer {
        name: TimerName::Capture(shipment),
        due: after(event, *wait),
        task: Task::Execute(Command::Payment(order_id, command)),
    });
    let hold = OrderCommand::PlaceHold(PlaceHold {
        hold: HOLD.into(),
        reason,
    });
    let first = state.not_taken.insert(shipment);
    let hold = first.then(|| order(order_id, hold));
    let all = (attempt.saturating_sub(1)..).take(failed.attempts_left as usize);
    let all = all.filter_map(|further| waits.get(further as usize).or(waits.last()));
    let until = all.fold(event.envelope.recorded_at, |until, wait| {
        until.checked_add_signed(*wait).unwrap_or(until)
    });
    let deadline = first.then(|| deadline(order_id, Awaited::Capture, shipment, until));
    hold.into_iter().chain(deadline).chain([retry]).collect()
}

fn order(order_id: OrderId, command: OrderCommand) -> Reaction {
    Reaction::Execute(Command::Order(order_id, command))
}

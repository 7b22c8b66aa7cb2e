//! Confirms, rejects, expires, cancels and completes orders as stock, payment and shipment turn out.

use super::{Limits, Policy, Reaction, Task, Timer, TimerName, after};
use crate::{
    Command, Event, OrderId, Recorded,
    event::is_default,
    order::{
        CancelOrder, CompleteOrder, ConfirmOrder, ExpireAmendment, ExpireOrder, LineQuantity,
        OrderCommand, OrderEvent, RecordDelivered, RecordLost, RecordShipped, RejectAmendment,
        RejectOrder, RejectionReason,
    },
    payment::PaymentEvent,
    shipment::{ShipmentEvent, ShipmentLine},
    stock::StockEvent,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The order policy.
pub struct OrderPolicy;

/// What it remembers: how far an order's stock and payment are, while it waits for them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct OrderPolicyState {
    /// How many holds are on the order.
    pub holds: u32,
    /// Whether the payment is authorized, of an order that is not confirmed yet.
    pub authorized: bool,
    /// Whether the order is being cancelled.
    pub cancelling: bool,
    /// Whether the stock of an order that is being cancelled was given back.
    pub released: bool,
    /// Whether the payment of an order that is being cancelled was given back.
    pub voided: bool,
    /// The amendment of the order that is open.
    #[serde(default, skip_serializing_if = "is_default")]
    pub amendment: Option<Uuid>,
}

impl Policy for OrderPolicy {
    const NAME: &'static str = "order";
    type State = OrderPolicyState;

    fn key(event: &Recorded) -> Option<OrderId> {
        match &event.event {
            Event::Order(event) => match event {
                OrderEvent::OrderConfirmed(event) => Some(event.order.order_id),
                OrderEvent::CancellationRequested(event) => Some(event.order.order_id),
                OrderEvent::CancellationRejected(event) => Some(event.order.order_id),
                OrderEvent::HoldPlaced(event) => Some(event.order_id),
                OrderEvent::HoldReleased(event) => Some(event.order_id),
                OrderEvent::LinesDelivered(event) if event.all => Some(event.order.order_id),
                OrderEvent::LinesLost(event) => Some(event.order.order_id),
                OrderEvent::OrderPlaced(_)
                | OrderEvent::OrderRejected(_)
                | OrderEvent::OrderExpired(_)
                | OrderEvent::OrderCancelled(_)
                | OrderEvent::NoteAdded(_)
                | OrderEvent::LinesShipped(_)
                | OrderEvent::LinesDelivered(_)
                | OrderEvent::OrderCompleted(_)
                | OrderEvent::TaskParked(_)
                | OrderEvent::TaskResumed(_)
                | OrderEvent::ReturnOpened(_)
                | OrderEvent::ReturnDropped(_)
                | OrderEvent::LinesReturned(_)
                | OrderEvent::DeadlineSet(_)
                | OrderEvent::LinesCancelled(_)
                | OrderEvent::TagsSet(_)
                | OrderEvent::ShippingAddressChanged(_) => None,
                OrderEvent::AmendmentProposed(event) => Some(event.order.order_id),
                OrderEvent::AmendmentApplied(event) => Some(event.order.order_id),
                OrderEvent::AmendmentWithdrawn(event) => Some(event.order_id),
                OrderEvent::AmendmentRejected(event) => Some(event.order_id),
                OrderEvent::AmendmentExpired(event) => Some(event.order_id),
            },
            Event::Stock(event) => match event {
                StockEvent::StockReserved(event) if event.part == event.parts => {
                    Some(event.order_id)
                }
                StockEvent::StockReservationRejected(event) if event.part == event.parts => {
                    Some(event.order_id)
                }
                StockEvent::ReservationReleased(event) if event.part == event.parts => {
                    Some(event.order_id)
                }
                _ => None,
            },
            Event::Payment(event) => match event {
                PaymentEvent::PaymentAuthorized(event) => Some(event.order_id),
                PaymentEvent::PaymentIntegrityMismatch(event) => Some(event.order_id),
                PaymentEvent::PaymentDeclined(event) if event.attempts_left == 0 => {
                    Some(event.order_id)
                }
                PaymentEvent::PaymentVoided(event) => Some(event.order_id),
                // All that was taken was given back.
                PaymentEvent::PaymentRefunded(event) if event.is_of_all() => Some(event.order_id),
                _ => None,
            },
            Event::Shipment(event) => match event {
                ShipmentEvent::ShipmentPacked(event) => Some(event.order_id),
                ShipmentEvent::ShipmentDispatched(event) => Some(event.order_id),
                ShipmentEvent::ShipmentDelivered(event) => Some(event.order_id),
                ShipmentEvent::ShipmentLost(event) => Some(event.order_id),
                ShipmentEvent::ShipmentReturnedToSender(event) => Some(event.order_id),
                _ => None,
            },
            // Order and return are told at once.
            Event::Return(_) => None,
            Event::Customer(_) | Event::Product(_) => None,
        }
    }

    fn react(
        limits: &Limits,
        mut state: OrderPolicyState,
        event: &Recorded,
    ) -> (OrderPolicyState, Vec<Reaction>) {
        let Some(order_id) = Self::key(event) else {
            return (state, vec![]);
        };
        let put = |command| Reaction::Execute(Command::Order(order_id, command));
        let confirm = || put(OrderCommand::Confirm(ConfirmOrder));
        let complete = || put(OrderCommand::Complete(CompleteOrder));
        let done = Reaction::Unschedule(TimerName::Reservation);
        let expire_at = |due| {
            let task = Task::Execute(Command::Order(order_id, OrderCommand::Expire(ExpireOrder)));
            let name = TimerName::Reservation;
            Reaction::Schedule(Timer { name, due, task })
        };
        // Nobody keeps stock and money for ever for an order that nobody lets go.
        let expire_unless_let_go = || expire_at(after(event, limits.hold));
        let mut reactions = vec![];
        match &event.event {
            Event::Stock(StockEvent::StockReserved(reserved)) if !state.cancelling => {
                // The payment has its time from now on, also where the stock was long in coming
                // because nobody reserved it.
                let from_now = after(event, limits.reservation);
                reactions.push(expire_at(reserved.until.max(from_now)));
            }
            // What is reserved for an order that is being cancelled is given back anyway.
            Event::Stock(StockEvent::StockReserved(_)) => {}
            Event::Stock(StockEvent::StockReservationRejected(rejected)) => {
                // Nothing is held, should the order be cancelled meanwhile.
                state.released = true;
                reactions.push(put(OrderCommand::Reject(RejectOrder {
                    reason: RejectionReason::OutOfStock,
                    detail: format!(
                        "{} of {} were wanted, {} can be had at {}",
                        rejected.requested, rejected.sku, rejected.available, rejected.location
                    ),
                })));
            }
            Event::Stock(_) => state.released = true,
            Event::Payment(PaymentEvent::PaymentAuthorized(_)) => {
                state.authorized = true;
                match state.cancelling {
                    true => reactions.push(done),
                    false if state.holds > 0 => reactions.push(expire_unless_let_go()),
                    false => reactions.extend([done, confirm()]),
                }
            }
            Event::Payment(PaymentEvent::PaymentIntegrityMismatch(mismatch)) => {
                reactions.push(done);
                reactions.push(put(OrderCommand::Reject(RejectOrder {
                    reason: RejectionReason::PaymentIntegrity,
                    detail: format!(
                        "{} was to be authorized, the provider authorized {}",
                        mismatch.expected, mismatch.actual
                    ),
                })));
            }
            Event::Payment(PaymentEvent::PaymentDeclined(declined)) => {
                reactions.push(done);
                reactions.push(put(OrderCommand::Reject(RejectOrder {
                    reason: RejectionReason::PaymentDeclined,
                    detail: format!("the payment was declined: {}", declined.code),
                })));
            }
            Event::Payment(_) => {
                state.authorized = false;
                state.voided = true;
            }
            Event::Order(OrderEvent::HoldPlaced(_)) => {
                state.holds += 1;
                // It has come before the confirmation that was on its way, which it keeps from the order.
                if state.authorized && !state.cancelling && state.holds == 1 {
                    reactions.push(expire_unless_let_go());
                }
            }
            Event::Order(OrderEvent::HoldReleased(_)) => {
                state.holds = state.holds.saturating_sub(1);
                if state.authorized && !state.cancelling && state.holds == 0 {
                    reactions.extend([done, confirm()]);
                }
            }
            Event::Order(OrderEvent::CancellationRequested(_)) => {
                state.cancelling = true;
                reactions.push(done);
            }
            Event::Order(OrderEvent::CancellationRejected(rejected)) if rejected.confirmed => {
                state.cancelling = false;
                // All may have arrived meanwhile.
                reactions.push(complete());
            }
            Event::Order(OrderEvent::CancellationRejected(_)) => {
                state.cancelling = false;
                if state.authorized && !state.released {
                    reactions.push(match state.holds {
                        0 => confirm(),
                        _ => expire_unless_let_go(),
                    });
                }
            }
            // It has what it waited for.
            Event::Order(OrderEvent::OrderConfirmed(_)) => state.authorized = false,
            Event::Order(OrderEvent::LinesDelivered(_) | OrderEvent::LinesLost(_)) => {
                reactions.push(complete());
            }
            Event::Order(OrderEvent::AmendmentProposed(proposed)) => {
                let amendment_id = proposed.amendment_id;
                state.amendment = Some(amendment_id);
                let expire = OrderCommand::ExpireAmendment(ExpireAmendment { amendment_id });
                reactions.push(Reaction::Schedule(Timer {
                    name: TimerName::Amendment,
                    due: proposed.until,
                    task: Task::Execute(Command::Order(order_id, expire)),
                }));
            }
            Event::Order(
                OrderEvent::AmendmentApplied(_)
                | OrderEvent::AmendmentWithdrawn(_)
                | OrderEvent::AmendmentRejected(_)
                | OrderEvent::AmendmentExpired(_),
            ) => {
                state.amendment = None;
                reactions.push(Reaction::Unschedule(TimerName::Amendment));
            }
            // What is packed is paid for, and leaves as it is.
            Event::Shipment(ShipmentEvent::ShipmentPacked(_)) => {
                let reject = |amendment_id| {
                    OrderCommand::RejectAmendment(RejectAmendment {
                        amendment_id,
                        reason: "the order is packed".into(),
                    })
                };
                reactions.extend(state.amendment.map(reject).map(put));
            }
            Event::Order(_) | Event::Return(_) | Event::Customer(_) | Event::Product(_) => {}
            Event::Shipment(happened) => reactions.extend(record(happened).map(put)),
        }
        if state.cancelling && state.released && state.voided {
            reactions.push(put(OrderCommand::Cancel(CancelOrder)));
        }
        (state, reactions)
    }
}

/// What an order is told of its shipment.
fn record(happened: &ShipmentEvent) -> Option<OrderCommand> {
    Some(match happened {
        ShipmentEvent::ShipmentDispatched(sent) => OrderCommand::RecordShipped(RecordShipped {
            shipment_id: sent.shipment_id,
            lines: quantities(&sent.lines),
        }),
        ShipmentEvent::ShipmentDelivered(ended) => OrderCommand::RecordDelivered(RecordDelivered {
            shipment_id: ended.shipment_id,
            lines: quantities(&ended.lines),
        }),
        ShipmentEvent::ShipmentLost(ended) => OrderCommand::RecordLost(RecordLost {
            shipment_id: ended.shipment_id,
            lines: quantities(&ended.lines),
            returned: false,
        }),
        ShipmentEvent::ShipmentReturnedToSender(ended) => OrderCommand::RecordLost(RecordLost {
            shipment_id: ended.shipment_id,
            lines: quantities(&ended.lines),
            returned: true,
        }),
        _ => return None,
    })
}

fn quantities(lines: &[ShipmentLine]) -> Vec<LineQuantity> {
    let quantity = |line: &ShipmentLine| LineQuantity {
        line: line.line,
        quantity: line.quantity,
    };
    lines.iter().map(quantity).collect()
}

//! Has orders paid for whose stock is reserved, takes what is packed is worth, and gives back what
//! ended orders paid, and what never arrived or was sent back is worth.

mod action;
mod capture;
mod dispute;
mod lifetime;
mod owed;
mod parcels;
mod returned;

use super::{Call, Limits, Policy, Reaction, Task, Timer, TimerName, after};
use crate::{
    Command, Event, Money, OrderId, Recorded, ShipmentId,
    event::is_default,
    order::OrderEvent,
    payment::{
        PaymentCommand, PaymentEvent, PaymentOutcomeUnknown, PaymentParked, RecordAuthorized,
        RecordCaptured, RecordOutcomeUnknown, RecordRefunded, RecordVoided, RequestAuthorization,
        RequestVoid,
    },
    returns::ReturnEvent,
    shipment::ShipmentEvent,
    stock::StockEvent,
};
pub use lifetime::Ends;
pub use owed::Owed;
pub use parcels::Parcels;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What the authorization of an order is called that costs nothing.
const NOTHING_TO_PAY: &str = "nothing-to-pay";

/// The payment policy.
pub struct PaymentPolicy;

/// What it remembers: how the order is paid, as long as that may have to be asked for. Afterwards,
/// and once the order has ended, nothing: then nothing is set aside any more, whatever comes late. Of
/// what is packed, only what the provider would not take.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PaymentPolicyState {
    /// The order's total.
    pub amount: Option<Money>,
    /// The provider's token.
    pub payment_method: String,
    /// The shipments whose worth the provider has refused to take, and not taken since.
    #[serde(default, skip_serializing_if = "is_default")]
    pub not_taken: BTreeSet<ShipmentId>,
    /// Whether the end of what is set aside is watched, and whether a hold tells of it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub ends: Ends,
    /// What of an order is taken that leaves in several parcels; nothing of others.
    #[serde(default, skip_serializing_if = "is_default")]
    pub parcels: Option<Parcels>,
    /// What could not be given back, or has come back, and waits for an operator.
    #[serde(default, skip_serializing_if = "is_default")]
    pub owed: Vec<Owed>,
}

impl Policy for PaymentPolicy {
    const NAME: &'static str = "payment";
    type State = PaymentPolicyState;

    fn key(event: &Recorded) -> Option<OrderId> {
        match &event.event {
            Event::Order(OrderEvent::OrderPlaced(event)) => Some(event.order_id),
            Event::Order(OrderEvent::OrderRejected(event)) => Some(event.order.order_id),
            Event::Order(OrderEvent::OrderExpired(event)) => Some(event.order.order_id),
            // What is confirmed may have left: its shipment tells.
            Event::Order(OrderEvent::CancellationRequested(event)) if !event.confirmed => {
                Some(event.order.order_id)
            }
            Event::Order(_) => None,
            // The last part says that all SKUs are reserved.
            Event::Stock(StockEvent::StockReserved(event)) if event.part == event.parts => {
                Some(event.order_id)
            }
            Event::Stock(_) | Event::Customer(_) | Event::Product(_) => None,
            Event::Payment(event) => match event {
                PaymentEvent::PaymentAuthorizationRequested(event) => Some(event.order_id),
                PaymentEvent::PaymentAuthorized(event) => Some(event.order_id),
                PaymentEvent::PaymentIntegrityMismatch(event) => Some(event.order_id),
                PaymentEvent::PaymentDeclined(event) => Some(event.order_id),
                PaymentEvent::PaymentActionRequired(event) => Some(event.order_id),
                PaymentEvent::PaymentOutcomeUnknown(event) => Some(event.order_id),
                PaymentEvent::PaymentVoidRequested(event) => Some(event.order_id),
                PaymentEvent::PaymentCaptureRequested(event) => Some(event.order_id),
                PaymentEvent::PaymentCaptured(event) => Some(event.order_id),
                PaymentEvent::PaymentCaptureFailed(event) => Some(event.order_id),
                PaymentEvent::PaymentRefundRequested(event) => Some(event.order_id),
                PaymentEvent::PaymentParked(event) => Some(event.order_id),
                PaymentEvent::PaymentRefunded(event) => Some(event.order_id),
                PaymentEvent::PaymentRefundFailed(event) => Some(event.order_id),
                PaymentEvent::PaymentRefundReversed(event) => Some(event.order_id),
                PaymentEvent::PaymentRefundDeferred(event) => Some(event.order_id),
                PaymentEvent::PaymentRestReleaseRequested(event) => Some(event.order_id),
                PaymentEvent::StrayAuthorizationFound(event) => Some(event.order_id),
                PaymentEvent::DisputeOpened(event) => Some(event.order_id),
                PaymentEvent::DisputeWon(event) => Some(event.order_id),
                PaymentEvent::DisputeLost(event) => Some(event.order_id),
                PaymentEvent::PaymentReauthorizationRequested(event) => Some(event.order_id),
                PaymentEvent::PaymentReauthorized(event) => Some(event.order_id),
                PaymentEvent::PaymentReauthorizationFailed(event) => Some(event.order_id),
                PaymentEvent::PaymentAuthorizationExpired(event) => Some(event.order_id),
                PaymentEvent::FormerAuthorizationVoided(_)
                | PaymentEvent::PaymentVoidDeferred(_)
                | PaymentEvent::PaymentVoided(_)
                | PaymentEvent::LatePaymentReversed(_)
                | PaymentEvent::PaymentRestReleased(_) => None,
            },
            Event::Shipment(event) => match event {
                ShipmentEvent::ShipmentCreated(event) if event.parcels > 1 => Some(event.order_id),
                ShipmentEvent::ShipmentPacked(event) => Some(event.order_id),
                ShipmentEvent::ShipmentCancelled(event) => Some(event.order_id),
                ShipmentEvent::ShipmentLost(event) => Some(event.order_id),
                ShipmentEvent::ShipmentReturnedToSender(event) => Some(event.order_id),
                _ => None,
            },
            Event::Return(ReturnEvent::ReturnInspected(event)) => Some(event.order_id),
            Event::Return(_) => None,
        }
    }

    fn react(
        limits: &Limits,
        mut state: PaymentPolicyState,
        event: &Recorded,
    ) -> (PaymentPolicyState, Vec<Reaction>) {
        let Some(order_id) = Self::key(event) else {
            return (state, vec![]);
        };
        let reactions = match &event.event {
            Event::Order(OrderEvent::OrderPlaced(placed)) => {
                state.amount = Some(Money::new(placed.total, placed.currency));
                state.payment_method.clone_from(&placed.payment_method);
                vec![]
            }
            Event::Order(OrderEvent::OrderExpired(_)) => {
                state = forgotten(&state);
                vec![void(order_id, event, "the order expired")]
            }
            Event::Order(OrderEvent::CancellationRequested(_)) => {
                state = forgotten(&state);
                vec![void(order_id, event, "the order is being cancelled")]
            }
            // What it was rejected for has seen to the payment.
            Event::Order(_) => {
                state = forgotten(&state);
                vec![]
            }
            Event::Stock(_) => authorize(limits, &state, order_id, event, 1),
            Event::Payment(PaymentEvent::PaymentDeclined(declined)) => {
                let mut reactions = vec![Reaction::Unschedule(TimerName::Inquiry)];
                match declined.attempts_left {
                    0 => state = PaymentPolicyState::default(),
                    _ => {
                        let next = declined.attempt.saturating_add(1);
                        reactions.extend(authorize(limits, &state, order_id, event, next));
                    }
                }
                reactions
            }
            Event::Payment(PaymentEvent::PaymentAuthorized(authorized)) => {
                let asked = std::mem::take(&mut state);
                let watch = lifetime::watch(limits, &mut state, &asked, event, authorized);
                let known = Reaction::Unschedule(TimerName::Inquiry);
                std::iter::once(known).chain(watch).collect()
            }
            Event::Payment(PaymentEvent::PaymentActionRequired(asked)) => {
                vec![action::look_later(limits, event, asked)]
            }
            Event::Payment(PaymentEvent::PaymentIntegrityMismatch(_)) => {
                state = PaymentPolicyState::default();
                vec![Reaction::Unschedule(TimerName::Inquiry)]
            }
            Event::Payment(PaymentEvent::PaymentReauthorized(anew)) => {
                lifetime::anew(limits, &mut state, event, anew)
            }
            Event::Payment(PaymentEvent::PaymentReauthorizationFailed(failed)) => {
                lifetime::not_anew(limits, &mut state, event, failed)
            }
            Event::Payment(PaymentEvent::PaymentAuthorizationExpired(expired)) => {
                lifetime::over(limits, &mut state, event, expired)
            }
            Event::Payment(PaymentEvent::PaymentCaptured(captured)) => {
                let paid = lifetime::paid(&mut state, captured.order_id);
                let taken = capture::taken(&mut state, captured);
                let all = parcels::taken(&mut state, event, captured);
                paid.into_iter().chain(taken).chain(all).collect()
            }
            Event::Payment(
                happened @ (PaymentEvent::PaymentCaptureRequested(_)
                | PaymentEvent::PaymentVoidRequested(_)),
            ) => {
                let unwatched = lifetime::unwatch(&mut state);
                let outside = outside(limits, order_id, event, happened);
                unwatched.into_iter().chain(outside).collect()
            }
            Event::Payment(PaymentEvent::PaymentCaptureFailed(failed)) => {
                capture::not_taken(limits, &mut state, event, failed)
            }
            Event::Payment(PaymentEvent::PaymentRefunded(refunded)) => {
                let seen_to = owed::given_back(&mut state, refunded);
                seen_to
                    .into_iter()
                    .chain(returned::tell(refunded))
                    .collect()
            }
            Event::Payment(PaymentEvent::PaymentRefundFailed(failed)) => {
                vec![owed::failed(&mut state, event, failed)]
            }
            Event::Payment(PaymentEvent::PaymentRefundReversed(reversed)) => {
                vec![owed::reversed(&mut state, event, reversed)]
            }
            Event::Payment(PaymentEvent::PaymentRefundDeferred(deferred)) => {
                owed::asked_again_later(&mut state, deferred)
            }
            Event::Payment(happened @ PaymentEvent::PaymentRefundRequested(asked)) => {
                let seen_to = owed::asked_again(&mut state, asked);
                let outside = outside(limits, order_id, event, happened);
                seen_to.into_iter().chain(outside).collect()
            }
            Event::Payment(
                happened @ (PaymentEvent::DisputeOpened(_)
                | PaymentEvent::DisputeWon(_)
                | PaymentEvent::DisputeLost(_)),
            ) => dispute::reactions(happened),
            Event::Payment(happened) => outside(limits, order_id, event, happened),
            // None of them has an order.
            Event::Customer(_) | Event::Product(_) => vec![],
            Event::Shipment(happened) => capture::shipment(limits, &mut state, event, happened),
            Event::Return(ReturnEvent::ReturnInspected(inspected)) => {
                returned::refund(event, inspected)
            }
            Event::Return(_) => vec![],
        };
        (state, reactions)
    }
}

/// What is remembered of an order that has ended: what is to be called off.
fn forgotten(state: &PaymentPolicyState) -> PaymentPolicyState {
    PaymentPolicyState {
        ends: state.ends,
        owed: state.owed.clone(),
        ..PaymentPolicyState::default()
    }
}

/// Asks for an authorization, unless the order has ended, or is paid.
fn authorize(
    limits: &Limits,
    state: &PaymentPolicyState,
    order_id: OrderId,
    event: &Recorded,
    attempt: u32,
) -> Vec<Reaction> {
    let Some(amount) = state.amount else {
        return vec![];
    };
    let command = PaymentCommand::RequestAuthorization(RequestAuthorization {
        order_id,
        amount,
        payment_method: state.payment_method.clone(),
        attempt,
        max_attempts: limits.payment_attempts,
        idempotency_key: key(event, order_id, "authorize", attempt),
    });
    vec![record(order_id, command)]
}

/// What is to be done outside of the platform. Where there is nothing to pay, nobody is asked: a
/// provider refuses to set nothing aside. What it would have said is recorded at once.
fn outside(
    limits: &Limits,
    order_id: OrderId,
    event: &Recorded,
    happened: &PaymentEvent,
) -> Vec<Reaction> {
    match happened {
        PaymentEvent::PaymentAuthorizationRequested(asked) if asked.amount.amount == 0 => {
            vec![record(
                order_id,
                PaymentCommand::RecordAuthorized(RecordAuthorized {
                    attempt: asked.attempt,
                    authorization_id: NOTHING_TO_PAY.into(),
                    amount: asked.amount,
                    expires_at: None,
                }),
            )]
        }
        PaymentEvent::PaymentAuthorizationRequested(asked) => {
            vec![Reaction::Call(Call::Authorize {
                order_id,
                attempt: asked.attempt,
                amount: asked.amount,
                payment_method: asked.payment_method.clone(),
                idempotency_key: asked.idempotency_key.clone(),
            })]
        }
        PaymentEvent::PaymentOutcomeUnknown(unknown) => {
            vec![inquire(limits, order_id, event, unknown)]
        }
        PaymentEvent::PaymentParked(parked) => vec![park(limits, order_id, event, parked)],
        PaymentEvent::PaymentVoidRequested(asked) if asked.authorization_id == NOTHING_TO_PAY => {
            vec![record(
                order_id,
                PaymentCommand::RecordVoided(RecordVoided {
                    authorization_id: asked.authorization_id.clone(),
                }),
            )]
        }
        PaymentEvent::PaymentVoidRequested(asked) => vec![
            Reaction::Unschedule(TimerName::Inquiry),
            Reaction::Call(Call::Void {
                order_id,
                authorization_id: asked.authorization_id.clone(),
                idempotency_key: asked.idempotency_key.clone(),
                rest: false,
            }),
        ],
        PaymentEvent::PaymentRestReleaseRequested(asked) => vec![Reaction::Call(Call::Void {
            order_id,
            authorization_id: asked.authorization_id.clone(),
            idempotency_key: asked.idempotency_key.clone(),
            rest: true,
        })],
        PaymentEvent::PaymentReauthorizationRequested(asked) => {
            vec![Reaction::Call(Call::Reauthorize {
                order_id,
                authorization_id: asked.former_authorization_id.clone(),
                amount: asked.amount,
                payment_method: asked.payment_method.clone(),
                idempotency_key: asked.idempotency_key.clone(),
            })]
        }
        PaymentEvent::StrayAuthorizationFound(stray) => vec![Reaction::Call(Call::Void {
            order_id,
            authorization_id: stray.authorization_id.clone(),
            idempotency_key: stray.idempotency_key.clone(),
            rest: false,
        })],
        PaymentEvent::PaymentCaptureRequested(asked) if asked.amount.amount == 0 => {
            vec![record(
                order_id,
                PaymentCommand::RecordCaptured(RecordCaptured {
                    authorization_id: asked.authorization_id.clone(),
                    shipment_id: asked.shipment_id,
                    attempt: asked.attempt,
                    amount: asked.amount,
                }),
            )]
        }
        PaymentEvent::PaymentCaptureRequested(asked) => vec![Reaction::Call(Call::Capture {
            order_id,
            shipment_id: asked.shipment_id,
            authorization_id: asked.authorization_id.clone(),
            amount: asked.amount,
            attempt: asked.attempt,
            idempotency_key: asked.idempotency_key.clone(),
            more: asked.more,
        })],
        PaymentEvent::PaymentRefundRequested(asked) if asked.amount.amount == 0 => {
            vec![record(
                order_id,
                PaymentCommand::RecordRefunded(RecordRefunded {
                    authorization_id: asked.authorization_id.clone(),
                    refund: asked.refund,
                    amount: asked.amount,
                }),
            )]
        }
        PaymentEvent::PaymentRefundRequested(asked) => vec![Reaction::Call(Call::Refund {
            order_id,
            authorization_id: asked.authorization_id.clone(),
            refund: asked.refund,
            amount: asked.amount,
            idempotency_key: asked.idempotency_key.clone(),
        })],
        PaymentEvent::PaymentAuthorized(_)
        | PaymentEvent::PaymentActionRequired(_)
        | PaymentEvent::PaymentIntegrityMismatch(_)
        | PaymentEvent::PaymentDeclined(_)
        | PaymentEvent::PaymentVoidDeferred(_)
        | PaymentEvent::PaymentVoided(_)
        | PaymentEvent::LatePaymentReversed(_)
        | PaymentEvent::PaymentCaptured(_)
        | PaymentEvent::PaymentCaptureFailed(_)
        | PaymentEvent::PaymentRestReleased(_)
        | PaymentEvent::PaymentRefunded(_)
        | PaymentEvent::PaymentRefundFailed(_)
        | PaymentEvent::PaymentRefundReversed(_)
        | PaymentEvent::PaymentRefundDeferred(_)
        | PaymentEvent::PaymentReauthorized(_)
        | PaymentEvent::PaymentReauthorizationFailed(_)
        | PaymentEvent::FormerAuthorizationVoided(_)
        | PaymentEvent::PaymentAuthorizationExpired(_)
        | PaymentEvent::DisputeOpened(_)
        | PaymentEvent::DisputeWon(_)
        | PaymentEvent::DisputeLost(_) => vec![],
    }
}

/// Leaves it to an operator to have the provider asked once more.
fn park(limits: &Limits, order_id: OrderId, event: &Recorded, parked: &PaymentParked) -> Reaction {
    let inquiries = u32::try_from(limits.inquiries.len()).unwrap_or(u32::MAX);
    let timer = Timer {
        name: TimerName::Inquiry,
        due: event.envelope.recorded_at,
        task: Task::Call(Call::Inquire {
            order_id,
            attempt: parked.attempt,
            idempotency_key: key(event, order_id, "authorize", parked.attempt),
            inquiries: inquiries.saturating_add(1),
            last: true,
        }),
    };
    Reaction::Park(timer, parked.detail.clone())
}

fn record(order_id: OrderId, command: PaymentCommand) -> Reaction {
    Reaction::Execute(Command::Payment(order_id, command))
}

/// Asks the provider later; or, after the last time, calls for an operator.
fn inquire(
    limits: &Limits,
    order_id: OrderId,
    event: &Recorded,
    unknown: &PaymentOutcomeUnknown,
) -> Reaction {
    let inquiries = unknown.inquiries.saturating_add(1);
    let mut waits = limits.inquiries.iter().skip(unknown.inquiries as usize);
    let Some(wait) = waits.next() else {
        // There is no further inquiry, be it that fewer are configured than there were before.
        let command = PaymentCommand::RecordOutcomeUnknown(RecordOutcomeUnknown {
            attempt: unknown.attempt,
            inquiries,
            last: true,
            detail: unknown.detail.clone(),
        });
        return record(order_id, command);
    };
    Reaction::Schedule(Timer {
        name: TimerName::Inquiry,
        due: after(event, *wait),
        task: Task::Call(Call::Inquire {
            order_id,
            attempt: unknown.attempt,
            idempotency_key: unknown.idempotency_key.clone(),
            inquiries,
            last: waits.next().is_none(),
        }),
    })
}

fn void(order_id: OrderId, event: &Recorded, reason: &str) -> Reaction {
    let command = PaymentCommand::RequestVoid(RequestVoid {
        order_id,
        idempotency_key: key(event, order_id, "void", 1),
        reason: reason.into(),
    });
    record(order_id, command)
}

/// `{tenant}:{payment}:{operation}:{n}`: what makes the provider do it once.
fn key(event: &Recorded, order_id: OrderId, operation: &str, n: u32) -> String {
    format!("{}:{order_id}:{operation}:{n}", event.envelope.tenant)
}

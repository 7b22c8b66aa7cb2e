//! A payment with its operations and disputes, as its own events have it.

use crate::body::Money;
use chrono::{DateTime, Utc};
use domain::{
    OrderId, Version,
    payment::{
        Action, Authorization, Capture, CaptureKey, CaptureProgress, DeferredRefund, Dispute,
        Payment, Refund, Stray,
    },
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// What was asked of the payment provider for an order, and what came of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Payment)]
pub(crate) struct PaymentBody<'a> {
    /// The order that is paid; a payment has no other name.
    pub order_id: Uuid,
    /// The payment's version; also its ETag.
    pub version: i64,
    /// `pending`, `authorizing`, `action_required`, `authorized`, `declined`, `outcome_unknown`, `voiding`, `voided`,
    /// `capturing`, `partially_captured`, `captured`, `refunding`, `partially_refunded`, `refunded` or
    /// `authorization_expired`.
    #[schema(example = "captured")]
    pub status: &'static str,
    /// How much was asked for.
    pub amount: Option<Money<'a>>,
    /// Which attempt it is, from 1.
    pub attempt: Option<u32>,
    /// Whether nobody knows what the provider did, and an operator must look.
    pub parked: bool,
    /// What who pays is to do before anything is set aside, if anything is to be done.
    pub action: Option<ActionBody<'a>>,
    /// What is or was set aside, if anything.
    pub authorization: Option<AuthorizationBody<'a>>,
    /// How much was taken, in minor units.
    pub captured: i64,
    /// How much of that was given back, in minor units.
    pub refunded: i64,
    /// How much of it cardholders dispute, in minor units.
    pub disputed: i64,
    /// How much of it cardholders have got by disputes, in minor units.
    pub lost: i64,
    /// What was to be taken, for each shipment.
    pub captures: Vec<CaptureBody<'a>>,
    /// What was to be given back.
    pub refunds: Vec<RefundBody<'a>>,
    /// What cardholders want back.
    pub disputes: Vec<DisputeBody<'a>>,
    /// What the provider has set aside and nobody waits for.
    pub strays: Vec<StrayBody<'a>>,
}

/// What who pays is to do.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PaymentAction)]
pub(crate) struct ActionBody<'a> {
    /// Where it is done.
    #[schema(example = "https://provider.example/actions/1")]
    pub url: &'a str,
    /// Until when, if the provider has said so; the order may expire sooner.
    pub until: Option<DateTime<Utc>>,
}

/// What the provider set aside.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PaymentAuthorization)]
pub(crate) struct AuthorizationBody<'a> {
    /// What the provider calls it.
    pub authorization_id: &'a str,
    /// How much.
    pub amount: Money<'a>,
    /// Until when it can be taken, if the provider has said so.
    pub expires_at: Option<DateTime<Utc>>,
}

/// What was to be taken.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PaymentCapture)]
pub(crate) struct CaptureBody<'a> {
    /// The shipment that it is for.
    pub shipment_id: Option<Uuid>,
    /// How much.
    pub amount: Money<'a>,
    /// `requested`, `captured` or `failed`.
    pub status: &'static str,
    /// Which attempt, from 1.
    pub attempt: u32,
}

/// What was to be given back.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PaymentRefund)]
pub(crate) struct RefundBody<'a> {
    /// The number of the refund; none while it waits for a dispute.
    pub refund: Option<u32>,
    /// The shipment that it is for, if it is for one.
    pub shipment_id: Option<Uuid>,
    /// The return that it is for, if it is for one.
    pub return_id: Option<Uuid>,
    /// How much.
    pub amount: Money<'a>,
    /// Why.
    pub reason: &'a str,
    /// `deferred` until a dispute ends, `requested`, `refunded`, `failed`, or `reversed` where it has come
    /// back: what has failed or come back is owed until an operator sees to it, who may have it asked for
    /// again, as another refund.
    pub status: &'static str,
    /// Why the provider would not give it back, or why it has come back.
    pub problem: Option<&'a str>,
}

/// What a cardholder wants back.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PaymentDispute)]
pub(crate) struct DisputeBody<'a> {
    /// What the provider calls it.
    pub dispute_id: &'a str,
    /// How much.
    pub amount: Money<'a>,
    /// Why, as the provider says.
    pub reason: &'a str,
    /// `open`, `won` by the shop, or `lost`.
    pub status: &'static str,
}

/// What the provider has set aside and nobody waits for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PaymentStray)]
pub(crate) struct StrayBody<'a> {
    /// What the provider calls it.
    pub authorization_id: &'a str,
    /// How much.
    pub amount: Money<'a>,
    /// Whether it was given back.
    pub voided: bool,
    /// Whether it is what was set aside before it was set aside anew.
    pub former: bool,
}

impl<'a> PaymentBody<'a> {
    /// What `payment` says, at its `version`.
    pub(crate) fn of(order_id: OrderId, version: Version, payment: &'a Payment) -> Self {
        let request = payment.request.as_ref();
        let deferred = payment.deferred_refunds.iter().map(RefundBody::deferred);
        Self {
            order_id: order_id.uuid(),
            version: version.get(),
            status: payment.status.as_str(),
            amount: request.map(|request| money(&request.amount)),
            attempt: request.map(|request| request.attempt),
            parked: payment.parked,
            action: payment.action().map(ActionBody::of),
            authorization: payment.authorization.as_ref().map(AuthorizationBody::of),
            captured: payment.captured(),
            refunded: payment.refunded(),
            disputed: payment.disputed(),
            lost: payment.lost(),
            captures: payment.captures.iter().map(CaptureBody::of).collect(),
            refunds: payment
                .refunds
                .iter()
                .map(RefundBody::of)
                .chain(deferred)
                .collect(),
            disputes: payment.disputes.iter().map(DisputeBody::of).collect(),
            strays: payment.strays.iter().map(StrayBody::of).collect(),
        }
    }
}

impl<'a> ActionBody<'a> {
    fn of(action: &'a Action) -> Self {
        Self {
            url: &action.url,
            until: action.until,
        }
    }
}

impl<'a> AuthorizationBody<'a> {
    fn of(known: &'a Authorization) -> Self {
        Self {
            authorization_id: &known.authorization_id,
            amount: money(&known.amount),
            expires_at: known.expires_at,
        }
    }
}

impl<'a> CaptureBody<'a> {
    fn of((shipment_id, capture): (&CaptureKey, &'a Capture)) -> Self {
        Self {
            shipment_id: shipment_id.map(|id| id.uuid()),
            amount: money(&capture.amount),
            status: match capture.progress {
                CaptureProgress::Requested => "requested",
                CaptureProgress::Captured => "captured",
                CaptureProgress::Failed => "failed",
            },
            attempt: capture.attempt,
        }
    }
}

impl<'a> RefundBody<'a> {
    fn of((number, refund): (&u32, &'a Refund)) -> Self {
        Self {
            refund: Some(*number),
            shipment_id: refund.shipment_id.map(|id| id.uuid()),
            return_id: refund.return_id.map(|id| id.uuid()),
            amount: money(&refund.amount),
            reason: &refund.reason,
            status: refund.progress.as_str(),
            problem: refund.problem.as_deref(),
        }
    }

    fn deferred(refund: &'a DeferredRefund) -> Self {
        Self {
            refund: None,
            shipment_id: refund.shipment_id.map(|id| id.uuid()),
            return_id: refund.return_id.map(|id| id.uuid()),
            amount: money(&refund.amount),
            reason: &refund.reason,
            status: "deferred",
            problem: None,
        }
    }
}

impl<'a> DisputeBody<'a> {
    fn of((dispute_id, dispute): (&'a String, &'a Dispute)) -> Self {
        Self {
            dispute_id,
            amount: money(&dispute.amount),
            reason: &dispute.reason,
            status: dispute.progress.as_str(),
        }
    }
}

impl<'a> StrayBody<'a> {
    fn of((authorization_id, stray): (&'a String, &'a Stray)) -> Self {
        Self {
            authorization_id,
            amount: money(&stray.amount),
            voided: stray.done,
            former: stray.former,
        }
    }
}

fn money(money: &domain::Money) -> Money<'_> {
    Money {
        amount: money.amount,
        currency: money.currency.as_str(),
    }
}

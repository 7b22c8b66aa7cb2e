//! What the payment provider and the carrier answer: mostly what is hoped for.

use super::people::Fate;
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    Command, Money,
    payment::{
        PaymentCommand, RecordAuthorized, RecordCaptured, RecordDeclined, RecordOutcomeUnknown,
        RecordReauthorized, RecordRefunded, RecordVoided,
    },
    policy::Call,
    shipment::{
        RecordDelivered, RecordDispatched, RecordLost, RecordRefused, RecordTracked,
        ShipmentCommand,
    },
};
use rand::{RngExt, rngs::StdRng};

/// How long what is set aside can be taken.
const SET_ASIDE: TimeDelta = TimeDelta::days(7);

/// What comes of a call that is waited for.
pub(super) fn answer(call: &Call, fate: &Fate, now: DateTime<Utc>, rng: &mut StdRng) -> Command {
    let command = match call {
        Call::Dispatch {
            shipment_id,
            attempt,
            ..
        } => return Command::Shipment(*shipment_id, dispatched(*attempt, fate, rng)),
        Call::Track {
            shipment_id,
            inquiries,
            ..
        } => return Command::Shipment(*shipment_id, tracked(*inquiries, fate, now)),
        Call::Authorize {
            attempt, amount, ..
        } => authorized(*attempt, *amount, fate, now, rng),
        Call::Inquire { attempt, .. } => {
            PaymentCommand::RecordAuthorized(set_aside(*attempt, fate.amount, now, rng))
        }
        Call::Reauthorize {
            authorization_id: former,
            amount,
            ..
        } => PaymentCommand::RecordReauthorized(RecordReauthorized {
            former_authorization_id: former.clone(),
            authorization_id: authorization(rng),
            amount: *amount,
            expires_at: now.checked_add_signed(SET_ASIDE),
        }),
        Call::Void {
            authorization_id, ..
        } => PaymentCommand::RecordVoided(RecordVoided {
            authorization_id: authorization_id.clone(),
        }),
        // As the service does it: each order leaves at once.
        Call::Capture {
            shipment_id,
            authorization_id,
            amount,
            attempt,
            ..
        } => PaymentCommand::RecordLastCaptured(RecordCaptured {
            authorization_id: authorization_id.clone(),
            shipment_id: *shipment_id,
            attempt: *attempt,
            amount: *amount,
        }),
        Call::Refund {
            authorization_id,
            refund,
            amount,
            ..
        } => PaymentCommand::RecordRefunded(RecordRefunded {
            authorization_id: authorization_id.clone(),
            refund: *refund,
            amount: *amount,
        }),
    };
    Command::Payment(call.order_id(), command)
}

fn authorized(
    attempt: u32,
    amount: Money,
    fate: &Fate,
    now: DateTime<Utc>,
    rng: &mut StdRng,
) -> PaymentCommand {
    if attempt <= fate.declined {
        let code = "insufficient_funds".into();
        return PaymentCommand::RecordDeclined(RecordDeclined { attempt, code });
    }
    match fate.unheard {
        true => PaymentCommand::RecordOutcomeUnknown(RecordOutcomeUnknown {
            attempt,
            inquiries: 0,
            last: false,
            detail: "the provider did not answer in time".into(),
        }),
        false => PaymentCommand::RecordAuthorized(set_aside(attempt, amount, now, rng)),
    }
}

fn set_aside(
    attempt: u32,
    amount: Money,
    now: DateTime<Utc>,
    rng: &mut StdRng,
) -> RecordAuthorized {
    RecordAuthorized {
        attempt,
        authorization_id: authorization(rng),
        amount,
        expires_at: now.checked_add_signed(SET_ASIDE),
    }
}

/// What the provider calls one.
fn authorization(rng: &mut StdRng) -> String {
    format!("auth_{:016x}", rng.random::<u64>())
}

fn dispatched(attempt: u32, fate: &Fate, rng: &mut StdRng) -> ShipmentCommand {
    if attempt <= fate.refused {
        let code = "address_unknown".into();
        return ShipmentCommand::RecordRefused(RecordRefused { attempt, code });
    }
    ShipmentCommand::RecordDispatched(RecordDispatched {
        attempt,
        carrier: "Parcel Express".into(),
        tracking_number: format!("PX{:012}", rng.random_range(0..1_000_000_000_000_u64)),
    })
}

fn tracked(inquiries: u32, fate: &Fate, now: DateTime<Utc>) -> ShipmentCommand {
    match fate.arrives.filter(|arrives| *arrives <= now) {
        None => ShipmentCommand::RecordTracked(RecordTracked { inquiries }),
        Some(_) if fate.lost => ShipmentCommand::RecordLost(RecordLost),
        Some(delivered_at) => ShipmentCommand::RecordDelivered(RecordDelivered { delivered_at }),
    }
}

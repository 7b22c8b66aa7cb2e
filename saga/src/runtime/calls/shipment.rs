//! What the carrier's answers become.

use super::{super::books::Subject, CallOutcome, again};
use crate::{
    carrier::{DispatchRequest, Dispatched, Tracking},
    participant::CallError,
};
use domain::{
    Command, OrderId, ShipmentId,
    shipment::{
        RecordDelivered, RecordDispatched, RecordFailed, RecordLost, RecordRefused,
        RecordReturnedToSender, RecordTracked, ShipmentCommand,
    },
};
use std::time::Duration;
use vault::{Opened, Vault, VaultError};

/// Why no carrier is asked to take a shipment whose address was erased: a code, as a carrier's are. The
/// order then waits under a hold as after any refusal, and is cancelled when nobody sees to it.
const ADDRESS_ERASED: &str = "address_erased";

/// How long a shipment waits while the keys of addresses cannot be reached.
const KEYS_AWAY: Duration = Duration::from_secs(2);

/// How often the carrier is asked for what it took of a shipment whose address was erased, before what it
/// does not know of counts as never asked for: a call that a crash has left on its way arrives within
/// that time.
const ASKED_IN_VAIN: u32 = 3;

/// What the carrier is to be asked to take.
pub(super) struct Dispatch<'a> {
    pub order_id: OrderId,
    pub shipment_id: ShipmentId,
    pub idempotency_key: &'a str,
}

/// What the carrier is told; none where it cannot be told where to any more, since the customer was
/// erased. Or what becomes of the call, where that is not known.
pub(super) async fn request(
    vault: &Vault,
    of: &Dispatch<'_>,
    subject: &Subject,
) -> Result<Option<DispatchRequest>, CallOutcome> {
    let address = match &subject.destination {
        None => None,
        Some(to) => {
            let opened = vault.open_address(&to.tenant, &to.customer_id, to.order_id, &to.address);
            match opened.await {
                Ok(Opened::Plain(address)) => Some(address),
                Ok(Opened::Erased) => return Ok(None),
                Err(error) if error.is_transient() => {
                    return Err(CallOutcome::Defer(error.to_string(), KEYS_AWAY));
                }
                // Nothing brings it back but an operator.
                Err(error @ VaultError::KeyLost(_)) => {
                    return Err(CallOutcome::GiveUp(error.to_string()));
                }
                Err(error) => return Err(CallOutcome::Again(error.to_string())),
            }
        }
    };
    Ok(Some(DispatchRequest {
        order_id: of.order_id,
        reference: of.shipment_id.to_string(),
        address,
        idempotency_key: of.idempotency_key.to_owned(),
    }))
}

/// What becomes of a shipment whose address was erased, from what the carrier says that it took under
/// its key. How often it was asked already does not tell whether it was handed over: a crash may have kept
/// that from being counted, and an operator has it count from the beginning.
pub(super) fn looked_up(
    shipment: ShipmentId,
    attempt: u32,
    attempts: u32,
    answer: Result<Dispatched, CallError>,
) -> CallOutcome {
    match answer {
        Err(error @ CallError::NotFound) if attempts < ASKED_IN_VAIN => again(error),
        Err(CallError::NotFound) => {
            let refused = Err(CallError::Refused(ADDRESS_ERASED.into()));
            dispatched(shipment, attempt, refused)
        }
        // The question was refused, which says nothing of the shipment.
        Err(CallError::Refused(code)) => CallOutcome::GiveUp(format!(
            "its customer was erased, and the carrier does not say whether it has the shipment: {code}"
        )),
        answer => dispatched(shipment, attempt, answer),
    }
}

/// What becomes of a shipment that the carrier was asked to take. Where it is not known whether the
/// carrier has, the same key tells.
pub(super) fn dispatched(
    shipment: ShipmentId,
    attempt: u32,
    answer: Result<Dispatched, CallError>,
) -> CallOutcome {
    let command = match answer {
        Ok(label) => ShipmentCommand::RecordDispatched(RecordDispatched {
            attempt,
            carrier: label.carrier,
            tracking_number: label.tracking_number,
        }),
        Err(CallError::Refused(code)) => {
            ShipmentCommand::RecordRefused(RecordRefused { attempt, code })
        }
        Err(error) => return again(error),
    };
    record(shipment, command)
}

/// What becomes of the question where a shipment is. A carrier that does not know its own number may
/// know it later; after some time people must look.
pub(super) fn tracked(
    shipment: ShipmentId,
    inquiries: u32,
    answer: Result<Tracking, CallError>,
) -> CallOutcome {
    let command = match answer {
        Ok(Tracking::Underway) => ShipmentCommand::RecordTracked(RecordTracked { inquiries }),
        Ok(Tracking::DeliveryFailed { reason }) => {
            ShipmentCommand::RecordFailed(RecordFailed { inquiries, reason })
        }
        Ok(Tracking::Delivered { at }) => {
            ShipmentCommand::RecordDelivered(RecordDelivered { delivered_at: at })
        }
        Ok(Tracking::Lost) => ShipmentCommand::RecordLost(RecordLost),
        Ok(Tracking::ReturnedToSender) => {
            ShipmentCommand::RecordReturnedToSender(RecordReturnedToSender)
        }
        Err(error @ CallError::Refused(_)) => return CallOutcome::GiveUp(error.to_string()),
        Err(error) => return again(error),
    };
    record(shipment, command)
}

fn record(shipment: ShipmentId, command: ShipmentCommand) -> CallOutcome {
    CallOutcome::Record(Box::new(Command::Shipment(shipment, command)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const SHIPMENT: ShipmentId = ShipmentId::new(Uuid::from_u128(7));

    fn name(outcome: CallOutcome) -> &'static str {
        match outcome {
            CallOutcome::Record(command) => command.name(),
            CallOutcome::Again(_) => "again",
            CallOutcome::Defer(..) => "defer",
            CallOutcome::GiveUp(_) => "give up",
        }
    }

    fn deferred() -> CallError {
        CallError::Deferred {
            problem: "the circuit is open".into(),
            wait: Duration::from_secs(3),
        }
    }

    #[test]
    fn a_shipment_is_taken_refused_or_asked_for_again() {
        let label = Dispatched {
            carrier: "Post".into(),
            tracking_number: "T1".into(),
        };
        for (answer, becomes) in [
            (Ok(label), "record_dispatched"),
            (
                Err(CallError::Refused("nowhere".into())),
                "record_dispatch_refused",
            ),
            (Err(CallError::Unknown("no answer".into())), "again"),
            (Err(CallError::Later("busy".into())), "again"),
            (Err(CallError::NotFound), "again"),
            (Err(deferred()), "defer"),
        ] {
            assert_eq!(
                name(dispatched(SHIPMENT, 1, answer.clone())),
                becomes,
                "{answer:?}"
            );
        }
    }

    #[test]
    fn what_cannot_be_addressed_any_more_is_refused_only_if_it_was_never_taken() {
        let label = || Dispatched {
            carrier: "Post".into(),
            tracking_number: "T1".into(),
        };
        for attempts in [0, ASKED_IN_VAIN, 100] {
            let unknown = match attempts < ASKED_IN_VAIN {
                true => "again",
                false => "record_dispatch_refused",
            };
            for (answer, becomes) in [
                (Ok(label()), "record_dispatched"),
                (Err(CallError::NotFound), unknown),
                (Err(CallError::Refused("no".into())), "give up"),
                (Err(CallError::Unknown("no answer".into())), "again"),
                (Err(CallError::Later("busy".into())), "again"),
                (Err(deferred()), "defer"),
            ] {
                let outcome = looked_up(SHIPMENT, 1, attempts, answer.clone());
                assert_eq!(name(outcome), becomes, "{attempts} {answer:?}");
            }
        }
    }

    #[test]
    fn whatever_the_carrier_says_of_a_shipment_is_recorded() {
        let at = "2026-01-02T03:04:05Z".parse().unwrap();
        let reason = "nobody home".into();
        for (answer, becomes) in [
            (Ok(Tracking::Underway), "record_tracked"),
            (
                Ok(Tracking::DeliveryFailed { reason }),
                "record_delivery_failed",
            ),
            (Ok(Tracking::Delivered { at }), "record_delivered"),
            (Ok(Tracking::Lost), "record_lost"),
            (Ok(Tracking::ReturnedToSender), "record_returned_to_sender"),
            (Err(CallError::NotFound), "again"),
            (Err(CallError::Unknown("no answer".into())), "again"),
            (Err(CallError::Refused("no".into())), "give up"),
            (Err(deferred()), "defer"),
        ] {
            assert_eq!(
                name(tracked(SHIPMENT, 1, answer.clone())),
                becomes,
                "{answer:?}"
            );
        }
    }
}

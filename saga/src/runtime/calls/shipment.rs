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
use vault::{Opened, Vault};

/// Why no carrier is asked to take a shipment whose address was erased: a code, as a carrier's are. The
/// order then waits under a hold as after any refusal, and is cancelled when nobody sees to it.
const ADDRESS_ERASED: &str = "address_erased";

/// How long a shipment waits while the keys of addresses cannot be reached.
const KEYS_AWAY: Duration = Duration::from_secs(2);

/// What the carrier is to be asked to take.
pub(super) struct Dispatch<'a> {
    pub order_id: OrderId,
    pub shipment_id: ShipmentId,
    pub attempt: u32,
    pub idempotency_key: &'a str,
}

/// What the carrier is told; or what becomes of the call, where it cannot be told where to.
pub(super) async fn request(
    vault: &Vault,
    of: &Dispatch<'_>,
    attempts: u32,
    subject: &Subject,
) -> Result<DispatchRequest, CallOutcome> {
    let address = match &subject.destination {
        None => None,
        Some(to) => {
            let opened = vault.open_address(&to.tenant, &to.customer_id, to.order_id, &to.address);
            match opened.await {
                Ok(Opened::Plain(address)) => Some(address),
                // Nobody was asked to take it yet, so nobody has.
                Ok(Opened::Erased) if attempts == 0 => {
                    let refused = Err(CallError::Refused(ADDRESS_ERASED.into()));
                    return Err(dispatched(of.shipment_id, of.attempt, refused));
                }
                Ok(Opened::Erased) => {
                    return Err(CallOutcome::GiveUp(
                        "its customer was erased, so that the carrier cannot be asked again; whether \
                         it has the shipment is not known"
                            .into(),
                    ));
                }
                Err(error) if error.is_transient() => {
                    return Err(CallOutcome::Defer(error.to_string(), KEYS_AWAY));
                }
                Err(error) => return Err(CallOutcome::Again(error.to_string())),
            }
        }
    };
    Ok(DispatchRequest {
        order_id: of.order_id,
        reference: of.shipment_id.to_string(),
        address,
        idempotency_key: of.idempotency_key.to_owned(),
    })
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

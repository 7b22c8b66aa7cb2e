//! Outcomes of calls against our books: what was done outside must stand in them.

use domain::{
    Command, State,
    payment::{CaptureProgress, Payment, PaymentCommand, PaymentStatus},
    shipment::{Shipment, ShipmentCommand},
};

/// Whether `command` says that the provider holds, took or gave back money, or that the carrier took
/// a shipment: books that cannot take that in are a matter for people.
pub(super) fn is_done_outside(command: &Command) -> bool {
    matches!(
        command,
        Command::Payment(
            _,
            PaymentCommand::RecordAuthorized(_)
                | PaymentCommand::RecordReauthorized(_)
                | PaymentCommand::RecordVoided(_)
                | PaymentCommand::RecordCaptured(_)
                | PaymentCommand::RecordLastCaptured(_)
                | PaymentCommand::RecordRefunded(_)
        ) | Command::Shipment(_, ShipmentCommand::RecordDispatched(_))
    )
}

/// Whether `state` has in its books what was done outside, as `command` says.
pub(super) fn is_in_the_books(state: &State, command: &Command) -> bool {
    match (state, command) {
        (State::Payment(payment), Command::Payment(_, command)) => pays(payment, command),
        (State::Shipment(shipment), Command::Shipment(_, command)) => leaves(shipment, command),
        _ => false,
    }
}

fn pays(payment: &Payment, command: &PaymentCommand) -> bool {
    let known = |authorization_id: &str| {
        let ours = payment.authorization.as_ref();
        ours.is_some_and(|ours| ours.authorization_id == authorization_id)
    };
    // What nobody waits for stands there too, until it is given back.
    let stray = |authorization_id: &str| payment.strays.get(authorization_id);
    match command {
        PaymentCommand::RecordAuthorized(command) => {
            let id = &command.authorization_id;
            known(id) || stray(id).is_some() || payment.has_given_up(id)
        }
        PaymentCommand::RecordReauthorized(command) => {
            let id = &command.authorization_id;
            known(id) || stray(id).is_some()
        }
        PaymentCommand::RecordVoided(command) => {
            let id = &command.authorization_id;
            let ours = known(id) || payment.has_given_up(id);
            // All of it, or what is left once something was taken.
            let is_voided = payment.status == PaymentStatus::Voided && ours;
            let is_rest = known(id) && payment.has_let_go() && !payment.lets_go;
            let voided = is_voided || is_rest;
            voided || stray(id).is_some_and(|stray| stray.done)
        }
        PaymentCommand::RecordCaptured(command) | PaymentCommand::RecordLastCaptured(command) => {
            let ours = payment.captures.get(&command.shipment_id);
            let taken = ours.is_some_and(|ours| {
                ours.progress == CaptureProgress::Captured && ours.amount == command.amount
            });
            taken && known(&command.authorization_id)
        }
        PaymentCommand::RecordRefunded(command) => {
            let ours = payment.refunds.get(&command.refund);
            let given_back =
                ours.is_some_and(|ours| ours.is_done() && ours.amount == command.amount);
            given_back && known(&command.authorization_id)
        }
        _ => false,
    }
}

fn leaves(shipment: &Shipment, command: &ShipmentCommand) -> bool {
    let ShipmentCommand::RecordDispatched(command) = command else {
        return false;
    };
    let ours = shipment.created();
    let ours = ours.and_then(|parcel| parcel.tracking_number.as_deref());
    // The books have it without what is no text around it.
    ours.is_some_and(|ours| ours == command.tracking_number.trim())
}

/// What tells the outcomes of one call apart: what it came to the first time is another command than
/// what it comes to the next time, and must not be answered as if it were the same.
pub(super) const fn kind(command: &Command) -> &'static str {
    match command {
        Command::Payment(_, command) => match command {
            PaymentCommand::RecordAuthorized(_) => "authorized",
            PaymentCommand::RecordActionRequired(_) => "action_required",
            PaymentCommand::RecordDeclined(_) => "declined",
            PaymentCommand::RecordOutcomeUnknown(_) => "unknown",
            PaymentCommand::RecordReauthorized(_) => "reauthorized",
            PaymentCommand::RecordReauthorizationFailed(_) => "not_reauthorized",
            PaymentCommand::RecordVoided(_) => "voided",
            PaymentCommand::RecordCaptured(_) | PaymentCommand::RecordLastCaptured(_) => "captured",
            PaymentCommand::RecordCaptureFailed(_) => "capture_failed",
            PaymentCommand::RecordRefunded(_) => "refunded",
            PaymentCommand::RecordRefundFailed(_) => "refund_failed",
            PaymentCommand::RequestAuthorization(_)
            | PaymentCommand::RequestVoid(_)
            | PaymentCommand::RequestCapture(_)
            | PaymentCommand::RequestRefund(_)
            | PaymentCommand::RefundReturn(_)
            | PaymentCommand::RetryRefund(_)
            | PaymentCommand::SettleRefund(_)
            | PaymentCommand::ReleaseRest(_)
            | PaymentCommand::RequestReauthorization(_)
            | PaymentCommand::RecordAuthorizationExpired(_)
            | PaymentCommand::Hear(_) => "requested",
        },
        Command::Order(..)
        | Command::Stock(_)
        | Command::Reservation(_)
        | Command::Shipment(..)
        | Command::Return(..)
        | Command::Customer(_)
        | Command::Product(_) => command.name(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{
        Currency, Decider, Money, OrderId, ShipmentId,
        payment::{
            PaymentAuthorizationRequested, PaymentAuthorized, PaymentCaptureRequested,
            PaymentCaptured, PaymentEvent, PaymentRefundRequested, PaymentRestReleaseRequested,
            PaymentRestReleased, Payments, RecordVoided,
        },
    };
    use uuid::Uuid;

    fn order_id() -> OrderId {
        OrderId::new(Uuid::from_u128(1))
    }

    fn eur(amount: i64) -> Money {
        Money::new(amount, Currency::parse("EUR").unwrap())
    }

    /// Six of ten euros were taken for the first of two parcels, and the provider is asked to let go of the
    /// rest.
    fn letting_go() -> Vec<PaymentEvent> {
        let (order_id, authorization_id) = (order_id(), || "auth".to_owned());
        let shipment_id = Some(ShipmentId::parcel(order_id, 1));
        vec![
            PaymentAuthorizationRequested {
                order_id,
                amount: eur(1_000),
                payment_method: "card".into(),
                attempt: 1,
                max_attempts: 1,
                idempotency_key: "a".into(),
            }
            .into(),
            PaymentAuthorized {
                order_id,
                attempt: 1,
                authorization_id: authorization_id(),
                amount: eur(1_000),
                expires_at: None,
            }
            .into(),
            PaymentCaptureRequested {
                order_id,
                shipment_id,
                authorization_id: authorization_id(),
                amount: eur(600),
                attempt: 1,
                max_attempts: 1,
                idempotency_key: "c".into(),
                more: true,
            }
            .into(),
            PaymentCaptured {
                order_id,
                shipment_id,
                authorization_id: authorization_id(),
                amount: eur(600),
            }
            .into(),
            PaymentRestReleaseRequested {
                order_id,
                authorization_id: authorization_id(),
                amount: eur(400),
                idempotency_key: "r".into(),
            }
            .into(),
        ]
    }

    fn released() -> PaymentEvent {
        PaymentRestReleased {
            order_id: order_id(),
            authorization_id: "auth".into(),
            amount: eur(400),
        }
        .into()
    }

    /// Another process may have said it first: no operator is called for that.
    #[test]
    fn what_was_let_go_of_is_in_the_books() {
        let stands = |events: &[PaymentEvent], id: &str| {
            let payment = events.iter().fold(Payment::default(), Payments::evolve);
            let command = PaymentCommand::RecordVoided(RecordVoided {
                authorization_id: id.into(),
            });
            let command = Command::Payment(order_id(), command);
            assert!(is_done_outside(&command));
            is_in_the_books(&State::Payment(payment), &command)
        };
        let asked = letting_go();
        assert!(!stands(&asked, "auth"), "it is not recorded yet");
        let done = [asked, vec![released()]].concat();
        assert!(stands(&done, "auth"));
        assert!(!stands(&done, "other"));
        let refund = PaymentRefundRequested {
            order_id: order_id(),
            shipment_id: None,
            return_id: None,
            authorization_id: "auth".into(),
            refund: 1,
            amount: eur(600),
            idempotency_key: "f".into(),
            reason: "cancelled".into(),
        };
        let refunding = [done, vec![refund.into()]].concat();
        assert!(stands(&refunding, "auth"), "whatever has come since");
    }
}

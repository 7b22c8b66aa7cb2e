//! What events change in a payment.

use super::{Authorization, Payment, PaymentEvent, PaymentStatus, Request};

pub(super) fn evolve(mut payment: Payment, event: &PaymentEvent) -> Payment {
    match event {
        PaymentEvent::PaymentAuthorizationRequested(event) => {
            payment.status = PaymentStatus::Authorizing;
            payment.inquiries = 0;
            payment.request = Some(Request {
                order_id: event.order_id,
                amount: event.amount,
                attempt: event.attempt,
                max_attempts: event.max_attempts,
                idempotency_key: event.idempotency_key.clone(),
            });
        }
        PaymentEvent::PaymentAuthorized(event) => {
            payment.status = PaymentStatus::Authorized;
            payment.parked = false;
            payment.authorization = Some(Authorization {
                authorization_id: event.authorization_id.clone(),
                amount: event.amount,
            });
            payment.late = payment.deferred_void.is_some();
        }
        PaymentEvent::PaymentIntegrityMismatch(event) => {
            payment.status = PaymentStatus::Authorized;
            payment.parked = false;
            payment.authorization = Some(Authorization {
                authorization_id: event.authorization_id.clone(),
                amount: event.actual,
            });
        }
        PaymentEvent::PaymentDeclined(_) => {
            payment.status = PaymentStatus::Declined;
            payment.parked = false;
        }
        PaymentEvent::PaymentOutcomeUnknown(event) => {
            payment.status = PaymentStatus::OutcomeUnknown;
            payment.inquiries = event.inquiries;
        }
        PaymentEvent::PaymentParked(_) => {
            payment.status = PaymentStatus::OutcomeUnknown;
            payment.parked = true;
        }
        PaymentEvent::PaymentVoidDeferred(event) => {
            payment.deferred_void = Some((event.idempotency_key.clone(), event.reason.clone()));
        }
        PaymentEvent::PaymentVoidRequested(_) => payment.status = PaymentStatus::Voiding,
        PaymentEvent::PaymentVoided(_) => payment.status = PaymentStatus::Voided,
        PaymentEvent::LatePaymentReversed(_) => payment.late = false,
        PaymentEvent::PaymentCaptureRequested(_) => payment.status = PaymentStatus::Capturing,
        PaymentEvent::PaymentCaptured(_) => payment.status = PaymentStatus::Captured,
        PaymentEvent::PaymentCaptureFailed(_) => payment.status = PaymentStatus::Authorized,
    }
    payment
}

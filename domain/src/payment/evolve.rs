//! What events change in a payment.

use super::{
    Action, Authorization, Capture, CaptureProgress, DeferredRefund, Dispute, DisputeProgress,
    Payment, PaymentEvent, PaymentStatus, Reauthorization, ReauthorizationProgress, Refund,
    RefundProgress, Request, Stray,
};

pub(super) fn evolve(mut payment: Payment, event: &PaymentEvent) -> Payment {
    match event {
        PaymentEvent::PaymentAuthorizationRequested(event) => {
            payment.status = PaymentStatus::Authorizing;
            payment.inquiries = 0;
            payment.action = None;
            payment.request = Some(Request {
                order_id: event.order_id,
                amount: event.amount,
                payment_method: event.payment_method.clone(),
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
                expires_at: event.expires_at,
            });
            payment.late = payment.deferred_void.is_some();
        }
        PaymentEvent::PaymentIntegrityMismatch(event) => {
            payment.status = PaymentStatus::Authorized;
            payment.parked = false;
            payment.authorization = Some(Authorization {
                authorization_id: event.authorization_id.clone(),
                amount: event.actual,
                expires_at: None,
            });
        }
        PaymentEvent::PaymentDeclined(_) => {
            payment.status = PaymentStatus::Declined;
            payment.parked = false;
        }
        PaymentEvent::PaymentActionRequired(event) => {
            payment.status = PaymentStatus::ActionRequired;
            payment.parked = false;
            payment.action = Some(Box::new(Action {
                authorization_id: event.authorization_id.clone(),
                url: event.url.clone(),
                until: event.until,
            }));
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
        PaymentEvent::LatePaymentReversed(event) => {
            match payment.strays.get_mut(&event.authorization_id) {
                Some(stray) => stray.done = true,
                None => payment.late = false,
            }
        }
        PaymentEvent::PaymentCaptureRequested(event) => {
            let capture = Capture {
                amount: event.amount,
                attempt: event.attempt,
                max_attempts: event.max_attempts,
                idempotency_key: event.idempotency_key.clone(),
                more: event.more,
                progress: CaptureProgress::Requested,
            };
            payment.captures.insert(event.shipment_id, capture);
            payment.status = settled(&payment);
        }
        PaymentEvent::PaymentCaptured(event) => {
            if let Some(capture) = payment.captures.get_mut(&event.shipment_id) {
                capture.progress = CaptureProgress::Captured;
            }
            payment.status = settled(&payment);
        }
        PaymentEvent::PaymentRestReleaseRequested(_) => payment.lets_go = true,
        PaymentEvent::PaymentRestReleased(event) => {
            payment.lets_go = false;
            payment.released = payment.released.saturating_add(event.amount.amount);
            if let Some(authorization) = &mut payment.authorization {
                let left = authorization
                    .amount
                    .amount
                    .saturating_sub(event.amount.amount);
                authorization.amount.amount = left;
            }
            payment.status = settled(&payment);
        }
        PaymentEvent::PaymentCaptureFailed(event) => {
            if let Some(capture) = payment.captures.get_mut(&event.shipment_id) {
                capture.progress = CaptureProgress::Failed;
            }
            payment.status = settled(&payment);
        }
        PaymentEvent::PaymentRefundRequested(event) => {
            let refund = Refund {
                shipment_id: event.shipment_id,
                return_id: event.return_id,
                amount: event.amount,
                idempotency_key: event.idempotency_key.clone(),
                reason: event.reason.clone(),
                progress: RefundProgress::Requested,
                problem: None,
                again: false,
            };
            payment
                .deferred_refunds
                .retain(|deferred| !deferred.becomes(&refund));
            // There is one of each kind, unless it was owed.
            for known in payment.refunds.values_mut() {
                known.again |= known.is_owed() && known.is_as(&refund);
            }
            payment.refunds.insert(event.refund, refund);
            payment.status = settled(&payment);
        }
        PaymentEvent::PaymentRefunded(event) => {
            if let Some(refund) = payment.refunds.get_mut(&event.refund) {
                refund.progress = RefundProgress::Refunded;
                refund.problem = None;
                // A lost dispute may have left less of it.
                refund.amount = event.amount;
            }
            payment.status = settled(&payment);
        }
        PaymentEvent::PaymentRefundFailed(event) => {
            let failed = RefundProgress::Failed;
            unpaid(&mut payment, event.refund, failed, &event.code);
        }
        PaymentEvent::PaymentRefundReversed(event) => {
            let reversed = RefundProgress::Reversed;
            unpaid(&mut payment, event.refund, reversed, &event.code);
        }
        PaymentEvent::PaymentRefundDeferred(event) => {
            let deferred = DeferredRefund {
                shipment_id: event.shipment_id,
                return_id: event.return_id,
                amount: event.amount,
                idempotency_key: event.idempotency_key.clone(),
                reason: event.reason.clone(),
            };
            for known in payment.refunds.values_mut() {
                known.again |= known.is_owed() && deferred.becomes(known);
            }
            payment.deferred_refunds.push(deferred);
            payment.status = settled(&payment);
        }
        PaymentEvent::StrayAuthorizationFound(event) => {
            let stray = Stray {
                amount: event.amount,
                done: false,
                former: false,
            };
            payment.strays.insert(event.authorization_id.clone(), stray);
        }
        PaymentEvent::PaymentReauthorizationRequested(event) => {
            payment.reauthorization = Some(Reauthorization {
                former_authorization_id: event.former_authorization_id.clone(),
                idempotency_key: event.idempotency_key.clone(),
                progress: ReauthorizationProgress::Requested,
            });
        }
        PaymentEvent::PaymentReauthorized(event) => {
            if let Some(reauthorization) = &mut payment.reauthorization {
                reauthorization.progress = ReauthorizationProgress::Done;
            }
            let former = Stray {
                amount: event.amount,
                done: false,
                former: true,
            };
            payment
                .strays
                .insert(event.former_authorization_id.clone(), former);
            payment.status = PaymentStatus::Authorized;
            payment.expired = false;
            payment.released = 0;
            payment.authorization = Some(Authorization {
                authorization_id: event.authorization_id.clone(),
                amount: event.amount,
                expires_at: event.expires_at,
            });
        }
        PaymentEvent::PaymentReauthorizationFailed(_) => {
            if let Some(reauthorization) = &mut payment.reauthorization {
                reauthorization.progress = ReauthorizationProgress::Failed;
            }
        }
        PaymentEvent::FormerAuthorizationVoided(event) => {
            if let Some(former) = payment.strays.get_mut(&event.authorization_id) {
                former.done = true;
            }
        }
        PaymentEvent::PaymentAuthorizationExpired(_) => {
            payment.expired = true;
            payment.status = PaymentStatus::AuthorizationExpired;
        }
        PaymentEvent::DisputeOpened(event) => {
            let dispute = Dispute {
                amount: event.amount,
                reason: event.reason.clone(),
                progress: DisputeProgress::Open,
            };
            payment.disputes.insert(event.dispute_id.clone(), dispute);
        }
        PaymentEvent::DisputeWon(event) => {
            close(&mut payment, &event.dispute_id, DisputeProgress::Won);
        }
        PaymentEvent::DisputeLost(event) => {
            close(&mut payment, &event.dispute_id, DisputeProgress::Lost);
        }
    }
    payment
}

/// A refund is owed: it has failed, or come back.
fn unpaid(payment: &mut Payment, refund: u32, progress: RefundProgress, code: &str) {
    if let Some(refund) = payment.refunds.get_mut(&refund) {
        refund.progress = progress;
        refund.problem = Some(code.to_owned());
    }
    payment.status = settled(payment);
}

fn close(payment: &mut Payment, dispute_id: &str, progress: DisputeProgress) {
    if let Some(dispute) = payment.disputes.get_mut(dispute_id) {
        dispute.progress = progress;
    }
    if payment.has_captured() {
        payment.status = settled(payment);
    }
}

/// Where a payment is of which something is or was taken: what the provider is asked for comes
/// before what it has done.
fn settled(payment: &Payment) -> PaymentStatus {
    let authorized = payment.authorization.as_ref();
    let authorized = authorized.map_or(0, |known| known.amount.amount);
    let (captured, refunded) = (payment.captured(), payment.refunded());
    let gives_back =
        payment.refunds.values().any(Refund::is_awaited) || !payment.deferred_refunds.is_empty();
    let has_given_back = payment.refunds.values().any(Refund::is_done);
    // What a lost dispute took is not there to be given back.
    let captured_and_kept = captured.saturating_sub(payment.lost());
    if payment.is_capturing() {
        PaymentStatus::Capturing
    } else if gives_back {
        PaymentStatus::Refunding
    } else if has_given_back && refunded >= captured_and_kept {
        PaymentStatus::Refunded
    } else if has_given_back {
        PaymentStatus::PartiallyRefunded
    } else if !payment.has_captured() && payment.expired {
        PaymentStatus::AuthorizationExpired
    } else if !payment.has_captured() {
        PaymentStatus::Authorized
    } else if captured >= authorized {
        PaymentStatus::Captured
    } else {
        PaymentStatus::PartiallyCaptured
    }
}

//! The payment of one order, with its attempts and operations.

mod command;
mod decide;
mod error;
mod event;
mod evolve;
mod key;
#[cfg(test)]
mod properties;
mod state;
mod upcast;

pub use command::{
    DisputeNotice, HearProvider, Notice, PaymentCommand, RecordActionRequired,
    RecordAuthorizationExpired, RecordAuthorized, RecordCaptureFailed, RecordCaptured,
    RecordDeclined, RecordOutcomeUnknown, RecordReauthorizationFailed, RecordReauthorized,
    RecordRefundFailed, RecordRefunded, RecordVoided, RefundReturn, ReleaseRest,
    RequestAuthorization, RequestCapture, RequestReauthorization, RequestRefund, RequestVoid,
    RetryRefund, SettleRefund,
};
pub use error::PaymentError;
pub use event::{
    DisputeLost, DisputeOpened, DisputeWon, FormerAuthorizationVoided, LatePaymentReversed,
    PaymentActionRequired, PaymentAuthorizationExpired, PaymentAuthorizationRequested,
    PaymentAuthorized, PaymentCaptureFailed, PaymentCaptureRequested, PaymentCaptured,
    PaymentDeclined, PaymentEvent, PaymentIntegrityMismatch, PaymentOutcomeUnknown, PaymentParked,
    PaymentReauthorizationFailed, PaymentReauthorizationRequested, PaymentReauthorized,
    PaymentRefundDeferred, PaymentRefundFailed, PaymentRefundRequested, PaymentRefundReversed,
    PaymentRefunded, PaymentRestReleaseRequested, PaymentRestReleased, PaymentVoidDeferred,
    PaymentVoidRequested, PaymentVoided, StrayAuthorizationFound,
};
pub use key::CallKey;
pub use state::{
    Action, Authorization, Capture, CaptureKey, CaptureProgress, DeferredRefund, Dispute,
    DisputeProgress, Payment, PaymentStatus, Reauthorization, ReauthorizationProgress, Refund,
    RefundProgress, Request, Stray,
};

use crate::Decider;

/// The decider of payments.
pub struct Payments;

impl Decider for Payments {
    type State = Payment;
    type Command = PaymentCommand;
    type Event = PaymentEvent;
    type Error = PaymentError;

    fn decide(
        state: &Payment,
        command: &PaymentCommand,
    ) -> Result<Vec<PaymentEvent>, PaymentError> {
        decide::decide(state, command)
    }

    fn evolve(state: Payment, event: &PaymentEvent) -> Payment {
        evolve::evolve(state, event)
    }
}

//! What makes of events as they once were stored what they would say today.

use super::{PaymentAuthorized, PaymentCaptureRequested};

/// Version 1 of `PaymentAuthorized`: nobody was told until when the amount can be taken.
pub(super) fn authorized_v1(payload: &[u8]) -> Result<PaymentAuthorized, serde_json::Error> {
    let old: PaymentAuthorized = serde_json::from_slice(payload)?;
    Ok(PaymentAuthorized {
        expires_at: None,
        ..old
    })
}

/// Version 1 of `PaymentCaptureRequested`: nothing more was taken after it.
pub(super) fn capture_requested_v1(
    payload: &[u8],
) -> Result<PaymentCaptureRequested, serde_json::Error> {
    let old: PaymentCaptureRequested = serde_json::from_slice(payload)?;
    Ok(PaymentCaptureRequested { more: false, ..old })
}

//! What makes of events as they once were stored what they would say today.

use super::PaymentAuthorized;

/// Version 1 of `PaymentAuthorized`: nobody was told until when the amount can be taken.
pub(super) fn authorized_v1(payload: &[u8]) -> Result<PaymentAuthorized, serde_json::Error> {
    let old: PaymentAuthorized = serde_json::from_slice(payload)?;
    Ok(PaymentAuthorized {
        expires_at: None,
        ..old
    })
}

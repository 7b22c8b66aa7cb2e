//! How long what is expected may take before people should look.

use chrono::Duration;

/// How long what is expected may take. These are not the limits that policies go by, which cancel and
/// park: they say from when on somebody should ask why. Where a policy acts when time is up, it says when
/// that is by an event of its order ([`DeadlineSet`](crate::order::DeadlineSet)), and that goes before
/// what stands here: a view that is folded anew, under other settings, says the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeLimits {
    /// Of the platform's own next step: 5 minutes.
    pub platform: Duration,
    /// Of a cancellation, with all that is given back: 1 hour.
    pub cancellation: Duration,
    /// Of asking the provider what became of a call without an answer: 2 hours.
    pub outcome: Duration,
    /// Of giving back what was set aside, or was taken: 24 hours.
    pub giving_back: Duration,
    /// Of packing a shipment: 48 hours.
    pub packing: Duration,
    /// Of taking what a shipment is worth, with all further attempts: 72 hours.
    pub capture: Duration,
    /// Of the carrier's answer whether it takes a shipment: 24 hours.
    pub dispatch: Duration,
    /// Of somebody's seeing to what the carrier refused: 72 hours.
    pub refusal: Duration,
    /// Of a delivery: 14 days.
    pub delivery: Duration,
    /// Of somebody's seeing to a return that is asked for, or has come: 72 hours.
    pub inspection: Duration,
    /// Of the arrival of a return: 30 days.
    pub returns: Duration,
    /// Of the end of a dispute: 120 days.
    pub dispute: Duration,
}

impl Default for TimeLimits {
    fn default() -> Self {
        Self {
            platform: Duration::minutes(5),
            cancellation: Duration::hours(1),
            outcome: Duration::hours(2),
            giving_back: Duration::hours(24),
            packing: Duration::hours(48),
            capture: Duration::hours(72),
            dispatch: Duration::hours(24),
            refusal: Duration::hours(72),
            delivery: Duration::days(14),
            inspection: Duration::hours(72),
            returns: Duration::days(30),
            dispute: Duration::days(120),
        }
    }
}

//! Fault switches, and the dice that say whom they strike.

mod draw;
mod switches;

use serde::{Deserialize, Serialize};
pub(crate) use switches::{Fate, FaultSwitches, Strikes, WebhookFate};

/// Longest extra latency and longest jitter, in milliseconds.
pub const MAX_LATENCY_MS: u64 = 60_000;
/// Longest time an answer is held, in milliseconds.
pub const MAX_HOLD_MS: u64 = 600_000;
/// Longest time that a webhook comes late, in milliseconds: a day.
pub const MAX_WEBHOOK_LATE_MS: u64 = 24 * 60 * 60 * 1_000;
/// Longest time that a shipment may take, in milliseconds: thirty days.
pub const MAX_TRANSIT_MS: u64 = 30 * 24 * 60 * 60 * 1_000;

/// What goes wrong, how often. `PUT /faults` replaces all of it; what is left out is off.
///
/// Whether an operation is struck depends on the seed, its idempotency key and which attempt this
/// is, and on nothing else: the same keys meet the same faults in every run, in whatever order and
/// however concurrently they come.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// Another seed strikes other operations.
    pub seed: u64,
    /// Authorizations that are declined whatever the card, in percent.
    pub decline_percent: f64,
    /// Captures that are refused for good whatever the card, in percent.
    pub capture_decline_percent: f64,
    /// Refunds that are refused for good, in percent.
    pub refund_decline_percent: f64,
    /// Authorizations that are granted for one minor unit more than asked, in percent.
    pub wrong_amount_percent: f64,
    /// Operations that fail with 500 and book nothing, in percent; each retry is drawn again.
    pub error_percent: f64,
    /// Operations that are booked and whose answer is then held for `hold_ms`, in percent.
    pub timeout_after_success_percent: f64,
    /// Authorizations that are booked only `late_success_ms` after they were asked for, in percent: the answer
    /// is held, and until then nobody who looks finds anything. Those that are due then are lost where the
    /// process ends before.
    pub late_success_percent: f64,
    /// How much later those are booked, in milliseconds.
    pub late_success_ms: u64,
    /// Shipments that the carrier refuses wherever they go, in percent.
    pub carrier_refuse_percent: f64,
    /// Shipments that get lost, in percent.
    pub carrier_lost_percent: f64,
    /// Shipments that come back, in percent of those that do not get lost.
    pub carrier_returned_percent: f64,
    /// Shipments that are tried to deliver in vain at first, in percent of those that get there.
    pub carrier_failed_percent: f64,
    /// Webhooks that are sent twice, in percent.
    pub webhook_duplicate_percent: f64,
    /// Webhooks that later ones overtake, in percent: they are sent up to two seconds later.
    pub webhook_reordered_percent: f64,
    /// Webhooks that are sent `webhook_late_ms` later, in percent.
    pub webhook_late_percent: f64,
    /// Webhooks that are never sent, in percent.
    pub webhook_lost_percent: f64,
    /// How much later those that come late are sent, in milliseconds.
    pub webhook_late_ms: u64,
    /// How long an authorization can be captured, in milliseconds; 0: as long as the sandbox was started
    /// with.
    pub authorization_ttl_ms: u64,
    /// How long a shipment is under way, in milliseconds.
    pub transit_ms: u64,
    /// Time that every operation's answer takes longer, in milliseconds.
    pub latency_ms: u64,
    /// Further time, up to this many milliseconds, drawn for each operation.
    pub jitter_ms: u64,
    /// Time that an answer is held where a card or a fault lets the client time out, in
    /// milliseconds.
    pub hold_ms: u64,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            seed: 0,
            decline_percent: 0.0,
            capture_decline_percent: 0.0,
            refund_decline_percent: 0.0,
            wrong_amount_percent: 0.0,
            error_percent: 0.0,
            timeout_after_success_percent: 0.0,
            late_success_percent: 0.0,
            late_success_ms: 60_000,
            carrier_refuse_percent: 0.0,
            carrier_lost_percent: 0.0,
            carrier_returned_percent: 0.0,
            carrier_failed_percent: 0.0,
            webhook_duplicate_percent: 0.0,
            webhook_reordered_percent: 0.0,
            webhook_late_percent: 0.0,
            webhook_lost_percent: 0.0,
            webhook_late_ms: 30_000,
            authorization_ttl_ms: 0,
            transit_ms: 4_000,
            latency_ms: 0,
            jitter_ms: 0,
            hold_ms: 60_000,
        }
    }
}

/// A switch is set to something that it does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{field} must be from 0 to {max}")]
pub struct InvalidFaults {
    field: &'static str,
    max: u64,
}

impl Faults {
    /// Checks every switch against its range.
    ///
    /// # Errors
    /// The first switch that is out of range, with the range.
    pub fn validate(&self) -> Result<(), InvalidFaults> {
        for (field, percent) in [
            ("decline_percent", self.decline_percent),
            ("capture_decline_percent", self.capture_decline_percent),
            ("refund_decline_percent", self.refund_decline_percent),
            ("wrong_amount_percent", self.wrong_amount_percent),
            ("error_percent", self.error_percent),
            (
                "timeout_after_success_percent",
                self.timeout_after_success_percent,
            ),
            ("late_success_percent", self.late_success_percent),
            ("carrier_refuse_percent", self.carrier_refuse_percent),
            ("carrier_lost_percent", self.carrier_lost_percent),
            ("carrier_returned_percent", self.carrier_returned_percent),
            ("carrier_failed_percent", self.carrier_failed_percent),
            ("webhook_duplicate_percent", self.webhook_duplicate_percent),
            ("webhook_reordered_percent", self.webhook_reordered_percent),
            ("webhook_late_percent", self.webhook_late_percent),
            ("webhook_lost_percent", self.webhook_lost_percent),
        ] {
            if !(0.0..=100.0).contains(&percent) {
                return Err(InvalidFaults { field, max: 100 });
            }
        }
        for (field, millis, max) in [
            ("webhook_late_ms", self.webhook_late_ms, MAX_WEBHOOK_LATE_MS),
            (
                "authorization_ttl_ms",
                self.authorization_ttl_ms,
                MAX_TRANSIT_MS,
            ),
            ("transit_ms", self.transit_ms, MAX_TRANSIT_MS),
            ("latency_ms", self.latency_ms, MAX_LATENCY_MS),
            ("jitter_ms", self.jitter_ms, MAX_LATENCY_MS),
            ("hold_ms", self.hold_ms, MAX_HOLD_MS),
            ("late_success_ms", self.late_success_ms, MAX_HOLD_MS),
        ] {
            if millis > max {
                return Err(InvalidFaults { field, max });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_switch_out_of_range_is_refused_and_named() {
        for field in [
            "decline_percent",
            "capture_decline_percent",
            "refund_decline_percent",
            "wrong_amount_percent",
            "error_percent",
            "timeout_after_success_percent",
            "late_success_percent",
            "carrier_refuse_percent",
            "carrier_lost_percent",
            "carrier_returned_percent",
            "carrier_failed_percent",
            "webhook_duplicate_percent",
            "webhook_reordered_percent",
            "webhook_late_percent",
            "webhook_lost_percent",
        ] {
            for wrong in ["100.1", "-1"] {
                assert_refused(field, wrong);
            }
        }
        for (field, wrong) in [
            ("webhook_late_ms", "86400001"),
            ("authorization_ttl_ms", "2592000001"),
            ("transit_ms", "2592000001"),
            ("latency_ms", "60001"),
            ("jitter_ms", "60001"),
            ("hold_ms", "600001"),
            ("late_success_ms", "600001"),
        ] {
            assert_refused(field, wrong);
        }
        let none = Faults {
            error_percent: f64::NAN,
            ..Faults::default()
        };
        assert!(none.validate().is_err());
    }

    fn assert_refused(field: &str, value: &str) {
        let faults: Faults = serde_json::from_str(&format!(r#"{{"{field}":{value}}}"#)).unwrap();
        let error = faults.validate().unwrap_err();
        assert!(error.to_string().starts_with(field), "{error}");
    }
}

//! What notifications tell operators in numbers: every name in one place.
//!
//! Alarms belong on `notify_endpoints_disabled` above zero (somebody must look why an endpoint was
//! given up), on `notify_deliveries_total` of the outcome `failed` that grows, on `notify_failing` that stays at
//! one, and on a `notify_lag_seconds` or `notify_deliveries_due` that grows.

use crate::storage::{Backlog, Channel};
use chassis::circuit::CircuitState;
use metrics::{
    Counter, Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};
use std::time::Duration;

/// Says what each metric means; once in a process.
pub(crate) fn describe() {
    describe_gauge!("notify_failing", "1 while a part of notifications fails");
    describe_gauge!(
        "notify_position",
        "How far the events were read for notifications"
    );
    describe_gauge!(
        "notify_lag_seconds",
        Unit::Seconds,
        "How old the last event was when what follows from it was recorded; 0 when there is none left"
    );
    describe_counter!(
        "notify_deliveries_total",
        "Attempts at deliveries, by channel and by what came of them"
    );
    describe_histogram!(
        "notify_delivery_seconds",
        Unit::Seconds,
        "How long attempts at deliveries took"
    );
    describe_gauge!(
        "notify_deliveries_due",
        "Deliveries whose time has come; 10,000 at most are counted"
    );
    describe_gauge!(
        "notify_deliveries_failed",
        "Deliveries that were given up and are still in the log; 10,000 at most are counted"
    );
    describe_gauge!(
        "notify_endpoints_disabled",
        "Endpoints that were disabled because of what they answered: somebody must look"
    );
    begin_to_count();
}

/// Counts begin at nothing, so that the first of each outcome is seen to be one more.
fn begin_to_count() {
    for channel in [Channel::Webhook, Channel::Email] {
        for outcome in ["delivered", "again", "deferred", "failed", "skipped"] {
            attempts(channel, outcome).increment(0);
        }
    }
}

pub(crate) fn failing(part: &'static str, failing: bool) {
    gauge!("notify_failing", "part" => part).set(f64::from(u8::from(failing)));
}

pub(crate) fn read(position: i64, lag: Duration) {
    gauge!("notify_position").set(position as f64);
    gauge!("notify_lag_seconds").set(lag.as_secs_f64());
}

pub(crate) fn idle() {
    gauge!("notify_lag_seconds").set(0.0);
}

pub(crate) fn attempted(channel: Channel, outcome: &'static str, took: Duration) {
    attempts(channel, outcome).increment(1);
    histogram!("notify_delivery_seconds", "channel" => channel.name()).record(took.as_secs_f64());
}

fn attempts(channel: Channel, outcome: &'static str) -> Counter {
    counter!("notify_deliveries_total", "channel" => channel.name(), "outcome" => outcome)
}

/// Whether e-mail is handed over: the metric is the sagas', which describe it and have it of the participants
/// that they call.
pub(crate) fn circuit(state: CircuitState) {
    let level = f64::from(state.level());
    gauge!("orders_participant_circuit", "participant" => "email").set(level);
}

pub(crate) fn backlog(backlog: &Backlog) {
    let count = |name: &'static str, channel: Channel, count: i64| {
        gauge!(name, "channel" => channel.name()).set(count as f64);
    };
    let (webhook, email) = (Channel::Webhook, Channel::Email);
    count("notify_deliveries_due", webhook, backlog.due_webhooks);
    count("notify_deliveries_due", email, backlog.due_emails);
    count("notify_deliveries_failed", webhook, backlog.failed_webhooks);
    count("notify_deliveries_failed", email, backlog.failed_emails);
    for (reason, count) in [
        ("failing", backlog.failing_endpoints),
        ("gone", backlog.gone_endpoints),
    ] {
        gauge!("notify_endpoints_disabled", "reason" => reason).set(count as f64);
    }
}

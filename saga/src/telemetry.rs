//! What the sagas tell operators in numbers: every name in one place.
//!
//! Alarms belong on `saga_tasks_parked` above zero (an operator must look; `saga_calls_parked` says
//! at how many calls to whom), on `saga_failing` that stays at one, on `orders_participant_circuit`
//! that stays above zero, and on a `saga_lag_seconds` or `saga_tasks_due` that grows.

use crate::{participant::CircuitState, storage::Backlog};
use metrics::{
    Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};
use std::time::Duration;

/// Says what each metric means; once in a process.
pub(crate) fn describe() {
    describe_gauge!("saga_failing", "1 while a part of the sagas fails");
    describe_gauge!("saga_position", "How far a policy has reacted to events");
    describe_gauge!(
        "saga_lag_seconds",
        Unit::Seconds,
        "How old the last event was when a policy had reacted to it; 0 when there is none left"
    );
    describe_counter!("saga_events_total", "Events that a policy reacted to");
    describe_counter!(
        "saga_commands_total",
        "Commands of a policy, by what became of them"
    );
    describe_gauge!(
        "saga_tasks_due",
        "Calls and timers whose time has come; 10,000 of a kind at most are counted"
    );
    describe_gauge!(
        "saga_tasks_parked",
        "Calls and timers that were given up: an operator must look"
    );
    describe_gauge!(
        "saga_calls_parked",
        "Calls to a participant that were given up: an operator must look"
    );
    describe_counter!(
        "saga_tasks_total",
        "Tasks that were tried, by what became of them"
    );
    describe_histogram!(
        "saga_task_lateness_seconds",
        Unit::Seconds,
        "How long after their time tasks were begun"
    );
    describe_gauge!(
        "orders_participant_circuit",
        "Whether a participant is called: 0 it is, 1 one call tells, 2 it is left alone"
    );
    describe_counter!(
        "orders_participant_refused_total",
        "Calls that were not made, as the participant is left alone or too many are under way"
    );
    describe_counter!(
        "saga_calls_total",
        "Calls to the payment provider and the carrier, by what came of them"
    );
    describe_histogram!(
        "saga_call_seconds",
        Unit::Seconds,
        "How long calls to the payment provider and the carrier took, retries included"
    );
}

pub(crate) fn failing(part: &'static str, failing: bool) {
    gauge!("saga_failing", "part" => part).set(f64::from(u8::from(failing)));
}

pub(crate) fn progress(policy: &'static str, position: i64, lag: Duration) {
    gauge!("saga_position", "policy" => policy).set(position as f64);
    gauge!("saga_lag_seconds", "policy" => policy).set(lag.as_secs_f64());
}

pub(crate) fn idle(policy: &'static str) {
    gauge!("saga_lag_seconds", "policy" => policy).set(0.0);
}

pub(crate) fn reacted(policy: &'static str, events: usize) {
    counter!("saga_events_total", "policy" => policy).increment(events as u64);
}

pub(crate) fn commanded(policy: &'static str, outcome: &'static str, commands: u64) {
    counter!("saga_commands_total", "policy" => policy, "outcome" => outcome).increment(commands);
}

pub(crate) fn backlog(backlog: &Backlog) {
    gauge!("saga_tasks_due").set(backlog.due as f64);
    gauge!("saga_tasks_parked").set(backlog.parked() as f64);
    gauge!("saga_calls_parked", "participant" => "payment").set(backlog.parked_payments as f64);
    gauge!("saga_calls_parked", "participant" => "carrier").set(backlog.parked_shipments as f64);
}

pub(crate) fn begun(lateness: Duration) {
    histogram!("saga_task_lateness_seconds").record(lateness.as_secs_f64());
}

pub(crate) fn tried(outcome: &'static str) {
    counter!("saga_tasks_total", "outcome" => outcome).increment(1);
}

pub(crate) fn called(call: &'static str, outcome: &'static str, took: Duration) {
    counter!("saga_calls_total", "call" => call, "outcome" => outcome).increment(1);
    histogram!("saga_call_seconds", "call" => call).record(took.as_secs_f64());
}

pub(crate) fn circuit(participant: &'static str, state: CircuitState) {
    let level = f64::from(state.level());
    gauge!("orders_participant_circuit", "participant" => participant).set(level);
}

pub(crate) fn call_refused(participant: &'static str, reason: &'static str) {
    counter!("orders_participant_refused_total", "participant" => participant, "reason" => reason)
        .increment(1);
}

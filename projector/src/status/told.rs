//! What metrics and the log are told of projections.

use super::Problem;
use crate::{live::Place, rebuild::RebuildStatus};

/// Shows how far the rebuild is, and how many events it has folded since it was seen before; nothing where none
/// is under way.
pub(super) fn told_of_rebuild(
    name: &'static str,
    before: Option<&RebuildStatus>,
    now: Option<&RebuildStatus>,
) {
    let Some(now) = now else {
        if before.is_some() {
            // A value that is not known is none: there is no other way to take one back.
            metrics::gauge!("projection_rebuild_done_ratio", "projection" => name).set(f64::NAN);
            metrics::gauge!("projection_rebuild_eta_seconds", "projection" => name).set(f64::NAN);
        }
        return;
    };
    let same = before.filter(|before| before.started_at == now.started_at);
    let more = now.events - same.map_or(0, |before| before.events);
    metrics::counter!("projection_rebuild_events_total", "projection" => name)
        .increment(u64::try_from(more).unwrap_or_default());
    metrics::gauge!("projection_rebuild_done_ratio", "projection" => name).set(now.percent / 100.0);
    metrics::gauge!("projection_rebuild_eta_seconds", "projection" => name)
        .set(now.eta_s.unwrap_or(f64::NAN));
}

/// It is wrong no more.
pub(super) fn healed(name: &'static str, problem: &Problem) {
    metrics::gauge!("projection_failing", "projection" => name).set(0.0);
    if let Some(event) = &problem.event {
        stuck_at(name, event, 0.0);
    }
    tracing::info!(projection = name, "{name} goes on");
}

/// Shows where the projection is stuck: the event's position, or zero when it is not any more.
pub(super) fn stuck_at(name: &'static str, event: &Place, position: f64) {
    metrics::gauge!(
        "projection_stuck_at",
        "projection" => name,
        "stream" => event.stream.clone(),
        "version" => event.version.to_string(),
    )
    .set(position);
}

pub(super) const fn flag(value: bool) -> f64 {
    if value { 1.0 } else { 0.0 }
}

//! Spans on their way to a collector, by OTLP over HTTP.
//!
//! What ends goes into a bounded queue, and a task of its own sends it on in batches. Nobody ever
//! waits for that but the end of the process, and that not for long: what there is no room or no
//! receiver for is dropped and counted.

mod encode;
mod exporter;
mod queue;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use traces::Sampling;

use self::{encode::Encoder, exporter::Exporter, queue::Queue};
use super::TelemetryError;
use crate::{Lifecycle, config::TelemetrySettings};

/// How long an end waits for what is left to be sent.
const FLUSH_WITHIN: Duration = Duration::from_secs(3);

/// Records the spans of this process, which is one of `service`, and sends them where
/// `telemetry.otlp_endpoint` says; does nothing where it says nothing. Once in a process.
///
/// What is left at the end of `lifecycle` is sent then, within a bound.
///
/// # Errors
/// No client for the endpoint can be made, or spans are recorded elsewhere already.
pub fn export_traces(
    service: &'static str,
    settings: &TelemetrySettings,
    lifecycle: &Lifecycle,
) -> Result<(), TelemetryError> {
    let Some(endpoint) = &settings.otlp_endpoint else {
        return Ok(());
    };
    let (queue, spans) = Queue::new();
    let exporter = Exporter::new(endpoint, Encoder::new(service))?;
    traces::record_to(queue, Sampling::share(settings.sampling)).map_err(TelemetryError::Traces)?;
    describe();
    tracing::info!(
        endpoint,
        sampling = settings.sampling,
        "traces are sent to {endpoint}"
    );
    let exporter = Arc::new(exporter);
    let sending = tokio::spawn(Arc::clone(&exporter).run(spans));
    lifecycle.run_last(async move {
        exporter.finish();
        if tokio::time::timeout(FLUSH_WITHIN, sending).await.is_err() {
            tracing::warn!("spans are left that could not be sent within {FLUSH_WITHIN:?}");
        }
    });
    Ok(())
}

fn describe() {
    metrics::describe_counter!("traces_spans_sent_total", "Spans that the collector took");
    metrics::describe_counter!("traces_spans_dropped_total", "Spans that were lost, by why");
}

/// Counts spans that nobody will see.
fn dropped(spans: usize, why: &'static str) {
    metrics::counter!("traces_spans_dropped_total", "why" => why).increment(spans as u64);
}

//! Logs, metrics and traces.

mod json;
mod otlp;
mod prometheus;
mod scope;
mod text;

use std::{
    backtrace::Backtrace,
    io::{self, IsTerminal},
    panic,
    sync::Once,
};

use tracing_subscriber::{EnvFilter, layer::SubscriberExt, util::SubscriberInitExt};

pub use otlp::export_traces;
pub use prometheus::{Metrics, SECONDS_BUCKETS};
pub(crate) use scope::LogScope;
pub use traces::TraceContext;

use crate::config::{LogFormat, TelemetrySettings};

/// Why telemetry cannot start.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The log filter is not a list of directives.
    #[error("telemetry.log: \"{filter}\" is not a list of log directives")]
    Filter {
        /// The filter as configured.
        filter: String,
        /// What the parser says.
        #[source]
        source: tracing_subscriber::filter::ParseError,
    },
    /// A subscriber is installed already.
    #[error("logging is already set up in this process")]
    Logs(#[source] tracing_subscriber::util::TryInitError),
    /// A recorder that is not ours is installed already.
    #[error("metrics are already recorded elsewhere in this process")]
    Metrics,
    /// There can be no HTTP client for the collector of traces.
    #[error("telemetry.otlp_endpoint: no client for the collector can be made")]
    Collector(#[source] reqwest::Error),
    /// Spans are recorded already.
    #[error("traces cannot be recorded")]
    Traces(#[source] traces::AlreadyRecorded),
}

/// Starts logs (to standard error) and metrics for this process; call it once, before any work.
///
/// A panic anywhere becomes one error line in the log, in the configured format.
///
/// # Errors
/// An invalid filter, or telemetry that was started before.
pub fn init(settings: &TelemetrySettings) -> Result<Metrics, TelemetryError> {
    let filter = EnvFilter::try_new(&settings.log).map_err(|source| TelemetryError::Filter {
        filter: settings.log.clone(),
        source,
    })?;
    let registry = tracing_subscriber::registry().with(filter);
    let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr);
    match settings.format {
        LogFormat::Json => registry
            .with(
                lines
                    .event_format(json::JsonLines)
                    .fmt_fields(json::fields()),
            )
            .try_init(),
        LogFormat::Text => {
            let colours = io::stderr().is_terminal();
            let lines = lines
                .with_ansi(colours)
                .event_format(text::TextLines::new(colours));
            registry.with(lines).try_init()
        }
    }
    .map_err(TelemetryError::Logs)?;
    log_panics();
    Metrics::install().ok_or(TelemetryError::Metrics)
}

/// Replaces the default hook, which prints to standard error in no format at all.
fn log_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        panic::set_hook(Box::new(|info| {
            let payload = info.payload();
            let message = payload
                .downcast_ref::<&str>()
                .copied()
                .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
                .unwrap_or("a value that is not text");
            let location = info.location().map(ToString::to_string).unwrap_or_default();
            // Captured only where RUST_BACKTRACE asks for it.
            let backtrace = Backtrace::capture().to_string();
            tracing::error!(panic = message, location, backtrace, "panicked: {message}");
        }));
    });
}

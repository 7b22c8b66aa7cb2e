//! The Prometheus recorder of the process.

use std::{sync::OnceLock, time::Duration};

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio_util::sync::CancellationToken;

/// Bucket bounds of every histogram whose name ends in `_seconds`: half a millisecond, where a
/// good write ends, to half a minute, where every request has been cut off.
pub const SECONDS_BUCKETS: [f64; 15] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
];

/// Bucket bounds of every other histogram: sizes and counts.
const COUNT_BUCKETS: [f64; 13] = [
    1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0, 2048.0, 4096.0,
];

/// Samples wait in memory until someone sums them up; at 50,000 requests a second this bounds
/// them to a megabyte.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(1);

static INSTALLED: OnceLock<Option<Metrics>> = OnceLock::new();

/// The process's metrics, recorded with the macros of the crate `metrics`.
#[derive(Clone)]
pub struct Metrics {
    handle: PrometheusHandle,
}

impl Metrics {
    /// Installs the recorder, or returns the one that an earlier call installed. `None`: another
    /// recorder is installed in this process.
    #[must_use]
    pub fn install() -> Option<Self> {
        INSTALLED.get_or_init(Self::install_once).clone()
    }

    fn install_once() -> Option<Self> {
        let handle = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS_BUCKETS)
            .and_then(|builder| builder.set_buckets(&COUNT_BUCKETS))
            .and_then(PrometheusBuilder::install_recorder)
            .ok()?;
        Some(Self { handle })
    }

    /// Every metric in the Prometheus text format.
    #[must_use]
    pub fn render(&self) -> String {
        self.handle.render()
    }

    /// Sums up samples every second until `stop`, so that memory stays flat when nobody scrapes.
    pub async fn run_upkeep(self, stop: CancellationToken) {
        let mut ticks = tokio::time::interval(UPKEEP_INTERVAL);
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            self.handle.run_upkeep();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_counts_have_buckets_of_their_own() {
        let metrics = Metrics::install().unwrap();
        metrics::histogram!("chassis_test_wait_seconds").record(0.004);
        metrics::histogram!("chassis_test_batch_size").record(100.0);
        Metrics::install().unwrap().handle.run_upkeep();

        let text = metrics.render();
        assert!(
            text.contains("chassis_test_wait_seconds_bucket{le=\"0.0025\"} 0"),
            "{text}"
        );
        assert!(
            text.contains("chassis_test_wait_seconds_bucket{le=\"0.005\"} 1"),
            "{text}"
        );
        assert!(
            text.contains("chassis_test_batch_size_bucket{le=\"128\"} 1"),
            "{text}"
        );
    }
}

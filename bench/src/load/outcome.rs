//! What became of a load: latencies of what was done, and a sample of what was not.

use crate::http::{Answer, HttpError};
use hdrhistogram::Histogram;
use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// The longest latency told apart from longer ones.
const MAX_MICROS: u64 = 120_000_000;

/// How much of a refusal's body is kept.
const SAMPLE: usize = 600;

/// How long things took: exact to 3 digits from 1 µs to 2 minutes.
#[derive(Debug, Clone)]
pub struct Latencies(Histogram<u64>);

impl Latencies {
    /// None yet.
    pub fn new() -> Self {
        let histogram = Histogram::new_with_bounds(1, MAX_MICROS, 3);
        Self(histogram.expect("the bounds are in order and 3 digits are allowed"))
    }

    /// Adds one.
    pub fn record(&mut self, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        self.0.saturating_record(micros.max(1));
    }

    /// Adds all of `other`.
    pub fn add(&mut self, other: &Self) {
        let added = self.0.add(&other.0);
        added.expect("both have the same bounds");
    }

    /// How many.
    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// What the fraction `quantile` of them stayed within, in milliseconds.
    pub fn quantile_ms(&self, quantile: f64) -> f64 {
        self.0.value_at_quantile(quantile) as f64 / 1_000.0
    }

    /// The longest, in milliseconds.
    pub fn max_ms(&self) -> f64 {
        self.0.max() as f64 / 1_000.0
    }
}

impl Default for Latencies {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for Latencies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "p50 {:.3}  p90 {:.3}  p99 {:.3}  p99.9 {:.3}  max {:.3} ms",
            self.quantile_ms(0.5),
            self.quantile_ms(0.9),
            self.quantile_ms(0.99),
            self.quantile_ms(0.999),
            self.max_ms()
        )
    }
}

/// Answers of one status that is not a 2xx.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// How many.
    pub count: u64,
    /// The body of the first, cut.
    pub sample: String,
}

/// What became of a load.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// From the first request to the last answer.
    pub elapsed: Duration,
    /// Of the requests that were answered with a 2xx.
    pub latencies: Latencies,
    /// The other answers, by status.
    pub refusals: BTreeMap<u16, Refusal>,
    /// Requests without an answer, and why the first had none.
    pub unanswered: (u64, Option<String>),
}

impl Outcome {
    /// How many were answered with a 2xx.
    pub fn done(&self) -> u64 {
        self.latencies.count()
    }

    /// How many of those a second.
    pub fn rate(&self) -> f64 {
        self.done() as f64 / self.elapsed.as_secs_f64().max(f64::MIN_POSITIVE)
    }

    /// How many were answered with anything else.
    pub fn refused(&self) -> u64 {
        self.refusals.values().map(|refusal| refusal.count).sum()
    }

    /// What went wrong, one line for each kind; none if nothing did.
    pub fn troubles(&self) -> Vec<String> {
        let refused = self.refusals.iter().map(|(status, refusal)| {
            format!("{} x {status}, such as {}", refusal.count, refusal.sample)
        });
        let (count, reason) = &self.unanswered;
        let unanswered = reason
            .iter()
            .map(|reason| format!("{count} without an answer, such as: {reason}"));
        refused.chain(unanswered).collect()
    }
}

/// Where all connections of a load write down what they see.
#[derive(Debug, Clone)]
pub(super) struct Recorder(Arc<Mutex<Records>>);

#[derive(Debug, Default)]
struct Records {
    latencies: Latencies,
    refusals: BTreeMap<u16, Refusal>,
    unanswered: (u64, Option<String>),
}

impl Recorder {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(Records::default())))
    }

    pub(super) fn answered(&self, answer: &Answer<'_>, latency: Duration) {
        let mut records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if answer.is_success() {
            records.latencies.record(latency);
            return;
        }
        let refusal = records
            .refusals
            .entry(answer.status)
            .or_insert_with(|| Refusal {
                count: 0,
                sample: String::from_utf8_lossy(&answer.body[..answer.body.len().min(SAMPLE)])
                    .into_owned(),
            });
        refusal.count += 1;
    }

    pub(super) fn unanswered(&self, error: &HttpError) {
        let mut records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        records.unanswered.0 += 1;
        if records.unanswered.1.is_none() {
            records.unanswered.1 = Some(error.to_string());
        }
    }

    pub(super) fn finish(&self, elapsed: Duration) -> Outcome {
        let mut records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Records {
            latencies,
            refusals,
            unanswered,
        } = std::mem::take(&mut *records);
        Outcome {
            elapsed,
            latencies,
            refusals,
            unanswered,
        }
    }
}

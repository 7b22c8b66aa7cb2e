//! A carrier in memory, which does as it is told.

use async_trait::async_trait;
use saga::carrier::{CallError, Carrier, DispatchRequest, Dispatched, Tracking};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};
use tokio::sync::Mutex as AsyncMutex;

/// A carrier that has one label for each key, and whose shipments are under way until a test says
/// otherwise.
#[derive(Default)]
pub struct Post {
    /// What becomes of the next calls, before all is well.
    pub failures: Mutex<VecDeque<CallError>>,
    /// What was asked for under each key.
    pub labels: Mutex<BTreeMap<String, DispatchRequest>>,
    /// What is said of shipments, one answer after the other; the last is repeated.
    pub tracking: Mutex<VecDeque<Tracking>>,
    /// Whoever holds it keeps all shipments waiting.
    pub closed: AsyncMutex<()>,
    pub dispatches: AtomicUsize,
    pub inquiries: AtomicUsize,
    /// How often it was asked what it took under a key.
    pub lookups: AtomicUsize,
    /// How many of the next shipments it takes, and whose label nobody hears of.
    pub silent: AtomicUsize,
}

impl Post {
    /// Has the next calls fail.
    pub fn fail(&self, failures: impl IntoIterator<Item = CallError>) {
        self.failures.lock().unwrap().extend(failures);
    }

    /// Has it say so of shipments.
    pub fn says(&self, tracking: impl IntoIterator<Item = Tracking>) {
        *self.tracking.lock().unwrap() = tracking.into_iter().collect();
    }

    fn step(&self) -> Result<(), CallError> {
        match self.failures.lock().unwrap().pop_front() {
            None => Ok(()),
            Some(failure) => Err(failure),
        }
    }
}

/// What the carrier calls the shipment of an attempt.
fn number(key: &str) -> String {
    format!("post-{key}")
}

#[async_trait]
impl Carrier for Post {
    async fn dispatch(&self, request: &DispatchRequest) -> Result<Dispatched, CallError> {
        self.dispatches.fetch_add(1, Relaxed);
        drop(self.closed.lock().await);
        self.step()?;
        let key = request.idempotency_key.clone();
        let label = Dispatched {
            carrier: "Post".into(),
            tracking_number: number(&key),
        };
        self.labels.lock().unwrap().insert(key, request.clone());
        let silent = |left: usize| left.checked_sub(1);
        if self.silent.fetch_update(Relaxed, Relaxed, silent).is_ok() {
            return Err(CallError::Unknown("no answer".into()));
        }
        Ok(label)
    }

    async fn inquire(&self, key: &str, reference: &str) -> Result<Dispatched, CallError> {
        self.lookups.fetch_add(1, Relaxed);
        self.step()?;
        match self.labels.lock().unwrap().get(key) {
            None => Err(CallError::NotFound),
            Some(label) => {
                assert_eq!(label.reference, reference);
                Ok(Dispatched {
                    carrier: "Post".into(),
                    tracking_number: number(key),
                })
            }
        }
    }

    async fn track(&self, tracking_number: &str) -> Result<Tracking, CallError> {
        self.inquiries.fetch_add(1, Relaxed);
        self.step()?;
        let labels = self.labels.lock().unwrap();
        if !labels.keys().any(|key| number(key) == tracking_number) {
            return Err(CallError::NotFound);
        }
        let mut says = self.tracking.lock().unwrap();
        match says.len() {
            0 => Ok(Tracking::Underway),
            1 => Ok(says[0].clone()),
            _ => Ok(says.pop_front().unwrap()),
        }
    }
}

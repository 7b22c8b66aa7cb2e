//! The closed loop: each connection sends as soon as it has its answer.

use super::{Plan, Recorder, Traffic};
use crate::http::Connection;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::task::JoinSet;

/// A connection that fails so often in a row is given up.
pub(super) const MAX_FAILURES: u32 = 5;

/// The first wait after a failure; it grows with each.
pub(super) const PAUSE: Duration = Duration::from_millis(20);

/// Puts the load; the time from its start to the last answer.
pub(super) async fn run(
    plan: Plan,
    connections: Vec<Connection>,
    traffic: &Arc<Traffic>,
    recorder: &Recorder,
) -> anyhow::Result<Duration> {
    let sent = Arc::new(AtomicU64::new(0));
    let began = Instant::now();
    let deadline = began + plan.time;
    let mut workers = JoinSet::new();
    for connection in connections {
        workers.spawn(work(
            connection,
            Arc::clone(traffic),
            recorder.clone(),
            Arc::clone(&sent),
            plan.requests,
            deadline,
        ));
    }
    while let Some(ended) = workers.join_next().await {
        ended?;
    }
    Ok(began.elapsed())
}

async fn work(
    mut connection: Connection,
    traffic: Arc<Traffic>,
    recorder: Recorder,
    sent: Arc<AtomicU64>,
    requests: u64,
    deadline: Instant,
) {
    let mut request = Vec::new();
    let mut failures = 0;
    let mut now = Instant::now();
    while now < deadline && sent.fetch_add(1, Ordering::Relaxed) < requests {
        traffic.render(&mut request);
        let began = now;
        let answered = connection.exchange(&request).await;
        // One look at the clock ends this request and begins the next.
        now = Instant::now();
        match answered {
            Ok(answer) => {
                recorder.answered(&answer, now - began);
                failures = 0;
            }
            Err(error) => {
                recorder.unanswered(&error);
                failures += 1;
                if failures == MAX_FAILURES {
                    return;
                }
                tokio::time::sleep(PAUSE * failures).await;
                now = Instant::now();
            }
        }
    }
}

//! The open loop: a schedule that does not wait for the server.

use super::{
    Plan, Recorder, Traffic,
    closed::{MAX_FAILURES, PAUSE},
};
use crate::http::Connection;
use anyhow::{Context, ensure};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};
use tokio::{sync::Semaphore, task::JoinSet};

/// Requests that are due within this time are released together. The runtime's own timer counts
/// whole milliseconds, which is longer than the latencies to be measured.
const TICK: Duration = Duration::from_micros(250);

/// When each request is meant to be sent.
#[derive(Debug, Clone, Copy)]
struct Schedule {
    began: Instant,
    interval: Duration,
    requests: u64,
}

impl Schedule {
    fn due(&self, number: u64) -> Instant {
        let nanos = self.interval.as_nanos().saturating_mul(number.into());
        self.began + Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// How many are due at `now`.
    fn due_by(&self, now: Instant) -> u64 {
        let passed = now.saturating_duration_since(self.began).as_nanos();
        let due = passed / self.interval.as_nanos() + 1;
        u64::try_from(due).unwrap_or(u64::MAX).min(self.requests)
    }
}

/// Puts the load; the time from its start to the last answer.
pub(super) async fn run(
    plan: Plan,
    per_second: f64,
    connections: Vec<Connection>,
    traffic: &Arc<Traffic>,
    recorder: &Recorder,
) -> anyhow::Result<Duration> {
    ensure!(
        per_second.is_finite() && (0.01..=1e6).contains(&per_second),
        "a rate is between 0.01 and 1,000,000 a second, not {per_second}"
    );
    let scheduled = (plan.time.as_secs_f64() * per_second).ceil();
    let schedule = Schedule {
        began: Instant::now(),
        interval: Duration::from_secs_f64(1.0 / per_second),
        requests: plan.requests.min((scheduled as u64).max(1)),
    };
    let released = Arc::new(Semaphore::new(0));
    let next = Arc::new(AtomicU64::new(0));
    let mut workers = JoinSet::new();
    for connection in connections {
        workers.spawn(work(
            connection,
            Arc::clone(traffic),
            recorder.clone(),
            schedule,
            Arc::clone(&released),
            Arc::clone(&next),
        ));
    }
    let pacer = {
        let released = Arc::clone(&released);
        thread::Builder::new()
            .name("pacer".into())
            .spawn(move || pace(schedule, &released))
            .context("start the pacer")?
    };
    while let Some(ended) = workers.join_next().await {
        ended?;
    }
    let elapsed = schedule.began.elapsed();
    // Nobody waits any more: a pacer that is still at work sees it, and ends.
    drop(released);
    ensure!(pacer.join().is_ok(), "the pacer failed");
    Ok(elapsed)
}

/// Releases requests as they become due, as long as anybody waits for them.
fn pace(schedule: Schedule, released: &Arc<Semaphore>) {
    let mut gone = 0;
    while gone < schedule.requests && Arc::strong_count(released) > 1 {
        let now = Instant::now();
        let due = schedule.due_by(now);
        if due > gone {
            released.add_permits(usize::try_from(due - gone).unwrap_or(usize::MAX));
            gone = due;
        }
        let next = schedule.due(gone).saturating_duration_since(now);
        thread::sleep(next.clamp(TICK, Duration::from_millis(100)));
    }
}

async fn work(
    mut connection: Connection,
    traffic: Arc<Traffic>,
    recorder: Recorder,
    schedule: Schedule,
    released: Arc<Semaphore>,
    next: Arc<AtomicU64>,
) {
    let mut request = Vec::new();
    let mut failures = 0;
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= schedule.requests {
            return;
        }
        let Ok(permit) = released.acquire().await else {
            return;
        };
        permit.forget();
        traffic.render(&mut request);
        match connection.exchange(&request).await {
            Ok(answer) => {
                recorder.answered(&answer, schedule.due(number).elapsed());
                failures = 0;
            }
            Err(error) => {
                recorder.unanswered(&error);
                failures += 1;
                if failures == MAX_FAILURES {
                    return;
                }
                tokio::time::sleep(PAUSE * failures).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schedule_releases_each_request_when_it_is_due() {
        let schedule = Schedule {
            began: Instant::now(),
            interval: Duration::from_millis(2),
            requests: 5,
        };
        let at = |ms| schedule.began + Duration::from_millis(ms);
        assert_eq!(schedule.due(3), at(6));
        assert_eq!(schedule.due_by(at(0)), 1);
        assert_eq!(schedule.due_by(at(5)), 3);
        assert_eq!(schedule.due_by(at(60)), 5);
    }
}

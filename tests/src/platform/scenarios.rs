//! Several scenarios at the same time over one platform: starting one costs more than most of them.

use super::{Platform, say};
use futures::{FutureExt, future::join_all};
use std::{panic::AssertUnwindSafe, pin::Pin};

/// A scenario: its name, and what happens.
pub type Scenario<'a> = (&'static str, Pin<Box<dyn Future<Output = ()> + 'a>>);

/// Runs all of them at the same time, each to its end.
///
/// # Panics
/// When some of them fail; it names them.
pub async fn run_all(platform: &Platform, scenarios: Vec<Scenario<'_>>) {
    let running = scenarios.into_iter().map(|(name, scenario)| async move {
        match AssertUnwindSafe(scenario).catch_unwind().await {
            Ok(()) => None,
            Err(_) => {
                say(&format!("FAILED: {name}"));
                Some(name)
            }
        }
    });
    let failed: Vec<&str> = join_all(running).await.into_iter().flatten().collect();
    assert!(failed.is_empty(), "these scenarios failed: {failed:?}");
    for process in platform.processes() {
        assert_eq!(process.ended(), None, "{} ended by itself", process.name());
    }
}

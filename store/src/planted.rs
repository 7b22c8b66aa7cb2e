//! Known bugs, planted to prove that the simulation, or another test, finds them. A build of the product has
//! nothing of this: only `--cfg planted` builds it in, for all of the bugs at once, and then a test
//! chooses one of them.

use std::{env, sync::OnceLock};

/// Names the bug that a run of tests is to show, if any.
const VARIABLE: &str = "ORDERS_PLANTED";

/// The bugs there are.
pub const BUGS: [&str; 8] = [
    "no_version_check",
    "checkpoint_outside_transaction",
    "publish_before_commit",
    "at_most_once_feed",
    "command_record_outside_transaction",
    "skipped_gap",
    "two_leaders",
    "swap_before_catch_up",
];

static CHOSEN: OnceLock<String> = OnceLock::new();

/// Has this process show `bug` from now on.
///
/// # Panics
/// When there is no such bug, or another one was chosen before.
pub fn choose(bug: &str) {
    assert!(BUGS.contains(&bug), "{bug} is none of {BUGS:?}");
    let chosen = CHOSEN.get_or_init(|| bug.to_owned());
    assert_eq!(chosen, bug, "one bug at a time");
}

/// Chooses the bug that the environment names, if it names one.
///
/// # Panics
/// As [`choose`].
pub fn choose_named() {
    if let Ok(bug) = env::var(VARIABLE) {
        choose(&bug);
    }
}

/// Whether `bug` is chosen.
pub fn is_planted(bug: &str) -> bool {
    debug_assert!(BUGS.contains(&bug), "{bug} is none of {BUGS:?}");
    CHOSEN.get().is_some_and(|chosen| chosen == bug)
}

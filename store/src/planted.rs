//! Known bugs, planted to prove that the simulation finds them. A build of the product has nothing of
//! this: only `--cfg planted` builds it in, for all of the bugs at once, and then the simulation
//! chooses one of them.

use std::sync::OnceLock;

/// The bugs there are.
pub const BUGS: [&str; 5] = [
    "no_version_check",
    "checkpoint_outside_transaction",
    "publish_before_commit",
    "at_most_once_feed",
    "command_record_outside_transaction",
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

/// Whether `bug` is chosen.
pub fn is_planted(bug: &str) -> bool {
    debug_assert!(BUGS.contains(&bug), "{bug} is none of {BUGS:?}");
    CHOSEN.get().is_some_and(|chosen| chosen == bug)
}

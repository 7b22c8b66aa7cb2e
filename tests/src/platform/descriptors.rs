//! Room for many connections: on many machines a process may have no more than 1,024 open files,
//! unless it asks for more.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// What the tests with the most connections need, on each side of them.
const ENOUGH: u64 = 4_096;

/// Asks for enough, for this process and those that it starts.
///
/// # Panics
/// When the machine does not allow as many.
pub(super) fn raise_the_limit() {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).expect("a process has limits");
    if soft >= ENOUGH {
        return;
    }
    assert!(
        hard >= ENOUGH,
        "a process may have no more than {hard} open files here, and tests need {ENOUGH}: raise the \
         hard limit (`ulimit -Hn {ENOUGH}` as root)"
    );
    setrlimit(Resource::RLIMIT_NOFILE, ENOUGH, hard).expect("a soft limit can be raised");
}

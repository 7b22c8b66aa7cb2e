//! Tests that cannot be run here say so.

use crate::{provider::Provider, variable};
use std::{fs::File, io::Write};

/// Names a file that what is skipped is written to, a line each: test runners keep to themselves what
/// a test that does not fail has said.
const SKIPPED: &str = "ORDERS_TEST_SKIPPED";

/// Says that a test was not run, and why.
///
/// # Panics
/// When it is to be written to a file, and cannot.
#[expect(
    clippy::print_stderr,
    reason = "this is how a run says what it has left out"
)]
pub fn skipped(test: &str, reason: &str) {
    eprintln!("SKIPPED {test}: {reason}");
    if let Some(path) = variable(SKIPPED) {
        let file = File::options().create(true).append(true).open(&path);
        // One write: other tests write at the same time.
        let line = format!("{test}: {reason}\n");
        let written = file.and_then(|mut file| file.write_all(line.as_bytes()));
        written.unwrap_or_else(|error| panic!("{path}: {error}"));
    }
}

/// The name of the test that runs on this thread, as its runner has it.
pub fn test_name() -> String {
    let thread = std::thread::current();
    let name = thread.name().filter(|name| *name != "main");
    let name = name
        .map(str::to_owned)
        .or_else(|| variable("NEXTEST_TEST_NAME"));
    name.unwrap_or_else(|| "a test".into())
}

/// Whether servers have networks that can be cut off, which only containers have; says that the running
/// test is skipped where not.
///
/// # Panics
/// When variables of the environment say what cannot be.
pub fn networks_can_be_cut() -> bool {
    let ours = [crate::postgres::URL, crate::nats::URL].map(Provider::of_own);
    let contained = ours.into_iter().all(|provider| {
        let provider = provider.unwrap_or_else(|error| panic!("{error}"));
        provider == Provider::Containers
    });
    if !contained {
        let reason = "only the network of a container can be cut off: see `make test-containers`";
        skipped(&test_name(), reason);
    }
    contained
}

/// Whether a server of one's own is to be had, where the variable `given` may name one; says that the
/// running test is skipped where not.
///
/// # Panics
/// When variables of the environment say what cannot be.
pub(crate) fn skipped_where_given(given: &'static str) -> bool {
    let provider = Provider::of_own(given).unwrap_or_else(|error| panic!("{error}"));
    let ours = !matches!(provider, Provider::Given(_));
    if !ours {
        let reason = format!("it kills a server, and {given} names one that is given");
        skipped(&test_name(), &reason);
    }
    ours
}

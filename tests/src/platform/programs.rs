//! Where the platform's programs are.

use std::path::{Path, PathBuf};

/// Names the directory that the programs are run from.
const DIRECTORY: &str = "ORDERS_TEST_BIN_DIR";

/// The path of a program: in `ORDERS_TEST_BIN_DIR`, or where cargo put it beside this test.
///
/// # Panics
/// When it is not there: tests do not build it, since they may run without cargo.
pub fn program(name: &str) -> PathBuf {
    let named = std::env::var_os(DIRECTORY).filter(|named| !named.is_empty());
    let directory = named.map_or_else(beside_the_test, PathBuf::from);
    let path = directory.join(name);
    assert!(
        path.is_file(),
        "{} is missing: build the programs first (`make test` does, or `cargo build --workspace \
         --bins`), or say with {DIRECTORY} where they are",
        path.display()
    );
    path
}

/// Tests are in `target/PROFILE/deps`, programs in `target/PROFILE`.
fn beside_the_test() -> PathBuf {
    let test = std::env::current_exe().expect("the path of the running test is known");
    let directory = test.parent().and_then(Path::parent);
    directory
        .expect("cargo runs tests two directories deep")
        .to_owned()
}

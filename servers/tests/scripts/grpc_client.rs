//! The foreign gRPC client of the tests, as `deploy/local/ensure.sh` fetches it: with a program in the
//! place of Python.

use crate::Place;
use std::fs;

/// It has the client once that was installed, and installs as it is told to.
const PYTHON: &str = r#"
case "$1 $2 $3" in
"-c import"*) [ -e "$PLACE/installed" ] ;;
"-m pip --version") ;;
"-m pip install")
    [[ " $* " == *" --require-hashes "* ]] || exit 2
    case $PYPI in
    there) touch "$PLACE/installed" ;;
    gone) echo "ERROR: Could not find a version of grpcio"; exit 1 ;;
    other) echo "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES"; exit 1 ;;
    esac ;;
*) exit 3 ;;
esac
"#;

const MISSING: &str = ".data/tools/grpc-python.missing";

fn place() -> Place {
    let place = Place::new();
    place.copy("deploy/local/ensure.sh");
    place.copy("tests/foreign/requirements.txt");
    place.program("bin/python3", PYTHON);
    place
}

/// Whether it says that all is well, while PyPI is so.
fn is_ensured(place: &Place, pypi: &str) -> bool {
    let mut script = place.script("deploy/local/ensure.sh");
    let output = script.arg("grpc").env("PYPI", pypi).output();
    output.unwrap().status.success()
}

#[test]
fn a_client_that_cannot_be_fetched_is_left_out_with_the_reason_until_it_can() {
    let place = place();
    assert!(is_ensured(&place, "gone"), "the network is nobody's fault");
    let why = fs::read_to_string(place.at(MISSING)).unwrap();
    assert!(why.contains("Could not find a version of grpcio"), "{why}");
    assert!(is_ensured(&place, "there"));
    assert!(!place.at(MISSING).exists());
    // It is there: nothing is fetched.
    assert!(is_ensured(&place, "gone"));
    assert!(!place.at(MISSING).exists());
}

#[test]
fn a_client_that_is_another_than_it_was_is_refused() {
    let place = place();
    assert!(!is_ensured(&place, "other"));
    assert!(
        !place.at(MISSING).exists(),
        "that is no reason to leave it out"
    );
}

//! `tests/containers.sh`: what it needs comes first, and is built only then.

use crate::{Place, said, words};
use std::{
    fs::{read_dir, read_to_string},
    path::Path,
    process::Command,
};

/// Writes down what it is asked, and builds what it should.
const CARGO: &str = r#"
echo "$*" >>"$PLACE/cargo"
case "$*" in
*containers*) path=target/debug/containers; mkdir -p target/debug ;;
*"--workspace --bins"*)
    mkdir -p target/debug
    for program in command orders projector query saga sandbox; do
        cp /bin/true "target/debug/$program"
    done
    exit ;;
*) exit ;;
esac
printf '#!/bin/bash\necho "$1" >>"%s/run"\necho "${ORDERS_TEST_KURRENTDB_OPTIONAL:-named}" >>"%s/kurrentdb"\n' \
    "$PLACE" "$PLACE" >"$path"
chmod +x "$path"
"#;

fn place(engine: &str, docker: &str) -> Place {
    let place = Place::new();
    place.copy("tests/containers.sh");
    place.program("tests/images/engine.sh", engine);
    place.program("deploy/local/ensure.sh", "");
    place.program("bin/docker", docker);
    place.program("bin/cargo", CARGO);
    place.program("bin/cargo-nextest", "");
    place
}

fn script(place: &Place) -> Command {
    let mut script = place.script("tests/containers.sh");
    script
        .env("TEST_PROFILE", "dev")
        .env_remove("CHECK_REQUIRED");
    script
}

#[test]
fn nothing_is_built_where_there_is_no_engine() {
    let place = place("exit 1", "exit 1");
    let skipped = said(&script(&place).output().unwrap());
    assert!(
        skipped.contains("NOT CHECKED: no Docker engine"),
        "{skipped}"
    );
    let mut required = script(&place);
    let failed = required.env("CHECK_REQUIRED", "1").output().unwrap();
    assert!(!failed.status.success(), "{}", words(&failed));
    assert!(
        place.lines("cargo").is_empty(),
        "{:?}",
        place.lines("cargo")
    );
}

#[test]
fn what_it_runs_is_built_by_itself() {
    let place = place("", "");
    said(&script(&place).output().unwrap());
    assert_eq!(place.lines("run").len(), 1);
    // Nobody has named an image of KurrentDB.
    assert_eq!(place.lines("kurrentdb"), ["1"]);
    let mut named = script(&place);
    named.env("ORDERS_TEST_KURRENTDB_IMAGE", "mine");
    said(&named.output().unwrap());
    assert_eq!(place.lines("kurrentdb"), ["1", "named"]);
}

/// Of every package that has servers for its tests.
#[test]
fn no_package_that_needs_servers_is_left_out() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let script = read_to_string(root.join("tests/containers.sh")).unwrap();
    let mut packages = 0;
    for entry in read_dir(&root).unwrap() {
        let directory = entry.unwrap().path();
        let Ok(manifest) = read_to_string(directory.join("Cargo.toml")) else {
            continue;
        };
        let needs = manifest.lines().any(|line| line.starts_with("servers"));
        let name = directory.file_name().unwrap().to_str().unwrap();
        if needs && name != "servers" {
            packages += 1;
            let named = [format!("package({name})"), format!("binary_id({name}::")];
            let is_named = named.iter().any(|named| script.contains(named));
            assert!(is_named, "tests/containers.sh leaves {name} out");
        }
    }
    assert!(packages > 8, "{packages}");
}

#[test]
fn programs_of_another_directory_must_be_there() {
    let place = place("", "");
    let mut script = script(&place);
    let failed = script.env("ORDERS_TEST_BIN_DIR", place.at("elsewhere"));
    let failed = failed.output().unwrap();
    assert!(!failed.status.success());
    let said = words(&failed);
    assert!(said.contains("elsewhere/command: build it"), "{said}");
    assert!(place.lines("run").is_empty());
}

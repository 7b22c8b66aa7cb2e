//! The rules of ARCHITECTURE.md that a compiler does not keep: which room may use which.

use serde_json::Value;
use std::{collections::BTreeMap, process::Command};

/// What each room may use of the others. A room that is not named here may not exist.
const MAY_USE: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("traces", &[]),
    ("proto", &[]),
    ("chassis", &["traces"]),
    ("local", &[]),
    ("kurrent-double", &["store"]),
    ("servers", &["local"]),
    ("store", &["domain", "traces"]),
    ("bus", &["domain", "store", "traces"]),
    ("vault", &["domain", "store"]),
    ("assembly", &["bus", "chassis", "proto", "store", "vault"]),
    ("sandbox", &["chassis"]),
    (
        "command",
        &["assembly", "chassis", "domain", "proto", "store", "vault"],
    ),
    (
        "notifier",
        &[
            "assembly", "bus", "chassis", "domain", "proto", "store", "vault",
        ],
    ),
    (
        "saga",
        &[
            "assembly", "bus", "chassis", "domain", "notifier", "store", "traces", "vault",
        ],
    ),
    (
        "projector",
        &["assembly", "bus", "chassis", "domain", "store", "traces"],
    ),
    (
        "query",
        &["assembly", "chassis", "domain", "proto", "store", "vault"],
    ),
    (
        "orders",
        &[
            "assembly",
            "chassis",
            "command",
            "domain",
            "local",
            "notifier",
            "projector",
            "query",
            "saga",
            "sandbox",
            "store",
            "vault",
        ],
    ),
    ("bench", &["domain", "local", "proto", "store"]),
    (
        "tests",
        &[
            "bus",
            "chassis",
            "command",
            "domain",
            "local",
            "orders",
            "projector",
            "query",
            "saga",
            "sandbox",
            "servers",
            "store",
            "vault",
        ],
    ),
];

/// What a room must never use from outside.
const MUST_NOT_USE: &[(&str, &[&str])] = &[
    (
        "domain",
        &[
            "tokio",
            "sqlx",
            "axum",
            "tracing",
            "rand",
            "reqwest",
            "async-nats",
            "futures",
        ],
    ),
    ("store", &["axum", "async-nats", "reqwest", "vault"]),
    // What is personal comes to them sealed.
    ("projector", &["vault"]),
    ("vault", &["axum", "async-nats", "reqwest"]),
    ("bus", &["axum", "reqwest", "vault"]),
    ("query", &["async-nats"]),
    // It is below all the others, and in the way of every command.
    (
        "traces",
        &["tokio", "tracing", "metrics", "opentelemetry-proto"],
    ),
];

/// The normal dependencies of each package of the workspace; those of its tests do not count.
fn dependencies() -> BTreeMap<String, Vec<String>> {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--no-deps",
            "--format-version",
            "1",
            "--offline",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("metadata is JSON");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let packages = metadata["packages"]
        .as_array()
        .expect("packages are listed");
    packages
        .iter()
        .map(|package| {
            let of = package["dependencies"]
                .as_array()
                .expect("dependencies are listed");
            let normal = of.iter().filter(|dependency| dependency["kind"].is_null());
            (
                text(&package["name"]),
                normal.map(|dependency| text(&dependency["name"])).collect(),
            )
        })
        .collect()
}

#[test]
fn rooms_use_only_what_they_may() {
    let dependencies = dependencies();
    let rooms: Vec<&String> = dependencies.keys().collect();
    for (room, used) in &dependencies {
        let (_, may_use) = MAY_USE
            .iter()
            .find(|(name, _)| name == room)
            .unwrap_or_else(|| panic!("the room {room} is not among the rules"));
        for other in used.iter().filter(|used| rooms.contains(used)) {
            assert!(
                may_use.contains(&other.as_str()),
                "{room} must not use {other}"
            );
        }
    }
}

#[test]
fn rooms_keep_clear_of_what_is_not_theirs() {
    let dependencies = dependencies();
    for (room, never) in MUST_NOT_USE {
        let used = dependencies
            .get(*room)
            .unwrap_or_else(|| panic!("there is no room {room}"));
        for library in *never {
            assert!(
                !used.iter().any(|used| used == library),
                "{room} must not use {library}"
            );
        }
    }
}

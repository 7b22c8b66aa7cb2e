//! Writes `docs/backends.md` from what a run of the contract suite has reported.
//!
//! `backends DIRECTORY`: the directory that `ORDERS_TEST_REPORT` named. See `make backends`.

use anyhow::{Context, ensure};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    io::{Write, stdout},
    path::PathBuf,
};

/// Backends, as reports and as people name them.
const BACKENDS: [(&str, &str); 4] = [
    ("memory", "memory"),
    ("postgres", "PostgreSQL"),
    ("kurrentdb_fake", "KurrentDB's protocol"),
    ("kurrentdb_server", "KurrentDB"),
];

const BEGINNING: &str = "# What each event store was seen to do

Written by `make backends` from a run of the contract suite (`store/tests/contract`), case by case.
*KurrentDB's protocol* is the adapter over a server that was written for tests (`kurrent-double`), on
which the tests of the whole platform run as well ([kurrentdb.md](kurrentdb.md)); *KurrentDB* is the
same adapter over a real server, which `ORDERS_TEST_KURRENTDB_URL` has to name (26.1 or later, with
`MaxAppendSize` at 16 MiB, as some cases append much at once).

";

fn main() -> anyhow::Result<()> {
    let directory = env::args_os().nth(1).map(PathBuf::from);
    let directory = directory.context("the directory of the reports is to be named")?;
    let mut cases: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    let mut reasons = BTreeSet::new();
    for file in fs::read_dir(&directory).context("the reports cannot be read")? {
        let text = fs::read_to_string(file?.path())?;
        for line in text.lines() {
            let report: Value = serde_json::from_str(line).context("a report is not JSON")?;
            let text = |key: &str| report[key].as_str().unwrap_or_default().to_owned();
            let (backend, result, reason) = (text("backend"), text("result"), text("reason"));
            if !reason.is_empty() {
                reasons.insert(format!("{}: {result}, because {reason}", shown(&backend)));
            }
            cases
                .entry(text("case"))
                .or_default()
                .insert(backend, result);
        }
    }
    ensure!(!cases.is_empty(), "there are no reports");
    let mut page = String::from(BEGINNING);
    for (backend, name) in BACKENDS {
        let results = || cases.values().filter_map(|results| results.get(backend));
        let count = |wanted: &str| results().filter(|result| *result == wanted).count();
        let (passed, failed, skipped) = (count("passed"), count("failed"), count("skipped"));
        page.push_str(&format!(
            "- {name}: {passed} passed, {failed} failed, {skipped} skipped\n"
        ));
    }
    page.push_str("\n| case |");
    BACKENDS
        .iter()
        .for_each(|(_, name)| page.push_str(&format!(" {name} |")));
    page.push_str("\n| --- | --- | --- | --- | --- |\n");
    for (case, results) in &cases {
        let (area, name) = case.split_once("::").unwrap_or(("", case));
        page.push_str(&format!("| {area}: {} |", name.replace('_', " ")));
        for (backend, _) in BACKENDS {
            let result = results.get(backend).map_or("not run", String::as_str);
            page.push_str(&format!(" {result} |"));
        }
        page.push('\n');
    }
    if !reasons.is_empty() {
        page.push_str("\n## What was skipped, and why\n\n");
        reasons
            .iter()
            .for_each(|reason| page.push_str(&format!("- {reason}\n")));
    }
    stdout().write_all(page.as_bytes())?;
    Ok(())
}

fn shown(backend: &str) -> &str {
    let named = BACKENDS.iter().find(|(name, _)| *name == backend);
    named.map_or(backend, |(_, shown)| shown)
}

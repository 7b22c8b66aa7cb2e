//! pgbench's log: a line for each transaction, a file for each thread.

use crate::load::Latencies;
use anyhow::Context;
use std::{
    fs::{self, File},
    io::{BufRead, BufReader},
    path::Path,
    time::Duration,
};

/// The times of all transactions in the logs of `directory`.
pub(super) fn read(directory: &Path) -> anyhow::Result<Latencies> {
    let mut latencies = Latencies::new();
    for entry in fs::read_dir(directory).context("look for the log of pgbench")? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        if !name.is_some_and(|name| name.starts_with("pgbench_log.")) {
            continue;
        }
        for line in BufReader::new(File::open(&path)?).lines() {
            let line = line?;
            latencies
                .record(time_of(&line).with_context(|| format!("{}: {line}", path.display()))?);
        }
    }
    Ok(latencies)
}

/// `client transaction time-in-µs script …`.
fn time_of(line: &str) -> Option<Duration> {
    let micros = line.split(' ').nth(2)?.parse().ok()?;
    Some(Duration::from_micros(micros))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_third_field_is_the_time() {
        let time = time_of("0 199 2241 0 1175850568 995598");
        assert_eq!(time, Some(Duration::from_micros(2_241)));
        assert_eq!(time_of("0 199 skipped 0 1175850569 608"), None);
    }
}

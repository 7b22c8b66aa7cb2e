//! The page for `docs/`.

use super::{Findings, Table, verdicts};
use crate::figures::Figures;
use std::fmt::Write;

/// Who is loaded, as it is named in figures and called on the page.
const CONTENDERS: [(&str, &str); 19] = [
    ("noop", "handler that does nothing"),
    ("write", "command service"),
    ("grpc", "command service over gRPC"),
    ("import", "command service, imports over gRPC"),
    ("real-import", "real orders, imports over gRPC"),
    ("real-bulk", "real orders, one request over HTTP"),
    ("real-single", "real orders, one by one over HTTP"),
    ("notes", "command service, notes on 1,000 orders"),
    ("hot", "command service, notes on one order"),
    ("platform", "all in one, placements accepted"),
    ("carried", "all in one, orders carried to their end"),
    ("store", "store in process"),
    ("store-hot", "store in process, one hot order"),
    ("append", "store in process, batches of"),
    ("pgbench", "pgbench, one event per commit"),
    ("list", "newest orders"),
    ("list-pgbench", "pgbench, the same statement"),
    ("list-status", "newest orders of one status"),
    ("list-status-pgbench", "pgbench, the same statement"),
];

const CONNECTIONS: [usize; 4] = [1, 16, 64, 256];

/// The whole page.
pub fn page(findings: &Findings) -> String {
    let mut page = String::from(
        "# Benchmarks\n\nWritten by `make bench`; do not edit. Proportions between contenders of one \
         run carry over to other machines, the figures themselves do not.\n\n",
    );
    let figures = &findings.figures;
    section(&mut page, "Machine", &machine(findings));
    section(&mut page, "Targets", &verdicts(figures));
    section(&mut page, "Load", &loads(figures));
    section(&mut page, "Cost of a command", &costs(figures));
    section(&mut page, "Everything measured", &everything(figures));
    page.push_str("## Method\n\n");
    for line in &findings.method {
        bullet(&mut page, line);
    }
    if !findings.troubles.is_empty() {
        page.push_str("\n## In doubt\n\n");
        for line in &findings.troubles {
            bullet(&mut page, line);
        }
    }
    page
}

fn section(page: &mut String, title: &str, table: &Table) {
    if !table.is_empty() {
        // Writing to a string cannot fail.
        let _ = write!(page, "## {title}\n\n{table}\n");
    }
}

fn bullet(page: &mut String, line: &str) {
    let _ = writeln!(page, "- {}", line.replace('\n', " "));
}

fn machine(findings: &Findings) -> Table {
    let machine = &findings.machine;
    let mut table = Table::new(&["what", "which"]);
    let mut add = |what: &str, which: String| table.add([what.to_owned(), which]);
    add("CPU", format!("{} x {}", machine.cores, machine.cpu));
    if let Some(memory) = machine.memory {
        add(
            "memory",
            format!("{:.1} GiB", memory as f64 / f64::from(1 << 30)),
        );
    }
    add("kernel", machine.kernel.clone());
    let sync = machine.sync_micros.map_or_else(String::new, |micros| {
        format!(", fdatasync of 8 KiB {micros:.0} µs")
    });
    add("file system", format!("{}{sync}", machine.file_system));
    add("PostgreSQL", machine.postgres.clone());
    add("commit", machine.commit.clone());
    add("build profile", findings.profile.clone());
    add(
        "date",
        machine.date.format("%Y-%m-%d %H:%M UTC").to_string(),
    );
    table
}

fn loads(figures: &Figures) -> Table {
    let mut table = Table::new(&[
        "contender",
        "at once",
        "per second",
        "p50 ms",
        "p90 ms",
        "p99 ms",
        "p99.9 ms",
        "max ms",
    ]);
    rows(
        figures,
        &mut table,
        &["rate", "p50", "p90", "p99", "p999", "max"],
    );
    table
}

fn costs(figures: &Figures) -> Table {
    let mut table = Table::new(&[
        "contender",
        "at once",
        "CPU µs: load",
        "service",
        "PostgreSQL",
        "commits",
        "log bytes",
    ]);
    let measured = ["cpu_load", "cpu_service", "cpu_postgres", "commits", "wal"];
    rows(figures, &mut table, &measured);
    table
}

/// A row for each contender and number of connections for which any of `measured` is known.
fn rows(figures: &Figures, table: &mut Table, measured: &[&str]) {
    for (contender, called) in CONTENDERS {
        for connections in CONNECTIONS {
            let of = |name: &&str| figures.median(&format!("{contender}/{connections}/{name}"));
            if measured.iter().all(|name| of(name).is_none()) {
                continue;
            }
            let cells = measured
                .iter()
                .map(|name| of(name).map_or_else(String::new, short));
            table.add(
                [called.to_owned(), connections.to_string()]
                    .into_iter()
                    .chain(cells),
            );
        }
    }
}

fn everything(figures: &Figures) -> Table {
    let mut table = Table::new(&["figure", "median", "rounds"]);
    for (name, series) in figures.all() {
        let rounds: Vec<String> = series.rounds().iter().map(|value| short(*value)).collect();
        table.add([name.to_owned(), short(series.median()), rounds.join(" ")]);
    }
    table
}

/// As many digits as mean something.
fn short(value: f64) -> String {
    match value.abs() {
        0.0 => "0".into(),
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

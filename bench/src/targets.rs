//! What must be reached, as proportions to references measured in the same run.

use crate::figures::{Figures, Series};

/// Which way is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sense {
    AtLeast,
    AtMost,
}

/// What the compared value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Proportion,
    Milliseconds,
    Megabytes,
    Count,
}

impl Unit {
    fn show(self, value: f64) -> String {
        match self {
            Self::Proportion => format!("{value:.2}"),
            Self::Milliseconds => format!("{value:.1} ms"),
            Self::Megabytes => format!("{value:.0} MB"),
            Self::Count => format!("{value:.0}"),
        }
    }
}

/// What was found for a target.
struct Finding {
    measured: String,
    reference: String,
    value: f64,
}

struct Target {
    measure: &'static str,
    sense: Sense,
    unit: Unit,
    at_least: f64,
    aim: f64,
    find: fn(&Figures) -> Option<Finding>,
}

/// How a target fared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// As good as can be hoped.
    Aim,
    /// Good enough.
    Reached,
    /// Not good enough.
    Missed,
    /// Not measured in this run.
    Unknown,
}

impl Verdict {
    /// In a word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Aim => "aim",
            Self::Reached => "reached",
            Self::Missed => "MISSED",
            Self::Unknown => "not measured",
        }
    }
}

/// A line of the table.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// What is measured.
    pub measure: &'static str,
    /// What we did.
    pub measured: String,
    /// What we are compared with.
    pub reference: String,
    /// The compared value.
    pub value: String,
    /// What it must be.
    pub at_least: String,
    /// What it should be.
    pub aim: String,
    /// How it fared.
    pub verdict: Verdict,
}

/// The table.
pub fn lines(figures: &Figures) -> Vec<Line> {
    TARGETS.iter().map(|target| target.line(figures)).collect()
}

impl Target {
    fn line(&self, figures: &Figures) -> Line {
        let found = (self.find)(figures).filter(|finding| finding.value.is_finite());
        let bound = |value| match self.sense {
            Sense::AtLeast => self.unit.show(value),
            Sense::AtMost => format!("<= {}", self.unit.show(value)),
        };
        let none = || "-".to_owned();
        Line {
            measure: self.measure,
            verdict: found
                .as_ref()
                .map_or(Verdict::Unknown, |finding| self.judge(finding.value)),
            measured: found.as_ref().map_or_else(none, |f| f.measured.clone()),
            reference: found.as_ref().map_or_else(none, |f| f.reference.clone()),
            value: found
                .as_ref()
                .map_or_else(none, |finding| self.unit.show(finding.value)),
            at_least: bound(self.at_least),
            aim: bound(self.aim),
        }
    }

    fn judge(&self, value: f64) -> Verdict {
        let within = |bound: f64| match self.sense {
            Sense::AtLeast => value >= bound,
            Sense::AtMost => value <= bound,
        };
        if within(self.aim) {
            Verdict::Aim
        } else if within(self.at_least) {
            Verdict::Reached
        } else {
            Verdict::Missed
        }
    }
}

const TARGETS: [Target; 29] = [
    Target {
        measure: "durable commands over HTTP, against a handler that does nothing",
        sense: Sense::AtLeast,
        unit: Unit::Proportion,
        at_least: 0.25,
        aim: 0.45,
        find: |figures| rates(best(figures, "write")?, &best(figures, "noop")?),
    },
    Target {
        measure: "the same, against pgbench's single-row commits at 16 clients",
        sense: Sense::AtLeast,
        unit: Unit::Proportion,
        at_least: 0.6,
        aim: 1.2,
        find: |figures| rates(best(figures, "write")?, figures.get("pgbench/16/rate")?),
    },
    Target {
        measure: "store called in process by 256, against the same",
        sense: Sense::AtLeast,
        unit: Unit::Proportion,
        at_least: 1.5,
        aim: 2.5,
        find: |figures| {
            let ours = figures.get("store/256/rate")?.clone();
            rates(ours, figures.get("pgbench/16/rate")?)
        },
    },
    Target {
        measure: "notes on one hot order, against notes on a thousand orders",
        sense: Sense::AtLeast,
        unit: Unit::Proportion,
        at_least: 0.7,
        aim: 1.0,
        find: |figures| rates(best(figures, "hot")?, &best(figures, "notes")?),
    },
    Target {
        measure: "conflicts seen by clients of a hot order",
        sense: Sense::AtMost,
        unit: Unit::Count,
        at_least: 0.0,
        aim: 0.0,
        find: |figures| {
            let rounds = [1, 16, 64, 256]
                .iter()
                .filter_map(|connections| figures.get(&format!("hot/{connections}/conflicts")))
                .flat_map(Series::rounds);
            let total = rounds.copied().reduce(|sum, more| sum + more)?;
            absolute(Unit::Count, total)
        },
    },
    Target {
        measure: "1 connection: p50 against pgbench's single-row p50 at 1 client",
        sense: Sense::AtMost,
        unit: Unit::Proportion,
        at_least: 2.5,
        aim: 1.5,
        find: |figures| times(figures, "write/1/p50", "pgbench/1/p50"),
    },
    Target {
        measure: "over gRPC: the service's CPU for a placement, against over HTTP/1.1, 256 at once",
        sense: Sense::AtMost,
        unit: Unit::Proportion,
        at_least: 1.2,
        aim: 1.0,
        find: |figures| cpu(figures, "grpc/256/cpu_service", "write/256/cpu_service"),
    },
    Target {
        measure: "imports over gRPC: orders, against placements over HTTP",
        sense: Sense::AtLeast,
        unit: Unit::Proportion,
        at_least: 1.0,
        aim: 1.5,
        find: |figures| {
            rates(
                figures.get("import/1/rate")?.clone(),
                &best(figures, "write")?,
            )
        },
    },
    Target {
        measure: "real orders: the import stream over gRPC, against one request over REST",
        sense: Sense::AtLeast,
        unit: Unit::Proportion,
        at_least: 1.0,
        aim: 1.2,
        find: |figures| {
            let ours = figures.get("real-import/1/rate")?.clone();
            rates(ours, figures.get("real-bulk/1/rate")?)
        },
    },
    Target {
        measure: "the same, against one by one over 64 connections",
        sense: Sense::AtLeast,
        unit: Unit::Proportion,
        at_least: 1.0,
        aim: 1.5,
        find: |figures| {
            let ours = figures.get("real-import/1/rate")?.clone();
            rates(ours, figures.get("real-single/64/rate")?)
        },
    },
    Target {
        measure: "with saga and projector in the same process, against the write path alone",
        sense: Sense::AtLeast,
        unit: Unit::Proportion,
        at_least: 0.3,
        aim: 0.5,
        find: |figures| rates(best(figures, "platform")?, &best(figures, "write")?),
    },
    Target {
        measure: "POST to visible in GET at half load, all in one: p50",
        sense: Sense::AtMost,
        unit: Unit::Milliseconds,
        at_least: 50.0,
        aim: 10.0,
        find: |figures| absolute(Unit::Milliseconds, figures.median("lag/p50")?),
    },
    Target {
        measure: "POST to visible in GET at half load, all in one: p99",
        sense: Sense::AtMost,
        unit: Unit::Milliseconds,
        at_least: 250.0,
        aim: 50.0,
        find: |figures| absolute(Unit::Milliseconds, figures.median("lag/p99")?),
    },
    Target {
        measure: "the same over NATS: p50",
        sense: Sense::AtMost,
        unit: Unit::Milliseconds,
        at_least: 50.0,
        aim: 10.0,
        find: |figures| absolute(Unit::Milliseconds, figures.median("lag-nats/p50")?),
    },
    Target {
        measure: "the same over NATS: p99",
        sense: Sense::AtMost,
        unit: Unit::Milliseconds,
        at_least: 250.0,
        aim: 50.0,
        find: |figures| absolute(Unit::Milliseconds, figures.median("lag-nats/p99")?),
    },
    Target {
        measure: "placed to confirmed at half load, all in one: p50",
        sense: Sense::AtMost,
        unit: Unit::Milliseconds,
        at_least: 100.0,
        aim: 20.0,
        find: |figures| absolute(Unit::Milliseconds, figures.median("saga/p50")?),
    },
    Target {
        measure: "placed to confirmed at half load, all in one: p99",
        sense: Sense::AtMost,
        unit: Unit::Milliseconds,
        at_least: 500.0,
        aim: 100.0,
        find: |figures| absolute(Unit::Milliseconds, figures.median("saga/p99")?),
    },
    Target {
        measure: "placed to confirmed over NATS: p50",
        sense: Sense::AtMost,
        unit: Unit::Milliseconds,
        at_least: 100.0,
        aim: 20.0,
        find: |figures| absolute(Unit::Milliseconds, figures.median("saga-nats/p50")?),
    },
    Target {
        measure: "placed to confirmed over NATS: p99",
        sense: Sense::AtMost,
        unit: Unit::Milliseconds,
        at_least: 500.0,
        aim: 100.0,
        find: |figures| absolute(Unit::Milliseconds, figures.median("saga-nats/p99")?),
    },
    Target {
        measure: "replay into order_summary, against COPY out of the events and COPY in of the rows",
        sense: Sense::AtLeast,
        unit: Unit::Proportion,
        at_least: 0.3,
        aim: 0.7,
        find: |figures| copied(figures, "replay"),
    },
    Target {
        measure: "replay into all read models, against COPY out of the events and COPY in of all rows",
        sense: Sense::AtLeast,
        unit: Unit::Proportion,
        at_least: 0.15,
        aim: 0.3,
        find: |figures| copied(figures, "replay-all"),
    },
    Target {
        measure: "memory of a replay into all read models",
        sense: Sense::AtMost,
        unit: Unit::Megabytes,
        at_least: 500.0,
        aim: 250.0,
        find: |figures| absolute(Unit::Megabytes, figures.median("replay-all/memory")?),
    },
    Target {
        measure: "placements at half load: p99 during rebuilds, against without",
        sense: Sense::AtMost,
        unit: Unit::Proportion,
        at_least: 2.0,
        aim: 1.3,
        find: |figures| {
            let (ours, reference) = ("rebuild/with/p99", "rebuild/without/p99");
            times(figures, ours, reference)
        },
    },
    Target {
        measure: "reads that were refused, empty or not whole during rebuilds",
        sense: Sense::AtMost,
        unit: Unit::Count,
        at_least: 0.0,
        aim: 0.0,
        find: |figures| total(figures, "rebuild/wrong_reads"),
    },
    Target {
        measure: "differences that verify finds after them",
        sense: Sense::AtMost,
        unit: Unit::Count,
        at_least: 0.0,
        aim: 0.0,
        find: |figures| total(figures, "rebuild/differences"),
    },
    Target {
        measure: "list query p50, against pgbench of the same SQL",
        sense: Sense::AtMost,
        unit: Unit::Proportion,
        at_least: 3.0,
        aim: 1.5,
        find: |figures| times(figures, "list/1/p50", "list-pgbench/1/p50"),
    },
    Target {
        measure: "the same of one status",
        sense: Sense::AtMost,
        unit: Unit::Proportion,
        at_least: 3.0,
        aim: 1.5,
        find: |figures| times(figures, "list-status/1/p50", "list-status-pgbench/1/p50"),
    },
    Target {
        measure: "memory of all in one, idle",
        sense: Sense::AtMost,
        unit: Unit::Megabytes,
        at_least: 100.0,
        aim: 40.0,
        find: |figures| absolute(Unit::Megabytes, figures.median("memory/idle")?),
    },
    Target {
        measure: "memory of all in one, under load",
        sense: Sense::AtMost,
        unit: Unit::Megabytes,
        at_least: 300.0,
        aim: 150.0,
        find: |figures| absolute(Unit::Megabytes, figures.median("memory/load")?),
    },
];

/// The best rate of 64 and 256 connections.
fn best(figures: &Figures, contender: &str) -> Option<Series> {
    let names = [64, 256].map(|connections| format!("{contender}/{connections}/rate"));
    figures.best(&[&names[0], &names[1]])
}

/// How fast copies are against what does the same work.
fn copied(figures: &Figures, name: &str) -> Option<Finding> {
    let ours = figures.get(&format!("{name}/seconds"))?;
    let copies = figures.get(&format!("{name}/copy_seconds"))?;
    Some(Finding {
        measured: format!("{:.1} s", ours.median()),
        reference: format!("{:.1} s", copies.median()),
        value: copies.against(ours).median(),
    })
}

/// Of all rounds together.
fn total(figures: &Figures, name: &str) -> Option<Finding> {
    absolute(Unit::Count, figures.get(name)?.rounds().iter().sum())
}

fn rates(ours: Series, reference: &Series) -> Option<Finding> {
    Some(Finding {
        measured: format!("{:.0} /s", ours.median()),
        reference: format!("{:.0} /s", reference.median()),
        value: ours.against(reference).median(),
    })
}

fn times(figures: &Figures, ours: &str, reference: &str) -> Option<Finding> {
    let (ours, reference) = (figures.get(ours)?, figures.get(reference)?);
    Some(Finding {
        measured: format!("{:.3} ms", ours.median()),
        reference: format!("{:.3} ms", reference.median()),
        value: ours.against(reference).median(),
    })
}

fn cpu(figures: &Figures, ours: &str, reference: &str) -> Option<Finding> {
    let (ours, reference) = (figures.get(ours)?, figures.get(reference)?);
    Some(Finding {
        measured: format!("{:.1} µs", ours.median()),
        reference: format!("{:.1} µs", reference.median()),
        value: ours.against(reference).median(),
    })
}

fn absolute(unit: Unit, value: f64) -> Option<Finding> {
    Some(Finding {
        measured: unit.show(value),
        reference: "-".into(),
        value,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line<'a>(lines: &'a [Line], beginning: &str) -> &'a Line {
        lines
            .iter()
            .find(|line| line.measure.starts_with(beginning))
            .unwrap()
    }

    #[test]
    fn what_was_not_measured_is_neither_reached_nor_missed() {
        let lines = lines(&Figures::default());
        assert_eq!(lines.len(), TARGETS.len());
        assert!(lines.iter().all(|line| line.verdict == Verdict::Unknown));
    }

    #[test]
    fn every_verdict_follows_the_bounds() {
        let mut figures = Figures::default();
        figures.add("pgbench/16/rate", 100.0);
        figures.add("store/256/rate", 149.0);
        figures.add("write/64/rate", 60.0);
        figures.add("write/256/rate", 50.0);
        figures.add("memory/idle", 40.0);
        figures.add("hot/64/conflicts", 0.0);
        figures.add("hot/256/conflicts", 1.0);
        let lines = lines(&figures);
        assert_eq!(line(&lines, "store called").verdict, Verdict::Missed);
        assert_eq!(line(&lines, "the same, against").verdict, Verdict::Reached);
        assert_eq!(
            line(&lines, "memory of all in one, idle").verdict,
            Verdict::Aim
        );
        let conflicts = line(&lines, "conflicts");
        assert_eq!(conflicts.verdict, Verdict::Missed);
        assert_eq!(conflicts.at_least, "<= 0");
    }

    #[test]
    fn replay_is_better_the_nearer_it_comes_to_the_copies() {
        let mut figures = Figures::default();
        figures.add("replay/seconds", 10.0);
        figures.add("replay/copy_seconds", 5.0);
        let lines = lines(&figures);
        let replay = line(&lines, "replay");
        assert_eq!(
            (replay.value.as_str(), replay.verdict),
            ("0.50", Verdict::Reached)
        );
    }
}

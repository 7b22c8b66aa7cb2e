//! What a run found, for people: on the terminal and as a page.

mod page;
mod table;

pub use page::page;
pub use table::Table;

use crate::{figures::Figures, machine::Machine, targets};

/// All that a report is made from.
#[derive(Debug)]
pub struct Findings {
    /// Where and when.
    pub machine: Machine,
    /// The profile that the programs are built with.
    pub profile: String,
    /// How it was measured: rounds, times, sizes.
    pub method: Vec<String>,
    /// What was measured.
    pub figures: Figures,
    /// Answers that were not a success, and other things that put a figure in doubt.
    pub troubles: Vec<String>,
}

/// The table of what must be reached.
pub fn verdicts(figures: &Figures) -> Table {
    let mut table = Table::new(&[
        "measure",
        "measured",
        "reference",
        "value",
        "at least",
        "aim",
        "verdict",
    ]);
    for line in targets::lines(figures) {
        table.add([
            line.measure.to_owned(),
            line.measured,
            line.reference,
            line.value,
            line.at_least,
            line.aim,
            line.verdict.as_str().to_owned(),
        ]);
    }
    table
}

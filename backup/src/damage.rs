//! What is wrong with a file of a backup, and where.

use std::fmt;

/// What is wrong with a file of a backup, and where: which segment, which lines, which positions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The file's name in the target.
    pub file: String,
    /// Where in it, as far as that can be told.
    pub place: Option<Place>,
    /// What is wrong.
    pub what: String,
}

/// A part of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The block, from 1.
    pub block: u64,
    /// Its first line, from 1.
    pub line: u64,
    /// Its last line, if that is known.
    pub last_line: Option<u64>,
    /// The positions of its events: those after the first number, up to the second if that is known.
    /// None where there are no events in it.
    pub positions: Option<(i64, Option<i64>)>,
}

impl Damage {
    /// Something is wrong with the whole of `file`.
    pub(crate) fn of(file: &str, what: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            place: None,
            what: what.into(),
        }
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        if let Some(place) = &self.place {
            write!(f, ", {place}")?;
        }
        write!(f, ": {}", self.what)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "block {} (", self.block)?;
        match self.last_line {
            Some(last) => write!(f, "lines {} to {last}", self.line)?,
            None => write!(f, "from line {} on", self.line)?,
        }
        match self.positions {
            Some((after, Some(last))) => write!(f, ", positions {} to {last})", after + 1),
            Some((after, None)) => write!(f, ", after position {after})"),
            None => write!(f, ")"),
        }
    }
}

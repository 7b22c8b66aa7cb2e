//! How far the lines of an order are.

use crate::projection::{FoldError, add};
use domain::order::{FulfilmentStatus, LineProgress, LineQuantity};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How far each line is of which something has left.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fulfilment(pub BTreeMap<u32, Progress>);

/// Of a line: how many have left, have arrived, will not arrive, have come back, and are cancelled. Five
/// numbers in JSON, since an order may have many lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress(pub i64, pub i64, pub i64, pub i64, pub i64);

impl Progress {
    pub(super) const fn shipped(&mut self) -> &mut i64 {
        &mut self.0
    }

    pub(super) const fn delivered(&mut self) -> &mut i64 {
        &mut self.1
    }

    pub(super) const fn lost(&mut self) -> &mut i64 {
        &mut self.2
    }

    pub(super) const fn returned(&mut self) -> &mut i64 {
        &mut self.3
    }

    pub(super) const fn cancelled(&mut self) -> &mut i64 {
        &mut self.4
    }
}

impl From<Progress> for LineProgress {
    fn from(Progress(shipped, delivered, lost, returned, cancelled): Progress) -> Self {
        Self {
            shipped,
            delivered,
            lost,
            returned,
            cancelled,
        }
    }
}

impl Fulfilment {
    /// Counts `lines` in.
    pub(super) fn count(
        &mut self,
        lines: &[LineQuantity],
        counter: fn(&mut Progress) -> &mut i64,
    ) -> Result<(), FoldError> {
        for line in lines {
            let known = self.0.entry(line.line).or_default();
            add(counter(known), line.quantity)?;
        }
        Ok(())
    }

    /// How much of an order of so many pieces that is.
    pub(super) fn status(&self, pieces: i64) -> FulfilmentStatus {
        FulfilmentStatus::of(pieces, self.0.values().copied().map(Into::into))
    }
}

//! What an order is since it was amended, and how its amendments ended.

use super::{AmendedLine, AmendmentEnd, AmendmentProposed, Line, Placed};
use crate::Sku;
use std::{collections::VecDeque, sync::Arc};
use uuid::Uuid;

/// How many ended amendments are remembered: so many are not proposed of an order before it is packed.
const ENDED_KEPT: usize = 64;

/// The amendments of an order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Amendments {
    /// The one that is open.
    pub open: Option<Arc<AmendmentProposed>>,
    /// All lines of the order, if they are not as they were placed.
    lines: Option<Arc<[Line]>>,
    /// How the latest ended, the oldest first.
    ended: VecDeque<(Uuid, AmendmentEnd)>,
}

impl Amendments {
    /// How an amendment ended, if it did.
    pub fn end(&self, amendment: Uuid) -> Option<AmendmentEnd> {
        let mut ended = self.ended.iter().rev();
        ended
            .find(|(known, _)| *known == amendment)
            .map(|(_, end)| *end)
    }

    /// How many lines, or ids, it holds.
    pub(super) fn len(&self) -> usize {
        let open = self.open.as_ref().map_or(0, |open| open.lines.len());
        let lines = self.lines.as_ref().map_or(0, |lines| lines.len());
        open + lines + self.ended.len()
    }
}

impl Placed {
    /// The lines of it: as they were placed, or as they were amended since.
    pub fn lines(&self) -> &[Line] {
        let amended = self.details.as_deref();
        let amended = amended.and_then(|known| known.amendments.lines.as_deref());
        amended.unwrap_or(&self.placed.lines)
    }

    /// A line of it, as it was placed.
    pub(super) fn placed_line(&self, line: u32) -> Option<&Line> {
        let index = (line as usize).checked_sub(1)?;
        self.placed.lines.get(index)
    }

    /// What the first so many of a line are worth, in minor units: what was placed and how many decide that,
    /// and not by which amendments and cancellations it came to be so many. See [`Line::worth`].
    pub fn worth_of(&self, line: u32, quantity: i64) -> i64 {
        let (Some(placed), Some(known)) = (self.placed_line(line), self.line(line)) else {
            return 0;
        };
        placed.worth(quantity.min(known.quantity), self.placed.tax_included)
    }

    /// What is not to be paid for any more, in minor units, when of so many of a line that are `kept` another
    /// `quantity` comes back: what they were worth less what is left is. So it is with what is cancelled, and it
    /// is all the same how often pieces come back, in which order, and whether they were cancelled before.
    pub fn worth_of_last(&self, line: u32, kept: i64, quantity: i64) -> i64 {
        let left = self.worth_of(line, kept.saturating_sub(quantity));
        self.worth_of(line, kept).saturating_sub(left)
    }

    /// How many of a line are to be paid for in the end: ordered, and neither cancelled nor lost, nor back.
    pub fn paid_for(&self, line: u32) -> i64 {
        let ordered = self.line(line).map_or(0, |known| known.quantity);
        let progress = self.progress(line);
        let gone = progress.cancelled.saturating_add(progress.lost);
        ordered.saturating_sub(gone.saturating_add(progress.returned))
    }

    /// What of it has neither left nor is cancelled comes to, in minor units; what is packed of that is taken
    /// already. Nothing, once the order has ended otherwise.
    pub fn open_total(&self) -> i64 {
        match self.status.is_over() {
            true => 0,
            false => self.worth(&self.all_open()),
        }
    }

    /// The amendment that is open.
    pub fn open_amendment(&self) -> Option<&AmendmentProposed> {
        self.details.as_deref()?.amendments.open.as_deref()
    }

    /// How an amendment of it ended, if it did.
    pub fn amendment_end(&self, amendment: Uuid) -> Option<AmendmentEnd> {
        self.details.as_deref()?.amendments.end(amendment)
    }

    /// How many of a SKU have neither left nor are cancelled, in all lines together.
    pub fn open_of(&self, sku: &Sku) -> i64 {
        let lines = self.lines().iter().filter(|line| line.sku == *sku);
        lines.fold(0, |sum, line| sum.saturating_add(self.open(line.line)))
    }

    /// Enters that an amendment is open.
    pub(super) fn enter_proposed(&mut self, event: &AmendmentProposed) {
        let known = &mut self.details.get_or_insert_default().amendments;
        known.open = Some(Arc::new(event.clone()));
    }

    /// Enters how an amendment ended.
    pub(super) fn enter_end(&mut self, amendment: Uuid, end: AmendmentEnd) {
        let known = &mut self.details.get_or_insert_default().amendments;
        known.open = None;
        if known.ended.len() == ENDED_KEPT {
            known.ended.pop_front();
        }
        known.ended.push_back((amendment, end));
    }

    /// Enters how many of lines are wanted: what of them is ordered and not wanted is cancelled.
    pub(super) fn amend(&mut self, amended: &[AmendedLine]) {
        let mut lines = self.lines().to_vec();
        let fulfilment = self.fulfilment.get_or_insert_default();
        for change in amended {
            let index = (change.line as usize).wrapping_sub(1);
            let (Some(line), Some(placed)) = (lines.get_mut(index), self.placed.lines.get(index))
            else {
                continue;
            };
            line.clone_from(change.anew.as_ref().unwrap_or(placed));
            let progress = fulfilment.lines.entry(change.line).or_default();
            let left = line.quantity.saturating_sub(progress.shipped);
            progress.cancelled = left.saturating_sub(change.after);
        }
        let is_as_placed = lines == self.placed.lines;
        let known = &mut self.details.get_or_insert_default().amendments;
        known.lines = (!is_as_placed).then(|| lines.into());
    }
}

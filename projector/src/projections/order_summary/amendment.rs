//! The amendment of an order that is open, and what applied ones have made of it.

use super::{OrderSummaryRow, Progress};
use crate::projection::{FoldError, add, subtract};
use chrono::{DateTime, Utc};
use domain::order::{AmendedLine, AmendedStock, AmendmentApplied, AmendmentProposed};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// An amendment that is open: what the order would be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OpenAmendment {
    /// Which.
    pub amendment_id: Uuid,
    /// The lines of which another quantity would be wanted.
    pub lines: Vec<AmendedLine>,
    /// The SKUs of which more, or less, would be kept.
    pub stock: Vec<AmendedStock>,
    /// What all that is wanted comes to, in minor units.
    pub total_before: i64,
    /// What it would come to, in minor units.
    pub total: i64,
    /// What is set aside for the order, in minor units.
    pub authorized: i64,
    /// Why, for people.
    pub reason: String,
    /// Until when it may be applied: then it expires.
    pub expires_at: DateTime<Utc>,
}

impl From<&AmendmentProposed> for OpenAmendment {
    fn from(event: &AmendmentProposed) -> Self {
        Self {
            amendment_id: event.amendment_id,
            lines: event.lines.clone(),
            stock: event.stock.clone(),
            total_before: event.total_before,
            total: event.total,
            authorized: event.authorized,
            reason: event.reason.clone(),
            expires_at: event.until,
        }
    }
}

/// The order is as was proposed: what of its lines is ordered and not wanted is cancelled.
pub(super) fn apply(row: &mut OrderSummaryRow, event: &AmendmentApplied) -> Result<(), FoldError> {
    row.amendment = None;
    let amended = &mut row.amended.get_or_insert_default().0;
    let fulfilment = &mut row.fulfilment.get_or_insert_default().0;
    for change in &event.lines {
        add(&mut row.unit_count, change.ordered)?;
        subtract(&mut row.unit_count, change.ordered_before)?;
        match &change.anew {
            Some(line) => amended.insert(change.line, line.clone()),
            None => amended.remove(&change.line),
        };
        let progress: &mut Progress = fulfilment.0.entry(change.line).or_default();
        let left = change.ordered.saturating_sub(*progress.shipped());
        *progress.cancelled() = left.saturating_sub(change.after);
    }
    row.fulfilment_status = fulfilment.status(row.unit_count);
    if row.amended.as_ref().is_some_and(|known| known.0.is_empty()) {
        row.amended = None;
    }
    Ok(())
}

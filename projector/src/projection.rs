//! What a projection is: a keyed fold of events into rows, and nothing else.

use crate::row::Row;
use domain::{Envelope, Event, Recorded, StreamId, TenantId};
use std::{borrow::Cow, time::Duration};

/// A keyed fold of events into the rows of one table. Pure: no database, no clock.
///
/// Rows are the fold of all events up to a position, in whatever batches they were folded.
pub trait Projection: Send + Sync + 'static {
    /// Its name: that of its table, its checkpoint and its lease.
    const NAME: &'static str;
    /// The version of the fold. Rows of another version are not gone on with: change the fold, count
    /// this up, and have the read model built anew.
    const VERSION: i32;
    /// Whether each event makes a row of its own that is never changed: then no row is ever loaded.
    const APPEND_ONLY: bool = false;
    /// The least time from one batch to the next while events keep coming: what comes in between is
    /// folded together, and written once.
    const PACE: Duration = Duration::from_millis(40);
    /// The rows.
    type Row: Row;

    /// The types of the events that have a key: no others need to be read.
    fn types() -> Vec<&'static str>;

    /// The row that the event is about, if it is about any.
    fn key(event: &Recorded) -> Option<<Self::Row as Row>::Key>;

    /// The row that all events of the stream are about, if its name alone says which: that is all there is
    /// to go by for an event that cannot be read.
    fn key_of_stream(tenant: &TenantId, stream: &StreamId) -> Option<<Self::Row as Row>::Key> {
        let _ = (tenant, stream);
        None
    }

    /// What becomes of the row `key` when an operator has had the event of `envelope` left out: what counts
    /// versions, so as to notice that an event is missing, counts that one as well. There may be no row yet.
    fn leave_out(
        row: Option<Self::Row>,
        key: <Self::Row as Row>::Key,
        envelope: &Envelope,
    ) -> Option<Self::Row> {
        let _ = (key, envelope);
        row
    }

    /// Whether there can be no row of the event's key before it, so that none is looked for.
    fn begins(event: &Recorded) -> bool {
        let _ = event;
        Self::APPEND_ONLY
    }

    /// What the event makes of its row; no row means that it goes away. Events without a key change
    /// nothing.
    fn apply(row: Option<Self::Row>, event: &Recorded) -> Result<Option<Self::Row>, FoldError>;
}

/// Whether an event of that stored type, which this build cannot read, stops `P`: unless the type is
/// known to be nothing of `P`'s, it may be something that the rows should show. Live and rebuild go by
/// this, so that neither passes over what the other stops at.
pub(crate) fn stops_at<P: Projection>(event_type: &str) -> bool {
    !Event::is_known(event_type) || P::types().contains(&event_type)
}

/// Why an event cannot be folded: what came before it cannot have come before it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FoldError(Cow<'static, str>);

impl FoldError {
    /// For the reason given.
    pub fn new(reason: impl Into<Cow<'static, str>>) -> Self {
        Self(reason.into())
    }
}

/// The row, which an earlier event must have made.
pub(crate) fn known<R: Row>(row: Option<R>) -> Result<R, FoldError> {
    row.ok_or_else(|| FoldError::new("there is no row for it: its beginning was never folded"))
}

/// Adds to a sum, which must not come to more than can be counted: a sum that stands still would be
/// wrong, and nobody would know.
pub(crate) fn add(sum: &mut i64, more: i64) -> Result<(), FoldError> {
    *sum = sum.checked_add(more).ok_or_else(uncountable)?;
    Ok(())
}

/// Takes from a sum, as [`add`] adds to it.
pub(crate) fn subtract(sum: &mut i64, less: i64) -> Result<(), FoldError> {
    *sum = sum.checked_sub(less).ok_or_else(uncountable)?;
    Ok(())
}

/// Adds to a sum that grows with every event, and so has 128 bits: there are fewer than 2^63 events,
/// and none of them adds 2^63, so that it never comes to more than can be counted.
pub(crate) const fn add_wide(sum: &mut i128, more: i64) {
    *sum = sum.saturating_add(more as i128);
}

/// Takes from a sum, as [`add_wide`] adds to it.
pub(crate) const fn subtract_wide(sum: &mut i128, less: i64) {
    *sum = sum.saturating_sub(less as i128);
}

fn uncountable() -> FoldError {
    FoldError::new("a sum comes to more than can be counted")
}

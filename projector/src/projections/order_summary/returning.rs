//! What is to come back of an order.

use domain::{
    ReturnId,
    order::{LineQuantity, ReturnOpened},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The returns of an order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Returning {
    /// How many were asked for.
    pub opened: u32,
    /// What is to come back by each that has not ended: of which line how many.
    pub open: BTreeMap<ReturnId, Vec<(u32, i64)>>,
}

impl Returning {
    /// One more was asked for.
    pub(super) fn enter(&mut self, event: &ReturnOpened) {
        let line = |line: &LineQuantity| (line.line, line.quantity);
        self.opened = self.opened.saturating_add(1);
        self.open
            .insert(event.return_id, event.lines.iter().map(line).collect());
    }

    /// Nothing is to come back by one any more.
    pub(super) fn end(&mut self, return_id: ReturnId) {
        self.open.remove(&return_id);
    }
}

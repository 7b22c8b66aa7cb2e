//! What stock makes of a process that is still to come.

use super::super::{Process, TimeLimits, What, Who};
use crate::{Location, Sku, order::Status};
use chrono::{DateTime, Utc};

impl Process {
    /// The order waits for so many more. Until when is said once it is confirmed.
    pub(super) fn waits_for(
        &mut self,
        at: DateTime<Utc>,
        location: &Location,
        sku: &Sku,
        quantity: i64,
    ) {
        let is_new = !self.waiting.contains_key(location);
        let there = self.waiting.entry(location.clone()).or_default();
        let waits_for = there.entry(sku.clone()).or_default();
        *waits_for = waits_for.saturating_add(quantity);
        if is_new && self.is_open() {
            let of = Some(location.to_string());
            self.put(What::Stock, of, Who::Warehouse, at, None);
        }
    }

    /// The order waits for so many less; once it waits for nothing, its shipments are about to be created.
    pub(super) fn waits_for_less(
        &mut self,
        limits: &TimeLimits,
        at: DateTime<Utc>,
        location: &Location,
        sku: &Sku,
        quantity: i64,
    ) {
        let Some(there) = self.waiting.get_mut(location) else {
            return;
        };
        if let Some(waits_for) = there.get_mut(sku) {
            *waits_for = waits_for.saturating_sub(quantity);
        }
        there.retain(|_, waits_for| *waits_for > 0);
        if !there.is_empty() {
            return;
        }
        self.waiting.remove(location);
        self.met_of(What::Stock, Some(&location.to_string()));
        if self.waiting.is_empty() && self.status == Status::Confirmed {
            self.expect(What::Allocation, Who::Platform, at, limits.platform);
        }
    }
}

//! Which part of a ledger is asked for.

use chassis::Problem;
use serde::Deserialize;

use super::problem::invalid_field;

const DEFAULT_LIMIT: usize = 1_000;
const MAX_LIMIT: usize = 10_000;

/// The query of a ledger.
#[derive(Debug, Deserialize)]
pub(super) struct Page {
    /// The last sequence that is known already.
    #[serde(default)]
    after: u64,
    limit: Option<u32>,
}

impl Page {
    /// The page of what `read` finds after a sequence, and whether there are more.
    pub(super) fn of<T>(
        &self,
        read: impl FnOnce(u64, usize) -> Vec<T>,
    ) -> Result<(Vec<T>, bool), Problem> {
        let limit = self.limit.map_or(DEFAULT_LIMIT, |limit| limit as usize);
        if !(1..=MAX_LIMIT).contains(&limit) {
            return Err(invalid_field(
                "query:limit",
                &format!("an integer from 1 to {MAX_LIMIT}"),
            ));
        }
        // One more than asked for tells whether there is a next page.
        let mut found = read(self.after, limit + 1);
        let has_more = found.len() > limit;
        found.truncate(limit);
        Ok((found, has_more))
    }
}

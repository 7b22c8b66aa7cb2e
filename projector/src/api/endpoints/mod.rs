//! One endpoint, one file.

pub(super) mod get_parked;
pub(super) mod list_parked;
pub(super) mod list_projections;
pub(super) mod list_skipped;
pub(super) mod retry_parked;
pub(super) mod skip_parked;

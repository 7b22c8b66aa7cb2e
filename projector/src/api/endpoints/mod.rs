//! One endpoint, one file.

pub(super) mod forget_replaced;
pub(super) mod get_parked;
pub(super) mod list_parked;
pub(super) mod list_projections;
pub(super) mod list_skipped;
pub(super) mod rebuild_projection;
pub(super) mod retry_parked;
pub(super) mod roll_back_projection;
pub(super) mod skip_parked;

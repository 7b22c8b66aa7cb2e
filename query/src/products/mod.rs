//! Products: a list of them, and one.

mod body;
mod list;

pub(crate) use body::{ListingStatus, ProductBody, get};
pub(crate) use list::{Filters, list};

//! Returns: a list of them, and one.

mod body;
mod list;

pub(crate) use body::{ReturnBody, get};
pub(crate) use list::{Filters, list};

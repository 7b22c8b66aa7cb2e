//! Shipments: a list of them, and one.

mod body;
mod history;
mod list;

pub(crate) use body::{ShipmentBody, get};
pub(crate) use list::{Filters, list};

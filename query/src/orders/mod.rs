//! Orders: the list of them, and one of them as it is or was.

mod body;
mod filters;
mod history;
mod item;
mod list;
mod query;
mod search;

pub(crate) use body::OrderBody;
pub(crate) use filters::{Filters, Sort};
pub(crate) use history::{At, Found, fold};
pub(crate) use item::OrderItem;
pub(crate) use list::list;
pub(crate) use query::orders_query;

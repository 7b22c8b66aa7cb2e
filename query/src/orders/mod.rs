//! Orders: the list of them, and one of them as it is or was.

mod allowed;
mod amendment;
mod body;
mod changes;
mod diff;
mod filters;
mod get;
mod history;
mod item;
mod lines;
mod list;
mod query;
mod search;
mod timeline;

pub(crate) use amendment::Amendment;
pub(crate) use body::{OrderAsOf, OrderBody};
pub(crate) use changes::FieldChange;
pub(crate) use diff::{OrderDiff, diff};
pub(crate) use filters::{Filters, Sort, Tag};
pub(crate) use get::get;
pub(crate) use history::{At, each};
pub(crate) use item::OrderItem;
pub(crate) use list::{Listed, list};
pub(crate) use query::orders_query;
pub(crate) use timeline::{TimelineEvent, timeline};

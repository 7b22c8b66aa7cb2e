//! Where orders are on their way, what is expected next, and what is overdue.

mod body;
mod list;
mod milestones;
mod tail;

pub(crate) use body::{OrderProcess, ProcessBody, get};
pub(crate) use list::{ProcessState, list};

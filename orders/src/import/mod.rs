//! Imports of real orders, through the running platform's API.

mod online_retail;
mod report;
mod run;
mod send;

pub use run::{ImportOptions, import_online_retail};

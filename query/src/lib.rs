//! The read API: what the projections have made of the events, and orders as they were.
//!
//! One endpoint, one file, in `endpoints`; one service of gRPC, one file, in [`grpc`]. What they share: [`sql`] and [`database`] ask the read
//! models, [`page`] and [`cursor`] turn rows into pages, [`freshness`] knows how far the read models
//! are (and lets a reader wait for its own write), [`orders`] has the list of orders, and folds one
//! from its events.

mod answer;
mod api;
mod body;
mod cursor;
mod customers;
mod database;
mod documentation;
mod endpoints;
mod freshness;
mod grpc;
mod orders;
mod page;
mod parameters;
mod payments;
mod problem;
mod processes;
mod products;
mod read_your_writes;
mod reports;
mod returns;
mod sales;
mod service;
mod shipments;
mod sql;

pub use api::{QueryApi, openapi, router};
pub use grpc::{SERVICES, grpc};
pub use service::start;

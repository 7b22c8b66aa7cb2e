//! The write API: requests become commands, commands go through the lane, answers say what became
//! of them.
//!
//! One endpoint, one file, in `endpoints`; one service of gRPC, one file, in [`grpc`]. What they share
//! is in [`request`], which makes a request happen once; in [`execution`], the way into the lane and
//! the answer's headers; in [`bulk`], many commands in one request; and in [`answers`], what all of
//! them are documented to answer.

mod allowed;
mod amendments;
mod answers;
mod api;
mod body;
mod bulk;
mod customers;
mod details;
mod endpoints;
mod execution;
mod grpc;
mod in_flight;
mod lines;
mod order_id;
mod placement;
mod problem;
mod products;
mod request;
mod returns;
mod service;
mod shipments;
mod webhooks;

pub use api::{CommandApi, openapi, router};
pub use grpc::{SERVICES, grpc};
pub use service::start;
pub use webhooks::Webhooks;

//! What every service needs and none should write twice: configuration, telemetry, lifecycle,
//! the HTTP server and its layers, problem answers, strict extractors, health and tokens.
//!
//! Start-up reads the same everywhere:
//!
//! 1. [`config::Settings::load`]: an invalid setting stops here, before anything is bound;
//! 2. [`telemetry::init`]: logs and metrics; [`telemetry::export_traces`]: traces;
//! 3. [`server::bind`]: a port in use stops here, before any work starts;
//! 4. [`layers::wrap`] the service's routes, and [`server::serve`] them as a critical task of a
//!    [`lifecycle::Lifecycle`];
//! 5. [`lifecycle::Lifecycle::run_until_shutdown`] is the last line of `main`.

pub mod clock;
pub mod config;
pub mod descriptors;
pub mod extract;
pub mod grpc;
pub mod health;
pub mod http_client;
pub mod layers;
pub mod lifecycle;
pub mod path;
pub mod problem;
pub mod server;
pub mod telemetry;
pub mod token;
pub mod webhook;

pub use lifecycle::Lifecycle;
pub use problem::Problem;

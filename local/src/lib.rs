//! Private PostgreSQL and nats-server processes from local binaries.
//!
//! Integration tests, benchmarks and the development commands start the real servers through this
//! crate: no container runtime, no shared installation, nothing left behind. A server listens on
//! loopback only, on a free port unless told otherwise, and runs from a *home*: one directory that
//! holds its data, password, log and lock.
//!
//! ```no_run
//! # async fn example() -> Result<(), local::Error> {
//! let postgres = local::Postgres::start(local::PostgresOptions::throwaway()).await?;
//! postgres.create_database("orders").await?;
//! let url = postgres.url("orders");
//! # Ok(()) }
//! ```
//!
//! Linux and macOS. As root, PostgreSQL (which refuses to run as root) runs as the account
//! `postgres`, or `nobody` where there is none.

mod account;
mod binaries;
mod companion;
mod databases;
mod error;
mod home;
mod log;
mod nats;
mod ports;
mod postgres;
mod process;
mod proxy;
mod server;
mod shared;
mod template;
mod watchdog;

pub use binaries::{Binaries, NatsServerBinary, PostgresBinaries};
pub use companion::Companion;
pub use databases::create_database;
pub use error::Error;
pub use nats::{Nats, NatsOptions, SyncInterval};
pub use ports::{free_port, hold};
pub use postgres::{Postgres, PostgresOptions};
pub use proxy::{Cut, Proxy};
pub use shared::{SharedPostgres, TestDatabase};

/// What the functions of this crate return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

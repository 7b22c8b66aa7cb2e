//! The servers that tests run against, wherever they come from.
//!
//! A test asks for a [`Postgres`] or [`Nats`] of its own, or for a database on the
//! [`SharedPostgres`]. Where those are is said outside of it:
//!
//! - **local**: processes from local binaries, which is how it is unless something else is said;
//! - **given**: `ORDERS_TEST_POSTGRES_URL` and `ORDERS_TEST_NATS_URL` name servers. Each test gets
//!   databases, or a stream, of its own there, and they go with it. Nobody kills a server that was
//!   given: such tests are skipped, by name ([`Postgres::may_be_killed`]);
//! - **containers**: `ORDERS_TEST_PROVIDER=containers` takes servers of one's own from images.
//!   `make test-containers` sees to all that needs.
//!
//! `ORDERS_TEST_PROVIDER=local` or `containers` beside a URL: what can be shared is on the server that
//! was given, and who needs one to himself gets it from there.

mod aside;
mod container;
mod databases;
mod error;
mod kurrentdb;
mod nats;
mod postgres;
mod provider;
mod ready;
mod request;
mod server;
mod shared;
mod skipped;

pub use error::Error;
pub use kurrentdb::KurrentDb;
pub use nats::Nats;
pub use postgres::Postgres;
pub use request::Request;
pub use shared::{SharedPostgres, TestDatabase};
pub use skipped::{networks_can_be_cut, skipped, test_name};

/// What the functions of this crate return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A variable of the environment, unless it is empty.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// So many random digits: names that nobody else has.
fn random_name(prefix: &str) -> String {
    format!("{prefix}{:016x}", rand::random::<u64>())
}

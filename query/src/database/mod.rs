//! The database of the read models: a few connections, and what its errors mean.

mod connections;
mod error;
mod row;
mod schema;

pub(crate) use connections::{Database, DatabaseOptions};
pub(crate) use error::ReadError;
pub(crate) use row::{Column, corrupt, word};
pub(crate) use schema::missing;

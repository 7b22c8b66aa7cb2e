//! A minimal HTTP/1.1 client: one keep-alive connection, requests rendered beforehand.
//!
//! The load generator shares the machine with what it measures, so that every microsecond it takes
//! is one that the server does not get. It writes a request with one system call, reads the answer
//! with one, and looks at nothing but the status, the length and whether the connection stays.

mod answer;
mod connection;
mod request;

pub use answer::Answer;
pub use connection::{Connection, HttpError};
pub use request::{get, post, post_made};

//! The broker that NATS JetStream is: one file-backed stream of the latest events.

mod connection;
mod headers;
mod options;
mod publish;
mod spans;
mod stream;
mod subscribe;
mod wire;

pub use connection::JetStream;
pub use options::JetStreamOptions;

//! The platform's gRPC interface: the messages and services of `orders/v1`, as its `.proto` files
//! describe them.

mod descriptors;
mod time;
mod writes;

pub use descriptors::{methods, services};
pub use time::{from_timestamp, timestamp};
pub use writes::Write;

/// Version 1 of it.
pub mod v1 {
    #[expect(
        clippy::allow_attributes,
        clippy::large_enum_variant,
        reason = "it is generated, and allows what its names need"
    )]
    mod generated {
        tonic::include_proto!("orders.v1");
    }
    pub use generated::*;

    /// The descriptors of all its files and of those that they import, for reflection.
    pub const DESCRIPTORS: &[u8] = tonic::include_file_descriptor_set!("orders.v1");
}

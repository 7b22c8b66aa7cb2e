//! A server that speaks KurrentDB's protocol, for exactly the calls that the adapter makes: it stands
//! in for the real one in tests, and can do at will what a real one does when it breaks, stops, moves
//! or refuses.
#![expect(
    clippy::unwrap_used,
    reason = "whatever is not as it should be fails the test"
)]

mod calls;
mod log;
mod server;

pub use log::{Log, Logged};
pub use server::{Fake, Fault, Shared};

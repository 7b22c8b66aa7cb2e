//! A server that speaks KurrentDB's protocol, and what is to be expected of the adapter when it
//! breaks, stops, moves or refuses.

mod calls;
mod faults;
mod like_memory;
mod log;
mod nodes;
mod server;
mod tls;

pub use server::Fake;

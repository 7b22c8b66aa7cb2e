//! What is to be expected of the adapter when a server that speaks KurrentDB's protocol breaks, stops,
//! moves or refuses.

mod faults;
mod like_memory;
mod nodes;
mod tls;

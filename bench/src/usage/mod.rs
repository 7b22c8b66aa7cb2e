//! What a measurement costs: CPU and memory of processes, commits and log of PostgreSQL.

mod database;
mod process;

pub use database::{DatabaseMark, DatabaseUse};
pub use process::{cpu_of, cpu_of_ended_children, cpu_of_server, memory_of, peak_memory_of};

//! The runtimes over real stores and over those in memory.

mod batches;
mod evolution;
mod extremes;
mod fencing;
mod harness;
mod locked;
mod poison;
mod rebuild;
mod same;
mod verify;

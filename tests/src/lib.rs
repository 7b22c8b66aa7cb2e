//! The platform under test as real processes: one harness, one binary.

pub mod platform;
pub mod simulation;

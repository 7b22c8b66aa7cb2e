//! The runtimes over real stores and over those in memory.

mod api;
mod backfill;
mod batches;
mod evolution;
mod extremes;
mod fencing;
mod harness;
mod locked;
mod new_version;
mod old_build;
mod parking;
mod parking_model;
mod past;
mod poison;
mod rebuild;
mod rollback;
mod same;
mod tried_again;
mod verify;

//! Backups of real stores: written, damaged, interrupted, restored.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod archived;
mod damage;
mod harness;
mod interrupted;
mod kurrentdb;
mod mended;
mod open_shop;
mod round_trip;
mod storage;

//! What providers say by themselves.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod carrier;
mod payment;
mod stage;

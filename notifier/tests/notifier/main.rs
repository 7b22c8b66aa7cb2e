//! Notifications with real receivers, a real database, and processes that die half-way.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod api;
mod crash;
mod documented;
mod double_submit;
mod emails;
mod harness;
mod reading;
mod receiver;
mod refused;
mod retries;
mod smtp;
mod webhooks;

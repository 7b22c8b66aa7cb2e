//! Races between processes that write to one store, a thousand times each: what providers say by themselves
//! against the answers to our calls, cancellations against shipments, and refunds against refunds.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod cancellation;
mod carrier;
mod contradictions;
mod payment;
mod refund;
mod stage;

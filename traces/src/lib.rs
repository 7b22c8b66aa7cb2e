//! The spans of distributed traces: where they begin and end, and whether they are recorded.
//!
//! A span is begun with its parent, which comes along with what is worked on: as the header of a
//! request, or as the `traceparent` of a command and of its events. There is no ambient context, and
//! no subscriber: a [`Span`] that is not recorded is nothing at all, and whether any is costs one
//! look at a static.
//!
//! 1. A server's request begins with [`Span::enter`], which decides whether it is recorded: as its
//!    caller's trace is, or else by the configured share.
//! 2. Everything that follows begins with [`Span::begin`], under what [`recorded`] finds.
//! 3. What ends is handed to the process's [`Sink`]; without one nothing is ever recorded.
//!
//! Names of spans and attributes are OpenTelemetry's, where it has any.

mod context;
mod recorder;
mod sampling;
mod span;
#[cfg(test)]
mod tests;

pub use context::{InvalidTraceparent, TraceContext};
pub use recorder::{AlreadyRecorded, Sink, record_to, recorded};
pub use sampling::Sampling;
pub use span::{Ended, Kind, Span, Value};

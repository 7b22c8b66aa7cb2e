//! Which request the running task works for, so that its log lines can say so.
//!
//! A `tracing` span per request would do the same, but it formats and stores its fields whether a
//! line is written or not: a fifth of the time of a small request. This costs two stores in the
//! thread's memory per poll, and the ids are rendered only for lines that are written.

use std::{fmt, future::Future};

use axum::http::HeaderValue;

use super::TraceContext;

tokio::task_local! {
    static CURRENT: LogScope;
}

/// The ids that log lines of a request carry.
#[derive(Debug, Clone)]
pub(crate) struct LogScope {
    pub(crate) trace: TraceContext,
    pub(crate) request_id: HeaderValue,
}

impl LogScope {
    /// Runs a future with these ids on its log lines.
    pub(crate) fn run<F: Future>(self, work: F) -> impl Future<Output = F::Output> + use<F> {
        CURRENT.scope(self, work)
    }

    fn request_id(&self) -> &str {
        self.request_id.to_str().unwrap_or_default()
    }
}

/// The running task's ids as `(trace_id, request_id)`, if it works for a request.
pub(super) fn current() -> Option<(String, String)> {
    CURRENT
        .try_with(|scope| (scope.trace.trace_id(), scope.request_id().to_owned()))
        .ok()
}

/// The running task's ids behind a line of text.
pub(super) fn write_current(out: &mut impl fmt::Write) -> fmt::Result {
    match current() {
        Some((trace_id, request_id)) => {
            write!(out, " trace_id={trace_id} request_id={request_id}")
        }
        None => Ok(()),
    }
}

//! Where the process's spans go, and whether they go anywhere.

use crate::{Ended, Sampling, TraceContext};
use std::sync::OnceLock;

static RECORDER: OnceLock<Recorder> = OnceLock::new();

/// What records the spans of this process.
pub(crate) struct Recorder {
    pub(crate) sampling: Sampling,
    sink: Box<dyn Sink>,
}

/// Takes spans that have ended. It must not block, and may drop what it has no room for.
pub trait Sink: Send + Sync + 'static {
    /// Takes one.
    fn take(&self, span: Ended);
}

/// The spans of this process go somewhere already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the spans of this process are recorded already")]
pub struct AlreadyRecorded;

/// From now on the spans of this process go to `sink`; of the traces that begin here, those that
/// `sampling` takes. Once in a process.
///
/// # Errors
/// They go somewhere already.
pub fn record_to(sink: impl Sink, sampling: Sampling) -> Result<(), AlreadyRecorded> {
    let recorder = Recorder {
        sampling,
        sink: Box::new(sink),
    };
    RECORDER.set(recorder).map_err(|_| AlreadyRecorded)
}

/// The step of a trace that `traceparent` names, if what follows from it is recorded here. Where
/// nothing is recorded, the text is not even looked at.
pub fn recorded(traceparent: Option<&str>) -> Option<TraceContext> {
    recorder()?;
    let context = TraceContext::parse(traceparent?.as_bytes()).ok()?;
    context.is_sampled().then_some(context)
}

pub(crate) fn recorder() -> Option<&'static Recorder> {
    RECORDER.get()
}

impl Recorder {
    pub(crate) fn take(&self, span: Ended) {
        self.sink.take(span);
    }
}

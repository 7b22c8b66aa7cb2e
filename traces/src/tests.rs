//! What is recorded once there is somewhere for it to go.

use crate::{Ended, Kind, Sampling, Sink, Span, TraceContext, Value, record_to, recorded};
use std::sync::{Mutex, PoisonError};

/// All tests of this process share it, as there is one sink in a process; each looks for its own
/// trace.
static SPANS: Mutex<Vec<Ended>> = Mutex::new(vec![]);

struct Kept;

impl Sink for Kept {
    fn take(&self, span: Ended) {
        SPANS
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(span);
    }
}

fn record() {
    // It fails where another test was faster, which records the same.
    let _ = record_to(Kept, Sampling::share(1.0));
}

fn of(trace: TraceContext) -> Vec<Ended> {
    let spans = SPANS.lock().unwrap_or_else(PoisonError::into_inner);
    let mine = spans
        .iter()
        .filter(|span| span.context.trace_id() == trace.trace_id());
    mine.cloned().collect()
}

#[test]
fn a_span_is_a_step_of_its_callers_trace_and_ends_when_it_is_dropped() {
    record();
    let caller = TraceContext::new_root(true);
    let (context, mut server) = Span::enter(Some(caller), Kind::Server);
    server.name("GET /it");
    server.set("http.response.status_code", 200_i64);
    assert_eq!(server.context(), Some(context));

    let text = context.to_string();
    let mut inner = Span::begin_remote(recorded(Some(&text)), Kind::Client, || "ask");
    inner.fail("nobody is there");
    inner.fail("and nobody will be");
    assert_eq!(of(caller), []);
    drop(inner);
    drop(server);

    let spans = of(caller);
    let [inner, server] = spans.as_slice() else {
        panic!("{spans:?}")
    };
    assert_eq!(server.name, "GET /it");
    assert_eq!(server.parent, Some(caller));
    assert!(server.parent_is_remote && inner.parent_is_remote);
    let status = ("http.response.status_code", Value::Integer(200));
    assert_eq!(server.attributes, [status]);
    assert_eq!(server.failure, None);
    assert_eq!(inner.parent, Some(server.context));
    assert_ne!(inner.context.span_id(), server.context.span_id());
    assert_eq!(inner.failure.as_deref(), Some("nobody is there"));
    assert!(inner.began >= server.began && inner.took <= server.took);
}

#[test]
fn a_trace_that_its_caller_does_not_record_goes_on_as_it_is() {
    record();
    let caller = TraceContext::new_root(false);
    let (context, span) = Span::enter(Some(caller), Kind::Server);
    assert_eq!(context, caller);
    assert!(!span.is_recorded());
    assert_eq!(recorded(Some(&context.to_string())), None);
    assert_eq!(
        span.traceparent_or(Some("as it was")).as_deref(),
        Some("as it was")
    );
    drop(span);
    assert_eq!(of(caller), []);
}

#[test]
fn a_trace_that_begins_here_has_no_parent_and_is_marked_as_recorded() {
    record();
    let (context, span) = Span::enter(None, Kind::Server);
    assert!(context.is_sampled());
    drop(span);
    let spans = of(context);
    assert_eq!(spans.len(), 1);
    assert_eq!((spans[0].parent, spans[0].parent_is_remote), (None, false));
}

#[test]
fn what_follows_from_nothing_is_not_recorded() {
    record();
    for nothing in [None, Some(""), Some("nonsense")] {
        assert_eq!(recorded(nothing), None);
    }
    let span = Span::begin(None, Kind::Internal, || -> String {
        panic!("nobody needs its name")
    });
    assert!(!span.is_recorded() && span.context().is_none());
}

//! The spans of commands.

use super::*;
use std::sync::{Mutex, PoisonError};
use traces::{Ended, Sampling, Sink, TraceContext, Value, record_to};

static SPANS: Mutex<Vec<Ended>> = Mutex::new(vec![]);

struct Kept;

impl Sink for Kept {
    fn take(&self, span: Ended) {
        let mut spans = SPANS.lock().unwrap_or_else(PoisonError::into_inner);
        spans.push(span);
    }
}

/// Records the spans of this process; of a request that is recorded itself, or is not.
fn request(sampled: bool) -> TraceContext {
    // It fails where another test was faster, which records the same.
    let _ = record_to(Kept, Sampling::share(1.0));
    TraceContext::new_root(sampled)
}

fn of(request: TraceContext, name: &str) -> Vec<Ended> {
    let spans = SPANS.lock().unwrap_or_else(PoisonError::into_inner);
    let mine = spans.iter().filter(|span| {
        span.context.trace_id() == request.trace_id() && span.name.starts_with(name)
    });
    mine.cloned().collect()
}

fn said<'a>(span: &'a Ended, key: &str) -> Option<&'a Value> {
    let mut said = span.attributes.iter();
    said.find(|(name, _)| *name == key).map(|(_, value)| value)
}

fn traced(request: TraceContext, mut command: CommandEnvelope) -> CommandEnvelope {
    command.traceparent = Some(request.to_string());
    command
}

async fn stored(store: &MemoryStore) -> Vec<Option<String>> {
    let events = store.read_all(Position::ZERO, 100).await;
    let events = events.expect("they can be read").into_iter();
    events.map(|event| event.envelope.traceparent).collect()
}

#[tokio::test]
async fn a_command_is_decided_and_appended_and_its_events_follow_from_the_append() {
    let request = request(true);
    let store = memory();
    let lane = start(store.clone());
    accepted(&lane, traced(request, put(1, place(1)))).await;

    let decided = of(request, "decide place_order");
    let appended = of(request, "append place_order");
    let ([decided], [appended]) = (decided.as_slice(), appended.as_slice()) else {
        panic!("{decided:?} {appended:?}")
    };
    assert_eq!(decided.parent, Some(request));
    assert_eq!(said(decided, "orders.events"), Some(&Value::from(1_i64)));
    assert_eq!(appended.parent, Some(request));
    assert_eq!(said(appended, "orders.outcome"), Some(&Value::from("done")));
    assert_eq!(said(appended, "orders.position"), Some(&Value::from(1_i64)));
    // It is no database.
    assert_eq!(said(appended, "db.system.name"), None);
    assert_eq!(stored(&store).await, [Some(appended.context.to_string())]);
}

#[tokio::test]
async fn of_what_is_not_recorded_the_events_keep_the_requests_own_context() {
    let request = request(false);
    let store = memory();
    let lane = start(store.clone());
    accepted(&lane, traced(request, put(1, place(1)))).await;
    accepted(&lane, put(2, note(1, 1))).await;
    assert_eq!(of(request, ""), []);
    assert_eq!(stored(&store).await, [Some(request.to_string()), None]);
}

#[tokio::test]
async fn what_is_appended_again_is_another_span_and_the_events_follow_from_the_last() {
    let request = request(true);
    let store = memory();
    let (one, two) = (start(store.clone()), start(store.clone()));
    accepted(&one, put(1, place(1))).await;
    accepted(&two, put(2, note(1, 1))).await;
    // The first lane believes that there is no note yet.
    accepted(&one, traced(request, put(3, note(1, 2)))).await;

    let appended = of(request, "append add_note");
    let outcomes: Vec<_> = appended
        .iter()
        .map(|span| said(span, "orders.outcome"))
        .collect();
    let (conflict, done) = (Value::from("conflict"), Value::from("done"));
    assert_eq!(outcomes, [Some(&conflict), Some(&done)]);
    let last = stored(&store).await.pop().flatten();
    assert_eq!(last, Some(appended[1].context.to_string()));
}

#[tokio::test]
async fn an_append_that_fails_is_a_failure_in_the_trace_too() {
    let request = request(true);
    let store = Faulty {
        unwritable: |_| true,
        ..Faulty::new(&memory())
    };
    let lane = start(store);
    let failed = lane.execute(traced(request, put(1, place(1)))).await;
    assert!(matches!(failed, Err(LaneError::Broken(_))));
    let appended = of(request, "append place_order");
    assert_eq!(appended.len(), 1);
    assert!(appended[0].failure.is_some());
}

#[tokio::test]
async fn a_refusal_is_no_failure() {
    let request = request(true);
    let lane = start(memory());
    let refused = lane.execute(traced(request, put(1, note(1, 1)))).await;
    let refused = refused.expect("it is answered").outcome;
    assert!(matches!(refused, Outcome::Refused(_)));
    let decided = of(request, "decide add_note");
    assert_eq!(decided[0].failure, None);
    let outcome = Value::from("refused");
    assert_eq!(said(&decided[0], "orders.outcome"), Some(&outcome));
}

//! The spans of requests: a process of its own, since a process records to one place.

use std::{
    convert::Infallible,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    http::{HeaderValue, Method, Request, StatusCode},
    response::Response,
    routing::{get, post},
};
use chassis::{config::Settings, layers};
use tower::ServiceExt;
use traces::{Ended, Kind, Sampling, Sink, TraceContext, Value, record_to};

static SPANS: Mutex<Vec<Ended>> = Mutex::new(vec![]);

struct Kept;

impl Sink for Kept {
    fn take(&self, span: Ended) {
        let mut spans = SPANS.lock().unwrap_or_else(PoisonError::into_inner);
        spans.push(span);
    }
}

fn router() -> Router {
    // It fails where another test was faster, which records the same.
    let _ = record_to(Kept, Sampling::share(1.0));
    let router = Router::new()
        .route("/things/{id}", get(async || "it"))
        .route("/livez", get(async || "alive"))
        .route("/never", get(std::future::pending::<&'static str>))
        .route("/a.B/Do", post(async || "done"))
        .route(
            "/broken",
            get(async || -> &'static str { panic!("on purpose") }),
        );
    layers::wrap(router, &Settings::default().http)
}

fn request(path: &str, caller: Option<TraceContext>) -> Request<Body> {
    let mut request = Request::get(path);
    if let Some(caller) = caller {
        request = request.header("traceparent", caller.to_string());
    }
    request.body(Body::empty()).expect("a request")
}

/// The answer, and the context that it names.
async fn ask(path: &str, caller: Option<TraceContext>) -> (StatusCode, TraceContext) {
    let answer: Result<Response, Infallible> = router().oneshot(request(path, caller)).await;
    let Ok(answer) = answer;
    let traceparent = answer.headers()["traceparent"].to_str().expect("text");
    (answer.status(), traceparent.parse().expect("a traceparent"))
}

fn of(trace: TraceContext) -> Vec<Ended> {
    let spans = SPANS.lock().unwrap_or_else(PoisonError::into_inner);
    let mine = spans
        .iter()
        .filter(|span| span.context.trace_id() == trace.trace_id());
    mine.cloned().collect()
}

fn only(trace: TraceContext) -> Ended {
    let spans = of(trace);
    assert_eq!(spans.len(), 1, "{spans:?}");
    spans[0].clone()
}

fn said<'a>(span: &'a Ended, key: &str) -> Option<&'a Value> {
    let mut said = span.attributes.iter();
    said.find(|(name, _)| *name == key).map(|(_, value)| value)
}

#[tokio::test]
async fn a_request_is_a_step_of_its_callers_trace() {
    let caller = TraceContext::new_root(true);
    let (status, context) = ask("/things/7?secret=1", Some(caller)).await;
    assert_eq!(status, StatusCode::OK);
    let span = only(caller);
    assert_eq!(span.context, context, "the answer names the step");
    assert_eq!(span.parent, Some(caller));
    assert!(span.parent_is_remote);
    assert_eq!((&*span.name, span.kind), ("GET /things/{id}", Kind::Server));
    assert_eq!(span.failure, None);
    for (key, value) in [
        ("http.request.method", Value::from("GET")),
        ("http.route", Value::from("/things/{id}")),
        ("url.path", Value::from("/things/7")),
        ("url.scheme", Value::from("http")),
        ("http.response.status_code", Value::from(200_i64)),
    ] {
        assert_eq!(said(&span, key), Some(&value), "{key}");
    }
}

#[tokio::test]
async fn a_call_is_one_too_and_is_called_as_calls_are() {
    for (path, name, error) in [
        ("/a.B/Do", "a.B/Do", None),
        ("/a.B/MadeUp", "_OTHER", Some("501")),
    ] {
        let caller = TraceContext::new_root(true);
        let mut call = request(path, Some(caller));
        *call.method_mut() = Method::POST;
        let kind = HeaderValue::from_static("application/grpc");
        call.headers_mut().insert("content-type", kind);
        let Ok(_) = router().oneshot(call).await;
        let span = only(caller);
        assert_eq!((&*span.name, span.kind), (name, Kind::Server));
        assert_eq!(span.parent, Some(caller));
        assert_eq!(said(&span, "rpc.system.name"), Some(&Value::from("grpc")));
        let method = Value::from(name.to_owned());
        assert_eq!(said(&span, "rpc.method"), Some(&method));
        let error = error.map(Value::from);
        assert_eq!(said(&span, "error.type"), error.as_ref());
        assert_eq!(said(&span, "http.request.method"), None);
    }
}

#[tokio::test]
async fn a_request_without_a_caller_begins_a_trace() {
    let (_, context) = ask("/nowhere", None).await;
    assert!(context.is_sampled());
    let span = only(context);
    assert_eq!((&*span.name, span.parent), ("GET", None));
    let status = Value::from(404_i64);
    assert_eq!(said(&span, "http.response.status_code"), Some(&status));
    assert_eq!(span.failure, None, "the caller was wrong, not we");
}

#[tokio::test]
async fn what_the_caller_does_not_record_is_not_recorded() {
    let caller = TraceContext::new_root(false);
    let (_, context) = ask("/things/7", Some(caller)).await;
    assert_eq!(context, caller);
    assert_eq!(of(caller), []);
}

#[tokio::test]
async fn a_failure_is_one_in_the_trace_too() {
    let caller = TraceContext::new_root(true);
    let (status, _) = ask("/broken", Some(caller)).await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    let span = only(caller);
    assert!(span.failure.is_some());
    let kind = Value::from("500");
    assert_eq!(said(&span, "error.type"), Some(&kind));
}

#[tokio::test]
async fn a_request_whose_client_leaves_ends_too() {
    let caller = TraceContext::new_root(true);
    let asking = router().oneshot(request("/never", Some(caller)));
    let left = tokio::time::timeout(Duration::from_millis(20), asking).await;
    assert!(left.is_err());
    let span = only(caller);
    assert_eq!(said(&span, "error.type"), Some(&Value::from("client_gone")));
    assert_eq!(said(&span, "http.response.status_code"), None);
}

#[tokio::test]
async fn nobody_gets_a_trace_of_each_look_at_the_process() {
    let caller = TraceContext::new_root(true);
    let (status, context) = ask("/livez", Some(caller)).await;
    assert_eq!((status, context), (StatusCode::OK, caller));
    assert_eq!(of(caller), []);
    let (_, context) = ask("/livez", None).await;
    assert!(!context.is_sampled());
}

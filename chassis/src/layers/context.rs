//! What is known about a request before its handler runs.

use std::{convert::Infallible, future::Future, time::Duration};

use axum::{
    extract::FromRequestParts,
    http::{Extensions, HeaderMap, HeaderName, HeaderValue, request::Parts},
};

use traces::{Kind, Span};

use crate::{
    clock,
    config::HttpSettings,
    problem::Problem,
    telemetry::{LogScope, TraceContext},
};

pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");
pub(super) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const MAX_REQUEST_ID: usize = 128;

/// Who asks, as logs, answers and events name it; an extractor for handlers.
#[derive(Debug, Clone)]
pub struct RequestContext {
    request_id: HeaderValue,
    /// Our own step in the caller's trace or in a new one, where it is recorded; else the caller's.
    pub trace: TraceContext,
    body: BodyLimits,
}

impl RequestContext {
    /// The client's `Request-Id` (or `X-Request-Id`) where it is 1 to 128 visible ASCII
    /// characters, else a new UUIDv7.
    #[must_use]
    pub fn request_id(&self) -> &str {
        self.request_id.to_str().unwrap_or_default()
    }

    pub(crate) fn of_headers(headers: &HeaderMap) -> Self {
        Self::of(headers, (&HttpSettings::default()).into())
    }

    /// Of a request that is not recorded.
    pub(crate) fn of(headers: &HeaderMap, body: BodyLimits) -> Self {
        Self::new(headers, Span::pass(caller(headers)), body)
    }

    /// Of a request that is worked on from now on, with its span.
    pub(super) fn enter(headers: &HeaderMap, body: BodyLimits) -> (Self, Span) {
        let (trace, span) = Span::enter(caller(headers), Kind::Server);
        (Self::new(headers, trace, body), span)
    }

    fn new(headers: &HeaderMap, trace: TraceContext, body: BodyLimits) -> Self {
        let request_id = headers
            .get(REQUEST_ID)
            .or_else(|| headers.get(X_REQUEST_ID))
            .filter(|id| is_sane(id.as_bytes()))
            .cloned()
            .unwrap_or_else(new_request_id);
        Self {
            request_id,
            trace,
            body,
        }
    }

    /// Writes the request's id into a problem that is answered in no HTTP answer of its own.
    #[must_use]
    pub fn name(&self, problem: Problem) -> Problem {
        problem.with_request_id(self.request_id())
    }

    /// Runs work for this request in a task of its own with the request's ids on its log lines.
    pub fn scope<F: Future>(&self, work: F) -> impl Future<Output = F::Output> + use<F> {
        LogScope {
            trace: self.trace,
            request_id: self.request_id.clone(),
        }
        .run(work)
    }

    /// Writes the headers that name the request into its answer.
    pub(super) fn stamp(self, headers: &mut HeaderMap) {
        if let Ok(traceparent) = HeaderValue::from_bytes(&self.trace.render()) {
            headers.insert(TRACEPARENT, traceparent);
        }
        headers.insert(REQUEST_ID, self.request_id);
    }
}

impl<S: Sync> FromRequestParts<S> for RequestContext {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts
            .extensions
            .get()
            .cloned()
            .unwrap_or_else(|| Self::of(&parts.headers, BodyLimits::of(&parts.extensions))))
    }
}

/// The step in a trace that the request follows from.
fn caller(headers: &HeaderMap) -> Option<TraceContext> {
    let parent = headers.get(TRACEPARENT)?;
    TraceContext::parse(parent.as_bytes()).ok()
}

fn is_sane(id: &[u8]) -> bool {
    (1..=MAX_REQUEST_ID).contains(&id.len()) && id.iter().all(u8::is_ascii_graphic)
}

fn new_request_id() -> HeaderValue {
    let mut buffer = uuid::Uuid::encode_buffer();
    let id = clock::new_id().hyphenated().encode_lower(&mut buffer);
    HeaderValue::from_str(id).unwrap_or_else(|_| HeaderValue::from_static("unknown"))
}

/// How large a body may be and how long it may take to arrive.
#[derive(Debug, Clone, Copy)]
pub struct BodyLimits {
    /// Largest body, in bytes.
    pub max_bytes: usize,
    /// Longest time from the head of the request to the end of its body.
    pub timeout: Duration,
}

impl BodyLimits {
    /// The limits of a request; where no layer has set them, the defaults of the configuration.
    pub(crate) fn of(extensions: &Extensions) -> Self {
        extensions
            .get::<RequestContext>()
            .map_or_else(|| (&HttpSettings::default()).into(), |context| context.body)
    }
}

impl From<&HttpSettings> for BodyLimits {
    fn from(http: &HttpSettings) -> Self {
        Self {
            max_bytes: http.max_body_bytes,
            timeout: http.body_timeout(),
        }
    }
}

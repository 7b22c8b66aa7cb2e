//! The layer around every request, outermost to innermost: ids, each client's rate, shedding, time limit,
//! panics; then, on the way out: problem details, headers, metrics, one log line for a failure.

use std::{
    any::Any,
    convert::Infallible,
    future::{Future, ready},
    panic::AssertUnwindSafe,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};

use axum::{
    body::{Body, HttpBody},
    extract::{DefaultBodyLimit, MatchedPath, Request},
    http::{Method, Uri, header},
    response::{IntoResponse, Response},
};
use futures::FutureExt;
use tower::{Layer, Service};
use traces::Span;

use super::{
    LASTING_PATHS, PROBE_PATHS,
    bodies::{self, BodyBudget},
    client_rate::ClientRate,
    context::{BodyLimits, RequestContext},
    route_metrics::{CLIENT_GONE, RouteMetrics},
    spans,
};
use crate::{
    config::HttpSettings,
    grpc::{self, LASTING_CALLS, STREAMED_CALLS},
    problem::Problem,
};

/// When a client that was turned away may come again.
pub(crate) const RETRY_AFTER: Duration = Duration::from_secs(1);

/// What all routes of a server share.
struct Shared {
    body: BodyLimits,
    bodies: Arc<BodyBudget>,
    request_timeout: Duration,
    max_in_flight: usize,
    in_flight: AtomicUsize,
    client_rate: Option<ClientRate>,
}

/// Puts a [`RequestService`] around each route; see [`super::wrap`].
#[derive(Clone)]
pub struct RequestLayer {
    shared: Arc<Shared>,
}

impl RequestLayer {
    /// A layer with the limits of the configuration. The routes under it share `max_in_flight`.
    #[must_use]
    pub fn new(http: &HttpSettings) -> Self {
        Self {
            shared: Arc::new(Shared {
                body: http.into(),
                bodies: Arc::new(BodyBudget::new(http.max_bodies_bytes)),
                request_timeout: http.request_timeout(),
                max_in_flight: http.max_in_flight,
                in_flight: AtomicUsize::new(0),
                client_rate: ClientRate::new(http),
            }),
        }
    }
}

impl<S> Layer<S> for RequestLayer {
    type Service = RequestService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        RequestService {
            inner,
            shared: Arc::clone(&self.shared),
            metrics: Arc::default(),
        }
    }
}

/// One route with everything that happens around a request.
#[derive(Clone)]
pub struct RequestService<S> {
    inner: S,
    shared: Arc<Shared>,
    metrics: Arc<RouteMetrics>,
}

impl<S> Service<Request> for RequestService<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let kind = Kind::of(&request);
        // Of one that is turned away.
        let context = |request: &Request| RequestContext::of(request.headers(), self.shared.body);
        let rate = self.shared.client_rate.as_ref();
        if let Some(wait) = rate.and_then(|rate| rate.refuse(&request)) {
            // Many in a row, by definition: counted, but not a log line each.
            metrics::counter!("http_requests_limited_total").increment(1);
            let refused = too_many(kind, context(&request), request.uri(), wait);
            return Box::pin(ready(Ok(refused)));
        }
        let Some(mut visit) = Visit::begin(&self.shared, &self.metrics, kind, &request) else {
            // Many at once, by definition: counted, but not a log line each.
            metrics::counter!("http_requests_shed_total").increment(1);
            let shed = overloaded(kind, context(&request), request.uri());
            return Box::pin(ready(Ok(shed)));
        };
        let context = match visit.is_probe() {
            true => context(&request),
            false => {
                let (context, span) = RequestContext::enter(request.headers(), self.shared.body);
                visit.span = span;
                context
            }
        };

        match kind {
            Kind::Http { is_lasting: true } => {
                request = bodies::budgeted(request, &self.shared.bodies, true);
            }
            Kind::Http { .. } if !request.body().is_end_stream() => {
                DefaultBodyLimit::max(self.shared.body.max_bytes).apply(&mut request);
                let bodies = Arc::clone(&self.shared.bodies);
                request.extensions_mut().insert(bodies);
            }
            Kind::Http { .. } => {}
            Kind::Grpc { .. } => {
                let is_streamed = STREAMED_CALLS.contains(&request.uri().path());
                request = bodies::budgeted(request, &self.shared.bodies, is_streamed);
            }
        }
        request.extensions_mut().insert(context.clone());
        let scope = context.clone();

        let limit = kind.time_limit(self.shared.request_timeout);
        // Nothing of the request is looked at again after a panic.
        let handled = AssertUnwindSafe(self.inner.call(request)).catch_unwind();
        let answer = async move {
            let (mut response, told) = match within(limit, handled).await {
                Ok(Ok(Ok(response))) => (response, false),
                Ok(Err(panic)) => (panicked(panic.as_ref()), true),
                Err(limit) => (too_slow(kind, limit), false),
            };
            let code = name_problem(kind, &mut response, &context, &visit.uri);
            let status = kind.status(&response);
            if !told {
                visit.log(status, code.as_deref());
            }
            context.stamp(response.headers_mut());
            visit.end(status);
            Ok(response)
        };
        Box::pin(scope.scope(answer))
    }
}

/// How a request is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// As HTTP is.
    Http {
        /// Whether the request lasts as long as the client goes on sending.
        is_lasting: bool,
    },
    /// As gRPC is.
    Grpc {
        /// How long the caller waits.
        deadline: Option<Duration>,
        /// Whether the call lasts as long as the caller goes on sending.
        is_lasting: bool,
    },
}

impl Kind {
    fn of(request: &Request) -> Self {
        match grpc::is_grpc(request.headers()) {
            false => Self::Http {
                is_lasting: LASTING_PATHS.contains(&request.uri().path()),
            },
            true => Self::Grpc {
                deadline: grpc::deadline(request.headers()),
                is_lasting: LASTING_CALLS.contains(&request.uri().path()),
            },
        }
    }

    fn time_limit(self, ours: Duration) -> Option<Duration> {
        match self {
            Self::Http { is_lasting: false } => Some(ours),
            Self::Http { is_lasting: true } => None,
            Self::Grpc {
                deadline,
                is_lasting: true,
            } => deadline,
            Self::Grpc { deadline, .. } => Some(deadline.map_or(ours, |theirs| theirs.min(ours))),
        }
    }

    fn status(self, response: &Response) -> u16 {
        match self {
            Self::Http { .. } => response.status().as_u16(),
            Self::Grpc { .. } => grpc::as_http_status(response),
        }
    }
}

/// As `tokio::time::timeout`, if there is a limit; fails with it.
async fn within<T>(limit: Option<Duration>, work: impl Future<Output = T>) -> Result<T, Duration> {
    match limit {
        None => Ok(work.await),
        Some(limit) => tokio::time::timeout(limit, work).await.map_err(|_| limit),
    }
}

/// A request that is in work: counted while it lives, recorded when it ends, also when the client
/// leaves and the server drops it half-way.
struct Visit {
    shared: Arc<Shared>,
    metrics: Arc<RouteMetrics>,
    kind: Kind,
    method: Method,
    uri: Uri,
    route: Option<MatchedPath>,
    began: Instant,
    status: u16,
    span: Span,
}

impl Visit {
    /// `None` where too many requests are in work already.
    fn begin(
        shared: &Arc<Shared>,
        metrics: &Arc<RouteMetrics>,
        kind: Kind,
        request: &Request,
    ) -> Option<Self> {
        let before = shared.in_flight.fetch_add(1, Ordering::Relaxed);
        if before >= shared.max_in_flight && !PROBE_PATHS.contains(&request.uri().path()) {
            shared.in_flight.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        Some(Self {
            shared: Arc::clone(shared),
            metrics: Arc::clone(metrics),
            kind,
            method: request.method().clone(),
            uri: request.uri().clone(),
            route: request.extensions().get().cloned(),
            began: Instant::now(),
            status: CLIENT_GONE,
            span: Span::NONE,
        })
    }

    /// Whether somebody only looks how this process is: nobody wants a trace of each of those.
    fn is_probe(&self) -> bool {
        PROBE_PATHS.contains(&self.uri.path())
    }

    fn end(mut self, status: u16) {
        self.status = status;
    }

    fn log(&self, status: u16, code: Option<&str>) {
        let (method, path) = (self.method.as_str(), self.uri.path());
        let took_ms = self.began.elapsed().as_millis();
        match status {
            // What is not implemented was asked for by mistake.
            // A deadline is mostly its caller's own.
            status if status < 500 || matches!(status, 501 | 504) => tracing::debug!(
                method,
                path,
                status,
                code,
                took_ms,
                "{method} {path} {status}"
            ),
            503 => tracing::warn!(
                method,
                path,
                status,
                code,
                took_ms,
                "{method} {path} {status}"
            ),
            _ => tracing::error!(
                method,
                path,
                status,
                code,
                took_ms,
                "{method} {path} {status}"
            ),
        }
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        self.shared.in_flight.fetch_sub(1, Ordering::Relaxed);
        let route = self.route.as_ref().map(MatchedPath::as_str);
        self.metrics
            .record(&self.method, route, self.status, self.began);
        if self.span.is_recorded() {
            let span = &mut self.span;
            match self.kind {
                Kind::Http { .. } => {
                    spans::describe(span, &self.method, &self.uri, route, self.status);
                }
                Kind::Grpc { .. } => spans::describe_call(span, route, self.status),
            }
        }
    }
}

fn overloaded(kind: Kind, context: RequestContext, uri: &Uri) -> Response {
    let detail = "Too many requests are in work; try again shortly.";
    turned_away(
        kind,
        Problem::service_unavailable("OVERLOADED", detail, RETRY_AFTER),
        context,
        uri,
    )
}

fn too_many(kind: Kind, context: RequestContext, uri: &Uri, wait: Duration) -> Response {
    let detail = "You send too many requests; send them more slowly.";
    turned_away(
        kind,
        Problem::too_many_requests("TOO_MANY_REQUESTS", detail, wait),
        context,
        uri,
    )
}

fn turned_away(kind: Kind, problem: Problem, context: RequestContext, uri: &Uri) -> Response {
    let mut response = problem.into_response();
    name_problem(kind, &mut response, &context, uri);
    context.stamp(response.headers_mut());
    response
}

fn too_slow(kind: Kind, limit: Duration) -> Response {
    let key = match kind {
        Kind::Http { .. } => "Idempotency-Key",
        Kind::Grpc { .. } => "request_id",
    };
    let detail = format!(
        "The request was not finished within {} ms; it may still take effect, and the same \
         {key} finds out.",
        limit.as_millis()
    );
    Problem::service_unavailable("REQUEST_TIMED_OUT", detail, RETRY_AFTER).into_response()
}

/// The panic hook has written what happened and where; the client learns only that it did.
fn panicked(_: &(dyn Any + Send)) -> Response {
    metrics::counter!("http_panics_total").increment(1);
    Problem::internal().into_response()
}

/// Writes the request's id and path into a problem answer, or makes a call's status of it, and returns
/// its code.
fn name_problem(
    kind: Kind,
    response: &mut Response,
    context: &RequestContext,
    uri: &Uri,
) -> Option<String> {
    let problem: Problem = response.extensions_mut().remove()?;
    let code = problem.code().to_owned();
    let problem = problem.with_request(context.request_id(), uri.path());
    if let Kind::Grpc { .. } = kind {
        *response = grpc::answer(&problem);
        return Some(code);
    }
    let body = problem.to_body();
    // The router may have measured the shorter body.
    response.headers_mut().remove(header::CONTENT_LENGTH);
    *response.body_mut() = Body::from(body);
    Some(code)
}

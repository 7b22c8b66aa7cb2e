//! One connection of HTTP/2, which gRPC speaks: many requests at once, each of which is one.

use std::{
    collections::HashMap,
    convert::Infallible,
    pin::{Pin, pin},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::{Body, HttpBody},
    response::Response,
};
use bytes::Bytes;
use hyper::{
    Request,
    body::{Frame, Incoming, SizeHint},
    server::conn::http2,
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::{sync::Notify, time::sleep};
use tower::Service;

use super::{Client, Lifecycle, Limits, places::Place, watched::Watched};

/// Requests of one connection at once; more wait for their turn.
const MAX_STREAMS: u32 = 256;
/// What one request may send ahead, and all of a connection together.
const STREAM_WINDOW: u32 = 64 * 1_024;
const CONNECTION_WINDOW: u32 = 256 * 1_024;
/// What may wait to be sent, of one request.
const MAX_SEND_BUFFER: usize = 64 * 1_024;
/// As of HTTP/1.1.
const MAX_HEAD: u32 = 32 * 1_024;
/// How often a client that is silent is asked whether it is still there, and how long it may take to
/// say so.
const PING_EVERY: Duration = Duration::from_secs(20);
const PING_WITHIN: Duration = Duration::from_secs(20);

/// The requests of a connection.
#[derive(Default)]
struct Requests {
    /// Those in work, until all of their answers was handed on.
    running: AtomicUsize,
    /// How many there have been.
    begun: AtomicUsize,
    /// The first has begun.
    first: Notify,
    /// Since when the client has not taken what there is of an answer, by the request's number.
    untaken: Mutex<HashMap<usize, Instant>>,
}

/// Serves a connection as [`connection::serve`](super::connection::serve) does.
pub(super) async fn serve(
    io: TokioIo<Watched>,
    client: Option<Client>,
    place: Place,
    router: Router,
    limits: Limits,
    lifecycle: Lifecycle,
) {
    let requests = Arc::new(Requests::default());
    let service = service_fn({
        let requests = Arc::clone(&requests);
        move |mut request: Request<Incoming>| {
            let running = Running::begin(&requests);
            if let Some(client) = client {
                request.extensions_mut().insert(client);
            }
            let mut router = router.clone();
            let answer = router.call(request.map(Body::new));
            async move {
                let answer: Result<Response, Infallible> = answer.await;
                running.has_some();
                answer.map(|answer| answer.map(|body| Answer { body, running }))
            }
        }
    });
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buf_size(MAX_SEND_BUFFER)
        .max_header_list_size(MAX_HEAD)
        .keep_alive_interval(PING_EVERY)
        .keep_alive_timeout(PING_WITHIN);
    let mut connection = pin!(builder.serve_connection(io, service));
    let is_stop = tokio::select! {
        ended = connection.as_mut() => return tell(ended),
        () = requests.stalled(limits) => return,
        () = lifecycle.soft().cancelled() => true,
        () = requests.idle(limits) => false,
        () = requests.first.notified(), if !place.lasting => false,
    };
    // What runs is finished; what comes now goes to another connection.
    connection.as_mut().graceful_shutdown();
    let has_begun = requests.begun.load(Ordering::Relaxed) > 0;
    // Before its first request a connection may not even have finished its beginning, and a place for
    // those who do not stay is not kept by a stream. A stop has a bound of its own.
    let patience = match has_begun {
        true => limits.keep_alive_timeout,
        false => limits.header_timeout,
    };
    tokio::select! {
        ended = connection.as_mut() => tell(ended),
        () = requests.stalled(limits) => {}
        () = lifecycle.hard().cancelled() => {}
        () = sleep(patience), if !has_begun || !is_stop => {}
    }
}

fn tell(ended: hyper::Result<()>) {
    if let Err(error) = ended {
        tracing::debug!("a connection ended early: {error}");
    }
}

impl Requests {
    /// Waits until an answer was not taken for too long. Only the client's window can keep it: where its
    /// socket does, that is noticed there.
    async fn stalled(&self, limits: Limits) {
        loop {
            sleep(limits.write_timeout / 4).await;
            let oldest = self.untaken().values().min().copied();
            if oldest.is_some_and(|since| since.elapsed() >= limits.write_timeout) {
                tracing::debug!("a connection was given up: its client takes nothing of an answer");
                return;
            }
        }
    }

    fn untaken(&self) -> MutexGuard<'_, HashMap<usize, Instant>> {
        self.untaken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until nothing was asked for as long as a connection may be idle.
    async fn idle(&self, limits: Limits) {
        sleep(limits.header_timeout).await;
        if self.begun.load(Ordering::Relaxed) == 0 {
            // It was opened to send something.
            return;
        }
        loop {
            let begun = self.begun.load(Ordering::Relaxed);
            sleep(limits.keep_alive_timeout).await;
            let is_quiet = self.begun.load(Ordering::Relaxed) == begun;
            if is_quiet && self.running.load(Ordering::Relaxed) == 0 {
                return;
            }
        }
    }
}

/// A request, until its answer was taken or given up.
struct Running {
    of: Arc<Requests>,
    number: usize,
}

impl Running {
    fn begin(requests: &Arc<Requests>) -> Self {
        requests.running.fetch_add(1, Ordering::Relaxed);
        let number = requests.begun.fetch_add(1, Ordering::Relaxed);
        requests.first.notify_one();
        Self {
            of: Arc::clone(requests),
            number,
        }
    }

    /// There is something of its answer for the client to take.
    fn has_some(&self) {
        self.of.untaken().insert(self.number, Instant::now());
    }

    /// There is nothing for now, or no more.
    fn has_none(&self) {
        self.of.untaken().remove(&self.number);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.has_none();
        self.of.running.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The body of an answer, which belongs to its request. It is asked for more when the client has room.
struct Answer {
    body: Body,
    running: Running,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        match &polled {
            Poll::Ready(Some(Ok(_))) => self.running.has_some(),
            Poll::Ready(_) | Poll::Pending => self.running.has_none(),
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

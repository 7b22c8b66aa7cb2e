//! One connection of HTTP/2, which gRPC speaks: many requests at once, each of which is one.

use std::{
    convert::Infallible,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
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
const STREAM_WINDOW: u32 = 256 * 1_024;
const CONNECTION_WINDOW: u32 = 1_024 * 1_024;
/// What may wait to be sent, of one request.
const MAX_SEND_BUFFER: usize = 256 * 1_024;
/// As of HTTP/1.1.
const MAX_HEAD: u32 = 32 * 1_024;
/// How often a client that is silent is asked whether it is still there, and how long it may take to
/// say so.
const PING_EVERY: Duration = Duration::from_secs(20);
const PING_WITHIN: Duration = Duration::from_secs(20);

/// The requests of a connection.
#[derive(Default)]
struct Requests {
    /// Those in work, up to the last byte of their answers.
    running: AtomicUsize,
    /// How many there have been.
    begun: AtomicUsize,
    /// The first has begun.
    first: Notify,
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
                answer.map(|answer| {
                    answer.map(|body| Answer {
                        body,
                        _running: running,
                    })
                })
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
    let until_it_must_end = async {
        tokio::select! {
            () = lifecycle.soft().cancelled() => {}
            () = requests.idle(limits) => {}
            () = requests.first.notified(), if !place.lasting => {}
        }
    };
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = until_it_must_end => {
            // What runs is finished; what comes now goes to another connection.
            connection.as_mut().graceful_shutdown();
            let hard = lifecycle.hard().run_until_cancelled(connection).await;
            hard.unwrap_or(Ok(()))
        }
    };
    if let Err(error) = ended {
        tracing::debug!("a connection ended early: {error}");
    }
}

impl Requests {
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

/// A request, until its answer is sent or given up.
struct Running(Arc<Requests>);

impl Running {
    fn begin(requests: &Arc<Requests>) -> Self {
        requests.running.fetch_add(1, Ordering::Relaxed);
        requests.begun.fetch_add(1, Ordering::Relaxed);
        requests.first.notify_one();
        Self(Arc::clone(requests))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The body of an answer, which belongs to its request.
struct Answer {
    body: Body,
    _running: Running,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

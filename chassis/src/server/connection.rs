//! One connection, from its first byte to its last.

use std::{pin::pin, sync::Arc, time::Duration};

use axum::{Router, body::Body};
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    net::TcpStream,
    time::{sleep, timeout},
};
use tower::Service;

use super::{
    Client, Lifecycle, Limits, http2,
    places::Place,
    timer::ConnectionTimer,
    watched::{Activity, Watched},
};

/// What a connection may hold in memory; hyper's own default is 400 KB.
const MAX_BUFFER: usize = 64 * 1024;
/// Larger than any sensible request head; more is answered 431.
const MAX_HEAD: usize = 32 * 1024;
const MAX_HEADERS: usize = 64;

/// Serves a connection until either side closes it or the lifecycle ends it: softly after the
/// request that runs, then hard. Its place is free when it is over.
pub(super) async fn serve(
    stream: TcpStream,
    place: Place,
    router: Router,
    limits: Limits,
    lifecycle: Lifecycle,
) {
    // Answers are written whole; waiting for more to send would only delay them.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!("a connection was closed before it was served: {error}");
        return;
    }
    let client = match limits.name_clients {
        true => stream.peer_addr().ok().map(|address| Client(address.ip())),
        false => None,
    };
    let Some(is_http2) = begins_http2(&stream, &limits, &lifecycle).await else {
        return;
    };
    let activity = Arc::new(Activity::default());
    let timer = ConnectionTimer::new(Arc::clone(&activity), &limits);
    let io = TokioIo::new(Watched::new(stream, activity, limits.write_timeout));
    if is_http2 {
        return http2::serve(io, client, place, router, limits, lifecycle).await;
    }
    let service = service_fn(move |mut request: Request<Incoming>| {
        if let Some(client) = client {
            request.extensions_mut().insert(client);
        }
        // Two counters: the routes themselves are shared.
        let mut router = router.clone();
        router.call(request.map(Body::new))
    });

    let mut builder = http1::Builder::new();
    builder
        .timer(timer)
        .keep_alive(place.lasting)
        .header_read_timeout(limits.header_timeout)
        .max_buf_size(MAX_BUFFER)
        .max_header_size(MAX_HEAD)
        .max_headers(MAX_HEADERS);
    let mut connection = pin!(builder.serve_connection(io, service));
    let ended = match lifecycle
        .soft()
        .run_until_cancelled(connection.as_mut())
        .await
    {
        Some(ended) => ended,
        // Only now is the hard token of interest; watching both all along would cost every poll.
        None => {
            connection.as_mut().graceful_shutdown();
            lifecycle
                .hard()
                .run_until_cancelled(connection)
                .await
                .unwrap_or(Ok(()))
        }
    };
    // A client that leaves early or sends nonsense is not an event in the life of a server.
    if let Err(error) = ended {
        tracing::debug!("a connection ended early: {error}");
    }
}

/// How HTTP/2 begins, where both sides know that it will be; nothing of HTTP/1.1 begins so.
const PREFACE: &[u8] = b"PRI ";
/// How long to wait for the rest of a beginning that came in pieces.
const PIECES: Duration = Duration::from_millis(5);

/// Whether a client speaks HTTP/2. `None` if it never says anything.
async fn begins_http2(stream: &TcpStream, limits: &Limits, lifecycle: &Lifecycle) -> Option<bool> {
    let looked = async {
        loop {
            let mut first = [0; PREFACE.len()];
            let read = stream.peek(&mut first).await.ok()?;
            match PREFACE.starts_with(&first[..read]) {
                _ if read == 0 => return None,
                is_http2 if read == PREFACE.len() || !is_http2 => return Some(is_http2),
                _ => sleep(PIECES).await,
            }
        }
    };
    // A new connection was opened to send something.
    let looked = timeout(limits.header_timeout, looked);
    match lifecycle.soft().run_until_cancelled(looked).await {
        Some(looked) => looked.ok()?,
        // It may have sent something by now, or not: hyper knows what becomes of either.
        None => Some(false),
    }
}

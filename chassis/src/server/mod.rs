//! The server of HTTP/1.1, and of HTTP/2 to clients that begin with it, as those of gRPC do: an accept loop of our own, because it must bound what `axum::serve` does
//! not: header time, idle time, the time a client may leave its answer unread, connections, and the
//! time that stopping may take.
//!
//! The last places are for connections that serve one request and are closed, so that clients that
//! keep theirs open, and say nothing, lock nobody out. Connections over the limit wait in the listener's queue, which the kernel bounds, until one
//! closes; beyond that it refuses them. They are not answered 503: to be heard, such an answer must
//! wait for the request that it answers, and that costs the place that there is not. Who waits too
//! long is told by their own connect time-out. Requests over their limit are answered
//! ([`crate::layers`]).
//!
//! What hyper finds malformed before it is a request (400, 414, 431) it answers by itself, with an
//! empty body and no problem+json: it offers no hook for that. `docs/errors.md` says so.

mod accept;
mod connection;
mod http2;
mod linger;
mod places;
mod timer;
mod watched;

use std::{
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use axum::Router;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::TaskTracker;

use crate::{config::HttpSettings, lifecycle::Lifecycle};
use accept::{Accept, BackOff};
use places::{Place, Places};

/// A bound address, not yet served.
#[derive(Debug)]
pub struct Listener {
    inner: TcpListener,
    address: SocketAddr,
}

impl Listener {
    /// The address; with the port that the system chose where 0 was asked for.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// Why an address cannot be listened on.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Another process listens there.
    #[error("{address} is in use by another process; stop it, or choose another port")]
    InUse {
        /// The address that was asked for.
        address: SocketAddr,
    },
    /// Anything else.
    #[error("{address} cannot be listened on: {source}")]
    Other {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
}

/// Binds an address, apart from serving it: a port in use must be known before any work starts.
///
/// # Errors
/// The address is in use or not to be had.
pub async fn bind(address: SocketAddr) -> Result<Listener, BindError> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::AddrInUse => BindError::InUse { address },
        _ => BindError::Other { address, source },
    };
    let inner = TcpListener::bind(address).await.map_err(failed)?;
    let address = inner.local_addr().map_err(failed)?;
    Ok(Listener { inner, address })
}

/// The bounds of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Time for the head of a request, from its first byte (or from the start of a connection).
    pub header_timeout: Duration,
    /// Time that a connection may be idle between requests.
    pub keep_alive_timeout: Duration,
    /// Time without any progress after which an answer that its client does not read is given up.
    pub write_timeout: Duration,
    /// Connections open at once; further ones wait in the listener's queue.
    pub max_connections: usize,
    /// Whether each request is to say which [`Client`] sent it.
    pub name_clients: bool,
}

/// Where a request came from: an extension of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Client(pub IpAddr);

impl From<&HttpSettings> for Limits {
    fn from(http: &HttpSettings) -> Self {
        Self {
            header_timeout: http.header_timeout(),
            keep_alive_timeout: http.keep_alive_timeout(),
            write_timeout: http.write_timeout(),
            max_connections: http.max_connections,
            name_clients: http.client_requests_per_s > 0,
        }
    }
}

/// Serves until the lifecycle's soft token is cancelled: then it stops accepting, lets running
/// requests finish and closes idle connections, until the hard token cuts off what is left.
///
/// Errors of single connections and of accepting (such as too many open files) end nothing.
///
/// # Errors
/// None at present; the type is that of a critical task.
pub fn serve(
    listener: Listener,
    router: Router,
    limits: &Limits,
    lifecycle: &Lifecycle,
) -> impl Future<Output = anyhow::Result<()>> + Send + 'static + use<> {
    let (limits, lifecycle) = (*limits, lifecycle.clone());
    async move {
        tracing::info!(address = %listener.address, "listening on http://{}", listener.address);
        run(listener.inner, router, limits, &lifecycle).await;
        Ok(())
    }
}

async fn run<A: Accept>(acceptor: A, router: Router, limits: Limits, lifecycle: &Lifecycle) {
    // Handlers become services here, once, and not at every request.
    let router = router.with_state(());
    let places = Places::new(limits.max_connections);
    let connections = TaskTracker::new();

    while let Some((stream, place)) = lifecycle
        .soft()
        .run_until_cancelled(next(&acceptor, &places))
        .await
    {
        let (router, lifecycle) = (router.clone(), lifecycle.clone());
        connections.spawn(connection::serve(stream, place, router, limits, lifecycle));
    }

    // Closes the listening socket: a client that tries now is refused at once.
    drop(acceptor);
    connections.close();
    connections.wait().await;
}

/// The next connection, once there is room for one.
async fn next<A: Accept>(acceptor: &A, places: &Places) -> (TcpStream, Place) {
    let place = places.take().await;
    let mut back_off = BackOff::default();
    loop {
        match acceptor.accept().await {
            Ok(stream) => return (stream, place),
            Err(error) => back_off.after(&error).await,
        }
    }
}

#[cfg(test)]
mod tests;

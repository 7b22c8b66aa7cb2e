//! The reference that no service on this machine can beat: a handler that reads the body and
//! answers, and does nothing.

use anyhow::Context;
use axum::{
    Json, Router,
    http::{HeaderName, StatusCode, header},
    routing::{get, post},
};
use bytes::Bytes;
use serde::Serialize;
use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    thread,
};
use tokio::net::TcpListener;

/// What the parent process reads the address after.
pub const LISTENING: &str = "listening on ";

#[derive(Serialize)]
struct Accepted {
    received: usize,
    status: &'static str,
}

async fn accept(body: Bytes) -> (StatusCode, [(HeaderName, &'static str); 1], Json<Accepted>) {
    let accepted = Accepted {
        received: body.len(),
        status: "placed",
    };
    let version = [(header::ETAG, "\"1\"")];
    (StatusCode::CREATED, version, Json(accepted))
}

fn routes() -> Router {
    Router::new()
        .route("/v1/orders", post(accept))
        .route("/livez", get(|| async { "ok" }))
}

/// Serves until standard input ends: with the process that started it, however that ends.
///
/// # Errors
/// When the port cannot be had.
pub async fn serve(port: u16) -> anyhow::Result<()> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("listen on {address}"))?;
    println!("{LISTENING}{}", listener.local_addr()?);
    let (gone, parent) = tokio::sync::oneshot::channel();
    thread::spawn(move || {
        // Until its end, whether by a close or by an error.
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        let _ = gone.send(());
    });
    tokio::select! {
        served = std::future::IntoFuture::into_future(axum::serve(listener, routes())) => {
            served.context("serve")
        }
        _ = parent => Ok(()),
    }
}

/// The server on a free port within this process, for tests.
#[cfg(test)]
pub(crate) async fn serve_here() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, routes()).await });
    address
}

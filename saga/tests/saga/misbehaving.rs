//! Servers that participants should not be.

use crate::harness::{Tasks, serve};
use axum::{
    Router,
    body::Body,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::any,
};
use futures::stream;
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpSocket},
};

/// A port that is taken and on which nobody listens, with its address.
pub fn nobody_listens() -> (TcpSocket, String) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("http://{}", socket.local_addr().unwrap());
    (socket, url)
}

/// Gives the same answer to everything, by how often it was asked before, and counts.
pub async fn always(
    tasks: &Tasks,
    answer: impl Fn(usize) -> (StatusCode, &'static str) + Clone + Send + Sync + 'static,
) -> (String, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let router = Router::new().fallback(any(move || {
        let answer = answer(count.fetch_add(1, Relaxed));
        async move { answer }
    }));
    (serve(router, tasks).await, asked)
}

/// Sends everybody elsewhere.
pub async fn redirecting(tasks: &Tasks, elsewhere: String) -> String {
    let router = Router::new().fallback(any(move || {
        let location = [(header::LOCATION, elsewhere.clone())];
        async move { (StatusCode::TEMPORARY_REDIRECT, location) }
    }));
    serve(router, tasks).await
}

/// Its answers have no end.
pub async fn endless(tasks: &Tasks) -> String {
    let endless = || async {
        let chunks = stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b' '; 8_192]));
        Body::from_stream(chunks).into_response()
    };
    serve(Router::new().fallback(any(endless)), tasks).await
}

/// Its connections break after these bytes.
pub async fn breaking(tasks: &Tasks, answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tasks.spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut request = [0; 4_096];
            let _ = socket.read(&mut request).await;
            let _ = socket.write_all(answer.as_bytes()).await;
        }
    });
    url
}

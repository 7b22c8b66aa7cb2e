//! How connections end, and who finds a place when all are taken.

use axum::http::StatusCode;
use tokio::net::TcpSocket;

use super::*;
use crate::server::linger;

/// What a client sends without looking whether it is wanted, and more than sockets hold.
const UNWANTED: usize = 1 << 20;

/// Refuses without reading what it is sent.
fn refusing() -> Router {
    let refuse = || async { (StatusCode::PAYLOAD_TOO_LARGE, "too large") };
    Router::new().route("/", post(refuse))
}

fn head(length: usize) -> String {
    format!("POST / HTTP/1.1\r\nhost: test\r\ncontent-length: {length}\r\n\r\n")
}

#[tokio::test]
async fn a_refusal_is_heard_by_a_client_that_first_sends_everything() {
    let server = start(refusing(), limits()).await;
    for _ in 0..3 {
        let socket = TcpSocket::new_v4().unwrap();
        // It must see whether it is listened to, and not leave everything to the system.
        socket.set_send_buffer_size(16 * 1024).unwrap();
        let mut stream = socket.connect(server.address).await.unwrap();
        stream.write_all(head(UNWANTED).as_bytes()).await.unwrap();
        let body = vec![b'x'; UNWANTED];
        let sent = tokio::time::timeout(DEADLINE, stream.write_all(&body)).await;
        sent.expect("the body is taken off the line")
            .expect("and nothing is reset");
        let mut answer = String::new();
        let read = stream.read_to_string(&mut answer);
        let read = tokio::time::timeout(DEADLINE, read).await;
        read.expect("our side is closed").expect("and not reset");
        assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
        assert!(answer.ends_with("too large"), "{answer}");
    }
}

#[tokio::test]
async fn a_client_that_neither_reads_nor_closes_is_let_go() {
    let limits = Limits {
        max_connections: 1,
        ..limits()
    };
    let server = start(refusing(), limits).await;
    let mut silent = server.connect().await;
    silent.write_all(head(UNWANTED).as_bytes()).await.unwrap();
    let mut endless = server.connect().await;
    endless.write_all(head(1 << 40).as_bytes()).await.unwrap();
    let flood = async {
        let chunk = vec![b'x'; 64 * 1024];
        while endless.write_all(&chunk).await.is_ok() {}
    };
    let flood = tokio::time::timeout(DEADLINE, flood).await;
    flood.expect("the second has its turn, and is cut off when it never ends");
}

#[tokio::test]
async fn the_end_does_not_wait_for_clients_that_do_not_close() {
    let server = start(refusing(), limits()).await;
    let mut stream = server.connect().await;
    stream.write_all(head(UNWANTED).as_bytes()).await.unwrap();
    read_until(&mut stream, "too large").await;
    let began = Instant::now();
    server.lifecycle.shut_down();
    server.lifecycle.hard().cancel();
    server.stopped().await;
    assert!(began.elapsed() < linger::LONGEST / 2);
}

#[tokio::test]
async fn idle_connections_lock_nobody_out() {
    let server = hello(Limits {
        max_connections: 32,
        keep_alive_timeout: Duration::from_secs(600),
        ..limits()
    })
    .await;
    let mut idle = vec![];
    for _ in 0..31 {
        let mut stream = server.connect().await;
        stream.write_all(GET).await.unwrap();
        read_until(&mut stream, "hello").await;
        idle.push(stream);
    }
    for _ in 0..3 {
        let mut stream = server.connect().await;
        stream.write_all(GET).await.unwrap();
        let (answer, _) = read_to_close(&mut stream).await;
        assert!(answer.contains("connection: close"), "{answer}");
        assert!(answer.ends_with("hello"), "{answer}");
    }
    // Those who were there first still are.
    for stream in &mut idle {
        stream.write_all(GET).await.unwrap();
        read_until(stream, "hello").await;
    }
}

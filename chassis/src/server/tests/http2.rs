//! HTTP/2 on the port of HTTP/1.1: found out by its first bytes, and within the same bounds.

use super::*;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// A frame of settings that says nothing.
const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];
/// The type of the frame that says goodbye.
const GOAWAY: u8 = 7;

/// The types of the frames that come until the server closes, and how long that takes.
async fn frames_to_close(stream: &mut TcpStream) -> (Vec<u8>, Duration) {
    let began = Instant::now();
    let mut bytes = Vec::new();
    let reading = tokio::time::timeout(DEADLINE, stream.read_to_end(&mut bytes));
    // A reset closes as well.
    let _ = reading.await.expect("the server never closes");
    let (mut types, mut rest) = (Vec::new(), bytes.as_slice());
    while let [a, b, c, kind, more @ ..] = rest {
        let length = usize::from(*a) << 16 | usize::from(*b) << 8 | usize::from(*c);
        types.push(*kind);
        rest = more.get(5 + length..).unwrap_or_default();
    }
    (types, began.elapsed())
}

fn short() -> Limits {
    Limits {
        header_timeout: Duration::from_millis(300),
        keep_alive_timeout: Duration::from_millis(300),
        ..limits()
    }
}

#[tokio::test]
async fn a_beginning_in_pieces_is_recognized() {
    let server = hello(limits()).await;
    let mut stream = server.connect().await;
    for piece in [&PREFACE[..2], &PREFACE[2..10], &PREFACE[10..], SETTINGS] {
        stream.write_all(piece).await.unwrap();
        tokio::task::yield_now().await;
    }
    let mut answer = [0; 4];
    let reading = tokio::time::timeout(DEADLINE, stream.read_exact(&mut answer));
    reading.await.unwrap().unwrap();
    assert_eq!(
        answer[3], SETTINGS[3],
        "the server's own settings: {answer:?}"
    );
}

#[tokio::test]
async fn a_method_that_begins_alike_is_of_http_1() {
    let server = hello(limits()).await;
    let mut stream = server.connect().await;
    stream.write_all(b"PRO").await.unwrap();
    stream
        .write_all(b"PFIND / HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    let (answer, _) = read_to_close(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 405"), "{answer}");
}

#[tokio::test]
async fn a_client_that_stops_in_its_beginning_is_given_up() {
    let server = hello(short()).await;
    let mut stream = server.connect().await;
    stream.write_all(&PREFACE[..2]).await.unwrap();
    let (said, after) = read_to_close(&mut stream).await;
    assert_eq!(said, "");
    assert!(after >= Duration::from_millis(290), "{after:?}");
}

#[tokio::test]
async fn a_client_that_stops_after_its_first_word_is_given_up() {
    let server = hello(short()).await;
    let mut stream = server.connect().await;
    stream.write_all(&PREFACE[..4]).await.unwrap();
    let (_, after) = frames_to_close(&mut stream).await;
    assert!(after >= Duration::from_millis(290), "{after:?}");
}

/// `GET http /` as the only request of its connection, by numbers of the table that all share.
const REQUEST: &[u8] = &[0, 0, 3, 1, 5, 0, 0, 0, 1, 0x82, 0x84, 0x86];
/// Settings that leave no room for the bodies of answers.
const NO_WINDOW: &[u8] = &[0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0];

#[tokio::test]
async fn a_client_that_leaves_no_room_for_its_answer_is_given_up() {
    let limits = Limits {
        write_timeout: Duration::from_millis(400),
        ..limits()
    };
    let server = hello(limits).await;
    let mut stream = server.connect().await;
    stream
        .write_all(&[PREFACE, NO_WINDOW, REQUEST].concat())
        .await
        .unwrap();
    let (frames, after) = frames_to_close(&mut stream).await;
    assert!(
        frames.contains(&1),
        "the head of the answer has come: {frames:?}"
    );
    assert!(
        !frames.contains(&0),
        "there was no room for its body: {frames:?}"
    );
    assert!(after >= Duration::from_millis(350), "{after:?}");
    assert!(after < Duration::from_secs(4), "{after:?}");
}

#[tokio::test]
async fn a_connection_without_requests_is_closed_with_a_goodbye() {
    let server = hello(short()).await;
    let mut stream = server.connect().await;
    stream
        .write_all(&[PREFACE, SETTINGS].concat())
        .await
        .unwrap();
    let (frames, after) = frames_to_close(&mut stream).await;
    assert!(frames.contains(&GOAWAY), "{frames:?}");
    assert!(after >= Duration::from_millis(250), "{after:?}");
}

#[tokio::test]
async fn a_stop_says_goodbye_at_once() {
    let server = hello(limits()).await;
    let mut stream = server.connect().await;
    stream
        .write_all(&[PREFACE, SETTINGS].concat())
        .await
        .unwrap();
    // The server's settings, whole: the connection is in use.
    let mut head = [0; 9];
    stream.read_exact(&mut head).await.unwrap();
    let mut settings = vec![0; usize::from(u16::from_be_bytes([head[1], head[2]]))];
    stream.read_exact(&mut settings).await.unwrap();
    server.lifecycle.shut_down();
    let (frames, _) = frames_to_close(&mut stream).await;
    assert!(frames.contains(&GOAWAY), "{frames:?}");
    server.stopped().await;
}

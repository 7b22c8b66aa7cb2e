//! Clients that are broken, slow, or mean no good: clear errors, and memory that stays flat.

use futures::{StreamExt, future::join_all, stream::FuturesUnordered};
use serde_json::json;
use std::time::{Duration, Instant};
use tests::platform::{PATIENCE, Placement, Platform, Shape, say};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{sleep, timeout},
};

/// What the process may grow by, whatever clients do: buffers of the connections that it allows.
const GROWTH: u64 = 48 << 20;

/// What the server gives a client for the head of a request, and for its body.
const CLIENT_MS: u64 = 1_500;

async fn platform() -> Platform {
    let limit = CLIENT_MS.to_string();
    let settings = [
        ("http.header_timeout_ms", limit.as_str()),
        ("http.body_timeout_ms", limit.as_str()),
    ];
    let platform = Platform::start(Shape::AllInOne, &settings).await;
    // Warm: what is allocated once is allocated now.
    platform.api.receive("A", 1_000_000).await;
    let some = (0..16).map(|_| async {
        for _ in 0..20 {
            platform.api.place(&Placement::of("A", 1, 100)).await;
        }
    });
    join_all(some).await;
    platform
}

/// The platform still does what it is there for.
async fn still_works(p: &Platform) {
    let id = p.api.place(&Placement::of("A", 1, 100)).await.order_id();
    p.api.order_that_is("confirmed", &id).await;
}

fn has_not_grown(p: &Platform, before: u64, what: &str) {
    has_grown_by_less_than(GROWTH, p, before, what);
}

fn has_grown_by_less_than(bound: u64, p: &Platform, before: u64, what: &str) {
    let after = p.process("orders").memory();
    say(&format!(
        "{what}: {} MB before, {} MB after",
        before >> 20,
        after >> 20
    ));
    assert!(
        after < before + bound,
        "{what}: {before} bytes became {after}"
    );
}

async fn connect(p: &Platform) -> TcpStream {
    let connected = TcpStream::connect(p.api.command_address()).await;
    connected.expect("a connection is taken")
}

/// Everything that the server says until it closes the connection.
async fn rest(stream: &mut TcpStream) -> String {
    let mut said = vec![];
    // A reset is an end as well: the server closed while we were still sending.
    let read = timeout(PATIENCE, stream.read_to_end(&mut said)).await;
    let _ = read.expect("the server closes the connection");
    String::from_utf8_lossy(&said).into_owned()
}

fn head(length: &str) -> String {
    format!(
        "POST /v1/orders HTTP/1.1\r\nhost: test\r\nidempotency-key: k\r\n\
         content-type: application/json\r\n{length}\r\n\r\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_are_huge_slow_or_cut_off_end_in_clear_errors() {
    let platform = platform().await;
    let p = &platform;
    let before = p.process("orders").memory();

    // Announced as huge: refused before it is sent.
    let mut stream = connect(p).await;
    let request = head("content-length: 10000000000");
    stream
        .write_all(request.as_bytes())
        .await
        .expect("the head is taken");
    let mut answer = vec![0; 4_096];
    let read = timeout(PATIENCE, stream.read(&mut answer)).await;
    let length = read.expect("it is refused at once").expect("and in words");
    let answer = String::from_utf8_lossy(&answer[..length]).into_owned();
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(answer.contains("PAYLOAD_TOO_LARGE"), "{answer}");

    // Huge without saying so: forty clients send until they are cut off.
    let floods = (0..40).map(|_| async {
        let mut stream = connect(p).await;
        let request = head("transfer-encoding: chunked");
        stream
            .write_all(request.as_bytes())
            .await
            .expect("the head is taken");
        let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x1_0000));
        let mut sent = 0_u64;
        while sent < (64 << 20) && stream.write_all(chunk.as_bytes()).await.is_ok() {
            sent += 0x1_0000;
        }
        sent
    });
    let sent = join_all(floods).await;
    let most = sent.iter().max().copied().unwrap_or_default();
    assert!(most < 64 << 20, "a body of {most} bytes was taken in");

    // Slower than is allowed: told so, within the time.
    let began = Instant::now();
    let slow = (0..100).map(|_| async {
        let mut stream = connect(p).await;
        let request = head("content-length: 1000");
        stream
            .write_all(request.as_bytes())
            .await
            .expect("the head is taken");
        let (mut reader, mut writer) = stream.split();
        let drip = async {
            // Until the server has enough of it.
            while writer.write_all(b" ").await.is_ok() {
                sleep(Duration::from_millis(100)).await;
            }
            std::future::pending::<()>().await;
        };
        let mut answer = vec![0; 4_096];
        let length = tokio::select! {
            read = timeout(PATIENCE, reader.read(&mut answer)) => {
                read.expect("it is answered in time").expect("and in words")
            }
            () = drip => unreachable!("it never ends"),
        };
        String::from_utf8_lossy(&answer[..length]).into_owned()
    });
    for answer in join_all(slow).await {
        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
        assert!(answer.contains("REQUEST_TIMEOUT"), "{answer}");
    }
    let took = began.elapsed();
    assert!(
        took < Duration::from_millis(CLIENT_MS) + Duration::from_secs(10),
        "{took:?}"
    );

    // Cut off half-way: nothing happens, nobody is there to be told.
    for _ in 0..100 {
        let mut stream = connect(p).await;
        let request = head("content-length: 1000") + "{\"customer_id\": ";
        stream
            .write_all(request.as_bytes())
            .await
            .expect("the head is taken");
    }
    still_works(p).await;
    has_not_grown(p, before, "huge, slow and half-sent bodies");
    p.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_are_small_enough_do_not_add_up_to_too_much() {
    const CLIENTS: usize = 300;
    // One byte is missing for ever.
    const SENT: usize = (1 << 20) - 1;
    const TOGETHER: usize = 4 << 20;
    const BUFFERS: u64 = 256 << 10;
    let together = TOGETHER.to_string();
    let settings = [
        ("http.max_bodies_bytes", together.as_str()),
        // Nobody is timed out here, however busy the machine.
        ("http.body_timeout_ms", "120000"),
        ("http.request_timeout_ms", "120000"),
    ];
    let platform = Platform::start(Shape::AllInOne, &settings).await;
    let p = &platform;
    p.api.receive("A", 1_000).await;
    still_works(p).await;
    let before = p.process("orders").memory();
    let mut answers = (0..CLIENTS)
        .map(|_| async {
            let mut stream = connect(p).await;
            let request = head(&format!("content-length: {}", SENT + 1)) + &" ".repeat(SENT);
            // On a busy machine it may be cut off before all is sent; what it was told is there.
            let _ = stream.write_all(request.as_bytes()).await;
            rest(&mut stream).await
        })
        .collect::<FuturesUnordered<_>>();
    // Those for whom there is memory wait for their last byte.
    for _ in 0..CLIENTS - TOGETHER / SENT {
        let answer = timeout(PATIENCE, answers.next()).await;
        let answer = answer.expect("it is answered").expect("there are more");
        assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
        assert!(answer.contains("OVERLOADED"), "{answer}");
        assert!(answer.to_lowercase().contains("retry-after: 1"), "{answer}");
    }
    // What may be kept of bodies, and what each connection reads into.
    let bound = TOGETHER as u64 + CLIENTS as u64 * BUFFERS;
    has_grown_by_less_than(bound, p, before, "300 bodies of almost 1 MiB");
    drop(answers);
    tests::platform::eventually("there is room again", async || {
        let order = Placement::of("A", 1, 100).body();
        let answer = p.api.post("/v1/orders", &order).await;
        (answer.status == 201).then_some(()).ok_or(answer.text)
    })
    .await;
    p.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_that_are_slow_huge_or_nonsense_do_not_hold_the_server() {
    let platform = platform().await;
    let p = &platform;
    let before = p.process("orders").memory();

    // A thousand that never come to the end of their heads.
    let began = Instant::now();
    let slow = (0..1_000).map(|_| async {
        let mut stream = connect(p).await;
        let begun = b"POST /v1/orders HTTP/1.1\r\nhost: test\r\nx-slow: ";
        stream
            .write_all(begun)
            .await
            .expect("the beginning is taken");
        rest(&mut stream).await
    });
    let (answers, ()) = tokio::join!(join_all(slow), still_works(p));
    for answer in answers {
        assert_eq!(answer, "", "what is no request yet has no answer");
    }
    let took = began.elapsed();
    assert!(
        took < Duration::from_millis(CLIENT_MS) + Duration::from_secs(15),
        "{took:?}"
    );

    for (request, status) in [
        (
            "GET /livez HTTP/1.1\r\nhost: test\r\n".to_owned() + &"x: y\r\n".repeat(100) + "\r\n",
            "431",
        ),
        (
            format!(
                "GET /livez HTTP/1.1\r\nhost: test\r\nx: {}\r\n\r\n",
                "y".repeat(100_000)
            ),
            "431",
        ),
        (
            format!(
                "GET /{} HTTP/1.1\r\nhost: test\r\n\r\n",
                "y".repeat(100_000)
            ),
            "4",
        ),
        ("HELO example.org\r\n\r\n".to_owned(), "400"),
        (
            "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}\u{1}\u{fc}\u{3}\u{3}\r\n\r\n".to_owned(),
            "400",
        ),
        (head("content-length: -1"), "400"),
        (head("content-length: 5\r\ntransfer-encoding: chunked"), "4"),
    ] {
        let mut stream = connect(p).await;
        let sent = stream.write_all(request.as_bytes()).await;
        sent.expect("it is taken whole, though it is refused before");
        let answer = rest(&mut stream).await;
        let expected = format!("HTTP/1.1 {status}");
        let start: String = request.chars().take(40).collect();
        assert!(answer.starts_with(&expected), "{start:?}: {answer:?}");
    }
    still_works(p).await;
    has_not_grown(p, before, "slow, huge and odd heads");
    p.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_thousand_idle_connections_cost_little_and_block_nobody() {
    let platform = platform().await;
    let p = &platform;
    let before = p.process("orders").memory();
    let idle = join_all((0..2_000).map(|_| async {
        let mut stream = connect(p).await;
        // One request each, so that what a connection keeps is there.
        let request = b"GET /livez HTTP/1.1\r\nhost: test\r\n\r\n";
        stream.write_all(request).await.expect("a request is taken");
        let mut answer = vec![0; 1_024];
        let read = timeout(PATIENCE, stream.read(&mut answer)).await;
        let length = read.expect("it is answered").expect("in words");
        assert!(answer[..length].starts_with(b"HTTP/1.1 200 "));
        stream
    }))
    .await;
    still_works(p).await;
    has_not_grown(p, before, "2,000 idle connections");
    // They do not hold up the end either.
    let began = Instant::now();
    p.stop().await;
    assert!(
        began.elapsed() < Duration::from_secs(15),
        "stopped in {:?}",
        began.elapsed()
    );
    drop(idle);
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_can_be_taken_is_turned_away_in_words() {
    let settings = [
        ("http.max_in_flight", "4"),
        ("http.max_body_bytes", "2048"),
        // Nobody is timed out here, however busy the machine.
        ("http.body_timeout_ms", "120000"),
        ("http.request_timeout_ms", "120000"),
    ];
    let platform = Platform::start(Shape::AllInOne, &settings).await;
    let p = &platform;
    p.api.receive("A", 1_000_000).await;
    // Four that take their time with the body have all the places; one that comes while we have one
    // ourselves is turned away instead, so there are as many as it takes.
    let mut slow = vec![];
    let turned_away = tests::platform::eventually("somebody is turned away", async || {
        let mut stream = connect(p).await;
        let request = head("content-length: 1000");
        stream
            .write_all(request.as_bytes())
            .await
            .expect("the head is taken");
        slow.push(stream);
        let answer = p
            .api
            .post("/v1/orders", &Placement::of("A", 1, 100).body())
            .await;
        (answer.status == 503)
            .then_some(answer)
            .ok_or_else(|| "all are served".to_owned())
    })
    .await;
    assert_eq!(
        (turned_away.code(), &turned_away.body["retryable"]),
        ("OVERLOADED", &json!(true))
    );
    assert!(!turned_away.header("retry-after").is_empty());
    // Whoever looks after it still gets in.
    p.api.get("/readyz").await.expect(200);
    p.api.get("/metrics").await.expect(200);
    drop(slow);
    tests::platform::eventually("there is room again", async || {
        let answer = p
            .api
            .post("/v1/orders", &Placement::of("A", 1, 100).body())
            .await;
        (answer.status == 201).then_some(()).ok_or(answer.text)
    })
    .await;
    p.stop().await;
}

//! The server over real sockets: limits, idle connections, stopping, errors of accepting.

mod closing;
mod http2;

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use axum::routing::{get, post};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::Notify,
};

use super::*;

const DEADLINE: Duration = Duration::from_secs(10);
const GET: &[u8] = b"GET / HTTP/1.1\r\nhost: test\r\n\r\n";

fn limits() -> Limits {
    Limits {
        header_timeout: Duration::from_secs(5),
        keep_alive_timeout: Duration::from_secs(5),
        write_timeout: Duration::from_secs(5),
        max_connections: 100,
        name_clients: false,
    }
}

struct Running {
    address: SocketAddr,
    lifecycle: Lifecycle,
    task: tokio::task::JoinHandle<anyhow::Result<()>>,
}

async fn start(router: Router, limits: Limits) -> Running {
    let lifecycle = Lifecycle::new(DEADLINE);
    let listener = bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = listener.address();
    let task = tokio::spawn(serve(listener, router, &limits, &lifecycle));
    Running {
        address,
        lifecycle,
        task,
    }
}

async fn hello(limits: Limits) -> Running {
    start(Router::new().route("/", get(|| async { "hello" })), limits).await
}

impl Running {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    async fn stopped(self) {
        tokio::time::timeout(DEADLINE, self.task)
            .await
            .unwrap()
            .unwrap()
            .unwrap();
    }
}

/// Reads until `end` has come.
async fn read_until(stream: &mut TcpStream, end: &str) -> String {
    let mut text = String::new();
    let reading = async {
        while !text.ends_with(end) {
            let mut buffer = [0; 1024];
            let length = stream.read(&mut buffer).await.unwrap();
            assert_ne!(length, 0, "closed after {text:?}");
            text.push_str(std::str::from_utf8(&buffer[..length]).unwrap());
        }
    };
    tokio::time::timeout(DEADLINE, reading).await.unwrap();
    text
}

/// Waits for the server to close; returns what it still said, and how long it took.
async fn read_to_close(stream: &mut TcpStream) -> (String, Duration) {
    let began = Instant::now();
    let mut rest = Vec::new();
    let reading = stream.read_to_end(&mut rest);
    // A reset closes as well.
    let _ = tokio::time::timeout(DEADLINE, reading)
        .await
        .expect("the server never closes");
    (String::from_utf8(rest).unwrap(), began.elapsed())
}

#[tokio::test]
async fn a_port_in_use_is_a_clear_error() {
    let first = bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let error = bind(first.address()).await.unwrap_err();
    assert!(matches!(error, BindError::InUse { .. }));
    assert!(
        error.to_string().contains(&first.address().to_string()),
        "{error}"
    );
}

#[tokio::test]
async fn requests_are_answered_on_one_connection_also_pipelined() {
    let server = hello(limits()).await;
    let mut stream = server.connect().await;
    for _ in 0..3 {
        stream.write_all(GET).await.unwrap();
        assert!(
            read_until(&mut stream, "hello")
                .await
                .starts_with("HTTP/1.1 200")
        );
    }
    stream.write_all(&[GET, GET].concat()).await.unwrap();
    let both = async {
        let mut seen = 0;
        while seen < 2 {
            seen += read_until(&mut stream, "hello")
                .await
                .matches("hello")
                .count();
        }
    };
    tokio::time::timeout(DEADLINE, both).await.unwrap();
}

#[tokio::test]
async fn a_head_that_drips_is_cut_off_however_many_bytes_come() {
    let header_timeout = Duration::from_millis(300);
    let server = hello(Limits {
        header_timeout,
        ..limits()
    })
    .await;
    let mut stream = server.connect().await;
    stream.write_all(GET).await.unwrap();
    read_until(&mut stream, "hello").await;

    let began = Instant::now();
    let (mut read, mut write) = stream.split();
    let drip = async {
        while write.write_all(b"G").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let mut buffer = Vec::new();
    tokio::select! {
        () = drip => {}
        _ = read.read_to_end(&mut buffer) => {}
    }
    let took = began.elapsed();
    assert!(
        took >= header_timeout && took < Duration::from_secs(3),
        "{took:?}"
    );
}

#[tokio::test]
async fn a_connection_that_says_nothing_is_closed_after_the_header_time() {
    let header_timeout = Duration::from_millis(200);
    let server = hello(Limits {
        header_timeout,
        ..limits()
    })
    .await;
    let (said, took) = read_to_close(&mut server.connect().await).await;
    assert_eq!(said, "");
    assert!(
        took >= Duration::from_millis(190) && took < Duration::from_secs(3),
        "{took:?}"
    );
}

#[tokio::test]
async fn an_idle_connection_lives_longer_than_a_head_may_take() {
    let limits = Limits {
        header_timeout: Duration::from_millis(100),
        keep_alive_timeout: Duration::from_millis(600),
        ..limits()
    };
    let server = hello(limits).await;
    let mut stream = server.connect().await;
    for _ in 0..3 {
        stream.write_all(GET).await.unwrap();
        read_until(&mut stream, "hello").await;
        // Idle for longer than the header time: the next request must still be answered.
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let (_, took) = read_to_close(&mut stream).await;
    assert!(
        took >= Duration::from_millis(300) && took < Duration::from_secs(3),
        "{took:?}"
    );
}

/// Far more than the sockets of both sides hold.
const HUGE: usize = 64 << 20;

fn huge() -> Router {
    Router::new().route("/", get(|| async { vec![b'x'; HUGE] }))
}

#[tokio::test]
async fn a_client_that_never_reads_its_answer_loses_its_place() {
    let limits = Limits {
        write_timeout: Duration::from_millis(300),
        max_connections: 1,
        ..limits()
    };
    let server = start(huge(), limits).await;
    let mut deaf = server.connect().await;
    deaf.write_all(GET).await.unwrap();
    // The only place is free again, while the other still holds its connection.
    let mut second = server.connect().await;
    second.write_all(GET).await.unwrap();
    let began = Instant::now();
    let answered = tokio::time::timeout(DEADLINE, second.readable()).await;
    answered.expect("the place is never free again").unwrap();
    assert!(began.elapsed() >= Duration::from_millis(200));
    // Nor does one that is deaf hold up the end.
    server.lifecycle.shut_down();
    server.stopped().await;
    drop(deaf);
}

#[tokio::test]
async fn a_client_that_reads_slowly_is_answered_in_full() {
    let limits = Limits {
        write_timeout: Duration::from_millis(300),
        ..limits()
    };
    let server = start(huge(), limits).await;
    let mut slow = server.connect().await;
    slow.write_all(GET).await.unwrap();
    let (mut read, began) = (0, Instant::now());
    let mut buffer = vec![0; 4 << 20];
    while read < HUGE {
        let more = tokio::time::timeout(DEADLINE, slow.read(&mut buffer)).await;
        let more = more.unwrap().unwrap();
        assert_ne!(more, 0, "closed after {read} bytes");
        read += more;
        // Longer in all than a client may take nothing, and never so long at once.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(began.elapsed() > Duration::from_millis(300));
}

#[tokio::test]
async fn connections_over_the_limit_wait_until_one_closes() {
    let server = hello(Limits {
        max_connections: 1,
        ..limits()
    })
    .await;
    let mut first = server.connect().await;
    first.write_all(GET).await.unwrap();
    read_until(&mut first, "hello").await;

    let mut second = server.connect().await;
    second.write_all(GET).await.unwrap();
    let early = tokio::time::timeout(Duration::from_millis(200), second.readable()).await;
    assert!(early.is_err(), "answered although the only place is taken");
    drop(first);
    read_until(&mut second, "hello").await;
}

#[tokio::test]
async fn stopping_finishes_what_runs_and_closes_what_is_idle() {
    let (entered, leave) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (enter, may_leave) = (Arc::clone(&entered), Arc::clone(&leave));
    let slow = post(move || async move {
        enter.notify_one();
        may_leave.notified().await;
        "done"
    });
    let router = Router::new()
        .route("/", get(|| async { "hello" }))
        .route("/slow", slow);
    let server = start(router, limits()).await;
    let mut idle = server.connect().await;
    idle.write_all(GET).await.unwrap();
    read_until(&mut idle, "hello").await;
    let mut busy = server.connect().await;
    busy.write_all(b"POST /slow HTTP/1.1\r\nhost: test\r\n\r\n")
        .await
        .unwrap();
    tokio::time::timeout(DEADLINE, entered.notified())
        .await
        .unwrap();

    server.lifecycle.shut_down();
    read_to_close(&mut idle).await;
    let refused = async {
        while TcpStream::connect(server.address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(DEADLINE, refused)
        .await
        .expect("new connections are still accepted");
    assert!(!server.task.is_finished());
    leave.notify_one();
    let (answer, _) = read_to_close(&mut busy).await;
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.ends_with("done"),
        "{answer}"
    );
    server.stopped().await;
}

#[tokio::test]
async fn the_hard_token_cuts_off_what_does_not_finish() {
    let entered = Arc::new(Notify::new());
    let enter = Arc::clone(&entered);
    let stuck = get(move || async move {
        enter.notify_one();
        std::future::pending::<()>().await;
    });
    let server = start(Router::new().route("/", stuck), limits()).await;
    let mut stream = server.connect().await;
    stream.write_all(GET).await.unwrap();
    tokio::time::timeout(DEADLINE, entered.notified())
        .await
        .unwrap();
    server.lifecycle.shut_down();
    server.lifecycle.hard().cancel();
    assert_eq!(read_to_close(&mut stream).await.0, "");
    server.stopped().await;
}

#[tokio::test]
async fn nonsense_ends_its_own_connection_and_nothing_else() {
    let server = hello(limits()).await;
    let too_many = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(200));
    let too_large = format!("GET / HTTP/1.1\r\na: {}\r\n\r\n", "b".repeat(100_000));
    let two_lengths = "POST / HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n";
    for nonsense in ["\0\0\0\0\r\n\r\n", two_lengths, &too_many, &too_large] {
        let mut stream = server.connect().await;
        // The server may close before it has read everything.
        let _ = stream.write_all(nonsense.as_bytes()).await;
        let (answer, _) = read_to_close(&mut stream).await;
        assert!(
            answer.starts_with("HTTP/1.1 4"),
            "{nonsense:.40}: {answer:?}"
        );
    }
    let mut stream = server.connect().await;
    stream.write_all(GET).await.unwrap();
    read_until(&mut stream, "hello").await;
}

/// Fails as a listener does whose process has too many files open, then works.
struct Starved {
    failures: AtomicUsize,
    failed_at: Mutex<Vec<Instant>>,
    listener: TcpListener,
}

impl Accept for Arc<Starved> {
    async fn accept(&self) -> io::Result<TcpStream> {
        const EMFILE: i32 = 24;
        if self.failures.fetch_add(1, Ordering::SeqCst) < 4 {
            self.failed_at.lock().unwrap().push(Instant::now());
            return Err(io::Error::from_raw_os_error(EMFILE));
        }
        self.listener.accept().await.map(|(stream, _)| stream)
    }
}

#[tokio::test]
async fn too_many_open_files_are_survived_with_growing_pauses() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let starved = Arc::new(Starved {
        failures: AtomicUsize::new(0),
        failed_at: Mutex::default(),
        listener,
    });
    let lifecycle = Lifecycle::new(DEADLINE);
    let router = Router::new().route("/", get(|| async { "hello" }));
    let (acceptor, alive) = (Arc::clone(&starved), lifecycle.clone());
    tokio::spawn(async move { run(acceptor, router, limits(), &alive).await });

    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(GET).await.unwrap();
    read_until(&mut stream, "hello").await;
    let failed_at = starved.failed_at.lock().unwrap().clone();
    let pauses: Vec<Duration> = failed_at.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(pauses.len(), 3);
    for (pause, least) in pauses.iter().zip([5, 10, 20]) {
        assert!(*pause >= Duration::from_millis(least), "{pauses:?}");
    }
    lifecycle.shut_down();
}

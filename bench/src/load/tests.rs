use super::*;
use crate::noop;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

#[tokio::test]
async fn a_closed_loop_sends_what_it_may_and_every_request_is_answered() {
    let address = noop::serve_here().await;
    let traffic = Arc::new(Traffic::placements(address));
    let plan = Plan {
        requests: 500,
        ..Plan::closed(address, 8, Duration::from_secs(20))
    };
    let outcome = run(plan, &traffic).await.unwrap();
    assert_eq!(outcome.done(), 500);
    assert_eq!(outcome.troubles(), Vec::<String>::new());
    assert!(outcome.rate() > 0.0);
    assert!(outcome.latencies.quantile_ms(0.5) <= outcome.latencies.max_ms());
}

#[tokio::test]
async fn an_open_loop_keeps_its_schedule() {
    let address = noop::serve_here().await;
    let traffic = Arc::new(Traffic::placements(address));
    let plan = Plan {
        pace: Pace::Open(400.0),
        ..Plan::closed(address, 4, Duration::from_millis(500))
    };
    let outcome = run(plan, &traffic).await.unwrap();
    assert_eq!(outcome.done(), 200);
    // The last of them was due after 199 intervals, and none goes before it is due.
    assert!(outcome.elapsed >= Duration::from_micros(199 * 2_500));
}

#[tokio::test]
async fn refusals_are_counted_by_status_with_a_sample() {
    let address = noop::serve_here().await;
    let traffic = Arc::new(Traffic::reads(address, ["/v1/orders", "/livez"]));
    let plan = Plan {
        requests: 10,
        ..Plan::closed(address, 1, Duration::from_secs(20))
    };
    let outcome = run(plan, &traffic).await.unwrap();
    assert_eq!(outcome.done(), 5);
    assert_eq!(outcome.refusals[&405].count, 5);
    assert_eq!(outcome.refused(), 5);
    assert_eq!(outcome.troubles().len(), 1);
}

/// A stall of the server delays every request that was due meanwhile, and all of them must tell:
/// a closed loop, or a schedule that waits, would show one slow request.
#[tokio::test]
async fn a_stall_shows_in_every_request_that_it_delayed() {
    const STALL: Duration = Duration::from_millis(300);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = [0; 4096];
        let mut stall = Some(STALL);
        while stream.read(&mut request).await.unwrap() > 0 {
            tokio::time::sleep(stall.take().unwrap_or_default()).await;
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
            stream.write_all(answer).await.unwrap();
        }
    });
    let traffic = Arc::new(Traffic::reads(address, ["/"]));
    let plan = Plan {
        pace: Pace::Open(100.0),
        requests: 40,
        ..Plan::closed(address, 1, Duration::from_secs(1))
    };
    let outcome = run(plan, &traffic).await.unwrap();
    assert_eq!(outcome.done(), 40);
    // 30 requests were due within the stall, spread evenly over it: half of them waited for more
    // than half of it.
    let slow = outcome.latencies.quantile_ms(1.0 - 12.0 / 40.0);
    assert!(slow >= STALL.as_secs_f64() * 500.0, "{slow} ms");
}

#[tokio::test]
async fn a_server_that_hangs_up_is_told_and_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            drop(listener.accept().await);
        }
    });
    let traffic = Arc::new(Traffic::reads(address, ["/"]));
    let plan = Plan::closed(address, 1, Duration::from_secs(20));
    let outcome = run(plan, &traffic).await.unwrap();
    assert_eq!(outcome.done(), 0);
    assert_eq!(outcome.unanswered.0, u64::from(closed::MAX_FAILURES));
}

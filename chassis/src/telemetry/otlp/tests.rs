//! The queue and the exporter, against collectors of every temper.

use std::{
    collections::VecDeque,
    sync::Mutex,
    time::{Instant, SystemTime},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE},
    routing::post,
};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;
use tokio::net::TcpListener;
use traces::{Ended, Kind, Sink, TraceContext};

use super::*;

/// A collector that answers as it is told, and well when it is told nothing more.
#[derive(Default)]
struct Collector {
    answers: Mutex<VecDeque<StatusCode>>,
    /// How many spans each request had that was answered well.
    taken: Mutex<Vec<usize>>,
    /// How many requests there were.
    asked: Mutex<usize>,
}

impl Collector {
    async fn start(answers: &[StatusCode]) -> (Arc<Self>, String) {
        let collector = Arc::new(Self::default());
        collector.answers.lock().unwrap().extend(answers);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let router = Router::new()
            .route("/v1/traces", post(Self::take))
            .with_state(Arc::clone(&collector));
        tokio::spawn(async move { axum::serve(listener, router).await });
        (collector, url)
    }

    async fn take(
        State(collector): State<Arc<Self>>,
        headers: HeaderMap,
        body: Bytes,
    ) -> StatusCode {
        *collector.asked.lock().unwrap() += 1;
        assert_eq!(headers[CONTENT_TYPE], "application/x-protobuf");
        let request = ExportTraceServiceRequest::decode(body).unwrap();
        let answer = collector.answers.lock().unwrap().pop_front();
        let answer = answer.unwrap_or(StatusCode::OK);
        if answer.is_success() {
            let spans = request.resource_spans[0].scope_spans[0].spans.len();
            collector.taken.lock().unwrap().push(spans);
        }
        answer
    }

    fn taken(&self) -> usize {
        self.taken.lock().unwrap().iter().sum()
    }
}

fn span() -> Ended {
    Ended {
        context: TraceContext::new_root(true),
        parent: None,
        parent_is_remote: false,
        name: "it".into(),
        kind: Kind::Internal,
        began: SystemTime::now(),
        took: Duration::from_millis(1),
        attributes: vec![],
        failure: None,
    }
}

/// Sends `spans` spans to `url` until its collector is `content`, and ends.
async fn send(url: &str, spans: usize, content: impl Fn() -> bool) {
    let (queue, waiting) = Queue::new();
    let exporter = Arc::new(Exporter::new(url, Encoder::new("test")).unwrap());
    let running = tokio::spawn(Arc::clone(&exporter).run(waiting));
    for _ in 0..spans {
        queue.take(span());
    }
    let deadline = Instant::now() + Duration::from_secs(30);
    while !content() {
        assert!(Instant::now() < deadline, "the collector is not content");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    exporter.finish();
    tokio::time::timeout(FLUSH_WITHIN, running)
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn everything_is_sent_in_batches_and_the_rest_at_the_end() {
    let (collector, url) = Collector::start(&[]).await;
    send(&url, 1_300, || true).await;
    let taken = collector.taken.lock().unwrap().clone();
    assert_eq!(taken.iter().sum::<usize>(), 1_300);
    assert!(taken.iter().all(|spans| *spans <= 512), "{taken:?}");
}

#[tokio::test]
async fn a_few_spans_do_not_wait_for_more_for_long() {
    let (collector, url) = Collector::start(&[]).await;
    send(&url, 3, || collector.taken() == 3).await;
}

#[tokio::test]
async fn what_a_collector_does_not_take_now_is_sent_again() {
    let busy = [
        StatusCode::SERVICE_UNAVAILABLE,
        StatusCode::TOO_MANY_REQUESTS,
    ];
    let (collector, url) = Collector::start(&busy).await;
    send(&url, 3, || collector.taken() == 3).await;
    assert_eq!(*collector.asked.lock().unwrap(), 3);
}

#[tokio::test]
async fn what_a_collector_does_not_want_is_not_sent_again() {
    let (collector, url) = Collector::start(&[StatusCode::BAD_REQUEST]).await;
    send(&url, 3, || *collector.asked.lock().unwrap() > 0).await;
    assert_eq!(*collector.asked.lock().unwrap(), 1);
    assert_eq!(collector.taken(), 0);
}

#[tokio::test]
async fn an_end_does_not_wait_for_a_collector_that_is_not_there() {
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", nobody.local_addr().unwrap());
    drop(nobody);
    // Several batches, none of which is tried twice.
    send(&url, 1_300, || true).await;
}

#[tokio::test]
async fn a_full_queue_takes_no_more_and_keeps_nobody_waiting() {
    let (queue, mut waiting) = Queue::with_room(2);
    for _ in 0..5 {
        queue.take(span());
    }
    let mut found = vec![];
    assert_eq!(waiting.recv_many(&mut found, 9).await, 2);
    queue.take(span());
    assert_eq!(waiting.recv_many(&mut found, 9).await, 1);
    drop(waiting);
    queue.take(span());
}

#[tokio::test]
async fn nothing_is_begun_without_an_endpoint() {
    let lifecycle = Lifecycle::default();
    export_traces("test", &TelemetrySettings::default(), &lifecycle).unwrap();
    let (context, span) = traces::Span::enter(None, Kind::Server);
    assert!(!context.is_sampled() && !span.is_recorded());
}

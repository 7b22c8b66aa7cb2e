//! One trace for each order, across processes; and nothing that is held up by whoever collects them.

mod tree;

use crate::grpc::{clients, order_of};
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use proto::v1::GetOrderRequest;
use serde_json::json;
use std::time::{Duration, Instant};
use tests::platform::{Collector, Placement, Platform, Shape, eventually, program, say};
use tonic::Request;
use tree::Tree;

/// A trace as a caller begins it.
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";
/// One that its caller does not record.
const UNRECORDED: &str = "0af7651916cd43dd8448eb211c80319c";

/// How an order is asked for, and looked at.
#[derive(Debug, Clone, Copy)]
enum Way {
    Rest,
    Grpc,
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_over_rest_is_one_trace_across_processes() {
    an_order_is_one_trace_across_processes(Way::Rest).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_over_grpc_is_one_trace_across_processes() {
    an_order_is_one_trace_across_processes(Way::Grpc).await;
}

async fn an_order_is_one_trace_across_processes(way: Way) {
    let collector = Collector::start().await;
    let settings = [
        ("telemetry.otlp_endpoint", collector.url()),
        // Of what begins here nothing is recorded; what a caller records is, all the same.
        ("telemetry.sampling", "0"),
    ];
    let platform = Platform::start(Shape::Separate, &settings).await;
    let p = &platform;
    let received = p.api.receive("TRACED", 100).await;
    assert!(received.header("traceparent").ends_with("-00"));

    let unrecorded = format!("00-{UNRECORDED}-{CALLER}-00");
    let (quiet, named) = way.place(p, "quiet", &unrecorded).await;
    assert_eq!(named, unrecorded, "it goes on as it is");
    let recorded = format!("00-{TRACE}-{CALLER}-01");
    let (loud, named) = way.place(p, "loud", &recorded).await;
    for order in [&quiet, &loud] {
        p.api.order_that_is("confirmed", order).await;
    }
    way.look_at(p, &loud, &named).await;

    // On a server that is others' as well it is called otherwise.
    let stream = p.nats.as_ref().expect("this shape has a broker").stream();
    let [place, look] = way.spans();
    let tree = eventually("the whole trace is there", async || {
        let mut spans = collector.trace(TRACE);
        for span in &mut spans {
            span.name = span.name.replace(stream, "ORDERS_EVENTS");
        }
        let tree = Tree::of(spans);
        match tree.missing(place, look) {
            missing if missing.is_empty() => Ok(tree),
            missing => Err(format!("without {missing:#?}\n{}", tree.drawn())),
        }
    })
    .await;
    say(&tree.drawn());
    tree.is_whole(place);
    tree.says_what_it_should();
    for (span, what) in [place, look].into_iter().zip(way.says()) {
        tree.says(span, SpanKind::Server, what);
    }
    let request = tree.only(place);
    assert_eq!(named, format!("00-{TRACE}-{}-01", request.id));
    // The projector comes to the quiet order first: what it were to send of it is there by now.
    assert_eq!(collector.trace(UNRECORDED).len(), 0);
    p.stop().await;
    assert_eq!(collector.trace(UNRECORDED).len(), 0);
    let of_this = collector.trace(TRACE).len();
    assert_eq!(collector.count(), of_this, "nothing else is recorded");
}

impl Way {
    /// What placing an order and looking at it are called.
    const fn spans(self) -> [&'static str; 2] {
        match self {
            Self::Rest => [
                "command: POST /v1/orders",
                "query: GET /v1/orders/{order_id}",
            ],
            Self::Grpc => [
                "command: orders.v1.OrderCommands/PlaceOrder",
                "query: orders.v1.OrderQueries/GetOrder",
            ],
        }
    }

    /// What is said of the two.
    const fn says(self) -> [&'static [(&'static str, &'static str)]; 2] {
        match self {
            Self::Rest => [
                &[
                    ("http.request.method", "POST"),
                    ("http.route", "/v1/orders"),
                    ("url.path", "/v1/orders"),
                    ("http.response.status_code", "201"),
                ],
                &[("http.route", "/v1/orders/{order_id}")],
            ],
            Self::Grpc => [
                &[
                    ("rpc.system.name", "grpc"),
                    ("rpc.method", "orders.v1.OrderCommands/PlaceOrder"),
                ],
                &[("rpc.method", "orders.v1.OrderQueries/GetOrder")],
            ],
        }
    }

    /// Places an order in a trace; its id, and the step that the answer names.
    async fn place(self, p: &Platform, key: &str, traceparent: &str) -> (String, String) {
        match self {
            Self::Rest => {
                let body = Placement::of("TRACED", 1, 100).body();
                let request = p.api.posting("/v1/orders", key, &json!(body));
                let request = request.header("traceparent", traceparent);
                let placed = p.api.send(request).await.expect(201);
                let named = placed.header("traceparent").to_owned();
                (placed.order_id(), named)
            }
            Self::Grpc => {
                let mut message = order_of("TRACED", 1);
                message.request_id = key.into();
                let call = in_trace(message, traceparent);
                let placed = clients(p).commands.place_order(call).await;
                let placed = placed.expect("it is placed");
                let named = placed.metadata().get("traceparent");
                let named = named.expect("the answer names its step").to_str();
                let named = named.expect("it is text").to_owned();
                let order = placed.into_inner().order.expect("there is an order");
                (order.order_id, named)
            }
        }
    }

    async fn look_at(self, p: &Platform, order_id: &str, traceparent: &str) {
        match self {
            Self::Rest => {
                let asked = p.api.query(&format!("/v1/orders/{order_id}"));
                let asked = asked.header("traceparent", traceparent);
                p.api.send(asked).await.expect(200);
            }
            Self::Grpc => {
                let message = GetOrderRequest {
                    order_id: order_id.into(),
                    ..GetOrderRequest::default()
                };
                let call = in_trace(message, traceparent);
                let found = clients(p).queries.get_order(call).await;
                found.expect("the order is there");
            }
        }
    }
}

/// A call with its caller's step in a trace, as metadata.
fn in_trace<T>(message: T, traceparent: &str) -> Request<T> {
    let mut call = Request::new(message);
    let step = traceparent.parse().expect("metadata is text");
    call.metadata_mut().insert("traceparent", step);
    call
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_hangs_holds_up_nothing() {
    let collector = Collector::start_hung().await;
    let settings = [("telemetry.otlp_endpoint", collector.url())];
    let platform = Platform::start(Shape::Separate, &settings).await;
    let p = &platform;
    p.api.receive("HUNG", 100).await;
    for _ in 0..5 {
        let placed = p.api.place(&Placement::of("HUNG", 1, 100)).await;
        assert!(placed.header("traceparent").ends_with("-01"));
        p.api.order_that_is("confirmed", &placed.order_id()).await;
    }
    let began = Instant::now();
    p.stop().await;
    // Each of the five waits three seconds at most for what cannot be sent.
    let took = began.elapsed();
    assert!(took < Duration::from_secs(40), "they stopped in {took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_collects_is_counted_and_said() {
    let began = Instant::now();
    let gone = Collector::start().await.url().to_owned();
    let settings = [("telemetry.otlp_endpoint", gone.as_str())];
    let platform = Platform::start(Shape::AllInOne, &settings).await;
    let p = &platform;
    p.api.receive("GONE", 100).await;
    let id = p.api.place(&Placement::of("GONE", 1, 100)).await.order_id();
    p.api.order_that_is("confirmed", &id).await;
    eventually("what is lost is counted", async || {
        let text = p.api.get("/metrics").await.expect(200).text;
        let lost = text
            .lines()
            .find(|line| line.starts_with("traces_spans_dropped_total{"));
        lost.map(str::to_owned).ok_or(text)
    })
    .await;
    p.stop().await;
    let log = p.process("orders").log();
    let said = log.matches("spans are lost").count() as u64;
    let minutes = began.elapsed().as_secs() / 60;
    assert!((1..=1 + minutes).contains(&said), "{log}");
}

/// An address that cannot be one stops the start.
#[test]
fn an_endpoint_that_makes_no_sense_is_refused() {
    for (setting, value) in [
        ("ORDERS__TELEMETRY__OTLP_ENDPOINT", "localhost:4318"),
        ("ORDERS__TELEMETRY__SAMPLING", "1.5"),
    ] {
        let mut command = std::process::Command::new(program("query"));
        let output = command.env(setting, value).output().expect("it starts");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success(), "{setting}");
        let name = setting
            .trim_start_matches("ORDERS__TELEMETRY__")
            .to_lowercase();
        assert!(said.contains(&name) && said.contains(value), "{said}");
    }
}

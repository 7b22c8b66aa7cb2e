//! One trace for each order, across processes; and nothing that is held up by whoever collects them.

use serde_json::json;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};
use tests::platform::{Collector, Placement, Platform, Received, Shape, eventually, program, say};

/// A trace as a caller begins it.
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";
/// One that its caller does not record.
const UNRECORDED: &str = "0af7651916cd43dd8448eb211c80319c";

/// What an order must leave in its trace, each below what it follows from; there may be more.
const STEPS: &str = "
command: POST /v1/orders
  command: decide place_order
  command: append place_order
    command: publish ORDERS_EVENTS
    projector: fold order_summary
    saga: react inventory
      saga: decide reservation
      saga: append reservation
        command: publish ORDERS_EVENTS
        projector: fold stock_level
        saga: react payment
          saga: decide payment
          saga: append payment
            command: publish ORDERS_EVENTS
            saga: react payment
              saga: perform authorize
                saga: POST
                  sandbox: POST /authorizations
                saga: decide payment
                saga: append payment
                  command: publish ORDERS_EVENTS
                  saga: react order
                    saga: decide confirm_order
                    saga: append confirm_order
                      command: publish ORDERS_EVENTS
                      projector: fold order_summary
  query: GET /v1/orders/{order_id}
";

/// Each of [`STEPS`] with all that it follows from, the first step first.
fn steps() -> Vec<Vec<String>> {
    let mut above: Vec<String> = vec![];
    let lines = STEPS.lines().filter(|line| !line.is_empty());
    let step = |line: &str| {
        let name = line.trim_start();
        above.truncate((line.len() - name.len()) / 2);
        above.push(name.to_owned());
        above.clone()
    };
    lines.map(step).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_one_trace_across_processes() {
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
    let (quiet, named) = place(p, "quiet", &unrecorded).await;
    assert_eq!(named, unrecorded, "it goes on as it is");
    let (loud, named) = place(p, "loud", &format!("00-{TRACE}-{CALLER}-01")).await;
    for order in [&quiet, &loud] {
        p.api.order_that_is("confirmed", order).await;
    }
    let asked = p.api.query(&format!("/v1/orders/{loud}"));
    let asked = asked.header("traceparent", &named);
    p.api.send(asked).await.expect(200);

    // On a server that is others' as well it is called otherwise.
    let stream = p.nats.as_ref().expect("this shape has a broker").stream();
    let tree = eventually("the whole trace is there", async || {
        let mut spans = collector.trace(TRACE);
        for span in &mut spans {
            span.name = span.name.replace(stream, "ORDERS_EVENTS");
        }
        let tree = Tree::of(spans);
        match tree.missing() {
            missing if missing.is_empty() => Ok(tree),
            missing => Err(format!("without {missing:#?}\n{}", tree.drawn())),
        }
    })
    .await;
    say(&tree.drawn());
    tree.is_whole();
    tree.says_what_it_should();
    let request = tree.only("command: POST /v1/orders");
    assert_eq!(named, format!("00-{TRACE}-{}-01", request.id));
    // The projector comes to the quiet order first: what it were to send of it is there by now.
    assert_eq!(collector.trace(UNRECORDED).len(), 0);
    p.stop().await;
    assert_eq!(collector.trace(UNRECORDED).len(), 0);
    let of_this = collector.trace(TRACE).len();
    assert_eq!(collector.count(), of_this, "nothing else is recorded");
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

/// Places an order in a trace; its id, and the step that the answer names.
async fn place(p: &Platform, key: &str, traceparent: &str) -> (String, String) {
    let body = Placement::of("TRACED", 1, 100).body();
    let request = p.api.posting("/v1/orders", key, &json!(body));
    let request = request.header("traceparent", traceparent);
    let placed = p.api.send(request).await.expect(201);
    let named = placed.header("traceparent").to_owned();
    (placed.order_id(), named)
}

/// A trace as a tree.
struct Tree {
    spans: BTreeMap<String, Received>,
    /// Each span with all that it follows from, the first step first.
    paths: BTreeMap<String, Vec<String>>,
    sent: usize,
}

impl Tree {
    fn of(received: Vec<Received>) -> Self {
        let sent = received.len();
        let spans: BTreeMap<String, Received> = received
            .into_iter()
            .map(|span| (span.id.clone(), span))
            .collect();
        let path = |span: &Received| {
            let mut path = vec![label(span)];
            let mut at = span;
            while let Some(parent) = spans.get(&at.parent) {
                path.push(label(parent));
                at = parent;
            }
            path.reverse();
            path
        };
        let paths = spans
            .iter()
            .map(|(id, span)| (id.clone(), path(span)))
            .collect();
        Self { spans, paths, sent }
    }

    fn missing(&self) -> Vec<String> {
        let there: BTreeSet<&Vec<String>> = self.paths.values().collect();
        let steps = steps().into_iter().filter(|step| !there.contains(step));
        let orphans = self
            .orphans()
            .map(|span| format!("the parent of {}", label(span)));
        steps.map(|step| step.join(" > ")).chain(orphans).collect()
    }

    /// Those whose parents are not there, but for what the caller did, who records elsewhere.
    fn orphans(&self) -> impl Iterator<Item = &Received> {
        let known =
            |span: &&Received| span.parent == CALLER || self.spans.contains_key(&span.parent);
        self.spans.values().filter(move |span| !known(span))
    }

    fn only(&self, name: &str) -> &Received {
        let found: Vec<_> = self
            .spans
            .values()
            .filter(|span| label(span) == name)
            .collect();
        assert_eq!(found.len(), 1, "{name}: {found:#?}");
        found[0]
    }

    /// One tree, no span twice, each process one instance, and nothing before what it follows from.
    fn is_whole(&self) {
        assert_eq!(self.spans.len(), self.sent, "a span came twice");
        let from_caller = self.spans.values().filter(|span| span.parent == CALLER);
        let from_caller: Vec<_> = from_caller.map(label).collect();
        assert_eq!(from_caller, ["command: POST /v1/orders"]);
        let instances: BTreeSet<_> = self
            .spans
            .values()
            .map(|span| (&span.service, &span.instance))
            .collect();
        let services: Vec<&str> = instances.iter().map(|(name, _)| name.as_str()).collect();
        let all = ["command", "projector", "query", "saga", "sandbox"];
        assert_eq!(services, all);
        for span in self.spans.values() {
            assert!(!span.failed, "{span:#?}");
            assert!(span.time.start() <= span.time.end(), "{span:#?}");
            if let Some(parent) = self.spans.get(&span.parent) {
                assert!(
                    span.time.start() >= parent.time.start(),
                    "{span:#?}\n{parent:#?}"
                );
            }
        }
    }

    /// Kinds and attributes, as OpenTelemetry has them.
    fn says_what_it_should(&self) {
        use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
        let says = |name: &str, kind: SpanKind, what: &[(&str, &str)]| {
            let found = self.spans.values().filter(|span| label(span) == name);
            let found: Vec<_> = found.collect();
            assert!(!found.is_empty(), "there is no {name}");
            for span in found {
                assert_eq!(span.kind, kind, "{span:#?}");
                for (key, value) in what {
                    let said = span.attributes.get(*key).map(String::as_str);
                    assert_eq!(said, Some(*value), "{key} of {span:#?}");
                }
            }
        };
        let created = ("http.response.status_code", "201");
        let place = [
            ("http.request.method", "POST"),
            ("http.route", "/v1/orders"),
            ("url.path", "/v1/orders"),
            created,
        ];
        says("command: POST /v1/orders", SpanKind::Server, &place);
        let route = [("http.route", "/v1/orders/{order_id}")];
        says("query: GET /v1/orders/{order_id}", SpanKind::Server, &route);
        says("command: decide place_order", SpanKind::Internal, &[]);
        let postgres = [("db.system.name", "postgresql"), ("orders.outcome", "done")];
        says("command: append place_order", SpanKind::Client, &postgres);
        let nats = [
            ("messaging.system", "nats"),
            ("messaging.operation.type", "send"),
        ];
        says("command: publish ORDERS_EVENTS", SpanKind::Producer, &nats);
        says("saga: react inventory", SpanKind::Consumer, &[]);
        says("projector: fold order_summary", SpanKind::Consumer, &[]);
        let call = [
            ("http.request.method", "POST"),
            ("server.address", "127.0.0.1"),
        ];
        says("saga: POST", SpanKind::Client, &call);
        says("sandbox: POST /authorizations", SpanKind::Server, &[]);
    }

    fn drawn(&self) -> String {
        let mut paths: Vec<_> = self.paths.values().collect();
        paths.sort();
        let line = |path: &Vec<String>| {
            let last = path.last().map_or("", String::as_str);
            format!("{}{last}\n", "  ".repeat(path.len()))
        };
        paths.into_iter().map(line).collect()
    }
}

fn label(span: &Received) -> String {
    format!("{}: {}", span.service, span.name)
}

//! The layer over real HTTP.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    routing::{get, post},
};
use reqwest::{Client, Method, Response};
use serde::Deserialize;
use serde_json::Value;
use tokio::{io::AsyncWriteExt, sync::Notify};

use super::*;
use crate::{
    Lifecycle, Problem,
    config::Settings,
    extract::{IdempotencyKey, JsonLines, StrictJson},
    health::Health,
    http_client, server,
    telemetry::Metrics,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    text: String,
}

struct Platform {
    base: String,
    client: Client,
    /// Lets one waiting request go on.
    leave: Arc<Notify>,
    entered: Arc<Notify>,
    lifecycle: Lifecycle,
}

impl Drop for Platform {
    fn drop(&mut self) {
        self.lifecycle.shut_down();
        self.lifecycle.hard().cancel();
    }
}

async fn start(change: impl FnOnce(&mut HttpSettings)) -> Platform {
    let mut http = Settings::default().http;
    change(&mut http);
    let metrics = Metrics::install().unwrap();
    let lifecycle = Lifecycle::default();
    let (entered, leave) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (enter, may_leave) = (Arc::clone(&entered), Arc::clone(&leave));
    let wait = move || {
        let (enter, may_leave) = (Arc::clone(&enter), Arc::clone(&may_leave));
        async move {
            enter.notify_one();
            may_leave.notified().await;
            "done"
        }
    };
    let router = Router::new()
        .route(
            "/who",
            get(async |context: RequestContext| {
                format!("{} {}", context.request_id(), context.trace)
            }),
        )
        .route("/items/{id}", get(async || "item"))
        .route(
            "/echo",
            post(async |_: IdempotencyKey, json: StrictJson<Body>| json.value.text),
        )
        .route(
            "/bytes",
            post(async |body: bytes::Bytes| body.len().to_string()),
        )
        .route(
            "/panic",
            get(async || -> &'static str { panic!("the secret is sesame") }),
        )
        .route("/broken", get(async || Problem::internal()))
        .route("/wait", get(wait))
        .route(LASTING_PATHS[0], post(count_lines))
        .merge(Health::new(lifecycle.soft().clone()).router(&metrics));
    let listener = server::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let base = format!("http://{}", listener.address());
    let router = wrap(router, &http);
    lifecycle.spawn_critical(
        "http",
        server::serve(listener, router, &(&http).into(), &lifecycle),
    );
    Platform {
        base,
        client: http_client::loopback().build().unwrap(),
        leave,
        entered,
        lifecycle,
    }
}

async fn count_lines(mut lines: JsonLines) -> Result<String, Problem> {
    let mut count = 0;
    while lines.next().await?.is_some() {
        count += 1;
    }
    Ok(count.to_string())
}

impl Platform {
    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.client
            .request(method, format!("{}{path}", self.base))
            .timeout(Duration::from_secs(10))
    }

    async fn get(&self, path: &str) -> Response {
        self.request(Method::GET, path).send().await.unwrap()
    }

    async fn metrics(&self) -> String {
        self.get("/metrics").await.text().await.unwrap()
    }

    /// A metric's value, 0 where it is not recorded.
    async fn count(&self, name: &str) -> u64 {
        let metrics = self.metrics().await;
        let value = metrics.lines().find_map(|line| line.strip_prefix(name));
        value.map_or(0, |value| value.trim().parse().unwrap())
    }
}

fn header(response: &Response, name: &str) -> String {
    response.headers()[name].to_str().unwrap().to_owned()
}

/// Checks that the answer is a problem which names its request, and returns it.
async fn problem(response: Response) -> Value {
    assert_eq!(
        header(&response, "content-type"),
        "application/problem+json"
    );
    let id = header(&response, "request-id");
    let (status, path) = (response.status(), response.url().path().to_owned());
    let problem: Value = response.json().await.unwrap();
    assert_eq!(problem["request_id"], id);
    assert_eq!(problem["instance"], path);
    assert_eq!(problem["status"], status.as_u16());
    problem
}

#[tokio::test]
async fn a_request_has_an_id_and_a_trace_in_handler_and_answer() {
    let platform = start(|_| ()).await;
    let response = platform.get("/who").await;
    let (id, trace) = (
        header(&response, "request-id"),
        header(&response, "traceparent"),
    );
    assert_eq!(id.parse::<uuid::Uuid>().unwrap().get_version_num(), 7);
    assert_eq!(response.text().await.unwrap(), format!("{id} {trace}"));

    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let request = platform
        .request(Method::GET, "/who")
        .header("traceparent", parent);
    let response = request
        .header("x-request-id", "mine-1")
        .send()
        .await
        .unwrap();
    assert_eq!(header(&response, "request-id"), "mine-1");
    // No step of it is recorded, so none is told of: what follows is linked to the caller's.
    assert_eq!(header(&response, "traceparent"), parent);

    for strange in ["a b", "", &"x".repeat(129)] {
        let request = platform
            .request(Method::GET, "/who")
            .header("request-id", strange);
        let response = request
            .header("traceparent", "nonsense")
            .send()
            .await
            .unwrap();
        assert!(
            header(&response, "request-id")
                .parse::<uuid::Uuid>()
                .is_ok(),
            "{strange:?}"
        );
        let trace = header(&response, "traceparent");
        assert_eq!(trace.len(), 55);
        assert!(trace.ends_with("-00"), "nothing is recorded: {trace}");
    }
}

#[tokio::test]
async fn unknown_paths_and_methods_are_problems() {
    let platform = start(|_| ()).await;
    let found = problem(platform.get("/nowhere").await).await;
    assert_eq!(
        (found["status"].as_u64(), found["code"].as_str()),
        (Some(404), Some("ROUTE_NOT_FOUND"))
    );

    let response = platform
        .request(Method::DELETE, "/items/1")
        .send()
        .await
        .unwrap();
    assert_eq!(header(&response, "allow"), "GET,HEAD");
    assert_eq!(problem(response).await["code"], "METHOD_NOT_ALLOWED");
    let head = platform
        .request(Method::HEAD, "/nowhere")
        .send()
        .await
        .unwrap();
    assert_eq!(head.status(), 404);
}

#[tokio::test]
async fn a_panic_is_answered_without_internals() {
    let platform = start(|_| ()).await;
    for _ in 0..2 {
        let response = platform.get("/panic").await;
        assert_eq!(response.status(), 500);
        let problem = problem(response).await;
        assert_eq!(problem["code"], "INTERNAL");
        assert!(!problem.to_string().contains("sesame"));
    }
    assert_eq!(platform.get("/who").await.status(), 200);
}

#[tokio::test]
async fn extractors_refuse_with_problems_that_name_the_request() {
    let platform = start(|http| http.max_body_bytes = 1_024).await;
    let post = || {
        platform
            .request(Method::POST, "/echo")
            .header("content-type", "application/json")
    };
    let missing = post().body("{}").send().await.unwrap();
    assert_eq!(problem(missing).await["code"], "IDEMPOTENCY_KEY_REQUIRED");

    let post = || post().header("idempotency-key", "k1");
    let good = post().body(r#"{"text": "hi"}"#).send().await.unwrap();
    assert_eq!(good.text().await.unwrap(), "hi");
    let wrong = problem(post().body(r#"{"text": 1}"#).send().await.unwrap()).await;
    assert_eq!(wrong["errors"][0]["pointer"], "/text");

    let announced = post().body(vec![b' '; 2_000]).send().await.unwrap();
    assert_eq!(problem(announced).await["status"], 413);
    let chunks = futures::stream::iter((0..20).map(|_| Ok::<_, std::io::Error>(vec![b' '; 100])));
    let streamed = post()
        .body(reqwest::Body::wrap_stream(chunks))
        .send()
        .await
        .unwrap();
    assert_eq!(problem(streamed).await["status"], 413);
    // axum's own extractors keep to the limit too.
    let bytes = platform
        .request(Method::POST, "/bytes")
        .body(vec![0; 2_000])
        .send()
        .await
        .unwrap();
    assert_eq!(bytes.status(), 413);
}

#[tokio::test]
async fn bodies_that_take_too_much_together_are_turned_away_until_there_is_room() {
    let platform = start(|http| {
        http.max_body_bytes = 4_000;
        http.max_bodies_bytes = 4_000;
    })
    .await;
    let post = async || {
        let text = "x".repeat(2_000);
        let request = platform.request(Method::POST, "/echo");
        let request = request.header("idempotency-key", "k1");
        let request = request.header("content-type", "application/json");
        let request = request.body(format!(r#"{{"text": "{text}"}}"#));
        request.send().await.unwrap()
    };
    let until = async |status: u16| {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
        loop {
            let answer = post().await;
            if answer.status() == status {
                return answer;
            }
            assert!(tokio::time::Instant::now() < deadline, "never {status}");
        }
    };
    // One that never comes to its end keeps what it has sent.
    let address = platform.base.strip_prefix("http://").unwrap();
    let mut slow = tokio::net::TcpStream::connect(address).await.unwrap();
    let head = "POST /echo HTTP/1.1\r\nhost: test\r\nidempotency-key: k\r\n\
                content-type: application/json\r\ncontent-length: 3500\r\n\r\n";
    let begun = format!("{head}{}", " ".repeat(3_000));
    slow.write_all(begun.as_bytes()).await.unwrap();
    let refused = until(503).await;
    assert_eq!(header(&refused, "retry-after"), "1");
    let problem = problem(refused).await;
    assert_eq!(problem["code"], "OVERLOADED");
    assert_eq!(problem["retryable"], true);
    drop(slow);
    until(200).await;
    // Nothing is kept of those that were answered.
    for _ in 0..10 {
        assert_eq!(post().await.status(), 200);
    }
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_ended() {
    let platform = start(|http| http.request_timeout_ms = 50).await;
    let response = platform.get("/wait").await;
    assert_eq!(response.status(), 503);
    assert_eq!(header(&response, "retry-after"), "1");
    assert_eq!(problem(response).await["code"], "REQUEST_TIMED_OUT");
}

#[tokio::test]
async fn a_request_of_many_lines_lasts_as_long_as_they_come() {
    const LIMIT: Duration = Duration::from_millis(50);
    let platform = start(|http| {
        http.request_timeout_ms = 50;
        http.body_timeout_ms = 50;
        http.max_body_bytes = 1_024;
        http.max_bodies_bytes = 64 << 10;
    })
    .await;
    let post = || {
        let request = platform.request(Method::POST, LASTING_PATHS[0]);
        request.header("content-type", "application/x-ndjson")
    };
    // Longer than any other request may take, and more than all bodies may be together.
    let lines = futures::stream::unfold(0, async |sent| {
        if sent == 500 {
            tokio::time::sleep(LIMIT * 4).await;
        }
        let line = Ok::<_, std::io::Error>(format!("{}\n", "x".repeat(1_000)));
        (sent < 1_000).then_some((line, sent + 1))
    });
    let body = reqwest::Body::wrap_stream(Box::pin(lines));
    let answer = post().body(body).send().await.unwrap();
    assert_eq!(answer.text().await.unwrap(), "1000");
}

#[tokio::test]
async fn lines_that_find_no_room_among_all_bodies_are_turned_away() {
    let platform = start(|http| http.max_bodies_bytes = 1_024).await;
    let request = platform.request(Method::POST, LASTING_PATHS[0]);
    let request = request.header("content-type", "application/x-ndjson");
    let refused = request.body("x\n".repeat(4_000)).send().await.unwrap();
    assert_eq!(refused.status(), 503);
    assert_eq!(header(&refused, "retry-after"), "1");
    assert_eq!(problem(refused).await["code"], "OVERLOADED");
}

#[tokio::test]
async fn requests_over_the_limit_are_shed_but_probes_are_answered() {
    let platform = start(|http| http.max_in_flight = 1).await;
    // Other tests of this process count too.
    let before = platform.count("http_requests_shed_total ").await;
    let request = platform.request(Method::GET, "/wait").send();
    let running = tokio::spawn(request);
    platform.entered.notified().await;

    let shed = platform.get("/who").await;
    assert_eq!(header(&shed, "retry-after"), "1");
    let shed = problem(shed).await;
    assert_eq!(
        (shed["code"].as_str(), shed["retryable"].as_bool()),
        (Some("OVERLOADED"), Some(true))
    );
    assert_eq!(platform.get("/livez").await.status(), 200);
    assert!(platform.count("http_requests_shed_total ").await > before);

    platform.leave.notify_one();
    assert_eq!(
        running.await.unwrap().unwrap().text().await.unwrap(),
        "done"
    );
    assert_eq!(platform.get("/who").await.status(), 200);
}

#[tokio::test]
async fn a_client_that_leaves_frees_its_place() {
    let platform = start(|http| http.max_in_flight = 1).await;
    let running = tokio::spawn(platform.request(Method::GET, "/wait").send());
    platform.entered.notified().await;
    running.abort();
    let freed = async {
        while platform.get("/who").await.status() != 200 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), freed)
        .await
        .unwrap();
    let left = r#"http_requests_total{method="GET",route="/wait",status="499"}"#;
    assert_eq!(platform.count(left).await, 1);
}

#[tokio::test]
async fn answers_are_counted_by_route_and_never_by_what_strangers_make_up() {
    let platform = start(|_| ()).await;
    for path in [
        "/items/1",
        "/items/2",
        "/nowhere/1",
        "/nowhere/2",
        "/broken",
    ] {
        platform.get(path).await;
    }
    let made_up = Method::from_bytes(b"MADEUP").unwrap();
    platform.request(made_up, "/items/1").send().await.unwrap();
    // At least: the recorder belongs to the process, and other tests ask for things too.
    for (name, least) in [
        (
            r#"http_requests_total{method="GET",route="/items/{id}",status="200"}"#,
            2,
        ),
        (
            r#"http_requests_total{method="GET",route="unmatched",status="404"}"#,
            2,
        ),
        (
            r#"http_requests_total{method="GET",route="/broken",status="500"}"#,
            1,
        ),
        (
            r#"http_requests_total{method="OTHER",route="/items/{id}",status="405"}"#,
            1,
        ),
        (
            r#"http_request_duration_seconds_count{method="GET",route="/items/{id}"}"#,
            2,
        ),
    ] {
        assert!(platform.count(name).await >= least, "{name}");
    }
    let metrics = platform.metrics().await;
    assert!(!metrics.contains("MADEUP") && !metrics.contains("nowhere"));
}

#[tokio::test]
async fn a_client_that_asks_too_often_is_answered_429_and_probes_are_not() {
    let platform = start(|http| {
        http.client_requests_per_s = 1;
        http.client_burst = 3;
    })
    .await;
    for _ in 0..3 {
        assert_eq!(platform.get("/who").await.status(), 200);
    }
    let refused = platform.get("/who").await;
    assert_eq!(refused.status(), 429);
    assert_eq!(header(&refused, "retry-after"), "1");
    let problem = problem(refused).await;
    assert_eq!(problem["code"], "TOO_MANY_REQUESTS");
    assert_eq!(problem["retryable"], true);
    for _ in 0..10 {
        assert_eq!(platform.get("/livez").await.status(), 200);
    }
    assert!(platform.count("http_requests_limited_total ").await >= 1);
    // The bucket fills again.
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    while platform.get("/who").await.status() != 200 {
        assert!(tokio::time::Instant::now() < deadline, "it never does");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

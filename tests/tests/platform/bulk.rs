//! Many orders in one request: `POST /v1/orders/bulk`.

use futures::stream;
use reqwest::{Body, Method, RequestBuilder};
use serde_json::{Value, json};
use std::{collections::BTreeSet, convert::Infallible};
use tests::platform::{Answer, Placement, Platform, Shape, eventually};
use tokio::{sync::mpsc, task::JoinHandle};

const PATH: &str = "/v1/orders/bulk";

/// An order of one piece, with a number of the shop's own.
fn order(reference: &str) -> Value {
    Placement::of("A", 1, 100).reference(reference).body()
}

/// The same, with a key of its own.
fn keyed(key: &str, reference: &str) -> Value {
    let mut order = order(reference);
    order["idempotency_key"] = json!(key);
    order
}

fn lines(orders: &[Value]) -> String {
    orders.iter().map(|order| format!("{order}\n")).collect()
}

fn posting(p: &Platform, key: &str) -> RequestBuilder {
    let request = p.api.command(Method::POST, PATH);
    let request = request.header("idempotency-key", key.to_owned());
    request.header("content-type", "application/x-ndjson")
}

async fn post(p: &Platform, key: &str, body: String) -> Answer {
    p.api.send(posting(p, key).body(body)).await
}

/// How many were done, replayed and failed.
fn counts(answer: &Answer) -> [u64; 3] {
    let count = |name: &str| answer.body[name].as_u64().expect("a count");
    ["done", "replayed", "failed"].map(count)
}

fn items(answer: &Answer) -> &[Value] {
    answer.body["items"].as_array().expect("there are items")
}

/// The orders that there are: each with the shop's number.
async fn references(p: &Platform) -> Result<Vec<String>, String> {
    let orders = p.api.list("/v1/orders").await?;
    let reference = |order: &Value| order["reference"].as_str().unwrap_or_default().to_owned();
    Ok(orders.iter().map(reference).collect())
}

/// Waits until there are exactly these orders, each once.
async fn there_are(p: &Platform, wanted: &BTreeSet<String>) {
    eventually("the orders are there", async || {
        let found = references(p).await?;
        let once: BTreeSet<String> = found.iter().cloned().collect();
        assert_eq!(once.len(), found.len(), "an order is there twice");
        assert!(once.is_subset(wanted), "{:?}", once.difference(wanted));
        (once.len() == wanted.len())
            .then_some(())
            .ok_or_else(|| format!("{} of {}", once.len(), wanted.len()))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_order_of_many_has_a_result_and_is_placed_once() {
    let platform = Platform::start(Shape::AllInOne, &[]).await;
    let p = &platform;
    p.api.receive("A", 10_000).await;
    let mut orders: Vec<Value> = (0..1_000).map(|n| order(&format!("R-{n}"))).collect();
    orders[500] = keyed("my-key", "R-500");
    let body = lines(&orders);
    let first = post(p, "many-1", body.clone()).await.expect(207);
    assert_eq!(counts(&first), [1_000, 0, 0]);
    for (index, item) in items(&first).iter().enumerate() {
        assert_eq!(item["line"], index + 1);
        assert_eq!(
            (&item["status"], &item["version"]),
            (&json!(201), &json!(1))
        );
        let key = if index == 500 {
            json!("my-key")
        } else {
            Value::Null
        };
        assert_eq!(item["idempotency_key"], key);
    }
    // Its token is of the last of them: what is read with it has them all.
    let ids = |answer: &Answer| -> Vec<String> {
        let id = |item: &Value| item["order_id"].as_str().expect("an id").to_owned();
        items(answer).iter().map(id).collect()
    };
    for id in &ids(&first)[990..] {
        let path = format!("/v1/orders/{id}");
        let token = first.header("consistency-token");
        p.api.get_after(token, &path).await.expect(200);
    }

    let again = post(p, "many-1", body).await.expect(207);
    assert_eq!(counts(&again), [0, 1_000, 0]);
    assert_eq!(ids(&again), ids(&first));

    // A key of its own holds in another request and in another line; without one, an order is another
    // under another key.
    let orders = [order("R-new"), keyed("my-key", "R-500")];
    let other = post(p, "many-2", lines(&orders)).await.expect(207);
    assert_eq!(counts(&other), [1, 1, 0]);
    assert_eq!(ids(&other)[1], ids(&first)[500]);
    // And the same one twice in a request is placed once.
    let twice = [keyed("twice", "R-twice"), keyed("twice", "R-twice")];
    let twice = post(p, "many-3", lines(&twice)).await.expect(207);
    assert_eq!(counts(&twice), [1, 1, 0]);
    assert_eq!(ids(&twice)[0], ids(&twice)[1]);

    let mut wanted: BTreeSet<String> = (0..1_000).map(|n| format!("R-{n}")).collect();
    wanted.extend(["R-new", "R-twice"].map(String::from));
    there_are(p, &wanted).await;
    p.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_one_order_is_named_and_stops_no_other() {
    let settings = [("http.max_body_bytes", "4096")];
    let platform = Platform::start(Shape::AllInOne, &settings).await;
    let p = &platform;
    p.api.receive("A", 10_000).await;
    let with = |field: &str, value: Value| {
        let mut order = order("wrong");
        order[field] = value;
        order.to_string()
    };
    let strange = format!("surprise{}", "x".repeat(3_000));
    // Each is a line, and the status, code and pointer that it leads to.
    let wrong: Vec<(String, u16, &str, &str)> = vec![
        ("{\"customer_id\":".into(), 400, "INVALID_JSON", ""),
        ("[1, 2]".into(), 400, "INVALID_BODY", ""),
        (with("surprise", json!(1)), 400, "INVALID_BODY", "/surprise"),
        (
            with(&strange, json!(1)),
            400,
            "INVALID_BODY",
            &strange[..300],
        ),
        (
            with("currency", json!("EURO")),
            400,
            "INVALID_BODY",
            "/currency",
        ),
        (
            with("lines", json!([["A", 1]])),
            400,
            "INVALID_BODY",
            "/lines/0",
        ),
        (
            with("idempotency_key", json!("two words")),
            400,
            "INVALID_IDEMPOTENCY_KEY",
            "/idempotency_key",
        ),
        (
            with("reference", json!("x".repeat(5_000))),
            413,
            "PAYLOAD_TOO_LARGE",
            "",
        ),
        (with("total", json!(1)), 422, "TOTAL_MISMATCH", "/total"),
        (
            with("placed_at", json!("2999-01-01T00:00:00Z")),
            422,
            "PLACED_IN_FUTURE",
            "/placed_at",
        ),
        (
            keyed("used", "another").to_string(),
            422,
            "IDEMPOTENCY_KEY_REUSED",
            "/idempotency_key",
        ),
    ];
    let used = lines(&[keyed("used", "R-used")]);
    post(p, "wrong-0", used).await.expect(207);
    // Each stands between good ones, some of which end otherwise than others.
    let mut body = format!("{}\r\n\n", order("R-0"));
    for (number, (line, ..)) in wrong.iter().enumerate() {
        body += &format!("{line}\n{}\n", order(&format!("R-{}", number + 1)));
    }
    let body = body.trim_end().to_owned();
    let answer = post(p, "wrong-1", body.clone()).await.expect(207);
    let good = wrong.len() as u64 + 1;
    assert_eq!(counts(&answer), [good, 0, wrong.len() as u64]);
    for (index, (line, status, code, pointer)) in wrong.iter().enumerate() {
        let item = &items(&answer)[1 + 2 * index];
        let problem = &item["problem"];
        let found = problem["errors"][0]["pointer"].as_str().unwrap_or_default();
        let pointer = match pointer.starts_with("surprise") {
            true => format!("/{}", &pointer[..299]),
            false => (*pointer).to_owned(),
        };
        assert_eq!(item["line"], 3 + 2 * index, "{item}");
        assert_eq!(
            (&item["status"], &problem["code"], found),
            (&json!(status), &json!(code), &*pointer),
            "{line}: {item}"
        );
        assert_eq!(problem["status"], json!(status));
        assert!(problem["retryable"].is_boolean(), "{item}");
        // However long a line is, what is said of it is short.
        assert!(item.to_string().len() < 1_500, "{item}");
        assert!(item["order_id"].is_null(), "{item}");
    }
    // What was refused is refused again, what was placed is not placed again.
    let again = post(p, "wrong-1", body).await.expect(207);
    assert_eq!(counts(&again), [0, good, wrong.len() as u64]);
    let mut wanted: BTreeSet<String> = (0..good).map(|n| format!("R-{n}")).collect();
    wanted.insert("R-used".into());
    there_are(p, &wanted).await;
    p.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_of_many_has_bounds_and_rules_of_its_own() {
    let platform = Platform::start(Shape::AllInOne, &[]).await;
    let p = &platform;
    let refused = |answer: Answer, status: u16, code: &str| {
        let answer = answer.expect(status);
        assert_eq!(answer.code(), code, "{}", answer.text);
        assert_eq!(answer.header("content-type"), "application/problem+json");
    };
    let endless = stream::repeat_with(|| Ok::<_, Infallible>("{}\n"));
    let answer = p.api.send(posting(p, "k").body(Body::wrap_stream(endless)));
    refused(answer.await, 400, "TOO_MANY_ITEMS");
    let line = lines(&[order("R-1")]);
    let bare = p.api.command(Method::POST, PATH);
    let bare = bare.header("content-type", "application/x-ndjson");
    let answer = p.api.send(bare.body(line.clone())).await;
    refused(answer, 400, "IDEMPOTENCY_KEY_REQUIRED");
    let conditional = posting(p, "k").header("if-match", "\"1\"");
    let answer = p.api.send(conditional.body(line.clone())).await;
    refused(answer, 400, "INVALID_IF_MATCH");
    let json = p.api.posting(PATH, "k", &order("R-1"));
    refused(p.api.send(json).await, 415, "UNSUPPORTED_MEDIA_TYPE");
    let nothing = post(p, "k", String::new()).await.expect(207);
    assert_eq!((counts(&nothing), items(&nothing).len()), ([0, 0, 0], 0));
    // None of these has used the key up.
    assert_eq!(counts(&post(p, "k", line).await.expect(207)), [1, 0, 0]);
    p.stop().await;
}

/// A request of which only some lines have been sent.
struct Half {
    lines: mpsc::UnboundedSender<Result<String, Infallible>>,
    answer: JoinHandle<reqwest::Result<reqwest::Response>>,
}

impl Half {
    fn of(p: &Platform, key: &str, orders: &[Value]) -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        let pieces = stream::unfold(receiver, async |mut receiver| {
            receiver.recv().await.map(|piece| (piece, receiver))
        });
        // The last line lacks its end.
        let sent = lines(orders).trim_end().to_owned();
        sender.send(Ok(sent)).expect("there is a receiver");
        let request = posting(p, key).body(Body::wrap_stream(pieces));
        Self {
            lines: sender,
            answer: tokio::spawn(request.send()),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_breaks_off_is_sent_again_as_a_whole() {
    let platform = Platform::start(Shape::AllInOne, &[]).await;
    let p = &platform;
    p.api.receive("A", 10_000).await;
    let some = |prefix: &str| -> Vec<Value> {
        let order = |n| order(&format!("{prefix}-{n}"));
        (0..400).map(order).collect()
    };
    let placed = async |count: usize| {
        eventually("what has come is placed", async || {
            let found = references(p).await?.len();
            (found == count)
                .then_some(())
                .ok_or_else(|| found.to_string())
        })
        .await;
    };

    // The client leaves when half of the orders have come, and half of another.
    let left = some("L");
    let half = Half::of(p, "left", &left[..201]);
    placed(200).await;
    half.answer.abort();
    assert!(
        half.answer
            .await
            .expect_err("it was aborted")
            .is_cancelled()
    );
    // The line that was not whole is no order.
    let answer = post(p, "left", lines(&left)).await.expect(207);
    assert_eq!(counts(&answer), [200, 200, 0]);
    placed(400).await;

    // The platform is killed at the same place.
    let killed = some("K");
    let half = Half::of(p, "killed", &killed[..201]);
    placed(600).await;
    p.process("orders").kill().await;
    let answer = half.answer.await.expect("it does not panic");
    assert!(answer.is_err(), "{answer:?}");
    drop(half.lines);
    p.process("orders").start();
    p.process("orders").ready().await;
    let answer = post(p, "killed", lines(&killed)).await.expect(207);
    assert_eq!(counts(&answer), [200, 200, 0]);

    // And a process that stops says so, and what to do.
    let stopped = some("S");
    let half = Half::of(p, "stopped", &stopped[..201]);
    placed(1_000).await;
    assert!(p.process("orders").stop().await.success());
    let answer = half.answer.await.expect("it does not panic");
    let answer = answer.expect("there is an answer");
    assert_eq!(answer.status(), 503);
    let problem: Value = answer.json().await.expect("a problem");
    assert_eq!(
        (&problem["code"], &problem["retryable"]),
        (&json!("STOPPING"), &json!(true))
    );
    p.process("orders").start();
    p.process("orders").ready().await;
    let answer = post(p, "stopped", lines(&stopped)).await.expect(207);
    assert_eq!(counts(&answer), [200, 200, 0]);

    let all = [left, killed, stopped].concat();
    let reference = |order: &Value| order["reference"].as_str().expect("a text").to_owned();
    there_are(p, &all.iter().map(reference).collect()).await;
    p.stop().await;
}

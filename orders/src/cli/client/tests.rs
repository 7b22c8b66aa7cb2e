//! Against a platform that answers what it is told to.

use super::*;
use axum::{
    Json, Router,
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Response},
    routing::post,
};
use serde_json::json;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};
use tokio::net::TcpListener;

/// The answers that are left, and the keys that came.
#[derive(Default)]
struct Script {
    answers: VecDeque<(u16, Value)>,
    keys: Vec<String>,
}

async fn answer(State(script): State<Arc<Mutex<Script>>>, headers: HeaderMap) -> Response {
    let mut script = script.lock().expect("nobody panics with it");
    let key = headers["idempotency-key"].to_str().expect("it is text");
    script.keys.push(key.to_owned());
    let (status, body) = script.answers.pop_front().expect("it is asked too often");
    let status = StatusCode::from_u16(status).expect("it is a status");
    (status, Json(body)).into_response()
}

/// A client of a platform that gives `answers`, one after the other.
async fn client(answers: &[(u16, Value)]) -> (ApiClient, Arc<Mutex<Script>>) {
    let script = Arc::new(Mutex::new(Script {
        answers: answers.iter().cloned().collect(),
        keys: vec![],
    }));
    let router = Router::new()
        .route("/v1/orders", post(answer))
        .with_state(script.clone());
    let listener = TcpListener::bind(("127.0.0.1", 0))
        .await
        .expect("there is a port");
    let url = format!("http://{}", listener.local_addr().expect("it is bound"));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let client = ApiClient {
        http: http_client::loopback().build().unwrap(),
        query_url: url.clone(),
        url,
    };
    (client, script)
}

fn problem(retryable: bool) -> Value {
    json!({ "detail": "not now", "retryable": retryable })
}

#[tokio::test]
async fn what_may_go_right_later_is_sent_again_under_the_same_key() {
    let placed = json!({ "order_id": "1" });
    let answers = [
        (503, problem(true)),
        (409, problem(true)),
        (201, placed.clone()),
    ];
    let (client, script) = client(&answers).await;
    let written = client.post("/v1/orders", None, &json!({})).await;
    assert_eq!(written.expect("the third try").body, placed);
    let keys = script.lock().expect("nobody panics with it").keys.clone();
    assert_eq!(keys.len(), 3);
    assert!(keys.iter().all(|key| *key == keys[0]), "{keys:?}");
}

#[tokio::test]
async fn whoever_is_left_in_doubt_is_told_the_key() {
    let answers = vec![(503, problem(true)); TRIES as usize];
    let (client, script) = client(&answers).await;
    let failed = client.post("/v1/orders", None, &json!({})).await;
    let said = format!("{:#}", failed.err().expect("it gives up"));
    let key = script.lock().expect("nobody panics with it").keys[0].clone();
    assert!(said.contains(&format!("--idempotency-key {key}")), "{said}");
}

#[tokio::test]
async fn a_refusal_is_final() {
    let (client, script) = client(&[(422, problem(false))]).await;
    let failed = client.post("/v1/orders", Some("mine"), &json!({})).await;
    let said = format!("{:#}", failed.err().expect("it is refused"));
    assert_eq!(said, "not now (422 Unprocessable Entity)");
    assert_eq!(script.lock().expect("nobody panics with it").keys, ["mine"]);
}

#[tokio::test]
async fn nobody_is_in_doubt_where_nothing_could_be_sent() {
    let port = local::free_port().expect("there is a free port");
    let url = format!("http://127.0.0.1:{port}");
    let client = ApiClient {
        http: http_client::loopback().build().unwrap(),
        query_url: url.clone(),
        url,
    };
    let failed = client.post("/v1/orders", None, &json!({})).await;
    let said = format!("{:#}", failed.err().expect("nobody is there"));
    assert!(said.contains("is it running?"), "{said}");
    assert!(!said.contains("--idempotency-key"), "{said}");
}

//! The administration over HTTP.

use super::{
    harness::{
        Database, Process, database, feed, filled, fresh, leases, reaches, rebuilds, table, until,
    },
    old_build::OldBuild,
};
use crate::{
    Board, Parts,
    projection::Projection,
    projections::StockLevel,
    rebuild::{RebuildOptions, rebuild},
    router,
    service::look,
    testing::History,
};
use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Method, Request, StatusCode, header},
};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, mpsc};
use store::{EventReader, SystemClock};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

async fn send(
    router: &Router,
    method: Method,
    path: &str,
    body: Option<Value>,
) -> (StatusCode, Value) {
    let request = Request::builder().method(method).uri(path);
    let request = match body {
        Some(body) => request
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string())),
        None => request.body(Body::empty()),
    };
    let answer = router.clone().oneshot(request.unwrap()).await.unwrap();
    let status = answer.status();
    let bytes = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
    (status, serde_json::from_slice(&bytes).unwrap())
}

async fn get(router: &Router, path: &str) -> (StatusCode, Value) {
    send(router, Method::GET, path, None).await
}

async fn post(router: &Router, path: &str, body: Value) -> (StatusCode, Value) {
    send(router, Method::POST, path, Some(body)).await
}

/// Two pieces of stock whose first event cannot be read, led by a process that has come to the head.
async fn parked(database: &Database) -> (Process, Router) {
    let mut history = History::default();
    for name in ["A", "B", "A", "C", "B"] {
        history.receive(name, 1);
    }
    history.append_to(&*database.store).await;
    let old = Arc::new(OldBuild::new(database.store.clone(), [1, 2]));
    let process = Process::start::<StockLevel, _>(old, database.models.clone(), leases());
    let head = database.store.head().await.unwrap().position;
    reaches::<StockLevel>(&database.models, head).await;
    let (rebuilds, _) = rebuilds(database, 3_600);
    let router = router(process.board.clone(), database.models.clone(), rebuilds);
    (process, router)
}

#[tokio::test]
async fn what_is_parked_is_listed_shown_retried_and_skipped() {
    let database = database().await;
    let (process, api) = parked(&database).await;
    let (status, listed) = get(&api, "/v1/projections/stock_level/parked").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(listed["has_more"], false);
    let items = listed["items"].as_array().unwrap();
    assert_eq!(items.len(), 2);
    assert_eq!(items[0]["sequence"], "tenant=main location=main sku=A");
    assert_eq!(
        (&items[0]["position"], &items[0]["queued"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(items[0]["stream"], "stock-main.main.A");
    assert!(
        items[0]["error"]
            .as_str()
            .unwrap()
            .contains("cannot be read")
    );
    let (_, first) = get(&api, "/v1/projections/stock_level/parked?limit=1").await;
    assert_eq!(
        (first["items"].as_array().unwrap().len(), &first["has_more"]),
        (1, &json!(true))
    );
    let (status, shown) = get(&api, "/v1/projections/stock_level/parked/2").await;
    assert_eq!(
        (status, &shown["event_type"]),
        (StatusCode::OK, &json!("StockReceived"))
    );

    let (status, retried) = post(
        &api,
        "/v1/projections/stock_level/parked/2/retry",
        json!({}),
    )
    .await;
    assert_eq!(
        (status, &retried["wanted"]),
        (StatusCode::ACCEPTED, &json!(true))
    );
    until("it was tried", async || {
        let (_, shown) = get(&api, "/v1/projections/stock_level/parked/2").await;
        shown["attempts"] == json!(3) && shown["wanted"] == json!(false)
    })
    .await;
    let path = "/v1/projections/stock_level/parked/1/skip";
    let said = json!({"reason": "a test", "by": "ada"});
    let (status, skipped) = post(&api, path, said.clone()).await;
    assert_eq!(
        (status, &skipped["skipped_by"]),
        (StatusCode::ACCEPTED, &json!("ada"))
    );
    until("A goes on", async || {
        let (status, _) = get(&api, "/v1/projections/stock_level/parked/1").await;
        status == StatusCode::NOT_FOUND
    })
    .await;
    // Once more changes nothing.
    let (status, again) = post(&api, path, json!({"reason": "other", "by": "bob"})).await;
    assert_eq!(
        (status, &again["reason"]),
        (StatusCode::ACCEPTED, &json!("a test"))
    );
    let (_, skipped) = get(&api, "/v1/projections/stock_level/skipped").await;
    assert_eq!(skipped["items"].as_array().unwrap().len(), 1);
    process.stop().await;
}

#[tokio::test]
async fn a_wrong_request_says_what_is_wrong() {
    let database = database().await;
    let (process, api) = parked(&database).await;
    let said = json!({"reason": "a test", "by": "ada"});
    let long = "x".repeat(501);
    for (path, body, status, code, part) in [
        (
            "nothing/parked/1/retry",
            json!({}),
            404,
            "PROJECTION_NOT_FOUND",
            None,
        ),
        (
            "stock_level/parked/7/retry",
            json!({}),
            404,
            "PARKED_SEQUENCE_NOT_FOUND",
            None,
        ),
        (
            "stock_level/parked/7/skip",
            said.clone(),
            404,
            "PARKED_SEQUENCE_NOT_FOUND",
            None,
        ),
        (
            "stock_level/parked/x/skip",
            said.clone(),
            400,
            "INVALID_PATH",
            Some("path:position"),
        ),
        (
            "stock_level/parked/1/skip",
            json!({"by": "ada"}),
            400,
            "INVALID_BODY",
            None,
        ),
        (
            "stock_level/parked/1/skip",
            json!({"reason": " ", "by": "ada"}),
            422,
            "VALIDATION_FAILED",
            Some("/reason"),
        ),
        (
            "stock_level/parked/1/skip",
            json!({"reason": long, "by": "ada"}),
            422,
            "VALIDATION_FAILED",
            Some("/reason"),
        ),
        (
            "stock_level/parked/1/skip",
            json!({"reason": "a test", "by": "a\nb"}),
            422,
            "VALIDATION_FAILED",
            Some("/by"),
        ),
    ] {
        let (answered, problem) = post(&api, &format!("/v1/projections/{path}"), body).await;
        assert_eq!(
            (answered.as_u16(), &problem["code"]),
            (status, &json!(code)),
            "{path} {problem}"
        );
        if let Some(part) = part {
            assert_eq!(problem["errors"][0]["pointer"], part, "{problem}");
        }
    }
    let (status, problem) = get(&api, "/v1/projections/stock_level/parked?limit=0").await;
    assert_eq!(
        (status, &problem["errors"][0]["pointer"]),
        (StatusCode::BAD_REQUEST, &json!("query:limit"))
    );
    let (status, _) = get(&api, "/v1/projections/stock_level/parked?page=0").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    process.stop().await;
}

#[tokio::test]
async fn all_projections_are_told_of_at_both_addresses() {
    let database = database().await;
    let (rebuilds, _) = rebuilds(&database, 3_600);
    let api = router(Board::new(), database.models.clone(), rebuilds);
    let (status, told) = get(&api, "/v1/projections").await;
    assert_eq!(status, StatusCode::OK);
    let names: Vec<_> = told["projections"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].clone())
        .collect();
    assert_eq!(names.len(), crate::projections::names().len());
    assert_eq!(told["projections"][0]["parked"]["sequences"], 0);
    assert_eq!(get(&api, "/projections").await, (status, told));
}

/// What `GET /v1/projections` says of the stock levels.
async fn told(api: &Router) -> Value {
    let (_, told) = get(api, "/v1/projections").await;
    let all = told["projections"].as_array().unwrap();
    let mut mine = all.iter().filter(|one| one["name"] == StockLevel::NAME);
    mine.next().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_model_is_built_anew_and_rolled_back() {
    let database = database().await;
    let (store, models) = (&database.store, &database.models);
    filled(&**store, 40).await;
    let board = Board::new();
    let (rebuilds, lifecycle) = rebuilds(&database, 3_600);
    let api = router(board.clone(), models.clone(), rebuilds);
    let stop_feed = CancellationToken::new();
    let parts = Parts {
        feed: feed(store.clone(), stop_feed.clone()),
        models: models.clone(),
        leases: leases(),
        clock: Arc::new(SystemClock),
    };
    let path = |what: &str| format!("/v1/projections/stock_level/{what}");
    let (status, problem) = post(&api, &path("rollback"), json!({})).await;
    assert_eq!(
        (status, &problem["code"]),
        (StatusCode::CONFLICT, &json!("NOTHING_TO_ROLL_BACK_TO"))
    );

    // One that is under way elsewhere is told of, and is one.
    let (go_on, wait) = mpsc::channel::<()>();
    let wait = Mutex::new(wait);
    let elsewhere = tokio::spawn({
        let (store, models) = (store.clone(), models.clone());
        async move {
            let options = RebuildOptions {
                page: 4,
                heartbeat: std::time::Duration::from_millis(10),
                ..RebuildOptions::default()
            };
            let on_progress = Arc::new(move |_: &_| {
                // Folding is done on a thread of its own, which may wait.
                let _ = wait.lock().unwrap().recv();
            });
            rebuild::<StockLevel>(store, &models, &options, on_progress).await
        }
    });
    until("its progress is told", async || {
        look(&parts, &board).await.unwrap();
        let told = told(&api).await;
        told["rebuild"]["events"].as_i64() > Some(0)
            && told["rebuild"]["stage"] == "folding"
            && told["rebuild"]["by"] == "command"
            && told["rebuild"]["percent"].as_f64() > Some(0.0)
            && told["rebuild"]["eta_s"].as_f64() > Some(0.0)
            && told["state"] == "rebuilding"
    })
    .await;
    let (status, problem) = post(&api, &path("rebuild"), json!({})).await;
    assert_eq!(
        (status, &problem["code"], &problem["retryable"]),
        (
            StatusCode::CONFLICT,
            &json!("REBUILD_UNDER_WAY"),
            &json!(false)
        )
    );
    drop(go_on);
    elsewhere.await.unwrap().unwrap();

    let (status, started) = post(&api, &path("rebuild"), json!({})).await;
    assert_eq!(
        (status, &started["by"], &started["stage"]),
        (StatusCode::ACCEPTED, &json!("api"), &json!("waiting"))
    );
    until("it is built", async || {
        look(&parts, &board).await.unwrap();
        let told = told(&api).await;
        told["rebuild"] == Value::Null && told["replaced"]["position"].as_i64() > Some(0)
    })
    .await;
    let head = store.head().await.unwrap().position.get();
    let (status, back) = post(&api, &path("rollback"), json!({})).await;
    assert_eq!(
        (status, &back["position"], &back["version"]),
        (StatusCode::OK, &json!(head), &json!(StockLevel::VERSION))
    );
    let expected = fresh::<StockLevel>(&**store).await;
    assert_eq!(table::<StockLevel>(models).await, expected);
    let (status, problem) = post(&api, &path("rollback"), json!({})).await;
    assert_eq!(
        (status, &problem["code"]),
        (StatusCode::CONFLICT, &json!("NOTHING_TO_ROLL_BACK_TO"))
    );
    for _ in 0..2 {
        let (status, forgotten) = send(&api, Method::DELETE, &path("replaced"), None).await;
        assert_eq!(
            (status, &forgotten["forgotten"]),
            (StatusCode::OK, &json!(false))
        );
    }
    for (method, what, body) in [
        (Method::POST, "rebuild", Some(json!({}))),
        (Method::POST, "rollback", Some(json!({}))),
        (Method::DELETE, "replaced", None),
    ] {
        let path = format!("/v1/projections/stock/{what}");
        let (status, problem) = send(&api, method, &path, body).await;
        assert_eq!(
            (status, &problem["code"]),
            (StatusCode::NOT_FOUND, &json!("PROJECTION_NOT_FOUND"))
        );
    }
    let (status, problem) = post(&api, &path("rebuild"), json!({"force": true})).await;
    assert_eq!(
        (status, &problem["code"]),
        (StatusCode::BAD_REQUEST, &json!("INVALID_BODY"))
    );
    lifecycle.shut_down();
    stop_feed.cancel();
}

//! What stands in the headers of a request: its key, the version it is about, its name.

use super::order;
use chassis::token::ConsistencyToken;
use reqwest::Method;
use serde_json::json;
use tests::platform::{Answer, Placement, Platform};

pub(super) async fn keys_are_required_and_checked(p: &Platform) {
    let post = || p.api.command(Method::POST, "/v1/orders").json(&order());
    let missing = p.api.send(post()).await.expect(400);
    assert_eq!(missing.code(), "IDEMPOTENCY_KEY_REQUIRED");
    for key in ["", "two words", &"k".repeat(256), "\"open"] {
        let answer = p
            .api
            .send(post().header("idempotency-key", key))
            .await
            .expect(400);
        assert_eq!(answer.code(), "INVALID_IDEMPOTENCY_KEY", "{key:?}");
        assert_eq!(answer.pointer(), "header:Idempotency-Key");
    }
    let longest = "k".repeat(255);
    p.api
        .send(post().header("idempotency-key", longest))
        .await
        .expect(201);
}

pub(super) async fn a_stale_version_is_refused(p: &Platform) {
    let id = p.api.place(&Placement::of("A", 1, 100)).await.order_id();
    let path = format!("/v1/orders/{id}/notes");
    let note = |key: &str, version: &str| {
        let request = p.api.posting(&path, key, &json!({"text": "x"}));
        p.api.send(request.header("if-match", version.to_owned()))
    };
    p.api.order_that_is("confirmed", &id).await;
    let stale = note(&format!("{id}-1"), "\"1\"").await.expect(412);
    assert_eq!(
        (stale.code(), &stale.body["current_version"]),
        ("VERSION_MISMATCH", &json!(2))
    );
    assert_eq!(stale.header("etag"), "\"2\"");
    let done = note(&format!("{id}-2"), "\"2\"").await.expect(200);
    assert_eq!(done.header("etag"), "\"3\"");
    // A repetition is the first answer, though its version is stale by now.
    assert!(
        note(&format!("{id}-2"), "\"2\"")
            .await
            .expect(200)
            .replayed()
    );
    note(&format!("{id}-3"), "*").await.expect(200);
    for wrong in ["3", "W/\"3\"", "\"3\", \"4\"", "\"x\""] {
        let answer = note(&format!("{id}-4"), wrong).await.expect(400);
        assert_eq!(answer.code(), "INVALID_IF_MATCH", "{wrong}");
    }
}

pub(super) async fn a_request_is_named_in_its_answer(p: &Platform) {
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let request = p.api.posting("/v1/orders", "named", &json!({}));
    let request = request
        .header("request-id", "my-request-1")
        .header("traceparent", format!("00-{trace}-00f067aa0ba902b7-01"));
    let answer = p.api.send(request).await.expect(400);
    assert_eq!(answer.header("request-id"), "my-request-1");
    assert_eq!(answer.body["request_id"], "my-request-1");
    assert!(answer.header("traceparent").contains(trace));
    // What must not leak.
    for word in ["sqlx", "postgres", "SELECT", "src/", "panicked", "serde"] {
        assert!(!answer.text.contains(word), "{word} in {}", answer.text);
    }
}

/// After a restore the store may be given another epoch while processes run.
pub(super) async fn tokens_are_of_the_epoch_that_the_store_is_of(p: &Platform) {
    let epoch = |answer: &Answer| {
        let token: ConsistencyToken = answer.header("consistency-token").parse().expect("a token");
        token.epoch
    };
    let first = p.api.post_as("epoch-1", "/v1/orders", &order()).await;
    let first = first.expect(201);
    let pool = sqlx::PgPool::connect(&p.database())
        .await
        .expect("the database can be reached");
    let change = "UPDATE store.head SET epoch = gen_random_uuid() RETURNING epoch";
    let now: uuid::Uuid = sqlx::query_scalar(change)
        .fetch_one(&pool)
        .await
        .expect("the epoch can be changed");
    pool.close().await;
    assert_ne!(epoch(&first), now);
    // It is the next append that finds it: an answer that is given again appends nothing.
    for key in ["epoch-2", "epoch-1"] {
        let answer = p.api.post_as(key, "/v1/orders", &order()).await.expect(201);
        assert_eq!(epoch(&answer), now, "{key}");
    }
}

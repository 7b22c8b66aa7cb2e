//! Captures and voids, and requests that make no sense.

use std::time::Duration;

use sandbox::SandboxOptions;
use serde_json::{Value, json};

use crate::harness::{Provider, order};

#[tokio::test]
async fn partial_captures_add_up() {
    let provider = Provider::start().await;
    let id = provider
        .authorize("a", "r", "tok_approve")
        .await
        .id()
        .to_owned();
    let first = provider.capture("c1", &id, 1000).await;
    assert_eq!(
        first.body,
        json!({
            "authorization_id": id,
            "reference": "r",
            "status": "captured",
            "amount": 1000,
            "captured_amount": 1000,
            "currency": "EUR",
        })
    );
    let too_much = provider.capture("c2", &id, 1000).await;
    assert_eq!((too_much.status, too_much.code()), (422, "AMOUNT_TOO_HIGH"));
    assert!(too_much.body["detail"].as_str().unwrap().contains("999"));
    assert_eq!(
        provider.capture("c3", &id, 999).await.body["captured_amount"],
        1999
    );
    // Replays tell what was answered then, not what is so now.
    assert_eq!(provider.capture("c1", &id, 1000).await.body, first.body);
    assert_eq!(
        provider.authorize("a", "r", "tok_approve").await.body["status"],
        "authorized"
    );

    let view = provider.get(&format!("/authorizations/{id}")).await.body;
    assert_eq!(
        (&view["status"], &view["captured_amount"]),
        (&json!("captured"), &json!(1999))
    );
    // The key of a capture finds its authorization as well.
    assert_eq!(provider.get("/authorizations/by-key/c3").await.body, view);
}

#[tokio::test]
async fn the_last_capture_lets_go_of_the_rest() {
    let provider = Provider::start().await;
    let id = provider
        .authorize("a", "r", "tok_approve")
        .await
        .id()
        .to_owned();
    let path = format!("/authorizations/{id}/captures");
    let last = json!({"amount": 1000, "currency": "EUR", "last": true});
    let taken = provider.post(&path, "c1", last.clone()).await;
    assert_eq!(taken.body["captured_amount"], 1000);
    assert_eq!(provider.post(&path, "c1", last).await.body, taken.body);
    let more = provider.capture("c2", &id, 1).await;
    assert_eq!((more.status, more.code()), (422, "AMOUNT_TOO_HIGH"));
    let ledger = provider.summary().await;
    let euros = &ledger["currencies"]["EUR"];
    assert_eq!(
        (&euros["captured"], &euros["voided"]),
        (&json!(1000), &json!(999))
    );
}

#[tokio::test]
async fn void_and_capture_exclude_each_other() {
    let provider = Provider::start().await;
    let taken = provider
        .authorize("a1", "r1", "tok_approve")
        .await
        .id()
        .to_owned();
    provider.capture("c1", &taken, 1).await;
    let void = provider.void("v1", &taken).await;
    assert_eq!((void.status, void.code()), (409, "AUTHORIZATION_CAPTURED"));

    let released = provider
        .authorize("a2", "r2", "tok_approve")
        .await
        .id()
        .to_owned();
    let void = provider.void("v2", &released).await;
    assert_eq!((void.status, void.replayed), (200, false));
    assert_eq!(
        (&void.body["status"], &void.body["amount"]),
        (&json!("voided"), &json!(1999))
    );
    let capture = provider.capture("c2", &released, 1).await;
    assert_eq!(
        (capture.status, capture.code()),
        (409, "AUTHORIZATION_VOIDED")
    );
    assert_eq!(provider.known("r2").await[0]["status"], "voided");

    // With whatever key, a second void is the first one.
    for key in ["v2", "v3"] {
        let again = provider.void(key, &released).await;
        assert_eq!(
            (again.status, again.replayed, again.body),
            (200, true, void.body.clone())
        );
    }
    assert_eq!(
        provider.summary().await["currencies"]["EUR"]["voided"],
        1999
    );
}

#[tokio::test]
async fn what_was_declined_cannot_be_captured_or_voided() {
    let provider = Provider::start().await;
    let id = provider
        .authorize("a", "r", "tok_decline")
        .await
        .id()
        .to_owned();
    for answer in [
        provider.capture("c", &id, 1).await,
        provider.void("v", &id).await,
    ] {
        assert_eq!(
            (answer.status, answer.code()),
            (409, "AUTHORIZATION_DECLINED")
        );
    }
}

#[tokio::test]
async fn what_has_expired_cannot_be_captured() {
    let options = SandboxOptions {
        authorization_ttl: Duration::ZERO,
        ..Default::default()
    };
    let provider = Provider::start_with(options).await;
    let id = provider
        .authorize("a", "r", "tok_approve")
        .await
        .id()
        .to_owned();
    let capture = provider.capture("c", &id, 1).await;
    assert_eq!(
        (capture.status, capture.code()),
        (409, "AUTHORIZATION_EXPIRED")
    );
    assert_eq!(provider.known("r").await[0]["status"], "expired");
    assert_eq!(provider.void("v", &id).await.status, 200);
}

#[tokio::test]
async fn another_currency_is_refused() {
    let provider = Provider::start().await;
    let id = provider
        .authorize("a", "r", "tok_approve")
        .await
        .id()
        .to_owned();
    let path = format!("/authorizations/{id}/captures");
    let answer = provider
        .post(&path, "c", json!({"amount": 1, "currency": "GBP"}))
        .await;
    assert_eq!((answer.status, answer.code()), (422, "CURRENCY_MISMATCH"));
}

#[tokio::test]
async fn there_is_no_authorization_that_nobody_made() {
    let provider = Provider::start().await;
    for id in ["auth_00000000000000000000000000000000", "auth_1", "1"] {
        assert_eq!(
            provider.get(&format!("/authorizations/{id}")).await.status,
            404
        );
        assert_eq!(provider.capture("c", id, 1).await.status, 404);
        let void = provider.void("v", id).await;
        assert_eq!((void.status, void.code()), (404, "AUTHORIZATION_NOT_FOUND"));
    }
    assert!(provider.known("nobody").await.is_empty());
}

#[tokio::test]
async fn a_wrong_request_is_refused_and_the_place_named() {
    let provider = Provider::start().await;
    for (field, value, status, pointer) in [
        ("amount", json!(0), 422, "/amount"),
        ("amount", json!(1_000_000_000_000_000_u64), 422, "/amount"),
        ("amount", json!(-5), 400, "/amount"),
        ("amount", json!(19.99), 400, "/amount"),
        ("currency", json!("euro"), 422, "/currency"),
        ("reference", json!(""), 422, "/reference"),
        ("reference", json!("r".repeat(256)), 422, "/reference"),
        ("payment_method", json!("a\u{0}b"), 422, "/payment_method"),
        ("payment_method", Value::Null, 400, "/payment_method"),
        ("amuont", json!(1), 400, "/amuont"),
    ] {
        let mut body = order("r", "tok_approve");
        body[field] = value;
        let answer = provider.post("/authorizations", "k", body).await;
        assert_eq!(answer.status, status, "{answer:?}");
        assert_eq!(answer.body["errors"][0]["pointer"], pointer, "{answer:?}");
    }
    assert_eq!(provider.get("/authorizations").await.status, 400);
    assert_eq!(provider.get("/payments").await.code(), "ROUTE_NOT_FOUND");
    assert_eq!(
        provider.get("/authorizations/x/void").await.code(),
        "METHOD_NOT_ALLOWED"
    );
    assert_eq!(provider.summary().await["counts"]["operations"], 0);
}

#[tokio::test]
async fn what_is_left_of_several_captures_is_released() {
    let provider = Provider::start().await;
    let id = provider
        .authorize("a", "r", "tok_approve")
        .await
        .id()
        .to_owned();
    provider.capture("c1", &id, 1_000).await;
    let path = format!("/authorizations/{id}/release");
    let released = provider.post(&path, "l1", json!({})).await;
    assert_eq!(
        (&released.body["status"], &released.body["amount"]),
        (&json!("released"), &json!(999))
    );
    assert_eq!(
        provider.post(&path, "l1", json!({})).await.body,
        released.body
    );
    // Under another key nothing is left.
    let again = provider.post(&path, "l2", json!({})).await;
    assert_eq!(again.body["amount"], 0);
    let more = provider.capture("c2", &id, 1).await;
    assert_eq!((more.status, more.code()), (422, "AMOUNT_TOO_HIGH"));
    let ledger = provider.summary().await;
    let euros = &ledger["currencies"]["EUR"];
    assert_eq!(
        (&euros["captured"], &euros["voided"]),
        (&json!(1_000), &json!(999))
    );
    let path = format!("/authorizations/{id}/refunds");
    let refund = json!({"amount": 1_000, "currency": "EUR"});
    let refunded = provider.post(&path, "r1", refund).await;
    assert_eq!(refunded.body["refunded_amount"], 1_000);
}

//! Every test card does what the documentation says.

use std::time::{Duration, Instant};

use sandbox::{CARDS, Faults, SandboxOptions};
use serde_json::{Value, json};

use crate::harness::Provider;

#[tokio::test]
async fn approve_authorizes_as_does_any_other_token() {
    let provider = Provider::start().await;
    for (n, card) in ["tok_approve", "pm_card_visa"].into_iter().enumerate() {
        let answer = provider.authorize(&format!("k{n}"), card, card).await;
        assert_eq!((answer.status, answer.replayed), (200, false));
        assert!(answer.id().starts_with("auth_"));
        let expires_at = answer.body["expires_at"].clone();
        assert!(expires_at.is_string());
        assert_eq!(
            answer.body,
            json!({
                "authorization_id": answer.id(),
                "reference": card,
                "status": "authorized",
                "decline_code": null,
                "amount": 1999,
                "currency": "EUR",
                "expires_at": expires_at,
            })
        );
    }
}

#[tokio::test]
async fn declines_give_their_code_and_are_booked() {
    let provider = Provider::start().await;
    for (card, code) in [
        ("tok_decline", "card_declined"),
        ("tok_insufficient_funds", "insufficient_funds"),
    ] {
        let answer = provider.authorize(card, card, card).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.body["status"], "declined");
        assert_eq!(answer.body["decline_code"], code);
        assert_eq!(answer.body["expires_at"], Value::Null);
        assert_eq!(provider.known(card).await[0]["decline_code"], code);
    }
    assert_eq!(provider.summary().await["counts"]["declined"], 2);
}

#[tokio::test]
async fn first_attempts_are_declined_by_distinct_keys() {
    let provider = Provider::start().await;
    for (card, declines) in [("tok_decline_once", 1), ("tok_decline_twice", 2)] {
        for attempt in 0..4 {
            let key = format!("{card}-{attempt}");
            let expected = if attempt < declines {
                "declined"
            } else {
                "authorized"
            };
            let answer = provider.authorize(&key, card, card).await;
            assert_eq!(answer.body["status"], expected, "{card} {attempt}");
            // The same attempt again is no further attempt.
            let again = provider.authorize(&key, card, card).await;
            assert_eq!((again.body, again.replayed), (answer.body, true));
        }
        // Another reference starts from the beginning.
        let other = provider
            .authorize(&format!("{card}-x"), &format!("{card}-x"), card)
            .await;
        assert_eq!(other.body["status"], "declined");
    }
}

#[tokio::test]
async fn slow_answers_take_their_time() {
    let provider = Provider::start().await;
    for (card, at_least) in [("tok_slow", 2_000), ("tok_slow_350", 350)] {
        let began = Instant::now();
        let answer = provider.authorize(card, card, card).await;
        assert_eq!(answer.body["status"], "authorized");
        assert!(began.elapsed() >= Duration::from_millis(at_least), "{card}");
    }
}

#[tokio::test]
async fn a_timeout_resolves_to_authorized() {
    let provider = Provider::start().await;
    provider
        .authorize_in_vain("key:1", "r", "tok_timeout")
        .await;

    let known = provider.known("r").await;
    assert_eq!(known.len(), 1);
    assert_eq!(
        (&known[0]["status"], &known[0]["amount"]),
        (&json!("authorized"), &json!(1999))
    );
    assert_eq!(known[0]["idempotency_key"], "key:1");
    let by_key = provider.get("/authorizations/by-key/key:1").await;
    assert_eq!(by_key.body, known[0]);

    let again = provider.authorize("key:1", "r", "tok_timeout").await;
    assert!(again.replayed);
    assert_eq!(again.id(), known[0]["authorization_id"]);
    assert_eq!(provider.summary().await["counts"]["operations"], 1);
}

#[tokio::test]
async fn a_lost_timeout_resolves_to_nothing() {
    let provider = Provider::start().await;
    provider
        .authorize_in_vain("k", "r", "tok_timeout_lost")
        .await;
    provider
        .authorize_in_vain("k", "r", "tok_timeout_lost")
        .await;

    assert!(provider.known("r").await.is_empty());
    let by_key = provider.get("/authorizations/by-key/k").await;
    assert_eq!(
        (by_key.status, by_key.code()),
        (404, "AUTHORIZATION_NOT_FOUND")
    );
    assert_eq!(provider.summary().await["counts"]["operations"], 0);
}

#[tokio::test]
async fn a_held_answer_comes_in_the_end() {
    let faults = Faults {
        hold_ms: 400,
        ..Faults::default()
    };
    let provider = Provider::start_with(SandboxOptions {
        faults,
        ..Default::default()
    })
    .await;
    let began = Instant::now();
    assert_eq!(
        provider.authorize("a", "r", "tok_timeout").await.status,
        200
    );
    assert_eq!(
        provider
            .authorize("b", "r", "tok_timeout_lost")
            .await
            .status,
        504
    );
    assert!(began.elapsed() >= Duration::from_millis(800));
}

#[tokio::test]
async fn an_error_books_nothing_however_often() {
    let provider = Provider::start().await;
    for _ in 0..3 {
        assert_eq!(provider.authorize("k", "r", "tok_error").await.status, 500);
    }
    assert!(provider.known("r").await.is_empty());
}

#[tokio::test]
async fn a_wrong_amount_is_authorized_and_told() {
    let provider = Provider::start().await;
    let answer = provider.authorize("k", "r", "tok_wrong_amount").await;
    assert_eq!(
        (&answer.body["status"], &answer.body["amount"]),
        (&json!("authorized"), &json!(2000))
    );
    let ledger = provider.get("/ledger").await.body;
    assert_eq!(ledger["operations"][0]["requested_amount"], 1999);
    assert_eq!(ledger["operations"][0]["amount"], 2000);
    // The request is remembered as it was asked, so its replay is one.
    assert!(
        provider
            .authorize("k", "r", "tok_wrong_amount")
            .await
            .replayed
    );
}

#[tokio::test]
async fn captures_fail_always_or_once() {
    let provider = Provider::start().await;
    let always = provider.authorize("a1", "r1", "tok_capture_fails").await;
    assert_eq!(always.body["status"], "authorized");
    let once = provider
        .authorize("a2", "r2", "tok_capture_fails_once")
        .await;
    for (key, id, status) in [
        ("c1", always.id(), 422),
        ("c2", always.id(), 422),
        ("c3", once.id(), 422),
        ("c4", once.id(), 200),
    ] {
        let answer = provider.capture(key, id, 500).await;
        assert_eq!((answer.status, answer.replayed), (status, false), "{key}");
        let again = provider.capture(key, id, 500).await;
        assert_eq!((again.status, again.replayed), (status, true), "{key}");
        assert_eq!(again.body, answer.body);
        if status == 422 {
            assert_eq!(answer.code(), "CAPTURE_DECLINED");
        }
    }
    // Nothing was taken, so it can still be given back whole.
    assert_eq!(provider.known("r1").await[0]["status"], "authorized");
    assert_eq!(provider.void("v1", always.id()).await.status, 200);
    assert_eq!(provider.known("r2").await[0]["captured_amount"], 500);
    // The key of a capture that was declined finds its authorization as well.
    let by_key = provider.get("/authorizations/by-key/c1").await;
    assert_eq!(by_key.body["authorization_id"], always.id());
}

#[tokio::test]
async fn the_index_shows_every_card() {
    let provider = Provider::start().await;
    let index = provider.get("/").await.body;
    assert_eq!(index["test_cards"].as_object().unwrap().len(), CARDS.len());
    assert!(index["endpoints"]["POST /authorizations"].is_string());
}

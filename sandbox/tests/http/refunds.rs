//! Money that was taken is given back.

use serde_json::json;
use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::harness::Provider;

/// An authorization of which so much is captured.
async fn captured(provider: &Provider, reference: &str, amount: u64) -> String {
    let authorized = provider
        .authorize(reference, reference, "tok_approve")
        .await;
    let key = format!("{reference}-c");
    let capture = provider.capture(&key, authorized.id(), amount).await;
    assert_eq!(capture.status, 200);
    authorized.id().to_owned()
}

#[tokio::test]
async fn partial_refunds_add_up() {
    let provider = Provider::start().await;
    let id = captured(&provider, "r", 1500).await;
    let first = provider.refund("b1", &id, 1000).await;
    assert_eq!((first.status, first.replayed), (200, false));
    assert_eq!(
        first.body,
        json!({
            "authorization_id": id,
            "reference": "r",
            "status": "refunded",
            "amount": 1000,
            "captured_amount": 1500,
            "refunded_amount": 1000,
            "currency": "EUR",
        })
    );
    let too_much = provider.refund("b2", &id, 501).await;
    assert_eq!((too_much.status, too_much.code()), (422, "AMOUNT_TOO_HIGH"));
    assert!(too_much.body["detail"].as_str().unwrap().contains("500"));
    // A refusal does not use up its key.
    let second = provider.refund("b2", &id, 500).await;
    assert_eq!(second.body["refunded_amount"], 1500);
    // Replays tell what was answered then, not what is so now.
    let again = provider.refund("b1", &id, 1000).await;
    assert_eq!((again.body, again.replayed), (first.body, true));

    let known = &provider.known("r").await[0];
    assert_eq!(
        (&known["status"], &known["refunded_amount"]),
        (&json!("captured"), &json!(1500))
    );
    assert_eq!(provider.get("/authorizations/by-key/b1").await.body, *known);
    // What was given back is not set aside again, and what is left can still be taken.
    assert_eq!(provider.capture("c2", &id, 500).await.status, 422);
    assert_eq!(provider.capture("c3", &id, 499).await.status, 200);
    let void = provider.void("v", &id).await;
    assert_eq!((void.status, void.code()), (409, "AUTHORIZATION_CAPTURED"));
}

#[tokio::test]
async fn what_was_not_taken_is_not_given_back() {
    let provider = Provider::start().await;
    let untouched = provider.authorize("a1", "r1", "tok_approve").await;
    let declined = provider.authorize("a2", "r2", "tok_decline").await;
    let voided = provider.authorize("a3", "r3", "tok_approve").await;
    provider.void("v3", voided.id()).await;
    for (id, status, code) in [
        (untouched.id(), 409, "AUTHORIZATION_NOT_CAPTURED"),
        (declined.id(), 409, "AUTHORIZATION_DECLINED"),
        (voided.id(), 409, "AUTHORIZATION_VOIDED"),
        ("auth_1", 404, "AUTHORIZATION_NOT_FOUND"),
    ] {
        let refund = provider.refund("b", id, 1).await;
        assert_eq!((refund.status, refund.code()), (status, code));
    }
    let id = captured(&provider, "r4", 10).await;
    let path = format!("/authorizations/{id}/refunds");
    for (body, status, pointer) in [
        (json!({"amount": 1, "currency": "GBP"}), 422, "/currency"),
        (json!({"amount": 0, "currency": "EUR"}), 422, "/amount"),
        (json!({"amount": 1, "currency": "euro"}), 422, "/currency"),
        (json!({"amount": -1, "currency": "EUR"}), 400, "/amount"),
        (json!({"amount": 1}), 400, ""),
        (
            json!({"amount": 1, "currency": "EUR", "why": ""}),
            400,
            "/why",
        ),
    ] {
        let answer = provider.post(&path, "b", body).await;
        assert_eq!(answer.status, status, "{answer:?}");
        assert_eq!(answer.body["errors"][0]["pointer"], pointer, "{answer:?}");
    }
    assert_eq!(provider.summary().await["counts"]["refunded"], 0);
}

#[tokio::test]
async fn refunds_that_race_never_give_back_more_than_was_taken() {
    let provider = Provider::start().await;
    let id = captured(&provider, "r", 1000).await;
    let mut callers = JoinSet::new();
    for n in 0..32 {
        let (merchant, id) = (provider.merchant.clone(), id.clone());
        // Two callers for each key.
        let key = format!("b{}", n / 2);
        callers.spawn(async move { merchant.refund(&key, &id, 100).await.status });
    }
    let statuses = callers.join_all().await;
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 20);
    assert_eq!(provider.known("r").await[0]["refunded_amount"], 1000);
    assert_eq!(provider.summary().await["counts"]["refunded"], 10);
}

#[tokio::test]
async fn refunds_and_declined_captures_survive_a_restart() {
    let directory = TempDir::new().unwrap();
    let journal = directory.path().join("journal.ndjson");
    let provider = Provider::reopen(&journal).await;
    let id = captured(&provider, "r", 1500).await;
    let refund = provider.refund("b1", &id, 700).await;
    let fails = provider
        .authorize("a", "s", "tok_capture_fails_once")
        .await
        .id()
        .to_owned();
    let declined = provider.capture("c1", &fails, 5).await;
    let (summary, ledger) = (provider.summary().await, provider.get("/ledger").await);
    drop(provider);

    let provider = Provider::reopen(&journal).await;
    assert_eq!(provider.summary().await, summary);
    assert_eq!(provider.get("/ledger").await, ledger);
    let again = provider.refund("b1", &id, 700).await;
    assert_eq!((again.body, again.replayed), (refund.body, true));
    assert_eq!(provider.refund("b2", &id, 801).await.status, 422);
    assert_eq!(provider.refund("b2", &id, 800).await.status, 200);
    let again = provider.capture("c1", &fails, 5).await;
    assert_eq!((again.body, again.replayed), (declined.body, true));
    // The first capture was the first one, restart or not.
    assert_eq!(provider.capture("c2", &fails, 5).await.status, 200);
}

#[tokio::test]
async fn what_is_declined_is_so_for_good() {
    let provider = Provider::start().await;
    let id = captured(&provider, "r", 1500).await;
    provider
        .put("/faults", json!({"refund_decline_percent": 100}))
        .await;
    let declined = provider.refund("b1", &id, 700).await;
    assert_eq!((declined.status, declined.code()), (422, "REFUND_DECLINED"));
    provider.put("/faults", json!({})).await;
    let again = provider.refund("b1", &id, 700).await;
    assert_eq!((again.body, again.replayed), (declined.body, true));
    assert_eq!(provider.refund("b2", &id, 1500).await.status, 200);
    let summary = provider.summary().await;
    assert_eq!(summary["counts"]["refunds_declined"], 1);
    assert_eq!(summary["currencies"]["EUR"]["refunded"], 1500);
}

#[tokio::test]
async fn what_comes_back_can_be_given_back_once_more() {
    let provider = Provider::start().await;
    let id = captured(&provider, "r", 1500).await;
    let refund = provider.refund("b1", &id, 700).await;
    let unknown = provider.post("/refunds/b2/reverse", "x", json!({})).await;
    assert_eq!((unknown.status, unknown.code()), (404, "REFUND_NOT_FOUND"));
    let back = provider.post("/refunds/b1/reverse", "x", json!({})).await;
    assert_eq!(
        (back.status, &back.body["status"]),
        (200, &json!("reversed"))
    );
    assert_eq!(
        (&back.body["amount"], &back.body["refunded_amount"]),
        (&json!(700), &json!(0))
    );
    let again = provider.post("/refunds/b1/reverse", "y", json!({})).await;
    assert_eq!((again.body, again.replayed), (back.body, true));
    // What the call was answered is answered still.
    assert_eq!(provider.refund("b1", &id, 700).await.body, refund.body);
    assert_eq!(provider.known("r").await[0]["refunded_amount"], 0);
    assert_eq!(provider.refund("b3", &id, 1500).await.status, 200);
    let summary = provider.summary().await;
    assert_eq!(summary["counts"]["refunds_reversed"], 1);
    assert_eq!(summary["currencies"]["EUR"]["refunded"], 1500);
    assert_eq!(summary["references"]["refunds"][0]["refunds"], 1);
}

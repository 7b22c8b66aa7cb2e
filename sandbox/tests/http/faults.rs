//! The fault switches.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::harness::Provider;

/// Which of 200 authorizations, all at once, came to `what`.
async fn struck(provider: &Provider, faults: Value, what: &str) -> BTreeSet<usize> {
    assert_eq!(provider.put("/faults", faults).await.status, 200);
    let mut callers = JoinSet::new();
    for n in 0..200 {
        let merchant = provider.merchant.clone();
        callers.spawn(async move {
            let answer = merchant
                .authorize(&format!("k{n}"), &format!("r{n}"), "tok_approve")
                .await;
            let status = answer.body["status"].as_str().map(str::to_owned);
            (n, status.unwrap_or_else(|| answer.status.to_string()))
        });
    }
    let outcomes = callers.join_all().await;
    outcomes
        .into_iter()
        .filter(|(_, outcome)| outcome == what)
        .map(|(n, _)| n)
        .collect()
}

#[tokio::test]
async fn switches_are_told_and_what_is_left_out_is_off() {
    let provider = Provider::start().await;
    let off = provider.get("/faults").await.body;
    assert_eq!(off["decline_percent"], 0.0);
    let set = provider
        .put("/faults", json!({"decline_percent": 2.5, "seed": 9}))
        .await;
    assert_eq!(
        (&set.body["decline_percent"], &set.body["seed"]),
        (&json!(2.5), &json!(9))
    );
    assert_eq!(set.body["hold_ms"], off["hold_ms"]);
    assert_eq!(provider.get("/faults").await.body, set.body);

    for wrong in [json!({"decline_percent": 101}), json!({"hold_ms": 600_001})] {
        let answer = provider.put("/faults", wrong).await;
        assert_eq!((answer.status, answer.code()), (422, "INVALID_FAULTS"));
    }
    assert_eq!(
        provider.put("/faults", json!({"decline": 1})).await.status,
        400
    );
    assert_eq!(provider.get("/faults").await.body, set.body);
    assert_eq!(provider.put("/faults", json!({})).await.body, off);
}

#[tokio::test]
async fn declines_strike_their_share_and_the_same_ones_in_every_run() {
    let faults = json!({"decline_percent": 30, "seed": 1});
    let one = struck(&Provider::start().await, faults.clone(), "declined").await;
    assert!(
        (35..=85).contains(&one.len()),
        "{} of 200 at 30 %",
        one.len()
    );
    assert_eq!(
        struck(&Provider::start().await, faults, "declined").await,
        one
    );
    let other_seed = json!({"decline_percent": 30, "seed": 2});
    assert_ne!(
        struck(&Provider::start().await, other_seed, "declined").await,
        one
    );
}

#[tokio::test]
async fn errors_book_nothing_and_pass_when_tried_again() {
    let provider = Provider::start().await;
    let failed = struck(&provider, json!({"error_percent": 50}), "500").await;
    assert!(
        (70..=130).contains(&failed.len()),
        "{} of 200 at 50 %",
        failed.len()
    );
    for n in &failed {
        assert!(provider.known(&format!("r{n}")).await.is_empty());
    }
    assert_eq!(
        provider.summary().await["counts"]["operations"],
        200 - failed.len()
    );

    let deadline = Instant::now() + Duration::from_secs(20);
    for n in failed {
        let (key, reference) = (format!("k{n}"), format!("r{n}"));
        while provider
            .authorize(&key, &reference, "tok_approve")
            .await
            .status
            != 200
        {
            assert!(Instant::now() < deadline, "{key} fails for ever");
        }
    }
    let references = &provider.summary().await["references"];
    assert_eq!(references["by_authorizations"], json!({"1": 200}));
}

#[tokio::test]
async fn captures_are_declined_for_good_on_their_keys() {
    let provider = Provider::start().await;
    let id = provider
        .authorize("a", "r", "tok_approve")
        .await
        .id()
        .to_owned();
    provider
        .put("/faults", json!({"capture_decline_percent": 50}))
        .await;
    let mut declined = Vec::new();
    for n in 0..100 {
        let answer = provider.capture(&format!("c{n}"), &id, 1).await;
        match answer.status {
            200 => {}
            422 => declined.push(n),
            other => panic!("{other}: {answer:?}"),
        }
    }
    assert!(
        (30..=70).contains(&declined.len()),
        "{} of 100 at 50 %",
        declined.len()
    );
    provider.put("/faults", json!({})).await;
    for n in &declined {
        let again = provider.capture(&format!("c{n}"), &id, 1).await;
        assert_eq!((again.status, again.code()), (422, "CAPTURE_DECLINED"));
        assert!(again.replayed);
    }
    let taken = 100 - declined.len();
    assert_eq!(provider.known("r").await[0]["captured_amount"], taken);
    assert_eq!(
        provider.summary().await["counts"]["captures_declined"],
        declined.len()
    );
}

#[tokio::test]
async fn wrong_amounts_are_granted_and_told() {
    let provider = Provider::start().await;
    provider
        .put("/faults", json!({"wrong_amount_percent": 100}))
        .await;
    let answer = provider.authorize("k", "r", "tok_approve").await;
    assert_eq!(
        (&answer.body["status"], &answer.body["amount"]),
        (&json!("authorized"), &json!(2000))
    );
    provider.put("/faults", json!({})).await;
    // It stays so, and the request is remembered as it was asked.
    let again = provider.authorize("k", "r", "tok_approve").await;
    assert_eq!((again.replayed, again.body), (true, answer.body));
    let other = provider.authorize("k2", "r", "tok_approve").await;
    assert_eq!(other.body["amount"], 1999);
}

#[tokio::test]
async fn refunds_meet_the_same_faults() {
    let provider = Provider::start().await;
    let id = provider
        .authorize("a", "r", "tok_approve")
        .await
        .id()
        .to_owned();
    provider.capture("c", &id, 1999).await;
    provider.put("/faults", json!({"error_percent": 100})).await;
    assert_eq!(provider.refund("b", &id, 5).await.status, 500);
    assert_eq!(provider.summary().await["counts"]["refunded"], 0);

    provider
        .put("/faults", json!({"timeout_after_success_percent": 100}))
        .await;
    let body = json!({"amount": 5, "currency": "EUR"});
    let refund = provider.posting(&format!("/authorizations/{id}/refunds"), "b", &body);
    let error = refund
        .timeout(Duration::from_secs(1))
        .send()
        .await
        .unwrap_err();
    assert!(error.is_timeout());
    // What is booked is answered at once.
    assert!(provider.refund("b", &id, 5).await.replayed);
    assert_eq!(provider.summary().await["counts"]["refunded"], 1);
}

#[tokio::test]
async fn a_timeout_after_success_is_booked() {
    let provider = Provider::start().await;
    let id = provider
        .authorize("a", "r1", "tok_approve")
        .await
        .id()
        .to_owned();
    provider
        .put("/faults", json!({"timeout_after_success_percent": 100}))
        .await;
    provider.authorize_in_vain("b", "r2", "tok_approve").await;
    assert_eq!(provider.known("r2").await[0]["status"], "authorized");

    let body = json!({"amount": 1999, "currency": "EUR"});
    let capture = provider.posting(&format!("/authorizations/{id}/captures"), "c", &body);
    let error = capture
        .timeout(Duration::from_secs(1))
        .send()
        .await
        .unwrap_err();
    assert!(error.is_timeout());
    assert_eq!(provider.known("r1").await[0]["status"], "captured");
    // What is booked is answered at once.
    assert!(provider.capture("c", &id, 1999).await.replayed);
}

#[tokio::test]
async fn latency_is_added_to_every_operation_and_to_no_look() {
    let provider = Provider::start().await;
    provider
        .put("/faults", json!({"latency_ms": 300, "jitter_ms": 50}))
        .await;
    let began = Instant::now();
    let id = provider
        .authorize("a", "r", "tok_approve")
        .await
        .id()
        .to_owned();
    assert_eq!(provider.capture("c", &id, 5000).await.status, 422);
    assert_eq!(provider.void("v", &id).await.status, 200);
    assert!(
        began.elapsed() >= Duration::from_millis(900),
        "{:?}",
        began.elapsed()
    );

    // Longer than any request here waits: whatever is delayed now fails.
    provider.put("/faults", json!({"latency_ms": 60_000})).await;
    provider.known("r").await;
    provider.summary().await;
    assert!(provider.authorize("a", "r", "tok_approve").await.replayed);
}

#[tokio::test]
async fn a_late_success_is_found_only_when_it_is_booked() {
    let provider = Provider::start().await;
    provider
        .put(
            "/faults",
            json!({"late_success_percent": 100, "late_success_ms": 1_500}),
        )
        .await;
    provider.authorize_in_vain("k", "r", "tok_approve").await;
    // Under the same key it is still one.
    provider.authorize_in_vain("k", "r", "tok_approve").await;
    let look = || async { provider.get("/authorizations/by-key/k").await };
    for _ in 0..500 {
        if look().await.status == 200 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(look().await.body["status"], "authorized");
    let again = provider.authorize("k", "r", "tok_approve").await;
    assert!(again.replayed);
    assert_eq!(provider.summary().await["counts"]["authorized"], 1);
}

//! The ledger as a witness.

use sandbox::SandboxOptions;
use serde_json::{Value, json};

use crate::harness::Provider;

fn kinds(ledger: &Value) -> Vec<(u64, String)> {
    let operations = ledger["operations"].as_array().unwrap();
    let kind = |one: &Value| one["operation"].as_str().unwrap().to_owned();
    operations
        .iter()
        .map(|one| (one["sequence"].as_u64().unwrap(), kind(one)))
        .collect()
}

#[tokio::test]
async fn every_operation_is_there_in_order_and_summed_up() {
    let provider = Provider::start().await;
    let one = provider
        .authorize("a1", "r1", "tok_approve")
        .await
        .id()
        .to_owned();
    let two = provider
        .authorize("a2", "r2", "tok_approve")
        .await
        .id()
        .to_owned();
    provider.authorize("a3", "r3", "tok_decline").await;
    provider.capture("c1", &one, 1500).await;
    provider.void("v2", &two).await;
    provider.refund("b1", &one, 400).await;
    provider.refund("b2", &one, 100).await;
    let fails = provider.authorize("a5", "r5", "tok_capture_fails").await;
    provider.capture("c5", fails.id(), 1999).await;
    let pounds = json!({"reference": "r4", "amount": 7, "currency": "GBP", "payment_method": "x"});
    provider.post("/authorizations", "a4", pounds).await;

    let ledger = provider.get("/ledger").await.body;
    let expected = [
        "authorize",
        "authorize",
        "decline",
        "capture",
        "void",
        "refund",
        "refund",
        "authorize",
        "capture_decline",
        "authorize",
    ];
    let expected = (1..).zip(expected.map(str::to_owned)).collect::<Vec<_>>();
    assert_eq!(kinds(&ledger), expected);
    assert_eq!(ledger["operations"][3]["reference"], "r1");
    assert_eq!(ledger["operations"][3]["idempotency_key"], "c1");
    assert_eq!(ledger["operations"][6]["refunded_amount"], 500);

    assert_eq!(
        provider.summary().await,
        json!({
            "currencies": {
                "EUR": {"authorized": 5997, "captured": 1500, "refunded": 500, "voided": 1999, "lost": 0},
                "GBP": {"authorized": 7, "captured": 0, "refunded": 0, "voided": 0, "lost": 0},
            },
            "counts": {
                "operations": 10, "authorized": 4, "declined": 1, "actions_required": 0,
                "captured": 1, "captures_declined": 1, "refunded": 2, "refunds_declined": 0,
                "refunds_reversed": 0, "voided": 1, "disputed": 0, "disputes_ended": 0,
            },
            "references": {
                "count": 5,
                "by_authorizations": {"0": 1, "1": 4},
                "authorized_repeatedly": 0,
                "live_repeatedly": 0,
                "repeated": [],
                "refunded": 1,
                "refunds": [{"reference": "r1", "refunds": 2, "refunded": {"EUR": 500}}],
            },
            "dropped_operations": 0,
        })
    );
}

#[tokio::test]
async fn pages_follow_each_other() {
    let provider = Provider::start().await;
    for n in 1..=5 {
        provider
            .authorize(&n.to_string(), &n.to_string(), "tok_approve")
            .await;
    }
    let (mut after, mut seen) = (0, Vec::<u64>::new());
    loop {
        let page = provider
            .get(&format!("/ledger?after={after}&limit=2"))
            .await
            .body;
        let sequences: Vec<u64> = kinds(&page)
            .into_iter()
            .map(|(sequence, _)| sequence)
            .collect();
        seen.extend(&sequences);
        after = *sequences.last().unwrap();
        if page["has_more"] == false {
            break;
        }
        assert_eq!(sequences.len(), 2);
    }
    assert_eq!(seen, [1, 2, 3, 4, 5]);
    assert_eq!(provider.get("/ledger?limit=0").await.status, 422);
    assert_eq!(provider.get("/ledger?limit=10001").await.status, 422);
    assert_eq!(provider.get("/ledger?since=1").await.status, 400);
}

#[tokio::test]
async fn memory_is_bounded_and_what_is_dropped_is_counted() {
    let options = SandboxOptions {
        max_operations: 10,
        ..Default::default()
    };
    let provider = Provider::start_with(options).await;
    for n in 1..=25 {
        provider
            .authorize(&format!("k{n}"), &format!("r{n}"), "tok_approve")
            .await;
    }
    let summary = provider.summary().await;
    assert_eq!(summary["counts"]["operations"], 25);
    assert_eq!(summary["currencies"]["EUR"]["authorized"], 25 * 1999);
    assert_eq!(summary["dropped_operations"], 15);
    assert_eq!(summary["references"]["count"], 10);
    assert_eq!(kinds(&provider.get("/ledger").await.body)[0].0, 16);
    assert!(provider.known("r15").await.is_empty());
    assert_eq!(provider.known("r16").await.len(), 1);
    assert!(
        provider
            .authorize("k16", "r16", "tok_approve")
            .await
            .replayed
    );
    assert!(
        !provider
            .authorize("k15", "r15", "tok_approve")
            .await
            .replayed
    );
}

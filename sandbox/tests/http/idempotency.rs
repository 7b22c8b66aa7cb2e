//! One key, one effect, one answer.

use std::collections::HashSet;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::harness::{Answer, Provider, answer, order};

const CALLERS: usize = 32;

async fn all_at_once(provider: &Provider, path: &str, key: &str, body: Value) -> Vec<Answer> {
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        callers.spawn(answer(provider.posting(path, key, &body)));
    }
    callers
        .join_all()
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect()
}

fn assert_one_effect(answers: &[Answer]) -> &Answer {
    let first = answers
        .iter()
        .filter(|answer| !answer.replayed)
        .collect::<Vec<_>>();
    assert_eq!((answers.len(), first.len()), (CALLERS, 1));
    for answer in answers {
        assert_eq!((answer.status, &answer.body), (200, &first[0].body));
    }
    first[0]
}

#[tokio::test]
async fn callers_that_race_with_one_key_book_once() {
    let provider = Provider::start().await;
    for card in ["tok_approve", "tok_slow_200", "tok_decline_once"] {
        let answers = all_at_once(&provider, "/authorizations", card, order(card, card)).await;
        let authorized = assert_one_effect(&answers);
        assert_eq!(provider.known(card).await.len(), 1);
        if authorized.body["status"] == "declined" {
            continue;
        }
        let path = format!("/authorizations/{}/captures", authorized.id());
        let body = json!({"amount": 500, "currency": "EUR"});
        assert_one_effect(&all_at_once(&provider, &path, &format!("{card}-c"), body).await);
        assert_eq!(provider.known(card).await[0]["captured_amount"], 500);
    }
    let summary = provider.summary().await;
    assert_eq!(summary["counts"]["operations"], 5);
    assert_eq!(summary["currencies"]["EUR"]["captured"], 1000);

    let id = provider
        .authorize("v", "v", "tok_approve")
        .await
        .id()
        .to_owned();
    let path = format!("/authorizations/{id}/void");
    assert_one_effect(&all_at_once(&provider, &path, "v-v", json!({})).await);
    assert_eq!(provider.summary().await["counts"]["voided"], 1);
}

#[tokio::test]
async fn captures_that_race_never_take_more_than_was_authorized() {
    let provider = Provider::start().await;
    let id = provider
        .authorize("a", "r", "tok_approve")
        .await
        .id()
        .to_owned();
    let mut callers = JoinSet::new();
    for n in 0..CALLERS {
        let (merchant, id) = (provider.merchant.clone(), id.clone());
        callers.spawn(async move { merchant.capture(&format!("c{n}"), &id, 100).await.status });
    }
    let statuses = callers.join_all().await;
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 19);
    assert_eq!(
        statuses.iter().filter(|status| **status == 422).count(),
        CALLERS - 19
    );
    assert_eq!(provider.known("r").await[0]["captured_amount"], 1900);
}

#[tokio::test]
async fn distinct_keys_are_distinct_authorizations() {
    let provider = Provider::start().await;
    let mut ids = HashSet::new();
    for n in 0..CALLERS {
        ids.insert(
            provider
                .authorize(&n.to_string(), "r", "tok_approve")
                .await
                .id()
                .to_owned(),
        );
    }
    assert_eq!(ids.len(), CALLERS);
    let references = &provider.summary().await["references"];
    assert_eq!(references["by_authorizations"], json!({"32": 1}));
    assert_eq!(references["live_repeatedly"], 1);
    assert_eq!(
        references["repeated"],
        json!([{"reference": "r", "authorized": 32, "live": 32}])
    );
}

#[tokio::test]
async fn a_key_with_another_body_is_422() {
    let provider = Provider::start().await;
    let id = provider
        .authorize("k", "r", "tok_approve")
        .await
        .id()
        .to_owned();
    let mut bodies = vec![order("other", "tok_approve"), order("r", "tok_decline")];
    for (field, value) in [("amount", json!(2000)), ("currency", json!("GBP"))] {
        let mut body = order("r", "tok_approve");
        body[field] = value;
        bodies.push(body);
    }
    for body in bodies {
        let answer = provider.post("/authorizations", "k", body).await;
        assert_eq!(
            (answer.status, answer.code()),
            (422, "IDEMPOTENCY_KEY_REUSED")
        );
    }
    assert_eq!(
        provider.capture("k", &id, 1).await.code(),
        "IDEMPOTENCY_KEY_REUSED"
    );
    assert_eq!(
        provider.refund("k", &id, 1).await.code(),
        "IDEMPOTENCY_KEY_REUSED"
    );
    assert_eq!(
        provider.void("k", &id).await.code(),
        "IDEMPOTENCY_KEY_REUSED"
    );
    assert_eq!(provider.summary().await["counts"]["operations"], 1);
}

#[tokio::test]
async fn a_post_without_a_key_is_400() {
    let provider = Provider::start().await;
    let id = provider
        .authorize("k", "r", "tok_approve")
        .await
        .id()
        .to_owned();
    for path in [
        "/authorizations".to_owned(),
        format!("/authorizations/{id}/captures"),
        format!("/authorizations/{id}/refunds"),
        format!("/authorizations/{id}/void"),
    ] {
        let request = provider
            .request(reqwest::Method::POST, &path)
            .json(&json!({}));
        let answer = answer(request).await.unwrap();
        assert_eq!(
            (answer.status, answer.code()),
            (400, "IDEMPOTENCY_KEY_REQUIRED"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_refusal_does_not_use_up_its_key() {
    let provider = Provider::start().await;
    let id = provider
        .authorize("a", "r", "tok_approve")
        .await
        .id()
        .to_owned();
    assert_eq!(provider.capture("c", &id, 5000).await.status, 422);
    assert_eq!(provider.capture("c", &id, 1999).await.status, 200);
}

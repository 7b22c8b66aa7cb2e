//! Authorizations for which who pays has to do something first.

use serde_json::json;
use tempfile::TempDir;

use crate::harness::{Answer, Merchant, Provider};

async fn act(provider: &Merchant, key: &str, id: &str, what: &str) -> Answer {
    let path = format!("/authorizations/{id}/{what}");
    provider.post(&path, key, json!({})).await
}

#[tokio::test]
async fn it_is_authorized_once_it_is_done() {
    let provider = Provider::start().await;
    let asked = provider.authorize("k", "r", "tok_action").await;
    assert_eq!(asked.status, 200);
    assert_eq!(asked.body["status"], "requires_action");
    assert!(asked.body["action"]["url"].is_string());
    assert!(asked.body["action"]["until"].is_string());
    let id = asked.id();
    let known = &provider.known("r").await[0];
    assert_eq!(known["status"], "requires_action");
    assert_eq!(known["action"], asked.body["action"]);
    let early = provider.capture("c", id, 5).await;
    assert_eq!((early.status, early.code()), (409, "ACTION_REQUIRED"));
    assert_eq!(provider.summary().await["counts"]["authorized"], 0);

    let done = act(&provider, "a", id, "complete").await;
    assert_eq!(
        (done.status, &done.body["status"]),
        (200, &json!("authorized"))
    );
    assert_eq!(done.body["amount"], 1999);
    assert!(done.body["expires_at"].is_string());
    // The same, under whatever key; and nothing else any more.
    let again = act(&provider, "b", id, "complete").await;
    assert_eq!((again.body, again.replayed), (done.body, true));
    let other = act(&provider, "d", id, "refuse").await;
    assert_eq!((other.status, other.code()), (409, "ACTION_ENDED"));
    // What the call was answered is answered still.
    let replayed = provider.authorize("k", "r", "tok_action").await;
    assert_eq!((&replayed.body, replayed.replayed), (&asked.body, true));
    assert_eq!(provider.capture("c", id, 1999).await.status, 200);
    let known = provider.get("/authorizations/by-key/k").await;
    assert_eq!(known.body["status"], "captured");
    let summary = provider.summary().await;
    assert_eq!(summary["currencies"]["EUR"]["authorized"], 1999);
    assert_eq!(summary["references"]["by_authorizations"], json!({"1": 1}));
}

#[tokio::test]
async fn who_will_not_has_it_declined() {
    let provider = Provider::start().await;
    let id = provider
        .authorize("k", "r", "tok_action")
        .await
        .id()
        .to_owned();
    let refused = act(&provider, "a", &id, "refuse").await;
    assert_eq!(refused.body["status"], "declined");
    assert_eq!(refused.body["decline_code"], "action_refused");
    let known = &provider.known("r").await[0];
    assert_eq!(known["status"], "declined");
    let void = provider.void("v", &id).await;
    assert_eq!((void.status, void.code()), (409, "AUTHORIZATION_DECLINED"));
}

#[tokio::test]
async fn what_is_called_off_or_too_late_is_not_done() {
    let provider = Provider::start().await;
    let id = provider
        .authorize("k", "r", "tok_action")
        .await
        .id()
        .to_owned();
    let void = provider.void("v", &id).await;
    assert_eq!((void.status, &void.body["amount"]), (200, &json!(0)));
    let late = act(&provider, "a", &id, "complete").await;
    assert_eq!((late.status, late.code()), (409, "AUTHORIZATION_VOIDED"));
    let short = provider.authorize("k2", "s", "tok_action_1").await;
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    let late = act(&provider, "b", short.id(), "complete").await;
    assert_eq!((late.status, late.code()), (409, "AUTHORIZATION_EXPIRED"));
    assert_eq!(provider.known("s").await[0]["status"], "expired");
    let plain = provider.authorize("k3", "t", "tok_approve").await;
    let none = act(&provider, "c", plain.id(), "complete").await;
    assert_eq!((none.status, none.code()), (409, "NO_ACTION"));
    let summary = provider.summary().await;
    assert_eq!(summary["counts"]["actions_required"], 2);
    assert_eq!(summary["counts"]["authorized"], 1);
}

#[tokio::test]
async fn what_is_done_survives_a_restart() {
    let directory = TempDir::new().unwrap();
    let journal = directory.path().join("journal.ndjson");
    let provider = Provider::reopen(&journal).await;
    let done = provider
        .authorize("k", "r", "tok_action")
        .await
        .id()
        .to_owned();
    act(&provider, "a", &done, "complete").await;
    let waits = provider
        .authorize("k2", "s", "tok_action")
        .await
        .id()
        .to_owned();
    let (summary, ledger) = (provider.summary().await, provider.get("/ledger").await);
    drop(provider);
    let provider = Provider::reopen(&journal).await;
    assert_eq!(provider.summary().await, summary);
    assert_eq!(provider.get("/ledger").await, ledger);
    assert_eq!(provider.capture("c", &done, 5).await.status, 200);
    assert_eq!(act(&provider, "b", &waits, "complete").await.status, 200);
}

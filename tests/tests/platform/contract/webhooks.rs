//! All that may be said of webhooks and e-mail.

use reqwest::Method;
use serde_json::{Value, json};
use tests::platform::{Placement, Platform, eventually};

/// E-mail is handed to nobody: it waits.
pub(in super::super) const SETTINGS: [(&str, &str); 2] = [
    ("notification.smtp_url", "smtp://127.0.0.1:1"),
    ("notification.email_from", "Shop <orders@shop.example>"),
];

/// Does everything once; gives a webhook that is deleted and a delivery that
/// there never was.
pub(super) async fn are_driven(p: &Platform) -> (String, String) {
    // Nobody is there: a name that is reserved for that.
    let wanted = json!({"url": "https://receiver.invalid/hooks"});
    let made = p.api.post("/v1/webhooks", &wanted).await.expect(201);
    let id = text(&made.body, "webhook_id");
    let path = format!("/v1/webhooks/{id}");
    assert_eq!(made.header("location"), path);
    for read in ["/v1/webhooks", &path, "/v1/emails?status=failed"] {
        p.api.get(read).await.expect(200);
    }
    let change = p
        .api
        .command(Method::PATCH, &path)
        .json(&json!({"description": "x"}));
    let change = change.header("idempotency-key", "patched");
    p.api.send(change).await.expect(200);
    for what in ["rotate", "disable", "enable"] {
        let done = p.api.post(&format!("{path}/{what}"), &json!({})).await;
        done.expect(200);
    }
    p.api.receive("TOLD", 10).await;
    let customer = json!({"customer_id": "told", "email": "told@example.com"});
    p.api.post("/v1/customers", &customer).await.expect(201);
    let placement = Placement::of("TOLD", 1, 100).customer("told");
    p.api.place(&placement).await;
    let email = delivery(p, "/v1/emails").await;
    p.api
        .post(&format!("/v1/emails/{email}/redeliver"), &json!({}))
        .await
        .expect(200);
    let told = delivery(p, &format!("{path}/deliveries")).await;
    let again = format!("/v1/webhooks/deliveries/{told}/redeliver");
    p.api.post(&again, &json!({})).await.expect(200);
    let range = json!({"from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z"});
    for of in [&*path, "/v1/emails"] {
        let done = p.api.post(&format!("{of}/redeliver"), &range).await;
        assert_eq!(done.expect(200).body["redelivered"], 0);
    }
    let deleted = p.api.send(p.api.command(Method::DELETE, &path)).await;
    deleted.expect(200);
    (id, "01890000-0000-7000-8000-000000000000".to_owned())
}

/// The first delivery of a log that is not empty.
async fn delivery(p: &Platform, log: &str) -> String {
    eventually("a delivery", async || {
        let page = p.api.get(log).await.body;
        let first = page["items"].get(0).map(|item| text(item, "delivery_id"));
        first.ok_or_else(|| page.to_string())
    })
    .await
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}

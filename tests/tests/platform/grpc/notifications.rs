//! Webhooks and e-mails are managed over gRPC as over REST: one changes what the other shows.

use super::{failed, failure, key, notifications};
use crate::contract::webhooks::SETTINGS;
use prost_types::Timestamp;
use proto::v1::{
    ChangeWebhookRequest, CreateWebhookRequest, DeleteWebhookRequest, Delivery,
    DisableWebhookRequest, EnableWebhookRequest, GetWebhookRequest, ListDeliveriesRequest,
    ListEmailsRequest, ListWebhooksRequest, RedeliverDeliveriesRequest, RedeliverDeliveryRequest,
    RedeliverEmailRequest, RedeliverEmailsRequest, RotateWebhookSecretRequest, WebhookEvents,
    emails_client::EmailsClient, webhooks_client::WebhooksClient,
};
use serde_json::json;
use tests::platform::{Placement, Platform, Shape, eventually};
use tonic::{Code, transport::Channel};

type Webhooks = WebhooksClient<Channel>;
type Emails = EmailsClient<Channel>;

#[tokio::test(flavor = "multi_thread")]
async fn notifications_are_managed_over_grpc() {
    let platform = Platform::start(Shape::Separate, &SETTINGS).await;
    let p = &platform;
    let (mut webhooks, mut emails) = notifications(&p.process("saga").url());
    let id = a_webhook_is_made_and_changed(p, &mut webhooks).await;
    what_is_sent_is_sent_again(p, &id, &mut webhooks, &mut emails).await;
    let delete = || DeleteWebhookRequest {
        webhook_id: id.clone(),
    };
    webhooks.delete_webhook(delete()).await.unwrap();
    assert_eq!(
        failure(webhooks.delete_webhook(delete()).await),
        failed(Code::NotFound, "WEBHOOK_NOT_FOUND", "")
    );
    platform.stop().await;
}

async fn a_webhook_is_made_and_changed(p: &Platform, webhooks: &mut Webhooks) -> String {
    let create = CreateWebhookRequest {
        request_id: key(),
        url: "https://receiver.invalid/hooks".into(),
        description: Some("the shop".into()),
        events: vec!["order.confirmed".into()],
    };
    let made = webhooks.create_webhook(create.clone()).await.unwrap();
    let made = made.into_inner();
    assert!(made.secret.starts_with("whsec_") && !made.replayed);
    let again = webhooks.create_webhook(create.clone()).await.unwrap();
    let again = again.into_inner();
    assert_eq!((&again.secret, again.replayed), (&made.secret, true));
    let mut other = create.clone();
    other.url = "https://another.invalid/hooks".into();
    let reused = failure(webhooks.create_webhook(other).await);
    assert_eq!(reused.1, "IDEMPOTENCY_KEY_REUSED");
    for (change, reason, field) in [
        (
            CreateWebhookRequest {
                request_id: String::new(),
                ..create.clone()
            },
            "INVALID_REQUEST_ID",
            "request_id",
        ),
        (
            CreateWebhookRequest {
                request_id: key(),
                events: vec!["order.eaten".into()],
                ..create.clone()
            },
            "WEBHOOK_EVENT_UNKNOWN",
            "events[0]",
        ),
    ] {
        let refused = failure(webhooks.create_webhook(change).await);
        assert_eq!(refused, failed(Code::InvalidArgument, reason, field));
    }
    let webhook = made.webhook.unwrap();
    let id = webhook.webhook_id;
    let path = format!("/v1/webhooks/{id}");
    let rest = p.api.get(&path).await.expect(200);
    assert_eq!(rest.header("etag"), webhook.etag);
    assert_eq!(rest.body["description"], "the shop");

    let change = |etag: &str| ChangeWebhookRequest {
        request_id: key(),
        webhook_id: id.clone(),
        etag: etag.into(),
        events: Some(WebhookEvents::default()),
        ..ChangeWebhookRequest::default()
    };
    let stale = failure(webhooks.change_webhook(change("\"7\"")).await);
    assert_eq!((stale.0, &*stale.1), (Code::Aborted, "VERSION_MISMATCH"));
    let changed = webhooks
        .change_webhook(change(&webhook.etag))
        .await
        .unwrap();
    let changed = changed.into_inner().webhook.unwrap();
    assert_eq!(changed.description.as_deref(), Some("the shop"));
    assert!(changed.events.is_empty());
    for enabled in [false, true, true] {
        let webhook = match enabled {
            false => {
                let disable = DisableWebhookRequest {
                    request_id: key(),
                    webhook_id: id.clone(),
                    etag: String::new(),
                };
                webhooks
                    .disable_webhook(disable)
                    .await
                    .unwrap()
                    .into_inner()
                    .webhook
            }
            true => {
                let enable = EnableWebhookRequest {
                    request_id: key(),
                    webhook_id: id.clone(),
                    etag: String::new(),
                };
                webhooks
                    .enable_webhook(enable)
                    .await
                    .unwrap()
                    .into_inner()
                    .webhook
            }
        };
        let status = p.api.get(&path).await.expect(200).body["status"].clone();
        assert_eq!(status, if enabled { "enabled" } else { "disabled" });
        assert_eq!(status, webhook.unwrap().status);
    }
    let rotate = RotateWebhookSecretRequest {
        request_id: key(),
        webhook_id: id.clone(),
        etag: String::new(),
        overlap_s: Some(60),
    };
    let rotated = webhooks.rotate_webhook_secret(rotate).await.unwrap();
    let rotated = rotated.into_inner();
    assert_ne!(rotated.secret, made.secret);
    assert!(rotated.former_secret_until.is_some());
    let list = ListWebhooksRequest::default();
    let listed = webhooks.list_webhooks(list).await.unwrap().into_inner();
    assert_eq!(listed.webhooks.len(), 1);
    let get = GetWebhookRequest {
        webhook_id: id.clone(),
    };
    let shown = webhooks.get_webhook(get).await.unwrap().into_inner();
    assert_eq!(shown.webhook.as_ref(), listed.webhooks.first());
    id
}

async fn what_is_sent_is_sent_again(
    p: &Platform,
    id: &str,
    webhooks: &mut Webhooks,
    emails: &mut Emails,
) {
    p.api.receive("TOLD", 10).await;
    let customer = json!({"customer_id": "told", "email": "told@example.com"});
    p.api.post("/v1/customers", &customer).await.expect(201);
    p.api
        .place(&Placement::of("TOLD", 1, 100).customer("told"))
        .await;
    let list = || ListDeliveriesRequest {
        webhook_id: id.into(),
        ..ListDeliveriesRequest::default()
    };
    let told: Delivery = eventually("a delivery", async || {
        let page = webhooks.clone().list_deliveries(list()).await.unwrap();
        let page = page.into_inner().deliveries;
        page.into_iter().next().ok_or_else(|| "none".to_owned())
    })
    .await;
    assert_eq!(told.webhook_id.as_deref(), Some(id));
    let again = RedeliverDeliveryRequest {
        request_id: key(),
        delivery_id: told.delivery_id.clone(),
    };
    let done = webhooks.redeliver_delivery(again).await.unwrap();
    let delivery = done.into_inner().delivery.unwrap();
    assert_eq!(delivery.delivery_id, told.delivery_id);
    let (from, to) = (
        Some(Timestamp::default()),
        Some(Timestamp {
            seconds: 1,
            nanos: 0,
        }),
    );
    let range = RedeliverDeliveriesRequest {
        request_id: key(),
        webhook_id: id.into(),
        from,
        to,
        ..RedeliverDeliveriesRequest::default()
    };
    let none = webhooks.redeliver_deliveries(range).await.unwrap();
    assert_eq!(none.into_inner().redelivered, 0);

    let email: Delivery = eventually("an e-mail", async || {
        let list = ListEmailsRequest::default();
        let page = emails.clone().list_emails(list).await.unwrap();
        let page = page.into_inner().emails;
        page.into_iter().next().ok_or_else(|| "none".to_owned())
    })
    .await;
    assert_eq!(email.webhook_id, None);
    let again = |delivery_id: &str| RedeliverEmailRequest {
        request_id: key(),
        delivery_id: delivery_id.into(),
    };
    emails
        .redeliver_email(again(&email.delivery_id))
        .await
        .unwrap();
    // What goes to a webhook is no e-mail.
    let other = failure(emails.redeliver_email(again(&told.delivery_id)).await);
    assert_eq!(other, failed(Code::NotFound, "DELIVERY_NOT_FOUND", ""));
    let range = |to| RedeliverEmailsRequest {
        request_id: key(),
        from,
        to,
        include_delivered: false,
    };
    let none = emails.redeliver_emails(range(to)).await.unwrap();
    assert_eq!(none.into_inner().redelivered, 0);
    let endless = failure(emails.redeliver_emails(range(None)).await);
    assert_eq!(endless, failed(Code::InvalidArgument, "INVALID_BODY", "to"));
    let empty = failure(emails.redeliver_emails(range(from)).await);
    assert_eq!(empty, failed(Code::InvalidArgument, "RANGE_EMPTY", "to"));
    let wrong = ListEmailsRequest {
        status: Some("lost".into()),
        ..ListEmailsRequest::default()
    };
    assert_eq!(failure(emails.list_emails(wrong).await).2, "status");
}

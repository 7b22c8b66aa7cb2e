//! What the API says of endpoints and deliveries.

use crate::storage::{Delivery, Endpoint};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// Where webhooks go.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Webhook {
    webhook_id: Uuid,
    url: String,
    /// What people call it.
    description: Option<String>,
    /// What it is told of; everything, if it names nothing.
    events: Vec<String>,
    /// `enabled`, or `disabled`: nothing is sent then.
    #[schema(value_type = String, example = "enabled")]
    status: &'static str,
    /// Why it is disabled: `operator`, `gone` (it answered 410) or `failing` (something was tried as
    /// often as may be).
    disabled_reason: Option<String>,
    disabled_at: Option<DateTime<Utc>>,
    /// It is told of events after this position.
    after_position: i64,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// An endpoint and what signs for it: shown this once.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct WebhookWithSecret {
    #[serde(flatten)]
    webhook: Webhook,
    /// What signs what is sent to it.
    #[schema(example = "whsec_…")]
    secret: String,
    /// Until when the secret of before signs as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    former_secret_until: Option<DateTime<Utc>>,
}

/// A delivery.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct DeliveryItem {
    /// The `webhook-id` that it is sent with.
    delivery_id: Uuid,
    /// Where to; none of an e-mail.
    webhook_id: Option<Uuid>,
    event_id: Uuid,
    /// The event's place among all.
    position: i64,
    #[serde(rename = "type")]
    #[schema(example = "order.confirmed")]
    kind: String,
    order_id: Uuid,
    /// When the event happened.
    occurred_at: DateTime<Utc>,
    /// `pending`, `delivered`, `failed` (given up) or `skipped` (not sent, as `problem` says).
    #[schema(example = "delivered")]
    status: String,
    /// How often it was tried.
    attempts: i32,
    /// Whether it is being tried just now.
    under_way: bool,
    /// When it is tried next, unless it is being tried.
    next_attempt_at: Option<DateTime<Utc>>,
    last_attempt_at: Option<DateTime<Utc>>,
    /// What the last attempt was answered.
    last_status: Option<i32>,
    /// Why it is not delivered.
    problem: Option<String>,
    /// When nothing more was to be done about it.
    settled_at: Option<DateTime<Utc>>,
}

impl From<Endpoint> for Webhook {
    fn from(endpoint: Endpoint) -> Self {
        Self {
            webhook_id: endpoint.id,
            url: endpoint.url,
            description: endpoint.description,
            events: endpoint.events,
            status: match endpoint.disabled_at {
                None => "enabled",
                Some(_) => "disabled",
            },
            disabled_reason: endpoint.disabled_reason,
            disabled_at: endpoint.disabled_at,
            after_position: endpoint.after_position,
            version: endpoint.version,
            created_at: endpoint.created_at,
            updated_at: endpoint.updated_at,
        }
    }
}

impl WebhookWithSecret {
    pub(crate) fn new(
        endpoint: Endpoint,
        secret: &str,
        former_secret_until: Option<DateTime<Utc>>,
    ) -> Self {
        Self {
            webhook: endpoint.into(),
            secret: secret.to_owned(),
            former_secret_until,
        }
    }
}

impl From<Delivery> for DeliveryItem {
    fn from(delivery: Delivery) -> Self {
        let pending = delivery.state == "pending";
        Self {
            delivery_id: delivery.id,
            webhook_id: delivery.endpoint,
            event_id: delivery.event_id,
            position: delivery.position,
            kind: delivery.event_type,
            order_id: delivery.order_id,
            occurred_at: delivery.occurred_at,
            status: delivery.state,
            attempts: delivery.attempts,
            under_way: delivery.under_way,
            next_attempt_at: (pending && !delivery.under_way).then_some(delivery.due_at),
            last_attempt_at: delivery.last_attempt_at,
            last_status: delivery.last_status,
            problem: delivery.problem,
            settled_at: delivery.settled_at,
        }
    }
}

//! What the API says of endpoints and deliveries.

use crate::storage::{Delivery, Endpoint};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Where webhooks go.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct Webhook {
    pub webhook_id: Uuid,
    pub url: String,
    /// What people call it.
    pub description: Option<String>,
    /// What it is told of; everything, if it names nothing.
    pub events: Vec<String>,
    /// `enabled`, or `disabled`: nothing is sent then.
    #[schema(example = "enabled")]
    pub status: String,
    /// Why it is disabled: `operator`, `gone` (it answered 410) or `failing` (something was tried as
    /// often as may be).
    pub disabled_reason: Option<String>,
    pub disabled_at: Option<DateTime<Utc>>,
    /// It is told of events after this position.
    pub after_position: i64,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// An endpoint and what signs for it: shown this once.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct WebhookWithSecret {
    #[serde(flatten)]
    pub webhook: Webhook,
    /// What signs what is sent to it.
    #[schema(example = "whsec_…")]
    pub secret: String,
    /// Until when the secret of before signs as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub former_secret_until: Option<DateTime<Utc>>,
}

/// A delivery.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct DeliveryItem {
    /// The `webhook-id` that it is sent with.
    pub delivery_id: Uuid,
    /// Where to; none of an e-mail.
    pub webhook_id: Option<Uuid>,
    pub event_id: Uuid,
    /// The event's place among all.
    pub position: i64,
    #[serde(rename = "type")]
    #[schema(example = "order.confirmed")]
    pub kind: String,
    pub order_id: Uuid,
    /// When the event happened.
    pub occurred_at: DateTime<Utc>,
    /// `pending`, `delivered`, `failed` (given up) or `skipped` (not sent, as `problem` says).
    #[schema(example = "delivered")]
    pub status: String,
    /// How often it was tried.
    pub attempts: i32,
    /// Whether it is being tried just now.
    pub under_way: bool,
    /// When it is tried next, unless it is being tried.
    pub next_attempt_at: Option<DateTime<Utc>>,
    pub last_attempt_at: Option<DateTime<Utc>>,
    /// What the last attempt was answered.
    pub last_status: Option<i32>,
    /// Why it is not delivered.
    pub problem: Option<String>,
    /// When nothing more was to be done about it.
    pub settled_at: Option<DateTime<Utc>>,
}

/// What is to be sent again: of events that happened within a time.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RedeliverRangeBody {
    /// From then on.
    pub from: DateTime<Utc>,
    /// Until right before then.
    pub to: DateTime<Utc>,
    /// Also what was delivered; else only what was given up or skipped.
    #[serde(default)]
    pub include_delivered: bool,
}

/// What is sent again.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct RedeliveredRange {
    /// How many deliveries.
    pub redelivered: u64,
    /// Whether there are more of them: ask again, under another key.
    pub has_more: bool,
}

impl From<Endpoint> for Webhook {
    fn from(endpoint: Endpoint) -> Self {
        Self {
            webhook_id: endpoint.id,
            url: endpoint.url,
            description: endpoint.description,
            events: endpoint.events,
            status: match endpoint.disabled_at {
                None => "enabled".into(),
                Some(_) => "disabled".into(),
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

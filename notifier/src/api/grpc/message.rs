//! What the API says, as messages.

use crate::api::{
    body::{DeliveryItem, Webhook},
    page::Page,
};
use proto::{timestamp, v1};

impl From<Webhook> for v1::Webhook {
    fn from(webhook: Webhook) -> Self {
        Self {
            webhook_id: webhook.webhook_id.to_string(),
            url: webhook.url,
            description: webhook.description,
            events: webhook.events,
            status: webhook.status,
            disabled_reason: webhook.disabled_reason,
            disabled_at: webhook.disabled_at.map(timestamp),
            after_position: webhook.after_position,
            version: webhook.version,
            etag: format!("\"{}\"", webhook.version),
            created_at: Some(timestamp(webhook.created_at)),
            updated_at: Some(timestamp(webhook.updated_at)),
        }
    }
}

impl From<DeliveryItem> for v1::Delivery {
    fn from(delivery: DeliveryItem) -> Self {
        Self {
            delivery_id: delivery.delivery_id.to_string(),
            webhook_id: delivery.webhook_id.map(|id| id.to_string()),
            event_id: delivery.event_id.to_string(),
            position: delivery.position,
            r#type: delivery.kind,
            order_id: delivery.order_id.to_string(),
            occurred_at: Some(timestamp(delivery.occurred_at)),
            status: delivery.status,
            attempts: delivery.attempts,
            under_way: delivery.under_way,
            next_attempt_at: delivery.next_attempt_at.map(timestamp),
            last_attempt_at: delivery.last_attempt_at.map(timestamp),
            last_status: delivery.last_status,
            problem: delivery.problem,
            settled_at: delivery.settled_at.map(timestamp),
        }
    }
}

/// The items of a page, and what asks for the next one.
pub(super) fn page<T, M: From<T>>(page: Page<T>) -> (Vec<M>, String) {
    let items = page.items.into_iter().map(M::from).collect();
    (items, page.next_cursor.unwrap_or_default())
}

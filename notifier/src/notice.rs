//! What others are told of: made of an event alone, the same whenever it is made.

use chrono::{DateTime, SecondsFormat, Utc};
use domain::{
    Event, EventId, Money, OrderId, Position, Recorded, ShipmentId, TenantId,
    order::{LinesCancelled, OrderEvent},
    payment::PaymentEvent,
};
use serde::Serialize;
use utoipa::ToSchema;

/// The version of the bodies' shape. Fields may be added to it; whatever else changes has another.
pub const BODY_VERSION: u32 = 1;

/// What may be told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NoticeKind {
    /// An order is confirmed.
    OrderConfirmed,
    /// Some of an order has left.
    OrderDispatched,
    /// Some of what was paid was given back.
    OrderRefunded,
    /// An order was cancelled.
    OrderCancelled,
    /// One of several parcels of an order cannot be sent; the others can.
    ParcelCancelled,
}

impl NoticeKind {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::OrderConfirmed,
        Self::OrderDispatched,
        Self::OrderRefunded,
        Self::OrderCancelled,
        Self::ParcelCancelled,
    ];

    /// What it is called in bodies and in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OrderConfirmed => "order.confirmed",
            Self::OrderDispatched => "order.dispatched",
            Self::OrderRefunded => "order.refunded",
            Self::OrderCancelled => "order.cancelled",
            Self::ParcelCancelled => "order.parcel_cancelled",
        }
    }

    /// The one of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// Something that others are told of.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    /// What.
    pub kind: NoticeKind,
    /// Whose.
    pub tenant: TenantId,
    /// The event that it follows from.
    pub event_id: EventId,
    /// That event's place among all.
    pub position: Position,
    /// When it happened.
    pub occurred_at: DateTime<Utc>,
    /// The order.
    pub order_id: OrderId,
    /// What is sent: JSON.
    pub body: String,
}

/// What is sent.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WebhookBody {
    /// What happened.
    #[serde(rename = "type")]
    #[schema(value_type = String, example = "order.confirmed")]
    kind: &'static str,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    timestamp: String,
    /// The version of this shape.
    schema_version: u32,
    data: WebhookData,
}

/// To what it happened. Nothing in it is personal.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WebhookData {
    /// The event: the same in every delivery of it.
    #[schema(value_type = uuid::Uuid)]
    event_id: EventId,
    #[schema(value_type = uuid::Uuid)]
    order_id: OrderId,
    /// Of what `version` is: `order`, or `payment` of a refund.
    #[schema(value_type = String)]
    stream: &'static str,
    /// The version that the event made: what has a lower one happened before.
    version: i64,
    /// What left, or cannot.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<uuid::Uuid>)]
    shipment_id: Option<ShipmentId>,
    /// What was given back.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    amount: Option<Money>,
    /// Whether nothing of the order is left to leave.
    #[serde(skip_serializing_if = "Option::is_none")]
    all: Option<bool>,
    /// Where the order is in the API: for all that is not said here.
    href: String,
}

/// What an event says beside its envelope.
struct Told {
    kind: NoticeKind,
    order_id: OrderId,
    shipment_id: Option<ShipmentId>,
    amount: Option<Money>,
    all: Option<bool>,
}

impl Told {
    const fn of(kind: NoticeKind, order_id: OrderId) -> Self {
        Self {
            kind,
            order_id,
            shipment_id: None,
            amount: None,
            all: None,
        }
    }
}

impl Notice {
    /// What others are told of when this has happened, if anything.
    pub fn of(recorded: &Recorded) -> Option<Self> {
        let told = told(&recorded.event)?;
        let envelope = &recorded.envelope;
        let body = WebhookBody {
            kind: told.kind.name(),
            timestamp: envelope
                .occurred_at
                .to_rfc3339_opts(SecondsFormat::Micros, true),
            schema_version: BODY_VERSION,
            data: WebhookData {
                event_id: envelope.event_id,
                order_id: told.order_id,
                stream: envelope.stream.category().as_str(),
                version: envelope.version.get(),
                shipment_id: told.shipment_id,
                amount: told.amount,
                all: told.all,
                href: format!("/v1/orders/{}", told.order_id),
            },
        };
        Some(Self {
            kind: told.kind,
            tenant: envelope.tenant.clone(),
            event_id: envelope.event_id,
            position: envelope.position,
            occurred_at: envelope.occurred_at,
            order_id: told.order_id,
            // Plain fields with text keys: JSON can always hold them.
            body: serde_json::to_string(&body).ok()?,
        })
    }
}

fn told(event: &Event) -> Option<Told> {
    match event {
        Event::Order(OrderEvent::OrderConfirmed(confirmed)) => Some(Told::of(
            NoticeKind::OrderConfirmed,
            confirmed.order.order_id,
        )),
        Event::Order(OrderEvent::LinesShipped(shipped)) => Some(Told {
            shipment_id: Some(shipped.shipment_id),
            all: Some(shipped.all),
            ..Told::of(NoticeKind::OrderDispatched, shipped.order.order_id)
        }),
        Event::Order(OrderEvent::OrderCancelled(cancelled)) => Some(Told::of(
            NoticeKind::OrderCancelled,
            cancelled.order.order_id,
        )),
        Event::Order(OrderEvent::LinesCancelled(cancelled)) if !cancelled.all => {
            // Of lines that somebody cancelled, that somebody knows.
            let shipment = dropped(cancelled)?;
            Some(Told {
                shipment_id: Some(shipment),
                ..Told::of(NoticeKind::ParcelCancelled, cancelled.order.order_id)
            })
        }
        Event::Payment(PaymentEvent::PaymentRefunded(refunded)) if refunded.amount.amount > 0 => {
            Some(Told {
                amount: Some(refunded.amount),
                ..Told::of(NoticeKind::OrderRefunded, refunded.order_id)
            })
        }
        _ => None,
    }
}

/// The parcel that cannot be sent, if that is why its lines are cancelled: the cancellation has its name.
fn dropped(cancelled: &LinesCancelled) -> Option<ShipmentId> {
    let mut parcels = ShipmentId::all(cancelled.order.order_id).into_iter();
    parcels.find(|parcel| parcel.uuid() == cancelled.cancellation_id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn names_lead_back_to_what_they_name() {
        for kind in NoticeKind::ALL {
            assert_eq!(NoticeKind::parse(kind.name()), Some(kind));
        }
        assert_eq!(NoticeKind::parse("order.placed"), None);
    }

    #[test]
    fn only_what_others_are_told_of_makes_a_notice() {
        let notices = testing::history().into_iter();
        let notices: Vec<_> = notices.filter_map(|event| Notice::of(&event)).collect();
        let kinds: Vec<_> = notices.iter().map(|notice| notice.kind).collect();
        assert_eq!(kinds, NoticeKind::ALL);
    }

    #[test]
    fn of_lines_that_somebody_cancelled_nobody_is_told() {
        let mut event = testing::history().pop().unwrap();
        assert!(Notice::of(&event).is_some(), "a parcel that cannot be sent");
        let Event::Order(OrderEvent::LinesCancelled(cancelled)) = &mut event.event else {
            panic!("{event:?}");
        };
        cancelled.cancellation_id = uuid::Uuid::from_u128(7);
        assert!(Notice::of(&event).is_none());
    }

    /// Others parse this: a body of version 1 stays as it is, but for fields that are added.
    #[test]
    fn bodies_are_as_they_are_documented() {
        let history = testing::history();
        let bodies: Vec<_> = history.iter().filter_map(Notice::of).collect();
        let text: Vec<_> = bodies.iter().map(|notice| notice.body.as_str()).collect();
        let documented = include_str!("../../docs/webhooks.md");
        for body in text {
            assert!(documented.contains(body), "not documented: {body}");
        }
    }
}

//! One row per event of an order, of its payment, of its shipments and of the stock for it: who, when,
//! why.

use crate::{
    projection::{FoldError, Projection},
    row::{JsonText, row},
};
use chrono::{DateTime, Utc};
use domain::{
    Event, OrderId, Recorded, TenantId, order::OrderEvent, payment::PaymentEvent,
    returns::ReturnEvent, shipment::ShipmentEvent, stock::StockEvent,
};
use uuid::Uuid;

row! {
    /// Something that happened to an order.
    OrderTimelineRow in "order_timeline" by
    /// Which event of which order.
    OrderTimelineKey
    key {
        /// The shop.
        tenant: TenantId,
        /// The order.
        order_id: OrderId,
        /// The event's place among all events.
        position: i64,
    }
    state {
        /// Its number in its stream.
        version: i64,
        /// When it was decided.
        occurred_at: DateTime<Utc>,
        /// When it was recorded.
        recorded_at: DateTime<Utc>,
        /// The event's id.
        event_id: Uuid,
        /// The command that led to it.
        command_id: Uuid,
        /// What started it all.
        correlation_id: Uuid,
        /// The event that caused the command, if a policy sent it.
        causation_id: Option<Uuid>,
        /// The stream it is in.
        stream: String,
        /// Its type.
        r#type: String,
        /// Who asked.
        actor: String,
        /// What happened.
        data: JsonText,
    }
    once {}
}

/// The events of orders.
pub struct OrderTimeline;

impl Projection for OrderTimeline {
    const NAME: &'static str = "order_timeline";
    const VERSION: i32 = 3;
    const APPEND_ONLY: bool = true;
    type Row = OrderTimelineRow;

    fn types() -> Vec<&'static str> {
        let mut types = [
            OrderEvent::TYPES,
            PaymentEvent::TYPES,
            ShipmentEvent::TYPES,
            ReturnEvent::TYPES,
            StockEvent::TYPES,
        ]
        .concat();
        let of_no_order = [
            "StockReceived",
            "StockAdjusted",
            "QuarantineCleared",
            "BackorderLimitSet",
        ];
        types.retain(|name| !of_no_order.contains(name));
        types
    }

    fn key(event: &Recorded) -> Option<OrderTimelineKey> {
        let order_id = match &event.event {
            Event::Order(event) => super::order_of(event),
            Event::Payment(event) => super::order_of_payment(event),
            Event::Shipment(event) => super::order_and_shipment(event).0,
            Event::Return(event) => super::order_and_return(event).0,
            Event::Stock(event) => super::order_of_stock(event)?,
            Event::Customer(_) | Event::Product(_) => return None,
        };
        Some(OrderTimelineKey {
            tenant: event.envelope.tenant.clone(),
            order_id,
            position: event.envelope.position.get(),
        })
    }

    fn apply(
        row: Option<OrderTimelineRow>,
        event: &Recorded,
    ) -> Result<Option<OrderTimelineRow>, FoldError> {
        let Some(key) = Self::key(event) else {
            return Ok(row);
        };
        let envelope = &event.envelope;
        Ok(Some(OrderTimelineRow {
            tenant: key.tenant,
            order_id: key.order_id,
            position: key.position,
            version: envelope.version.get(),
            occurred_at: envelope.occurred_at,
            recorded_at: envelope.recorded_at,
            event_id: envelope.event_id.uuid(),
            command_id: envelope.command_id.uuid(),
            correlation_id: envelope.correlation_id,
            causation_id: envelope.causation_id.map(|id| id.uuid()),
            stream: envelope.stream.as_str().into(),
            r#type: event.event.event_type().into(),
            actor: envelope.actor.as_str().into(),
            data: JsonText(event.event.encode()),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, History, fold_all};

    #[test]
    fn every_event_about_an_order_is_a_row_of_it() {
        let mut history = History::default();
        let order = history.confirmed_order("17850", &[("A", 2, 500)]);
        history.receive("A", 5);
        let rows = fold_all::<OrderTimeline>(history.events()).unwrap();
        let of_order: Vec<_> = rows.values().filter(|row| row.order_id == order).collect();
        assert_eq!(of_order.len(), rows.len(), "receipts belong to no order");
        let types: Vec<&str> = of_order.iter().map(|row| row.r#type.as_str()).collect();
        assert_eq!(
            types,
            [
                "OrderPlaced",
                "StockReserved",
                "PaymentAuthorizationRequested",
                "PaymentAuthorized",
                "OrderConfirmed",
                "ReservationCommitted",
            ]
        );
        let placed = of_order[0];
        assert_eq!(placed.actor, testing::ACTOR);
        assert_eq!(placed.stream, format!("order-main.{order}"));
        let data: serde_json::Value = serde_json::from_slice(&placed.data.0).unwrap();
        assert_eq!(data["total"], 1_000);
    }

    #[test]
    fn types_are_those_that_have_a_key() {
        testing::types_are_those_that_have_a_key::<OrderTimeline>();
    }
}

//! A short life of an order, for tests.

use chrono::DateTime;
use domain::{
    Actor, CommandId, Envelope, Event, EventId, OrderId, Position, Recorded, ShipmentId, StreamId,
    TenantId, Version, order::OrderEvent,
};
use uuid::Uuid;

const ORDER: &str = "01923f00-0000-7000-8000-000000000001";

/// The payloads are the domain's own examples: frozen.
const EVENTS: [(&str, i16, &[u8]); 6] = [
    (
        "OrderPlaced",
        2,
        include_bytes!("../../domain/golden/OrderPlaced.v2.json"),
    ),
    (
        "OrderConfirmed",
        1,
        include_bytes!("../../domain/golden/OrderConfirmed.v1.json"),
    ),
    (
        "LinesShipped",
        1,
        include_bytes!("../../domain/golden/LinesShipped.v1.json"),
    ),
    (
        "PaymentRefunded",
        1,
        include_bytes!("../../domain/golden/PaymentRefunded.v1.json"),
    ),
    (
        "OrderCancelled",
        1,
        include_bytes!("../../domain/golden/OrderCancelled.v1.json"),
    ),
    (
        "LinesCancelled",
        1,
        include_bytes!("../../domain/golden/LinesCancelled.v1.json"),
    ),
];

/// Placed, confirmed, dispatched, refunded, cancelled, and a parcel of it dropped: more than befalls one order.
pub(crate) fn history() -> Vec<Recorded> {
    let tenant = TenantId::default();
    let order = OrderId::new(ORDER.parse().unwrap());
    let time = DateTime::parse_from_rfc3339("2026-01-02T03:04:05Z").unwrap();
    let recorded = |(index, (name, version, payload)): (usize, &(&str, i16, &[u8]))| {
        let mut event = Event::decode(name, *version, payload).unwrap();
        if let Event::Order(OrderEvent::LinesCancelled(cancelled)) = &mut event {
            cancelled.cancellation_id = ShipmentId::parcel(order, 2).uuid();
        }
        let number = i64::try_from(index).unwrap() + 1;
        let stream = match &event {
            Event::Payment(_) => StreamId::payment(&tenant, order),
            _ => StreamId::order(&tenant, order),
        };
        let envelope = Envelope {
            event_id: EventId::new(Uuid::from_u128(
                0x0192_3f00_0000_7000_8000_0000_0000_0100 + index as u128,
            )),
            stream,
            version: Version::new(number),
            position: Position::new(number),
            occurred_at: time.to_utc(),
            recorded_at: time.to_utc(),
            tenant: tenant.clone(),
            actor: Actor::parse("test").unwrap(),
            command_id: CommandId::new(Uuid::from_u128(index as u128)),
            correlation_id: Uuid::from_u128(1),
            causation_id: None,
            traceparent: None,
        };
        Recorded { envelope, event }
    };
    EVENTS.iter().enumerate().map(recorded).collect()
}

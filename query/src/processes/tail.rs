//! What was recorded since the read models were last seen to have everything: for a reader who must see
//! what they do not have yet.

use crate::{api::Api, problem};
use chassis::Problem;
use domain::{
    Category, Event, OrderId, Position, Recorded, ShipmentId, StreamId, TenantId,
    returns::ReturnEvent, stock::StockEvent,
};
use std::time::Duration;
use tokio::time::Instant;

/// How many events are read at once.
const PAGE: usize = 1_000;
/// The most events that are read for one answer: who is further behind than that lags.
const MOST: usize = 20_000;

/// The events of an order, and how far the store was read for them.
pub(super) struct Tail {
    pub events: Vec<Recorded>,
    pub position: Position,
    /// How long that took: all that was recorded before is in it.
    pub took: Duration,
}

/// What was recorded about the order after `from`, in the order of all events.
///
/// # Errors
/// 503: that is more than is read for one answer, or not now.
pub(super) async fn since(api: &Api, order_id: OrderId, from: Position) -> Result<Tail, Problem> {
    let began = Instant::now();
    let of_order = streams(&api.tenant, order_id);
    let (mut events, mut position, mut read) = (vec![], from, 0);
    loop {
        let unreadable = |error| problem::unreadable_events(error, position);
        let page = api.reader.read_all(position, PAGE).await;
        let page = page.map_err(unreadable)?;
        let is_full = store::is_full(&page, PAGE);
        read += page.len();
        let end = page.last().map(|last| last.envelope.position);
        for stored in page {
            let envelope = &stored.envelope;
            let category = envelope.stream.category();
            let may_be = matches!(category, Category::Return | Category::Stock)
                && envelope.tenant == api.tenant;
            if !may_be && !of_order.contains(&envelope.stream) {
                continue;
            }
            let decoded = stored.decode();
            let recorded = decoded.map_err(|error| unreadable(error.into()))?;
            if !may_be || is_about(&recorded.event, order_id) {
                events.push(recorded);
            }
        }
        position = end.unwrap_or(position);
        if !is_full {
            let took = began.elapsed();
            return Ok(Tail {
                events,
                position,
                took,
            });
        }
        if read >= MOST {
            return Err(problem::lagging());
        }
    }
}

/// The streams that are an order's own.
fn streams(tenant: &TenantId, order_id: OrderId) -> Vec<StreamId> {
    let shipments = ShipmentId::all(order_id).map(|parcel| StreamId::shipment(tenant, parcel));
    let own = [
        StreamId::order(tenant, order_id),
        StreamId::payment(tenant, order_id),
    ];
    own.into_iter().chain(shipments).collect()
}

/// Whether what happened to a return or to stock is about the order.
fn is_about(event: &Event, order_id: OrderId) -> bool {
    let about = match event {
        Event::Return(event) => Some(match event {
            ReturnEvent::ReturnRequested(event) => event.order_id,
            ReturnEvent::ReturnApproved(event) => event.order_id,
            ReturnEvent::ReturnDeclined(event) => event.order_id,
            ReturnEvent::ReturnInTransit(event) => event.order_id,
            ReturnEvent::ReturnReceived(event) => event.order_id,
            ReturnEvent::ReturnInspected(event) => event.order_id,
            ReturnEvent::ReturnBookedIn(event) => event.order_id,
            ReturnEvent::ReturnRefunded(event) => event.order_id,
            ReturnEvent::ReturnClosed(event) => event.order_id,
            ReturnEvent::ReturnCancelled(event) => event.order_id,
        }),
        Event::Stock(event) => match event {
            StockEvent::StockReceived(_)
            | StockEvent::StockAdjusted(_)
            | StockEvent::BackorderLimitSet(_)
            | StockEvent::QuarantineCleared(_) => None,
            StockEvent::Backordered(event) => Some(event.order_id),
            StockEvent::BackorderCovered(event) => Some(event.order_id),
            StockEvent::BackorderDropped(event) => Some(event.order_id),
            StockEvent::BackorderExpired(event) => Some(event.order_id),
            StockEvent::StockRecovered(event) => Some(event.order_id),
            StockEvent::StockReserved(event) => Some(event.order_id),
            StockEvent::StockReservationRejected(event) => Some(event.order_id),
            StockEvent::ReservationCommitted(event) => Some(event.order_id),
            StockEvent::ReservationReleased(event) => Some(event.order_id),
            StockEvent::ReservationExpired(event) => Some(event.order_id),
            StockEvent::StockShipped(event) => Some(event.order_id),
            StockEvent::StockRestocked(event) => Some(event.order_id),
            StockEvent::StockQuarantined(event) => Some(event.order_id),
            StockEvent::ReservationReduced(event) => Some(event.order_id),
            StockEvent::ReservationRaised(event) => Some(event.order_id),
        },
        Event::Order(_)
        | Event::Payment(_)
        | Event::Shipment(_)
        | Event::Customer(_)
        | Event::Product(_) => None,
    };
    about == Some(order_id)
}

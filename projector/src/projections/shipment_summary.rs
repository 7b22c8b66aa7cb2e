//! One row per shipment: where it is, and what went wrong with it last.

use crate::{
    projection::{FoldError, Projection},
    row::{Json, row},
};
use chrono::{DateTime, Utc};
use domain::{
    Category, Currency, Envelope, Event, Location, OrderId, Recorded, ShipmentId, StreamId,
    TenantId,
    shipment::{ShipmentCreated, ShipmentEvent, ShipmentLine, ShipmentStatus},
};

row! {
    /// A shipment.
    ShipmentSummaryRow in "shipment_summary" by
    /// Which shipment.
    ShipmentSummaryKey
    key {
        /// The shop.
        tenant: TenantId,
        /// The shipment.
        shipment_id: ShipmentId,
    }
    state {
        /// The order.
        order_id: OrderId,
        /// From where it leaves.
        location: Location,
        /// Where it is.
        status: ShipmentStatus,
        /// What the customer pays for it, in minor units.
        amount: i64,
        /// The currency of that.
        currency: Currency,
        /// Who the carrier is.
        carrier: Option<String>,
        /// What the carrier calls it.
        tracking_number: Option<String>,
        /// How often the carrier was asked to take it.
        attempts: i32,
        /// How often the carrier was asked where it is.
        inquiries: i32,
        /// In how many parcels its order leaves, this one included.
        parcels: i32,
        /// What went wrong last, or why it is kept; none once that is settled.
        problem: Option<String>,
        /// When it was created.
        created_at: DateTime<Utc>,
        /// When it was packed.
        packed_at: Option<DateTime<Utc>>,
        /// When the carrier took it.
        dispatched_at: Option<DateTime<Utc>>,
        /// When it arrived.
        delivered_at: Option<DateTime<Utc>>,
        /// What is in it.
        lines: Json<Vec<ShipmentLine>>,
        /// The version of its stream.
        version: i64,
        /// The position of its last event.
        position: i64,
        /// When that was recorded.
        updated_at: DateTime<Utc>,
    }
    once {}
}

/// Shipments.
pub struct ShipmentSummary;

impl Projection for ShipmentSummary {
    const NAME: &'static str = "shipment_summary";
    const VERSION: i32 = 3;
    type Row = ShipmentSummaryRow;

    fn types() -> Vec<&'static str> {
        ShipmentEvent::TYPES.to_vec()
    }

    fn key(event: &Recorded) -> Option<ShipmentSummaryKey> {
        let Event::Shipment(shipment) = &event.event else {
            return None;
        };
        Some(ShipmentSummaryKey {
            tenant: event.envelope.tenant.clone(),
            shipment_id: super::order_and_shipment(shipment).1,
        })
    }

    fn key_of_stream(tenant: &TenantId, stream: &StreamId) -> Option<ShipmentSummaryKey> {
        let shipment_id = match stream.category() {
            Category::Shipment => stream.key().parse().ok()?,
            _ => return None,
        };
        Some(ShipmentSummaryKey {
            tenant: tenant.clone(),
            shipment_id,
        })
    }

    fn leave_out(
        row: Option<ShipmentSummaryRow>,
        _: ShipmentSummaryKey,
        envelope: &Envelope,
    ) -> Option<ShipmentSummaryRow> {
        row.map(|row| ShipmentSummaryRow {
            version: envelope.version.get(),
            ..row
        })
    }

    fn begins(event: &Recorded) -> bool {
        matches!(
            event.event,
            Event::Shipment(ShipmentEvent::ShipmentCreated(_))
        )
    }

    fn apply(
        row: Option<ShipmentSummaryRow>,
        event: &Recorded,
    ) -> Result<Option<ShipmentSummaryRow>, FoldError> {
        let Event::Shipment(shipment) = &event.event else {
            return Ok(row);
        };
        let mut row = match (shipment, row) {
            (ShipmentEvent::ShipmentCreated(created), None) => begin(event, created),
            (ShipmentEvent::ShipmentCreated(_), Some(_)) => {
                return Err(FoldError::new("the shipment was created before"));
            }
            // It was kept before it was created: there is nothing to show, now or later.
            (ShipmentEvent::ShipmentCancelled(_), None) => return Ok(None),
            (_, row) => crate::projection::known(row)?,
        };
        if row.version + 1 != event.envelope.version.get() {
            return Err(FoldError::new(format!(
                "it follows on version {} of the stream, and the row is of version {}",
                event.envelope.version.get() - 1,
                row.version
            )));
        }
        change(&mut row, shipment, event.envelope.recorded_at);
        row.version = event.envelope.version.get();
        row.position = event.envelope.position.get();
        row.updated_at = event.envelope.recorded_at;
        Ok(Some(row))
    }
}

fn begin(event: &Recorded, created: &ShipmentCreated) -> ShipmentSummaryRow {
    ShipmentSummaryRow {
        tenant: event.envelope.tenant.clone(),
        shipment_id: created.shipment_id,
        order_id: created.order_id,
        location: created.location.clone(),
        status: ShipmentStatus::Pending,
        amount: created.amount.amount,
        currency: created.amount.currency,
        carrier: None,
        tracking_number: None,
        attempts: 0,
        inquiries: 0,
        parcels: count(created.parcels),
        problem: None,
        created_at: event.envelope.recorded_at,
        packed_at: None,
        dispatched_at: None,
        delivered_at: None,
        version: 0,
        position: 0,
        updated_at: event.envelope.recorded_at,
        lines: Json(created.lines.clone()),
    }
}

fn change(row: &mut ShipmentSummaryRow, event: &ShipmentEvent, at: DateTime<Utc>) {
    use ShipmentStatus as S;
    match event {
        ShipmentEvent::ShipmentCreated(_)
        | ShipmentEvent::ShipmentGivenUp(_)
        | ShipmentEvent::ShipmentCancellationRefused(_) => {}
        ShipmentEvent::ShipmentRefitted(event) => {
            row.lines = Json(event.lines.clone());
            row.amount = event.amount.amount;
        }
        ShipmentEvent::ShipmentPacked(_) => {
            row.status = S::Packed;
            row.packed_at = Some(at);
        }
        ShipmentEvent::ShipmentReady(_) => row.status = S::Ready,
        ShipmentEvent::DispatchRequested(event) => {
            row.status = S::Dispatching;
            row.attempts = count(event.attempt);
        }
        ShipmentEvent::DispatchRefused(event) => {
            row.status = S::Refused;
            row.problem = Some(event.code.clone());
        }
        ShipmentEvent::ShipmentDispatched(event) => {
            row.status = S::Dispatched;
            row.carrier = Some(event.carrier.clone());
            row.tracking_number = Some(event.tracking_number.clone());
            row.dispatched_at = Some(at);
            row.problem = None;
        }
        ShipmentEvent::ShipmentTracked(event) => row.inquiries = count(event.inquiries),
        ShipmentEvent::ShipmentDelivered(event) => {
            row.status = S::Delivered;
            row.delivered_at = Some(event.delivered_at);
            row.problem = None;
        }
        ShipmentEvent::ShipmentDeliveryFailed(event) => {
            row.status = S::Failed;
            row.inquiries = count(event.inquiries);
            row.problem = Some(event.reason.clone());
        }
        ShipmentEvent::ShipmentLost(_) => row.status = S::Lost,
        ShipmentEvent::ShipmentReturnedToSender(_) => row.status = S::ReturnedToSender,
        ShipmentEvent::ShipmentBookedIn(_) => row.status = S::BookedIn,
        ShipmentEvent::ShipmentCancelled(event) => {
            row.status = S::Cancelled;
            row.problem = Some(event.reason.clone());
        }
    }
}

fn count(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests;

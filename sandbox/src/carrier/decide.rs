//! The rules: what a request leads to, given the book as it stands.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{
    Refusal,
    address::Destination,
    book::Book,
    entry::{Asked, CarrierEntry, CarrierEntryKind as Kind, RefusalCode, ShipRequest},
    way::{Fate, ShipmentStatus, Way},
};
use crate::{faults::Strikes, value::TrackingNumber};

/// A request with what the edge adds to it.
#[derive(Debug, Clone)]
pub(crate) struct ShipOrder {
    pub key: Arc<str>,
    pub request: ShipRequest,
    pub now: DateTime<Utc>,
    /// Number of the shipment, if this makes a label.
    pub new_number: TrackingNumber,
    /// What the fault switches do to it.
    pub strikes: Strikes,
    /// How long it is under way.
    pub transit_ms: u64,
}

/// What to do about an order.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// It is booked already.
    Already(Arc<CarrierEntry>),
    /// Book this.
    Book(CarrierEntry),
}

/// What an order leads to. Changes nothing.
pub(super) fn decide(book: &Book, order: ShipOrder) -> Result<Decision, Refusal> {
    if let Some(entry) = book.booked(&order.key, &order.request)? {
        return Ok(Decision::Already(entry));
    }
    let request = order.request;
    let destination = Destination::of(request.address.as_deref());
    let refused = refusal(
        destination,
        order.strikes,
        book.refusals(&request.reference),
    );
    let asked = Asked {
        idempotency_key: order.key,
        order_reference: request.order_reference,
        address: request.address,
    };
    let kind = match refused {
        Some(code) => Kind::Refusal { asked, code },
        None => Kind::Label {
            tracking_number: order.new_number,
            asked,
            way: Way {
                fate: fate(destination, order.strikes),
                transit_ms: order.transit_ms,
            },
        },
    };
    Ok(Decision::Book(CarrierEntry {
        sequence: book.next_sequence(),
        at: order.now,
        reference: request.reference,
        kind,
    }))
}

/// What comes of somebody's saying where a shipment is; nothing where it is there, and stays.
pub(super) fn set(
    book: &Book,
    tracking_number: TrackingNumber,
    status: ShipmentStatus,
    now: DateTime<Utc>,
) -> Result<Option<CarrierEntry>, Refusal> {
    let shipment = book.shipment(tracking_number)?;
    if book.rests(tracking_number, status) {
        return Ok(None);
    }
    Ok(Some(CarrierEntry {
        sequence: book.next_sequence(),
        at: now,
        reference: Arc::clone(&shipment.label.reference),
        kind: Kind::Set {
            tracking_number,
            status,
        },
    }))
}

fn refusal(destination: Destination, strikes: Strikes, refusals: u32) -> Option<RefusalCode> {
    match destination {
        Destination::Refused(code) => Some(code),
        Destination::RefusedFirst(n) if refusals < n => Some(RefusalCode::AddressNotServed),
        _ if strikes.refuse => Some(RefusalCode::AddressNotServed),
        _ => None,
    }
}

fn fate(destination: Destination, strikes: Strikes) -> Fate {
    match destination {
        Destination::Ends(fate) => fate,
        _ if strikes.lose => Fate::Lost,
        _ if strikes.send_back => Fate::Returned,
        _ if strikes.miss => Fate::Missed,
        _ => Fate::Delivered,
    }
}

#[cfg(test)]
mod tests;

//! What events change in a shipment.

use super::{FoundLine, Parcel, RecoveredLine, Shipment, ShipmentEvent, ShipmentStatus as S};

pub(super) fn evolve(state: Shipment, event: &ShipmentEvent) -> Shipment {
    let mut parcel = match (state, event) {
        (_, ShipmentEvent::ShipmentCreated(event)) => {
            return Shipment::Created(Parcel {
                order_id: event.order_id,
                shipment_id: event.shipment_id,
                location: event.location.clone(),
                lines: event.lines.as_slice().into(),
                amount: event.amount,
                parcels: event.parcels,
                status: S::Pending,
                attempt: 0,
                given_up: false,
                tracking_number: None,
                failure: None,
                inquiries: 0,
                unasked: 0,
                found: [].into(),
                refused_cancellation: None,
            });
        }
        (Shipment::Created(parcel), _) => parcel,
        (_, ShipmentEvent::ShipmentCancelled(_)) => return Shipment::Forestalled,
        // Nothing else can have happened to a shipment before it was created.
        (state, _) => return state,
    };
    match event {
        ShipmentEvent::ShipmentCreated(_) => {}
        ShipmentEvent::ShipmentPacked(_) => parcel.status = S::Packed,
        ShipmentEvent::ShipmentReady(_) => parcel.status = S::Ready,
        ShipmentEvent::DispatchRequested(event) => {
            parcel.status = S::Dispatching;
            parcel.attempt = event.attempt;
        }
        ShipmentEvent::ShipmentDispatched(event) => {
            parcel.status = S::Dispatched;
            parcel.tracking_number = Some(event.tracking_number.clone());
        }
        ShipmentEvent::DispatchRefused(_) => parcel.status = S::Refused,
        ShipmentEvent::ShipmentTracked(event) => {
            parcel.inquiries = event.inquiries;
            parcel.unasked = 0;
        }
        ShipmentEvent::ShipmentDelivered(_) => parcel.status = S::Delivered,
        ShipmentEvent::ShipmentDeliveryFailed(event) => {
            parcel.status = S::Failed;
            parcel.failure = Some(event.reason.clone());
            parcel.unasked = match event.inquiries > parcel.inquiries {
                true => 0,
                false => parcel.unasked.saturating_add(1),
            };
            parcel.inquiries = event.inquiries;
        }
        ShipmentEvent::ShipmentLost(_) => parcel.status = S::Lost,
        ShipmentEvent::ShipmentReturnedToSender(_) => parcel.status = S::ReturnedToSender,
        ShipmentEvent::ShipmentGivenUp(_) => parcel.given_up = true,
        ShipmentEvent::ShipmentCancelled(_) => parcel.status = S::Cancelled,
        ShipmentEvent::ShipmentCancellationRefused(event) => {
            parcel.refused_cancellation = Some(event.request);
        }
        ShipmentEvent::ShipmentRefitted(event) => {
            parcel.lines = event.lines.as_slice().into();
            parcel.amount = event.amount;
        }
        ShipmentEvent::ShipmentBookedIn(event) => {
            parcel.status = S::BookedIn;
            let found = |line: &RecoveredLine| FoundLine {
                line: line.line,
                restocked: line.restocked,
                quarantined: line.quarantined,
            };
            parcel.found = event.lines.iter().map(found).collect();
        }
    }
    Shipment::Created(parcel)
}

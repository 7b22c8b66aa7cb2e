//! What the carrier says by itself: before our call is answered, after it, again, or out of order.

use super::{
    Decision, MAX_NAME, record_delivered, record_dispatched, record_failed, record_lost,
    record_refused, record_returned,
};
use crate::{
    Decider,
    order::FIRST_PLACED,
    shipment::{
        CarrierNotice, HearCarrier, Parcel, RecordDelivered, RecordDispatched, RecordFailed,
        RecordRefused, Shipment, ShipmentError, ShipmentStatus as S, Shipments, Whereabouts,
    },
    text,
};

pub(super) fn check(command: &HearCarrier) -> Result<(), ShipmentError> {
    let CarrierNotice::Taken { whereabouts, .. } = &command.notice else {
        return Ok(());
    };
    match whereabouts {
        Whereabouts::Delivered { at } if at.timestamp() < FIRST_PLACED => {
            Err(ShipmentError::DeliveredTooEarly)
        }
        _ => Ok(()),
    }
}

pub(super) fn hear(parcel: &Parcel, command: &HearCarrier) -> Decision {
    let attempt = command.attempt;
    let (carrier, tracking_number, whereabouts) = match &command.notice {
        CarrierNotice::Refused { code } => {
            let code = code.clone();
            return record_refused(parcel, &RecordRefused { attempt, code });
        }
        CarrierNotice::Taken {
            carrier,
            tracking_number,
            whereabouts,
        } => (carrier.clone(), tracking_number.clone(), whereabouts),
    };
    let taken = RecordDispatched {
        attempt,
        carrier,
        tracking_number,
    };
    // Whatever becomes of a parcel, the carrier has taken it first, even if that is heard of later.
    let mut events = record_dispatched(parcel, &taken)?;
    let before = Shipment::Created(parcel.clone());
    let Shipment::Created(parcel) = events.iter().fold(before, Shipments::evolve) else {
        return Ok(events);
    };
    let number = text::cleaned(&taken.tracking_number, MAX_NAME);
    if parcel.tracking_number.as_ref() != Some(&number) {
        return Err(ShipmentError::OtherLabel {
            tracking_number: number,
        });
    }
    events.extend(news(&parcel, whereabouts)?);
    Ok(events)
}

/// What is new about a parcel that the carrier has taken.
fn news(parcel: &Parcel, whereabouts: &Whereabouts) -> Decision {
    match whereabouts {
        Whereabouts::UnderWay => Ok(vec![]),
        // It was so before it came to its end.
        Whereabouts::Failed { .. } if !parcel.status.is_under_way() => Ok(vec![]),
        Whereabouts::Failed { reason } => {
            let reason = reason.clone();
            // Nobody has asked.
            let inquiries = 0;
            record_failed(parcel, &RecordFailed { inquiries, reason })
        }
        Whereabouts::Delivered { at } => {
            let delivered_at = *at;
            record_delivered(parcel, &RecordDelivered { delivered_at })
        }
        // What came back of it is in the stock already.
        Whereabouts::Lost | Whereabouts::Returned if parcel.status == S::BookedIn => Ok(vec![]),
        Whereabouts::Lost => record_lost(parcel),
        Whereabouts::Returned => record_returned(parcel),
    }
}

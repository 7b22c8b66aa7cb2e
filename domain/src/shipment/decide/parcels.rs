//! What becomes of all that leaves for an order: one shipment, or several from several places.

use super::{
    super::{
        CancelShipment, CreateShipment, Parcel, Shipment, ShipmentCancellationRefused,
        ShipmentCancelled, ShipmentCommand, ShipmentCreated, ShipmentError, ShipmentEvent,
        ShipmentLine, ShipmentRefitted, ShipmentStatus as S,
    },
    check, confirmed, refused,
};
use crate::{
    Location, MAX_PARCELS, Money, ShipmentId, Sku,
    order::{LineQuantity, Order, Placed},
};

/// What happens to each of the shipments.
type Decision = Result<Vec<Vec<ShipmentEvent>>, ShipmentError>;

/// Decides the creation or the cancellation of all shipments of an order together, which are in the order of
/// the parcels: all of them, or none.
///
/// # Errors
/// The order is not confirmed, they were called back before, or there are more of them than may be.
pub fn over_parcels(shipments: &[&Shipment], command: &ShipmentCommand, order: &Order) -> Decision {
    check(command)?;
    match command {
        ShipmentCommand::Create(command) => create(shipments, command, order),
        ShipmentCommand::Cancel(command) => cancel(shipments, command),
        _ => Ok(vec![vec![]; shipments.len()]),
    }
}

fn create(shipments: &[&Shipment], command: &CreateShipment, order: &Order) -> Decision {
    let parcels = command.further.len() + 1;
    if parcels > MAX_PARCELS || parcels != shipments.len() {
        return Err(ShipmentError::TooManyParcels { max: MAX_PARCELS });
    }
    match shipments.iter().find_map(|known| known.status()) {
        None => {}
        Some(S::Cancelled) if all_are_kept(shipments) => {
            return Err(refused(S::Cancelled, "create it"));
        }
        Some(_) => return Ok(vec![vec![]; shipments.len()]),
    }
    let order = confirmed(order)?;
    let wanted = order.all_open();
    let first = std::iter::once((&command.location, &command.skus));
    let further = command.further.iter();
    let all = first.chain(further.map(|other| (&other.location, &other.skus)));
    let created = all.enumerate().map(|(index, (location, skus))| {
        let of = |line: &&LineQuantity| parcels == 1 || is_of(order, line.line, skus);
        let wanted: Vec<LineQuantity> = wanted.iter().filter(of).copied().collect();
        vec![parcel(order, index + 1, parcels, location, &wanted)]
    });
    Ok(created.collect())
}

/// Whether none of them leaves. Of several, some may be kept, and the rest be there.
fn all_are_kept(shipments: &[&Shipment]) -> bool {
    let mut all = shipments.iter();
    all.all(|known| known.status() == Some(S::Cancelled))
}

/// Whether a line of the order is of one of these SKUs.
fn is_of(order: &Placed, line: u32, skus: &[Sku]) -> bool {
    let placed = order.line(line);
    placed.is_some_and(|placed| skus.contains(&placed.sku))
}

/// A parcel with what is wanted of its lines; one of which nothing is wanted any more is kept at once.
fn parcel(
    order: &Placed,
    n: usize,
    parcels: usize,
    location: &Location,
    wanted: &[LineQuantity],
) -> ShipmentEvent {
    let order_id = order.placed.order_id;
    let shipment_id = ShipmentId::parcel(order_id, n);
    let (lines, amount) = contents(order, wanted);
    if parcels > 1 && lines.is_empty() {
        return ShipmentCancelled {
            order_id,
            shipment_id,
            location: location.clone(),
            reason: NOTHING_WANTED.into(),
            amount: Some(amount),
        }
        .into();
    }
    ShipmentCreated {
        order_id,
        shipment_id,
        location: location.clone(),
        lines,
        amount,
        parcels: u32::try_from(parcels).unwrap_or(u32::MAX),
    }
    .into()
}

/// Why a parcel is kept of which all lines were cancelled.
const NOTHING_WANTED: &str = "nothing of it is wanted any more";

/// What leaves where so much is wanted.
fn contents(order: &Placed, wanted: &[LineQuantity]) -> (Vec<ShipmentLine>, Money) {
    let lines = wanted.iter().filter_map(|wanted| {
        let placed = order.line(wanted.line)?;
        Some(ShipmentLine {
            line: placed.line,
            sku: placed.sku.clone(),
            quantity: wanted.quantity,
        })
    });
    (
        lines.collect(),
        Money::new(order.worth(wanted), order.placed.currency),
    )
}

/// Whether these are parcels of an order that leaves in several.
pub(crate) fn is_split(shipments: &[&Shipment]) -> bool {
    let mut created = shipments.iter().filter_map(|known| known.created());
    created.any(|parcel| parcel.parcels > 1)
}

/// What happens to the shipments of an order of which only so much is still wanted, which is written over
/// all of them; an error if one of them is packed, or they will never be.
pub(crate) fn refit_all(
    shipments: &[&Shipment],
    order: &Placed,
    wanted: &[LineQuantity],
) -> Result<Vec<Option<ShipmentEvent>>, ShipmentError> {
    let split = is_split(shipments);
    let refitted = shipments.iter().map(|shipment| match shipment {
        // It is created with what is wanted then.
        Shipment::Absent => Ok(None),
        Shipment::Created(parcel) if parcel.status == S::Pending && split => {
            Ok(refit_one(parcel, order, wanted))
        }
        Shipment::Created(parcel) if parcel.status == S::Pending => {
            Ok(Some(refit(parcel, order, wanted)))
        }
        // Nothing of it is wanted any more, whatever becomes of the others.
        _ if split && shipment.status() == Some(S::Cancelled) => Ok(None),
        Shipment::Created(parcel) => Err(refused(parcel.status, "refit it")),
        Shipment::Forestalled => Err(refused(S::Cancelled, "refit it")),
    });
    refitted.collect()
}

/// What becomes of one parcel of several: it has the lines that it has.
fn refit_one(parcel: &Parcel, order: &Placed, wanted: &[LineQuantity]) -> Option<ShipmentEvent> {
    let has = |line: &&LineQuantity| parcel.lines.iter().any(|known| known.line == line.line);
    let wanted: Vec<LineQuantity> = wanted.iter().filter(has).copied().collect();
    if wanted.is_empty() {
        return Some(drop_out(parcel, NOTHING_WANTED));
    }
    let known = parcel.lines.iter().map(|line| LineQuantity {
        line: line.line,
        quantity: line.quantity,
    });
    let changes = !known.eq(wanted.iter().copied());
    changes.then(|| refit(parcel, order, &wanted))
}

fn refit(parcel: &Parcel, order: &Placed, wanted: &[LineQuantity]) -> ShipmentEvent {
    let (lines, amount) = contents(order, wanted);
    ShipmentRefitted {
        order_id: parcel.order_id,
        shipment_id: parcel.shipment_id,
        lines,
        amount,
    }
    .into()
}

/// A parcel is kept, and the rest of its order goes its way.
pub(crate) fn drop_out(parcel: &Parcel, reason: &str) -> ShipmentEvent {
    ShipmentCancelled {
        order_id: parcel.order_id,
        shipment_id: parcel.shipment_id,
        location: parcel.location.clone(),
        reason: reason.into(),
        amount: Some(parcel.amount),
    }
    .into()
}

fn cancel(shipments: &[&Shipment], command: &CancelShipment) -> Decision {
    let parcels = command.parcels as usize;
    if parcels > MAX_PARCELS || parcels != shipments.len() {
        return Err(ShipmentError::TooManyParcels { max: MAX_PARCELS });
    }
    let created = || shipments.iter().filter_map(|known| known.created());
    let mut answered = created().filter_map(|parcel| parcel.refused_cancellation);
    if answered.any(|refused| command.request <= refused) {
        // That one has its answer, whatever has happened since.
        return Ok(vec![vec![]; shipments.len()]);
    }
    if let Some(left) = created().find(|parcel| has_left(parcel.status)) {
        let refused = ShipmentCancellationRefused {
            order_id: left.order_id,
            shipment_id: left.shipment_id,
            request: command.request,
            reason: format!("the shipment is {}", left.status.as_str()),
        };
        let told = shipments.iter().map(|known| {
            let is_it = known.created().is_some_and(|parcel| parcel == left);
            is_it.then(|| refused.clone().into()).into_iter().collect()
        });
        return Ok(told.collect());
    }
    let told = shipments.iter().enumerate().map(|(index, known)| {
        if known.status() == Some(S::Cancelled) {
            return vec![];
        }
        let at = known.created().map(|parcel| &parcel.location);
        let kept = ShipmentCancelled {
            order_id: command.order_id,
            shipment_id: ShipmentId::parcel(command.order_id, index + 1),
            location: at.unwrap_or(&command.location).clone(),
            reason: command.reason.clone(),
            amount: None,
        };
        vec![kept.into()]
    });
    Ok(told.collect())
}

/// Whether the carrier was asked to take it and has not refused: then it cannot be called back.
const fn has_left(status: S) -> bool {
    match status {
        S::Pending | S::Packed | S::Ready | S::Refused | S::Cancelled => false,
        S::Dispatching
        | S::Dispatched
        | S::Delivered
        | S::Failed
        | S::Lost
        | S::ReturnedToSender
        | S::BookedIn => true,
    }
}

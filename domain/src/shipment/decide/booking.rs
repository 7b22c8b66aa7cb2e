//! What came back of a parcel that did not arrive: into the stock, at once with the shipment's own record.

use super::{
    super::{BookInShipment, FoundLine, RecoveredLine, ShipmentBookedIn},
    Decision, MAX_REASON, Parcel, S, Shipment, ShipmentCommand, ShipmentError, ShipmentEvent,
    check, refused,
};
use crate::{
    Sku,
    order::{MAX_LINES, MAX_QUANTITY},
    stock::{StockEvent, StockRecovered},
    text,
};
use std::collections::BTreeMap;

/// Rules of meaning for what is said of goods that came back.
pub(super) fn check_found(command: &BookInShipment) -> Result<(), ShipmentError> {
    let lines = &command.lines;
    let in_order = lines.is_sorted_by(|one, next| one.line < next.line);
    let counts = |line: &FoundLine| {
        let parts = [line.restocked, line.quarantined];
        parts.iter().all(|part| (0..=MAX_QUANTITY).contains(part)) && line.quantity() > 0
    };
    let known = (1..=MAX_LINES).contains(&lines.len());
    if !known || !in_order || !lines.iter().all(counts) {
        return Err(ShipmentError::Found {
            max: MAX_LINES,
            quantity: MAX_QUANTITY,
        });
    }
    if let Some(reason) = &command.reason {
        text::prose("reason", reason, MAX_REASON)?;
    }
    Ok(())
}

/// What it leads to in the shipment alone.
pub(super) fn book_in(parcel: &Parcel, command: &BookInShipment) -> Decision {
    if parcel.status == S::BookedIn && parcel.found.as_ref() == command.lines.as_slice() {
        return Ok(vec![]);
    }
    match parcel.status {
        S::Lost | S::ReturnedToSender => {}
        status => return Err(refused(status, "book it in")),
    }
    let lines = recovered(parcel, command)?;
    if !by_sku(&lines).keys().copied().eq(&command.skus) || command.location != parcel.location {
        return Err(ShipmentError::OtherGoods);
    }
    Ok(vec![
        ShipmentBookedIn {
            order_id: parcel.order_id,
            shipment_id: parcel.shipment_id,
            location: parcel.location.clone(),
            lines,
            reason: command.reason.clone(),
        }
        .into(),
    ])
}

/// What it leads to in the shipment, and in the stock of each of its SKUs, in their order.
///
/// # Errors
/// There is no such shipment, nothing of it can have come back, or not so much.
pub fn book_in_over_stock(
    state: &Shipment,
    command: &BookInShipment,
) -> Result<(Vec<ShipmentEvent>, Vec<Vec<StockEvent>>), ShipmentError> {
    check(&ShipmentCommand::BookIn(command.clone()))?;
    let parcel = state.created().ok_or(ShipmentError::NotFound)?;
    let events = book_in(parcel, command)?;
    if events.is_empty() {
        return Ok((events, vec![vec![]; command.skus.len()]));
    }
    let lines = recovered(parcel, command)?;
    let stocks = by_sku(&lines).into_iter();
    let stocks = stocks.map(|(sku, (restocked, quarantined))| {
        let recovered = StockRecovered {
            order_id: parcel.order_id,
            shipment_id: parcel.shipment_id,
            location: parcel.location.clone(),
            sku: sku.clone(),
            restocked,
            quarantined,
        };
        vec![recovered.into()]
    });
    Ok((events, stocks.collect()))
}

/// The lines that were found, with what is in them: of none more than had left.
fn recovered(
    parcel: &Parcel,
    command: &BookInShipment,
) -> Result<Vec<RecoveredLine>, ShipmentError> {
    let recovered = command.lines.iter().map(|found| {
        let known = parcel.lines.iter().find(|known| known.line == found.line);
        let quantity = known.map_or(0, |known| known.quantity);
        match known {
            Some(known) if found.quantity() <= quantity => Ok(RecoveredLine {
                line: found.line,
                sku: known.sku.clone(),
                restocked: found.restocked,
                quarantined: found.quarantined,
            }),
            _ => Err(ShipmentError::MoreThanLeft {
                line: found.line,
                quantity,
                found: found.quantity(),
            }),
        }
    });
    recovered.collect()
}

/// How many of each SKU can be sold again, and how many cannot.
fn by_sku(lines: &[RecoveredLine]) -> BTreeMap<&Sku, (i64, i64)> {
    let mut sums: BTreeMap<&Sku, (i64, i64)> = BTreeMap::new();
    for line in lines {
        let (restocked, quarantined) = sums.entry(&line.sku).or_default();
        *restocked = restocked.saturating_add(line.restocked);
        *quarantined = quarantined.saturating_add(line.quarantined);
    }
    sums
}

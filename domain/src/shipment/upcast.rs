//! What makes of events as they once were stored what they would say today.

use super::{ShipmentCancelled, ShipmentCreated};

/// Version 1 of `ShipmentCreated`: all of an order left in one shipment.
pub(super) fn created_v1(payload: &[u8]) -> Result<ShipmentCreated, serde_json::Error> {
    let old: ShipmentCreated = serde_json::from_slice(payload)?;
    Ok(ShipmentCreated { parcels: 1, ..old })
}

/// Version 1 of `ShipmentCancelled`: with a shipment, all of its order was kept.
pub(super) fn cancelled_v1(payload: &[u8]) -> Result<ShipmentCancelled, serde_json::Error> {
    let old: ShipmentCancelled = serde_json::from_slice(payload)?;
    Ok(ShipmentCancelled {
        amount: None,
        ..old
    })
}

//! What makes of events as they once were stored what they would say today.

use super::{StockReserved, StockShipped};

/// Version 1 of `StockShipped`: what had been kept beyond what left was not told.
pub(super) fn shipped_v1(payload: &[u8]) -> Result<StockShipped, serde_json::Error> {
    let old: StockShipped = serde_json::from_slice(payload)?;
    Ok(StockShipped {
        given_back: 0,
        ..old
    })
}

/// Version 1 of `StockReserved`: all SKUs of an order were reserved at one place.
pub(super) fn reserved_v1(payload: &[u8]) -> Result<StockReserved, serde_json::Error> {
    let old: StockReserved = serde_json::from_slice(payload)?;
    Ok(StockReserved { parcels: 1, ..old })
}

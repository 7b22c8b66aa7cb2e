//! What makes of events as they once were stored what they would say today.

use super::{Address, Line, OrderPlaced};
use crate::{Currency, CustomerId, OrderId, Sealed};
use chrono::{DateTime, Utc};
use serde::{Deserialize, de::Error};

/// A placement whose address stands in it as it was said.
#[derive(Deserialize)]
struct PlacedV1 {
    order_id: OrderId,
    customer_id: CustomerId,
    currency: Currency,
    lines: Vec<Line>,
    total: i64,
    #[serde(default)]
    shipping_address: Option<Address>,
    payment_method: String,
    #[serde(default)]
    reference: Option<String>,
    placed_at: DateTime<Utc>,
}

/// Version 1 of `OrderPlaced`: nobody can seal its address here, so that it says that it is not.
pub(super) fn placed_v1(payload: &[u8]) -> Result<OrderPlaced, serde_json::Error> {
    let old: PlacedV1 = serde_json::from_slice(payload)?;
    let address = old.shipping_address.map(|address| {
        let json = serde_json::to_vec(&address)?;
        Sealed::never_sealed(&json).map_err(serde_json::Error::custom)
    });
    Ok(OrderPlaced {
        order_id: old.order_id,
        customer_id: old.customer_id,
        currency: old.currency,
        lines: old.lines,
        total: old.total,
        shipping_address: address.transpose()?,
        payment_method: old.payment_method,
        reference: old.reference,
        placed_at: old.placed_at,
    })
}

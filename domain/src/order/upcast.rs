//! What makes of events as they once were stored what they would say today.

use super::{Address, Line, OrderPlaced};
use crate::{Currency, CustomerId, OrderId, Sealed, Sku};
use chrono::{DateTime, Utc};
use serde::{Deserialize, de::Error};

/// A line that knows neither discounts nor tax, in versions 1 and 2.
#[derive(Deserialize)]
struct LineV2 {
    line: u32,
    sku: Sku,
    quantity: i64,
    unit_price: i64,
    total: i64,
}

impl From<LineV2> for Line {
    fn from(old: LineV2) -> Self {
        Self {
            line: old.line,
            sku: old.sku,
            quantity: old.quantity,
            unit_price: old.unit_price,
            discount: 0,
            order_discount: 0,
            tax_rate: None,
            tax: 0,
            total: old.total,
        }
    }
}

/// A placement whose address stands in it as it was said.
#[derive(Deserialize)]
struct PlacedV1 {
    order_id: OrderId,
    customer_id: CustomerId,
    currency: Currency,
    lines: Vec<LineV2>,
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
        lines: old.lines.into_iter().map(Line::from).collect(),
        total: old.total,
        tax_included: false,
        shipping_address: address.transpose()?,
        payment_method: old.payment_method,
        reference: old.reference,
        placed_at: old.placed_at,
    })
}

/// A placement without discounts and tax, whose address is sealed.
#[derive(Deserialize)]
struct PlacedV2 {
    order_id: OrderId,
    customer_id: CustomerId,
    currency: Currency,
    lines: Vec<LineV2>,
    total: i64,
    #[serde(default)]
    shipping_address: Option<Sealed>,
    payment_method: String,
    #[serde(default)]
    reference: Option<String>,
    placed_at: DateTime<Utc>,
}

/// Version 2 of `OrderPlaced`: nothing was taken off, and nothing said of tax.
pub(super) fn placed_v2(payload: &[u8]) -> Result<OrderPlaced, serde_json::Error> {
    let old: PlacedV2 = serde_json::from_slice(payload)?;
    Ok(OrderPlaced {
        order_id: old.order_id,
        customer_id: old.customer_id,
        currency: old.currency,
        lines: old.lines.into_iter().map(Line::from).collect(),
        total: old.total,
        tax_included: false,
        shipping_address: old.shipping_address,
        payment_method: old.payment_method,
        reference: old.reference,
        placed_at: old.placed_at,
    })
}

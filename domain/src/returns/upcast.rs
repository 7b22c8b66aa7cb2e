//! What makes of events as they once were stored what they would say today.

use super::{ReturnLine, ReturnRequested};
use crate::{Money, OrderId, ReturnId, Sku};
use serde::Deserialize;

/// A line of an order that knew neither discounts nor tax.
#[derive(Deserialize)]
struct LineV1 {
    line: u32,
    sku: Sku,
    quantity: i64,
    unit_price: i64,
}

#[derive(Deserialize)]
struct RequestedV1 {
    order_id: OrderId,
    return_id: ReturnId,
    lines: Vec<LineV1>,
    amount: Money,
    reason: String,
}

/// Version 1 of `ReturnRequested`: what comes back is worth its price.
pub(super) fn requested_v1(payload: &[u8]) -> Result<ReturnRequested, serde_json::Error> {
    let old: RequestedV1 = serde_json::from_slice(payload)?;
    let line = |line: LineV1| ReturnLine {
        line: line.line,
        sku: line.sku,
        quantity: line.quantity,
        unit_price: line.unit_price,
        amount: line.unit_price.saturating_mul(line.quantity),
    };
    Ok(ReturnRequested {
        order_id: old.order_id,
        return_id: old.return_id,
        lines: old.lines.into_iter().map(line).collect(),
        amount: old.amount,
        reason: old.reason,
    })
}

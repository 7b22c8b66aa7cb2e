//! What commands to the stock of one SKU lead to.

use super::{
    AdjustStock, BackorderLimitSet, ClearQuarantine, QuarantineCleared, ReceiveStock,
    SetBackorderLimit, Stock, StockAdjusted, StockCommand, StockError, StockEvent, StockReceived,
    backorder::{cover, taken_back},
};
use crate::text;

/// The most that one command may move.
const MAX_MOVE: i64 = 1_000_000_000;
/// The most that may be on hand.
const MAX_ON_HAND: i64 = 1_000_000_000_000_000;
/// The highest backorder limit.
const MAX_LIMIT: i64 = 1_000_000;

type Decision = Result<Vec<StockEvent>, StockError>;

pub(super) fn decide(stock: &Stock, command: &StockCommand) -> Decision {
    match command {
        StockCommand::Receive(command) => receive(stock, command),
        StockCommand::Adjust(command) => adjust(stock, command),
        StockCommand::Clear(command) => clear(stock, command),
        StockCommand::SetBackorderLimit(command) => set_limit(stock, command),
        StockCommand::Cover(command) => Ok(cover(stock, command)),
    }
}

fn receive(stock: &Stock, command: &ReceiveStock) -> Decision {
    if !(1..=MAX_MOVE).contains(&command.quantity) {
        return Err(StockError::Quantity { max: MAX_MOVE });
    }
    if let Some(reference) = &command.reference {
        text::line("reference", reference, 128)?;
    }
    if stock.recent.contains(command.receipt_id) {
        return Ok(vec![]);
    }
    if stock.on_hand.saturating_add(command.quantity) > MAX_ON_HAND {
        return Err(StockError::Overflow);
    }
    Ok(vec![
        StockReceived {
            receipt_id: command.receipt_id,
            location: command.location.clone(),
            sku: command.sku.clone(),
            quantity: command.quantity,
            reference: command.reference.clone(),
        }
        .into(),
    ])
}

fn adjust(stock: &Stock, command: &AdjustStock) -> Decision {
    if command.delta == 0 || !(-MAX_MOVE..=MAX_MOVE).contains(&command.delta) {
        return Err(StockError::Delta { max: MAX_MOVE });
    }
    text::prose("reason", &command.reason, 500)?;
    if stock.recent.contains(command.adjustment_id) {
        return Ok(vec![]);
    }
    if stock.on_hand.saturating_add(command.delta) > MAX_ON_HAND {
        return Err(StockError::Overflow);
    }
    // Up is always allowed, or a count that fell short could never be mended.
    // Down, it is first what is nobody's that is missing; then what may still be waited for.
    let missing = 0_i64.saturating_sub(stock.free().saturating_add(command.delta));
    if command.delta < 0 && missing > 0 {
        let taken = taken_back(stock, missing).into_iter();
        let taken: i64 = taken.map(|(_, quantity)| quantity).sum();
        if taken < missing {
            return Err(StockError::Promised {
                available: stock.free().saturating_add(taken),
                by: -command.delta,
            });
        }
    }
    Ok(vec![
        StockAdjusted {
            adjustment_id: command.adjustment_id,
            location: command.location.clone(),
            sku: command.sku.clone(),
            delta: command.delta,
            reason: command.reason.clone(),
        }
        .into(),
    ])
}

fn clear(stock: &Stock, command: &ClearQuarantine) -> Decision {
    let parts = [command.restocked, command.written_off];
    let cleared = command.restocked.saturating_add(command.written_off);
    if parts.iter().any(|part| *part < 0) || !(1..=MAX_MOVE).contains(&cleared) {
        return Err(StockError::Cleared { max: MAX_MOVE });
    }
    text::prose("reason", &command.reason, 500)?;
    if stock.recent.contains(command.clearance_id) {
        return Ok(vec![]);
    }
    if cleared > stock.quarantined {
        return Err(StockError::MoreThanQuarantined {
            quarantined: stock.quarantined,
            cleared,
        });
    }
    if stock.on_hand.saturating_add(command.restocked) > MAX_ON_HAND {
        return Err(StockError::Overflow);
    }
    Ok(vec![
        QuarantineCleared {
            clearance_id: command.clearance_id,
            location: command.location.clone(),
            sku: command.sku.clone(),
            restocked: command.restocked,
            written_off: command.written_off,
            reason: command.reason.clone(),
        }
        .into(),
    ])
}

fn set_limit(stock: &Stock, command: &SetBackorderLimit) -> Decision {
    if !(0..=MAX_LIMIT).contains(&command.limit) {
        return Err(StockError::Limit { max: MAX_LIMIT });
    }
    if command.limit == stock.backorder_limit {
        return Ok(vec![]);
    }
    Ok(vec![
        BackorderLimitSet {
            location: command.location.clone(),
            sku: command.sku.clone(),
            limit: command.limit,
        }
        .into(),
    ])
}

#[cfg(test)]
mod tests;

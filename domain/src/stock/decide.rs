//! What commands to the stock of one SKU lead to.

use super::{
    AdjustStock, ReceiveStock, Stock, StockAdjusted, StockCommand, StockError, StockEvent,
    StockReceived,
};

/// The most that one command may move.
const MAX_MOVE: i64 = 1_000_000_000;
/// The most that may be on hand.
const MAX_ON_HAND: i64 = 1_000_000_000_000_000;

type Decision = Result<Vec<StockEvent>, StockError>;

pub(super) fn decide(stock: &Stock, command: &StockCommand) -> Decision {
    match command {
        StockCommand::Receive(command) => receive(stock, command),
        StockCommand::Adjust(command) => adjust(stock, command),
    }
}

fn receive(stock: &Stock, command: &ReceiveStock) -> Decision {
    if !(1..=MAX_MOVE).contains(&command.quantity) {
        return Err(StockError::Quantity { max: MAX_MOVE });
    }
    if let Some(reference) = &command.reference {
        text("reference", reference, 128)?;
    }
    if stock.recent.contains(command.receipt_id) {
        return Ok(vec![]);
    }
    if stock.on_hand + command.quantity > MAX_ON_HAND {
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
    text("reason", &command.reason, 500)?;
    if stock.recent.contains(command.adjustment_id) {
        return Ok(vec![]);
    }
    if stock.on_hand + command.delta > MAX_ON_HAND {
        return Err(StockError::Overflow);
    }
    if stock.available() + command.delta < 0 {
        return Err(StockError::Promised {
            available: stock.available(),
            by: -command.delta,
        });
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

fn text(field: &'static str, value: &str, max: usize) -> Result<(), StockError> {
    if value.trim().is_empty() || value.chars().count() > max {
        return Err(StockError::Text { field, max });
    }
    Ok(())
}

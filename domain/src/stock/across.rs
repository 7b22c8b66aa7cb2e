//! Decisions over all SKUs of an order together: all of them, or none.

use super::{
    Ended, ReleaseReason, ReservationCommand, ReservationCommitted, ReservationExpired,
    ReservationItem, ReservationReduced, ReservationReleased, ReservationStep, Stock, StockError,
    StockEvent, StockReservationRejected, StockReserved, StockShipped,
};
use crate::Sku;
use crate::order::{MAX_QUANTITY, Order, Status};
use chrono::{DateTime, Utc};

/// What happens to each of the command's items, in their order; nothing where it is empty.
type Decision = Result<Vec<Option<StockEvent>>, StockError>;

/// Decides `command` over `stocks`, which are those of its items, in their order, for `order`, where
/// it is decided over the order as well.
///
/// Stock is reserved only for an order that waits for it. What the stock itself remembers of ended
/// reservations is bounded, and so would not do where all events are reacted to once more. What is given
/// back of it because less is wanted is no more than the order does not want by now: it may have been amended
/// since, and then wants more again.
pub fn for_order(
    stocks: &[&Stock],
    command: &ReservationCommand,
    order: Option<&Order>,
) -> Decision {
    let placed = order.and_then(Order::placed);
    if let (ReservationStep::Reduce, Some(order)) = (command.step, placed) {
        check(command)?;
        return Ok(reduce(stocks, command, |sku| order.open_of(sku)));
    }
    let decided = across(stocks, command)?;
    match placed {
        Some(order) if order.status != Status::Placed && decided.iter().any(Option::is_some) => {
            let status = order.status;
            Err(StockError::NotWaiting { status })
        }
        _ => Ok(decided),
    }
}

/// Decides `command` over `stocks`, which are those of its items, in their order.
pub fn across(stocks: &[&Stock], command: &ReservationCommand) -> Decision {
    check(command)?;
    match command.step {
        ReservationStep::Reserve { until } => reserve(stocks, command, until),
        ReservationStep::Commit => commit(stocks, command),
        ReservationStep::Ship => ship(stocks, command),
        ReservationStep::Reduce => Ok(reduce(stocks, command, |_| 0)),
        ReservationStep::Release(reason) => Ok(release(stocks, command, reason)),
    }
}

fn check(command: &ReservationCommand) -> Result<(), StockError> {
    // Of a SKU that is not wanted any more, nothing is kept, and nothing is left to give back.
    let may_be_nothing = matches!(
        command.step,
        ReservationStep::Reduce | ReservationStep::Release(_)
    );
    let takes = |item: &ReservationItem| {
        (may_be_nothing || !item.lines.is_empty())
            && item
                .lines
                .iter()
                .all(|line| (1..=MAX_QUANTITY).contains(&line.quantity))
    };
    let sorted = command.items.is_sorted_by(|one, next| one.sku < next.sku);
    match sorted && !command.items.is_empty() && command.items.iter().all(takes) {
        true => Ok(()),
        false => Err(StockError::Items { max: MAX_QUANTITY }),
    }
}

fn reserve(stocks: &[&Stock], command: &ReservationCommand, until: DateTime<Utc>) -> Decision {
    let key = (command.order_id, command.epoch);
    let ended = |how| move |stock: &&Stock| stock.ended(&key) == Some(how);
    if stocks.iter().any(ended(Ended::Released)) {
        return Err(StockError::Released);
    }
    if stocks.iter().any(ended(Ended::Shipped)) {
        return Ok(vec![None; stocks.len()]);
    }
    let reserved = stocks
        .iter()
        .any(|stock| stock.reservations.contains_key(&key));
    if reserved || stocks.iter().any(ended(Ended::Rejected)) {
        return Ok(vec![None; stocks.len()]);
    }
    let short = |stock: &Stock, item: &ReservationItem| item.quantity() > stock.available();
    if !zip(stocks, command).any(|(stock, item)| short(stock, item)) {
        return Ok(parts(
            stocks,
            command,
            |_, _| true,
            |item, _, part, parts| {
                StockReserved {
                    order_id: command.order_id,
                    epoch: command.epoch,
                    location: command.location.clone(),
                    sku: item.sku.clone(),
                    quantity: item.quantity(),
                    lines: item.lines.clone(),
                    until,
                    part,
                    parts,
                }
                .into()
            },
        ));
    }
    Ok(parts(stocks, command, short, |item, stock, part, parts| {
        StockReservationRejected {
            order_id: command.order_id,
            epoch: command.epoch,
            location: command.location.clone(),
            sku: item.sku.clone(),
            requested: item.quantity(),
            available: stock.available(),
            part,
            parts,
        }
        .into()
    }))
}

fn commit(stocks: &[&Stock], command: &ReservationCommand) -> Decision {
    let key = (command.order_id, command.epoch);
    let reservation = |stock: &Stock| stock.reservations.get(&key).copied();
    // What was given back since the order was confirmed is kept no more; the rest is.
    let given_back = |stock: &Stock| stock.ended(&key) == Some(Ended::Released);
    let gone = |stock: &&Stock| reservation(stock).is_none();
    if stocks.iter().all(gone) || stocks.iter().filter(|s| gone(s)).any(|s| !given_back(s)) {
        return Err(StockError::NoReservation);
    }
    let waits = |stock: &Stock, _: &ReservationItem| {
        reservation(stock).is_some_and(|reservation| !reservation.committed)
    };
    Ok(parts(stocks, command, waits, |item, stock, part, parts| {
        ReservationCommitted {
            order_id: command.order_id,
            epoch: command.epoch,
            location: command.location.clone(),
            sku: item.sku.clone(),
            quantity: reservation(stock).map_or(0, |reservation| reservation.quantity),
            part,
            parts,
        }
        .into()
    }))
}

/// What was kept for the order has left; what is reserved only is nobody's to ship.
fn ship(stocks: &[&Stock], command: &ReservationCommand) -> Decision {
    let key = (command.order_id, command.epoch);
    let kept = |stock: &Stock| {
        let reservation = stock.reservations.get(&key).copied();
        reservation.filter(|reservation| reservation.committed)
    };
    let shipped = |stock: &Stock| stock.ended(&key) == Some(Ended::Shipped);
    if stocks
        .iter()
        .any(|stock| kept(stock).is_none() && !shipped(stock))
    {
        return Err(StockError::NoReservation);
    }
    let leaves = |stock: &Stock, _: &ReservationItem| kept(stock).is_some();
    Ok(parts(
        stocks,
        command,
        leaves,
        |item, stock, part, parts| {
            let kept = kept(stock).map_or(0, |kept| kept.quantity);
            let quantity = kept.min(item.quantity());
            StockShipped {
                order_id: command.order_id,
                epoch: command.epoch,
                location: command.location.clone(),
                sku: item.sku.clone(),
                quantity,
                given_back: kept.saturating_sub(quantity),
                part,
                parts,
            }
            .into()
        },
    ))
}

/// So much less is wanted: no more is kept than the items say, or at least so many of a SKU as are wanted
/// anyway. What was reduced further is not raised.
fn reduce(
    stocks: &[&Stock],
    command: &ReservationCommand,
    at_least: impl Fn(&Sku) -> i64,
) -> Vec<Option<StockEvent>> {
    let left = |item: &ReservationItem| item.quantity().max(at_least(&item.sku));
    let key = (command.order_id, command.epoch);
    let kept = |stock: &Stock| stock.reservations.get(&key).copied();
    let surplus = |stock: &Stock, item: &ReservationItem| {
        kept(stock).map_or(0, |kept| kept.quantity.saturating_sub(left(item)))
    };
    let concerned = |stock: &Stock, item: &ReservationItem| surplus(stock, item) > 0;
    parts(stocks, command, concerned, |item, stock, part, parts| {
        ReservationReduced {
            order_id: command.order_id,
            epoch: command.epoch,
            location: command.location.clone(),
            sku: item.sku.clone(),
            quantity: surplus(stock, item),
            left: left(item),
            committed: kept(stock).is_some_and(|kept| kept.committed),
            part,
            parts,
        }
        .into()
    })
}

fn release(
    stocks: &[&Stock],
    command: &ReservationCommand,
    reason: ReleaseReason,
) -> Vec<Option<StockEvent>> {
    let key = (command.order_id, command.epoch);
    let open = |stock: &Stock, _: &ReservationItem| stock.ended(&key).is_none();
    parts(stocks, command, open, |item, stock, part, parts| {
        let reservation = stock.reservations.get(&key);
        let quantity = reservation.map_or(0, |reservation| reservation.quantity);
        let committed = reservation.is_some_and(|reservation| reservation.committed);
        match reason {
            ReleaseReason::Expired => ReservationExpired {
                order_id: command.order_id,
                epoch: command.epoch,
                location: command.location.clone(),
                sku: item.sku.clone(),
                quantity,
                part,
                parts,
            }
            .into(),
            ReleaseReason::Rejected | ReleaseReason::Cancelled => ReservationReleased {
                order_id: command.order_id,
                epoch: command.epoch,
                location: command.location.clone(),
                sku: item.sku.clone(),
                quantity,
                committed,
                reason,
                part,
                parts,
            }
            .into(),
        }
    })
}

fn zip<'a>(
    stocks: &'a [&Stock],
    command: &'a ReservationCommand,
) -> impl Iterator<Item = (&'a Stock, &'a ReservationItem)> {
    stocks.iter().copied().zip(&command.items)
}

/// An event for each item that `concerned` picks, numbered in their order.
fn parts(
    stocks: &[&Stock],
    command: &ReservationCommand,
    concerned: impl Fn(&Stock, &ReservationItem) -> bool,
    event: impl Fn(&ReservationItem, &Stock, u32, u32) -> StockEvent,
) -> Vec<Option<StockEvent>> {
    let count = zip(stocks, command)
        .filter(|(stock, item)| concerned(stock, item))
        .count() as u32;
    let mut part = 0;
    zip(stocks, command)
        .map(|(stock, item)| {
            concerned(stock, item).then(|| {
                part += 1;
                event(item, stock, part, count)
            })
        })
        .collect()
}

#[cfg(test)]
mod tests;

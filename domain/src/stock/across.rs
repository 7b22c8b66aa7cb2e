//! Decisions over all SKUs of an order together, at all the places where they may be: all of them, or none;
//! at one place, or each SKU at one.

mod allot;

use super::{
    BackorderExpired, Ended, ReleaseReason, ReservationCommand, ReservationCommitted,
    ReservationExpired, ReservationItem, ReservationReduced, ReservationReleased, ReservationStep,
    Stock, StockError, StockEvent, StockReservationRejected, StockReserved, StockShipped,
    with_backorders_among,
};
use crate::{
    Location, Sku,
    order::{MAX_QUANTITY, Order, Status},
};
use chrono::{DateTime, Utc};
use std::collections::BTreeSet;

/// The most places where stock is looked for.
pub const MAX_LOCATIONS: usize = 16;

/// The most that is looked at for one order: SKUs times places. One place is always looked at.
pub const MAX_LOOKED_AT: usize = 1_000;

/// What happens to each of the command's items at each of its places, in their order; nothing where it is
/// empty.
type Decision = Result<Vec<Option<StockEvent>>, StockError>;

/// Decides `command` over `stocks`, which are those of [`ReservationCommand::each`], for `order`, where
/// it is decided over the order as well.
///
/// Stock is reserved only for an order that waits for it. What the stock itself remembers of ended
/// reservations is bounded, and so would not do where all events are reacted to once more. What is given
/// back of it because less is wanted is no more than the order does not want by now: it may have been amended
/// since, and then wants more again. And what has not come in time is only what it wants by now: of what it
/// waits for, that which it does not want any more will be given back, whoever does that may come late.
///
/// What it means for orders that wait for stock is among the events of each.
pub fn for_order(
    stocks: &[&Stock],
    command: &ReservationCommand,
    order: Option<&Order>,
) -> Result<Vec<Vec<StockEvent>>, StockError> {
    let order = order.and_then(Order::placed);
    let decided = match (command.step, order) {
        (ReservationStep::Reduce, Some(order)) => {
            check(command)?;
            reduce(stocks, command, |sku| order.open_of(sku))
        }
        (ReservationStep::GiveUp, Some(order)) => {
            check(command)?;
            give_up(stocks, command, |sku| order.open_of(sku))
        }
        _ => across(stocks, command)?,
    };
    match (command.step, order) {
        (ReservationStep::Reserve { .. }, Some(order))
            if order.status != Status::Placed && decided.iter().any(Option::is_some) =>
        {
            let status = order.status;
            Err(StockError::NotWaiting { status })
        }
        _ => Ok(stocks
            .iter()
            .zip(decided)
            .map(|(stock, event)| {
                with_backorders_among(stocks.len(), stock, event.into_iter().collect())
            })
            .collect()),
    }
}

/// Decides `command` over `stocks`, which are those of [`ReservationCommand::each`]; what follows for orders
/// that wait for stock is left out.
pub fn across(stocks: &[&Stock], command: &ReservationCommand) -> Decision {
    check(command)?;
    match command.step {
        ReservationStep::Reserve { until, split } => reserve(stocks, command, until, split),
        ReservationStep::Commit => commit(stocks, command),
        ReservationStep::Ship => ship(stocks, command),
        ReservationStep::Reduce => Ok(reduce(stocks, command, |_| 0)),
        ReservationStep::Release(reason) => Ok(release(stocks, command, reason)),
        ReservationStep::GiveUp => Ok(give_up(stocks, command, |_| i64::MAX)),
    }
}

fn check(command: &ReservationCommand) -> Result<(), StockError> {
    // Of a SKU that is not wanted any more, nothing is kept, and nothing is left to give back.
    let may_be_nothing = matches!(
        command.step,
        ReservationStep::Reduce | ReservationStep::Release(_) | ReservationStep::GiveUp
    );
    let takes = |item: &ReservationItem| {
        (may_be_nothing || !item.lines.is_empty())
            && item
                .lines
                .iter()
                .all(|line| (1..=MAX_QUANTITY).contains(&line.quantity))
    };
    let places: BTreeSet<_> = command.places().collect();
    let too_many = |count: usize| {
        let looked_at = count.saturating_mul(command.items.len());
        count > MAX_LOCATIONS || count > 1 && looked_at > MAX_LOOKED_AT
    };
    if places.len() != command.further.len() + 1 || too_many(places.len()) {
        return Err(StockError::Places {
            max: MAX_LOCATIONS,
            all: MAX_LOOKED_AT,
        });
    }
    let sorted = command.items.is_sorted_by(|one, next| one.sku < next.sku);
    match sorted && !command.items.is_empty() && command.items.iter().all(takes) {
        true => Ok(()),
        false => Err(StockError::Items { max: MAX_QUANTITY }),
    }
}

fn reserve(
    stocks: &[&Stock],
    command: &ReservationCommand,
    until: DateTime<Utc>,
    split: bool,
) -> Decision {
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
    let Some(places) = allot::places(stocks, command, split) else {
        let is_short = |one: &One<'_>| one.item.quantity() > one.stock.reservable();
        // What may come from several is rejected for what none has.
        let mut nowhere = vec![split; command.items.len()];
        for one in each(stocks, command) {
            nowhere[one.n] &= is_short(&one);
        }
        let anything = nowhere.contains(&true);
        // The first place says what there is too little of.
        let short = |one: &One<'_>| {
            *one.at == command.location && is_short(one) && (!anything || nowhere[one.n])
        };
        return Ok(parts(stocks, command, short, |one, part, parts| {
            StockReservationRejected {
                order_id: command.order_id,
                epoch: command.epoch,
                location: one.at.clone(),
                sku: one.item.sku.clone(),
                requested: one.item.quantity(),
                available: one.stock.reservable(),
                part,
                parts,
            }
            .into()
        }));
    };
    let is_there = |one: &One<'_>| places.get(one.n).is_some_and(|place| *place == one.at);
    let parcels = places.iter().collect::<BTreeSet<_>>().len();
    let parcels = u32::try_from(parcels).unwrap_or(u32::MAX);
    Ok(parts(stocks, command, is_there, |one, part, parts| {
        StockReserved {
            order_id: command.order_id,
            epoch: command.epoch,
            location: one.at.clone(),
            sku: one.item.sku.clone(),
            quantity: one.item.quantity(),
            lines: one.item.lines.clone(),
            until,
            parcels,
            part,
            parts,
        }
        .into()
    }))
}

fn commit(stocks: &[&Stock], command: &ReservationCommand) -> Decision {
    let key = (command.order_id, command.epoch);
    let reservation = |stock: &Stock| stock.reservations.get(&key).copied();
    let held = anywhere(stocks, command, |stock| reservation(stock).is_some());
    // What was given back since the order was confirmed is kept no more; the rest is.
    let given_back = anywhere(stocks, command, |stock| {
        stock.ended(&key) == Some(Ended::Released)
    });
    let mut known = held.iter().zip(&given_back);
    if !held.contains(&true) || !known.all(|(held, given_back)| *held || *given_back) {
        return Err(StockError::NoReservation);
    }
    let waits = |one: &One<'_>| reservation(one.stock).is_some_and(|known| !known.committed);
    Ok(parts(stocks, command, waits, |one, part, parts| {
        ReservationCommitted {
            order_id: command.order_id,
            epoch: command.epoch,
            location: one.at.clone(),
            sku: one.item.sku.clone(),
            quantity: reservation(one.stock).map_or(0, |reservation| reservation.quantity),
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
    let known = anywhere(stocks, command, |stock| {
        kept(stock).is_some() || stock.ended(&key) == Some(Ended::Shipped)
    });
    if known.contains(&false) {
        return Err(StockError::NoReservation);
    }
    let waits_for = |stock: &&Stock| kept(stock).map_or(0, |kept| kept.waits_for);
    if let Some(waiting) = stocks.iter().map(waits_for).find(|waiting| *waiting > 0) {
        return Err(StockError::StillToCome { waiting });
    }
    let leaves = |one: &One<'_>| kept(one.stock).is_some();
    Ok(parts(stocks, command, leaves, |one, part, parts| {
        let kept = kept(one.stock).map_or(0, |kept| kept.quantity);
        let quantity = kept.min(one.item.quantity());
        StockShipped {
            order_id: command.order_id,
            epoch: command.epoch,
            location: one.at.clone(),
            sku: one.item.sku.clone(),
            quantity,
            given_back: kept.saturating_sub(quantity),
            part,
            parts,
        }
        .into()
    }))
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
    let surplus = |one: &One<'_>| {
        kept(one.stock).map_or(0, |kept| kept.quantity.saturating_sub(left(one.item)))
    };
    let concerned = |one: &One<'_>| surplus(one) > 0;
    parts(stocks, command, concerned, |one, part, parts| {
        ReservationReduced {
            order_id: command.order_id,
            epoch: command.epoch,
            location: one.at.clone(),
            sku: one.item.sku.clone(),
            quantity: surplus(one),
            left: left(one.item),
            committed: kept(one.stock).is_some_and(|kept| kept.committed),
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
    let held = |stock: &Stock| stock.reservations.contains_key(&key);
    let known = anywhere(stocks, command, |stock| {
        held(stock) || stock.ended(&key).is_some()
    });
    // Of what never was anywhere, a tombstone at the first place says that it must not be any more: who
    // would reserve it looks there, too.
    let tombstone = |one: &One<'_>| !known[one.n] && *one.at == command.location;
    let open = |one: &One<'_>| held(one.stock) || tombstone(one);
    parts(stocks, command, open, |one, part, parts| {
        let reservation = one.stock.reservations.get(&key);
        let quantity = reservation.map_or(0, |reservation| reservation.quantity);
        let committed = reservation.is_some_and(|reservation| reservation.committed);
        match reason {
            ReleaseReason::Expired => ReservationExpired {
                order_id: command.order_id,
                epoch: command.epoch,
                location: one.at.clone(),
                sku: one.item.sku.clone(),
                quantity,
                part,
                parts,
            }
            .into(),
            ReleaseReason::Rejected | ReleaseReason::Cancelled => ReservationReleased {
                order_id: command.order_id,
                epoch: command.epoch,
                location: one.at.clone(),
                sku: one.item.sku.clone(),
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

/// What has come meanwhile is not overdue, nor is what nobody wants any more: of what is kept, only so many of
/// a SKU are `wanted`, and what is waited for is given back first. What is overdue is so once.
fn give_up(
    stocks: &[&Stock],
    command: &ReservationCommand,
    wanted: impl Fn(&Sku) -> i64,
) -> Vec<Option<StockEvent>> {
    let key = (command.order_id, command.epoch);
    let kept = |stock: &Stock| stock.reservations.get(&key).copied();
    // How many more than are wanted are kept of each item, over all places.
    let mut unwanted = vec![0_i64; command.items.len()];
    for one in each(stocks, command) {
        let quantity = kept(one.stock).map_or(0, |kept| kept.quantity);
        unwanted[one.n] = unwanted[one.n].saturating_add(quantity);
    }
    for (unwanted, item) in unwanted.iter_mut().zip(&command.items) {
        *unwanted = unwanted.saturating_sub(wanted(&item.sku)).max(0);
    }
    let overdue: Vec<i64> = each(stocks, command)
        .map(|one| {
            let waits_for = kept(one.stock).map_or(0, |kept| kept.waits_for);
            let dropped = waits_for.min(unwanted[one.n]);
            unwanted[one.n] -= dropped;
            let is_known = kept(one.stock).is_some_and(|kept| kept.overdue);
            if is_known { 0 } else { waits_for - dropped }
        })
        .collect();
    let concerned = |one: &One<'_>| overdue[one.index] > 0;
    parts(stocks, command, concerned, |one, part, parts| {
        BackorderExpired {
            order_id: command.order_id,
            epoch: command.epoch,
            location: one.at.clone(),
            sku: one.item.sku.clone(),
            quantity: overdue[one.index],
            part,
            parts,
        }
        .into()
    })
}

/// One SKU of the order, at one place.
struct One<'a> {
    /// Which of [`ReservationCommand::each`] it is.
    index: usize,
    /// Which of the command's items it is.
    n: usize,
    item: &'a ReservationItem,
    at: &'a Location,
    stock: &'a Stock,
}

fn each<'a>(
    stocks: &'a [&Stock],
    command: &'a ReservationCommand,
) -> impl Iterator<Item = One<'a>> {
    let numbered = (0..command.items.len()).cycle().zip(command.each());
    let all = numbered.zip(stocks).enumerate();
    all.map(|(index, ((n, (at, item)), stock))| One {
        index,
        n,
        item,
        at,
        stock,
    })
}

/// Of which of the command's items `holds`, at any of the places.
fn anywhere(
    stocks: &[&Stock],
    command: &ReservationCommand,
    holds: impl Fn(&Stock) -> bool,
) -> Vec<bool> {
    let mut known = vec![false; command.items.len()];
    for one in each(stocks, command) {
        known[one.n] |= holds(one.stock);
    }
    known
}

/// An event for each that `concerned` picks, numbered in their order.
fn parts(
    stocks: &[&Stock],
    command: &ReservationCommand,
    concerned: impl Fn(&One<'_>) -> bool,
    event: impl Fn(&One<'_>, u32, u32) -> StockEvent,
) -> Vec<Option<StockEvent>> {
    let count = each(stocks, command).filter(|one| concerned(one)).count() as u32;
    let mut part = 0;
    each(stocks, command)
        .map(|one| {
            concerned(&one).then(|| {
                part += 1;
                event(&one, part, count)
            })
        })
        .collect()
}

#[cfg(test)]
mod tests;

//! How many are kept for an order that is amended: of each SKU so many, or nothing is otherwise.

use super::{Ended, ReservationRaised, ReservationReduced, Stock, StockEvent};
use crate::{Location, OrderId, Sku};
use std::collections::BTreeMap;

/// For which order it is kept, and where.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kept<'a> {
    pub order_id: OrderId,
    pub epoch: u32,
    pub location: &'a Location,
}

/// There is not enough of a SKU.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Short {
    pub sku: Sku,
    /// How many more were wanted.
    pub wanted: i64,
    /// How many there are.
    pub available: i64,
}

/// Keeps so many of each SKU, whose `stocks` stand in the same order. What is kept anew is kept as the rest
/// of the order is by then: for good. What has left is not kept any more, whatever is wanted.
///
/// More is kept only of what is there and free, however many more may be promised: the order is about to be
/// packed, and what is still to come cannot be.
pub(crate) fn keep(
    kept: &Kept<'_>,
    stocks: &[&Stock],
    wanted: &BTreeMap<&Sku, i64>,
) -> Result<Vec<Option<StockEvent>>, Short> {
    let key = (kept.order_id, kept.epoch);
    let now = |stock: &Stock| {
        stock
            .reservations
            .get(&key)
            .map_or(0, |known| known.quantity)
    };
    let pairs = || stocks.iter().zip(wanted);
    let changes = |stock: &Stock, wanted: i64| {
        stock.ended(&key) != Some(Ended::Shipped) && now(stock) != wanted
    };
    for (stock, (sku, wanted)) in pairs() {
        let more = wanted.saturating_sub(now(stock));
        if changes(stock, *wanted) && more > stock.at_hand().max(0) {
            return Err(Short {
                sku: (*sku).clone(),
                wanted: more,
                available: stock.at_hand().max(0),
            });
        }
    }
    let parts = pairs()
        .filter(|(stock, (_, wanted))| changes(stock, **wanted))
        .count();
    let (mut part, parts) = (0, u32::try_from(parts).unwrap_or(u32::MAX));
    let told = pairs().map(|(stock, (sku, wanted))| {
        changes(stock, *wanted).then(|| {
            part += 1;
            told(kept, stock, sku, (now(stock), *wanted), (part, parts))
        })
    });
    Ok(told.collect())
}

fn told(
    kept: &Kept<'_>,
    stock: &Stock,
    sku: &Sku,
    (now, wanted): (i64, i64),
    (part, parts): (u32, u32),
) -> StockEvent {
    let known = stock.reservations.get(&(kept.order_id, kept.epoch));
    let committed = known.is_none_or(|known| known.committed);
    match wanted > now {
        true => ReservationRaised {
            order_id: kept.order_id,
            epoch: kept.epoch,
            location: kept.location.clone(),
            sku: sku.clone(),
            quantity: wanted.saturating_sub(now),
            kept: wanted,
            committed,
            part,
            parts,
        }
        .into(),
        false => ReservationReduced {
            order_id: kept.order_id,
            epoch: kept.epoch,
            location: kept.location.clone(),
            sku: sku.clone(),
            quantity: now.saturating_sub(wanted),
            left: wanted,
            committed,
            part,
            parts,
        }
        .into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Decider,
        stock::{
            BackorderLimitSet, ReleaseReason, ReservationCommand, ReservationItem, ReservationLine,
            ReservationStep, StockReceived, Stocks, across,
        },
        testing::{order_id, sku, uuid},
    };
    use chrono::DateTime;

    fn stock(quantity: i64) -> Stock {
        let received = StockReceived {
            receipt_id: uuid(1, 1),
            location: Location::default(),
            sku: sku("A"),
            quantity,
            reference: None,
        };
        Stocks::fold(&[received.into()])
    }

    fn step(stock: Stock, quantity: i64, step: ReservationStep) -> Stock {
        let lines = vec![ReservationLine { line: 1, quantity }];
        let command = ReservationCommand {
            order_id: order_id(1),
            epoch: 1,
            location: Location::default(),
            further: vec![],
            items: vec![ReservationItem {
                sku: sku("A"),
                lines,
            }],
            step,
        };
        let decided = across(&[&stock], &command).unwrap();
        decided.iter().flatten().fold(stock, Stocks::evolve)
    }

    /// Keeps so many of it, and once more: that leads to nothing.
    fn kept(stock: Stock, wanted: i64) -> Result<Stock, Short> {
        let (location, sku) = (Location::default(), sku("A"));
        let order = Kept {
            order_id: order_id(1),
            epoch: 1,
            location: &location,
        };
        let wanted = BTreeMap::from([(&sku, wanted)]);
        let told = keep(&order, &[&stock], &wanted)?;
        let stock = told.iter().flatten().fold(stock, Stocks::evolve);
        assert_eq!(keep(&order, &[&stock], &wanted), Ok(vec![None]));
        Ok(stock)
    }

    fn committed(there: i64, quantity: i64) -> Stock {
        let reserve = ReservationStep::Reserve {
            until: DateTime::UNIX_EPOCH,
            split: false,
        };
        let stock = step(stock(there), quantity, reserve);
        step(stock, quantity, ReservationStep::Commit)
    }

    #[test]
    fn so_many_are_kept_as_are_wanted() {
        let more = kept(committed(9, 4), 9).unwrap();
        assert_eq!((more.committed, more.available()), (9, 0));
        let less = kept(more, 1).unwrap();
        assert_eq!((less.committed, less.available()), (1, 8));
        let short = Short {
            sku: sku("A"),
            wanted: 6,
            available: 5,
        };
        assert_eq!(kept(committed(9, 4), 10), Err(short));
    }

    /// What may be promised before it is there is for orders that are not about to be packed.
    #[test]
    fn more_is_kept_only_of_what_is_there() {
        let limit = BackorderLimitSet {
            location: Location::default(),
            sku: sku("A"),
            limit: 50,
        };
        let stock = Stocks::evolve(committed(9, 4), &limit.into());
        let short = Short {
            sku: sku("A"),
            wanted: 6,
            available: 5,
        };
        assert_eq!(kept(stock.clone(), 10), Err(short));
        assert_eq!(kept(stock, 9).unwrap().available(), 0);
    }

    /// What was given back as a whole is kept again, and given back again.
    #[test]
    fn what_was_given_back_is_kept_again() {
        let nothing = kept(committed(9, 4), 0).unwrap();
        assert_eq!(nothing.ended(&(order_id(1), 1)), Some(Ended::Released));
        let again = kept(nothing, 3).unwrap();
        assert_eq!(again.ended(&(order_id(1), 1)), None);
        assert_eq!((again.committed, again.available()), (3, 6));
        let release = ReservationStep::Release(ReleaseReason::Cancelled);
        let released = step(again, 3, release);
        assert_eq!((released.committed, released.available()), (0, 9));
    }

    #[test]
    fn what_has_left_is_not_kept_any_more() {
        let shipped = step(committed(9, 4), 4, ReservationStep::Ship);
        let after = kept(shipped.clone(), 5).unwrap();
        assert_eq!(after, shipped);
    }
}

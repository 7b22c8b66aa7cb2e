//! From which places an order leaves.

use super::{ReservationCommand, Stock};
use crate::{Location, MAX_PARCELS};

/// Where each of the command's items is reserved, in their order; none if it cannot be.
///
/// The first place where all of them are free has them. Else they are split, if they may be: each SKU as a
/// whole, among places where it is free. Else the first place has them where all are there or may be promised:
/// what waits is not split, so that what is there goes before what is to come.
pub(super) fn places<'c>(
    stocks: &[&Stock],
    command: &'c ReservationCommand,
    split: bool,
) -> Option<Vec<&'c Location>> {
    let count = command.items.len();
    let at: Vec<(&Location, &[&Stock])> =
        command.places().zip(stocks.chunks(count.max(1))).collect();
    let first = |has: fn(&Stock) -> i64| {
        let mut places = at.iter();
        let place = places.find(|(_, there)| {
            let mut all = there.iter().zip(&command.items);
            all.all(|(stock, item)| item.quantity() <= has(stock))
        });
        place.map(|(place, _)| vec![*place; count])
    };
    first(Stock::at_hand)
        .or_else(|| split.then(|| several(&at, command)).flatten())
        .or_else(|| first(Stock::reservable))
}

/// The places that have the items together: each time the one that has most of those that are left, and of
/// several such the first. That is few parcels, if not always the fewest.
fn several<'c>(
    at: &[(&'c Location, &[&Stock])],
    command: &'c ReservationCommand,
) -> Option<Vec<&'c Location>> {
    let mut allotted: Vec<Option<&Location>> = vec![None; command.items.len()];
    for _ in 0..MAX_PARCELS {
        let has = |there: &[&Stock], n: usize| {
            let item = command.items.get(n).zip(there.get(n));
            item.is_some_and(|(item, stock)| item.quantity() <= stock.at_hand())
        };
        let left = |there: &[&Stock]| {
            let wanted = allotted.iter().enumerate();
            let wanted = wanted.filter(|(n, known)| known.is_none() && has(there, *n));
            wanted.count()
        };
        // Of equal ones `max_by_key` takes the last.
        let most = at.iter().rev().max_by_key(|(_, there)| left(there));
        let (place, there) = most.filter(|(_, there)| left(there) > 0)?;
        for (n, known) in allotted.iter_mut().enumerate() {
            if known.is_none() && has(there, n) {
                *known = Some(*place);
            }
        }
        if let Some(all) = allotted.iter().copied().collect::<Option<Vec<_>>>() {
            return Some(all);
        }
    }
    None
}

//! What commands about goods that have come back lead to: what they are like, and where they go.

use super::{
    super::{BookIn, InspectReturn, InspectedLine, ReturnBookedIn, ReturnInspected},
    Decision, MAX_QUANTITY, MAX_REASON, Return, ReturnCase, ReturnError, ReturnEvent, S,
    check_numbers, closed, nothing, refused,
};
use crate::{
    Money, Sku,
    order::{LineQuantity, Order, OrderError, OrderEvent, Placed, drop_return, record_returned},
    stock::{StockEvent, StockQuarantined, StockRestocked},
    text,
};
use std::collections::BTreeMap;

/// Rules of meaning for what is said of goods that have come.
pub(super) fn check(lines: &[InspectedLine]) -> Result<(), ReturnError> {
    check_numbers(1, lines.iter().map(|line| line.line))?;
    for (index, line) in lines.iter().enumerate() {
        let parts = [line.restocked, line.quarantined, line.refused];
        let counts = parts.iter().all(|part| (0..=MAX_QUANTITY).contains(part));
        if !counts || !(1..=MAX_QUANTITY).contains(&line.quantity()) {
            return Err(ReturnError::Inspected {
                line: line.line,
                quantity: MAX_QUANTITY,
                index,
            });
        }
        match &line.reason {
            Some(reason) => text::prose("reason", reason, MAX_REASON)
                .map_err(|error| error.of_part("lines", index))?,
            None if line.restocked == line.quantity() => {}
            None => {
                let line = line.line;
                return Err(ReturnError::NoReason { line, index });
            }
        }
    }
    Ok(())
}

pub(super) fn inspect(case: &ReturnCase, command: &InspectReturn, order: &Order) -> Decision {
    let mut lines = command.lines.clone();
    lines.sort_unstable_by_key(|line| line.line);
    match case.status {
        S::PartiallyReceived | S::Received => {}
        S::Inspected | S::Closed if case.inspected.as_deref() == Some(lines.as_slice()) => {
            return nothing();
        }
        status => return Err(refused(status, "inspect it")),
    }
    check_came(case, &command.lines)?;
    let placed = order.placed().ok_or(OrderError::NotFound)?;
    let accepted: Vec<_> = lines
        .iter()
        .map(|line| LineQuantity {
            line: line.line,
            quantity: line.accepted(),
        })
        .filter(|line| line.quantity > 0)
        .collect();
    let told: Option<OrderEvent> = match accepted.is_empty() {
        true => drop_return(placed, case.return_id).map(Into::into),
        false => record_returned(placed, case.return_id, accepted).map(Into::into),
    };
    let inspected = ReturnInspected {
        order_id: case.order_id,
        return_id: case.return_id,
        location: case.location.clone(),
        skus: by_sku(case, &lines).into_keys().cloned().collect(),
        refund: Money::new(worth(placed, &lines), case.amount.currency),
        lines,
    };
    let done = inspected.skus.is_empty();
    let events = std::iter::once(inspected.into());
    let events = events.chain(done.then(|| closed(case).into()));
    Ok((events.collect(), told.into_iter().collect()))
}

/// What was looked at must be what has come: nothing less, and nothing more.
fn check_came(case: &ReturnCase, lines: &[InspectedLine]) -> Result<(), ReturnError> {
    let mut all: BTreeMap<u32, (i64, i64)> = BTreeMap::new();
    for (line, received) in &case.received {
        all.entry(*line).or_default().0 = *received;
    }
    for line in lines {
        all.entry(line.line).or_default().1 = line.quantity();
    }
    match all.iter().find(|(_, (came, seen))| came != seen) {
        Some((line, (received, inspected))) => Err(ReturnError::NotWhatCame {
            line: *line,
            received: *received,
            inspected: *inspected,
            index: lines.iter().position(|seen| seen.line == *line),
        }),
        None => Ok(()),
    }
}

/// What is to be given back for what was accepted, in minor units: so that what is paid then is what all
/// that is left is worth, and whoever sends back all of a line has all of it paid back.
fn worth(order: &Placed, lines: &[InspectedLine]) -> i64 {
    lines.iter().fold(0, |sum, seen| {
        let kept = order.paid_for(seen.line);
        let worth = order.worth_of_last(seen.line, kept, seen.accepted());
        sum.saturating_add(worth)
    })
}

/// How many of each SKU that was accepted can be sold again, and how many cannot.
fn by_sku<'a>(case: &'a ReturnCase, lines: &[InspectedLine]) -> BTreeMap<&'a Sku, (i64, i64)> {
    let mut sums: BTreeMap<&Sku, (i64, i64)> = BTreeMap::new();
    for known in case.lines.iter() {
        let seen = lines.iter().find(|line| line.line == known.line);
        let Some(seen) = seen.filter(|seen| seen.accepted() > 0) else {
            continue;
        };
        let (restocked, quarantined) = sums.entry(&known.sku).or_default();
        *restocked = restocked.saturating_add(seen.restocked);
        *quarantined = quarantined.saturating_add(seen.quarantined);
    }
    sums
}

/// Decides the booking in of what was accepted: what happens to the return, and what to the stock of
/// each of the command's SKUs, in their order. All of it happens at once, so the return knows for good
/// that it was done.
pub fn book_in(
    state: &Return,
    command: &BookIn,
) -> Result<(Vec<ReturnEvent>, Vec<Vec<StockEvent>>), ReturnError> {
    let case = state.requested().ok_or(ReturnError::NotFound)?;
    let none = || vec![vec![]; command.skus.len()];
    match case.status {
        S::Closed => return Ok((vec![], none())),
        S::Inspected if case.booked_in => return Ok((vec![], none())),
        S::Inspected => {}
        status => return Err(refused(status, "book it in")),
    }
    let lines = case.inspected.as_deref().unwrap_or_default();
    let goods = by_sku(case, lines);
    if !goods.keys().copied().eq(&command.skus) || command.location != case.location {
        return Err(ReturnError::OtherGoods);
    }
    let stocks = goods.into_iter().map(|(sku, (restocked, quarantined))| {
        let restocked = (restocked > 0).then(|| {
            StockRestocked {
                order_id: case.order_id,
                return_id: case.return_id,
                location: command.location.clone(),
                sku: sku.clone(),
                quantity: restocked,
            }
            .into()
        });
        let quarantined = (quarantined > 0).then(|| {
            StockQuarantined {
                order_id: case.order_id,
                return_id: case.return_id,
                location: command.location.clone(),
                sku: sku.clone(),
                quantity: quarantined,
            }
            .into()
        });
        restocked.into_iter().chain(quarantined).collect()
    });
    let booked_in = ReturnBookedIn {
        order_id: case.order_id,
        return_id: case.return_id,
        location: command.location.clone(),
    };
    let closed = case.refunded.then(|| closed(case).into());
    let events = std::iter::once(booked_in.into()).chain(closed);
    Ok((events.collect(), stocks.collect()))
}

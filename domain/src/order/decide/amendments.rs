//! What becomes of amendments: proposed, applied, withdrawn, or overtaken by what happens to the order.

use super::{
    super::{
        AmendedLine, AmendedStock, AmendmentApplied, AmendmentEnd, AmendmentExpired,
        AmendmentProposed, AmendmentRejected, AmendmentWithdrawn, ApplyAmendment, Line, Order,
        OrderError, OrderEvent, Placed, ProposeAmendment, Status,
    },
    Decision, MAX_LINES, MAX_QUANTITY,
};
use crate::{
    Location, Sku,
    order::LineQuantity,
    policy::EPOCH,
    shipment::{Shipment, ShipmentEvent, ShipmentStatus, is_split, refit_all},
    stock::{Kept, Stock, StockEvent, keep},
    text,
};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// What happens to the order, to each of its shipments, and to the stock of each SKU.
type Applied = (
    Vec<OrderEvent>,
    Vec<Option<ShipmentEvent>>,
    Vec<Option<StockEvent>>,
);

/// Rules of meaning for what an order is to be.
pub(super) fn check(command: &ProposeAmendment) -> Result<(), OrderError> {
    let lines = &command.lines;
    let wrong = |at| OrderError::AmendedLines {
        max: MAX_LINES,
        quantity: MAX_QUANTITY,
        at,
    };
    if !(1..=MAX_LINES).contains(&lines.len()) {
        return Err(wrong(None));
    }
    let mut seen = BTreeSet::new();
    for (index, line) in lines.iter().enumerate() {
        if !(0..=MAX_QUANTITY).contains(&line.quantity) {
            return Err(wrong(Some((index, "quantity"))));
        }
        if !seen.insert(line.line) {
            return Err(wrong(Some((index, "line"))));
        }
    }
    text::prose("reason", &command.reason, 500)?;
    Ok(())
}

/// Decides a proposal over the order and all its `shipments`: it says what the order would be, and changes
/// nothing of it.
///
/// # Errors
/// The order is not confirmed, or something of it is packed; another amendment is open; nothing would be
/// otherwise, or nothing left; or it would come to more than is set aside.
pub fn propose_amendment(
    order: &Order,
    command: &ProposeAmendment,
    shipments: &[&Shipment],
) -> Decision {
    check(command)?;
    let order = order.placed().ok_or(OrderError::NotFound)?;
    let open = order.open_amendment().map(|open| open.amendment_id);
    if open == Some(command.amendment_id) || order.amendment_end(command.amendment_id).is_some() {
        return Ok(vec![]);
    }
    if order.status != Status::Confirmed {
        return Err(OrderError::State {
            status: order.status,
            command: "amend it",
        });
    }
    if let Some(amendment_id) = open {
        return Err(OrderError::AmendmentOpen { amendment_id });
    }
    if is_split(shipments) {
        return Err(OrderError::Split);
    }
    let waits = [None, Some(ShipmentStatus::Pending)];
    if shipments
        .iter()
        .any(|known| !waits.contains(&known.status()))
    {
        return Err(OrderError::AlreadyPacked);
    }
    let lines = amended(order, &command.lines)?;
    let mut after = order.clone();
    after.amend(&lines);
    let (wanted, total) = (after.all_open(), after.worth(&after.all_open()));
    let total_before = order.worth(&order.all_open());
    if wanted.is_empty() {
        return Err(OrderError::AmendmentOfAll);
    }
    if total == 0 && total_before > 0 {
        return Err(OrderError::RestIsFree);
    }
    // It is confirmed: so much was set aside for it, and is until something is packed.
    let authorized = order.placed.total;
    if total > authorized {
        return Err(OrderError::NotCovered { authorized });
    }
    Ok(vec![
        AmendmentProposed {
            order: order.brief(),
            amendment_id: command.amendment_id,
            stock: differences(order, &after, &lines),
            lines,
            total_before,
            total,
            authorized,
            until: command.until,
            reason: command.reason.clone(),
        }
        .into(),
    ])
}

/// What becomes of the lines of which another quantity is wanted; those of which the same is are left out.
fn amended(order: &Placed, wanted: &[LineQuantity]) -> Result<Vec<AmendedLine>, OrderError> {
    let authorized = order.placed.total;
    let mut lines = Vec::with_capacity(wanted.len());
    for (index, wanted) in wanted.iter().enumerate() {
        let line = wanted.line;
        let placed = (line as usize)
            .checked_sub(1)
            .and_then(|at| order.placed.lines.get(at));
        let (Some(placed), Some(known)) = (placed, order.line(line)) else {
            return Err(OrderError::NoSuchLine { line, index });
        };
        let before = order.open(line);
        if wanted.quantity == before {
            continue;
        }
        let more = wanted.quantity > placed.quantity;
        let anew = match more {
            true => Some(
                placed
                    .of_more(wanted.quantity, order.placed.tax_included)
                    .ok_or(OrderError::NotCovered { authorized })?,
            ),
            false => None,
        };
        lines.push(amended_line(order, known, placed, anew, wanted.quantity));
    }
    match lines.is_empty() {
        true => Err(OrderError::NothingAmended),
        false => Ok(lines),
    }
}

fn amended_line(
    order: &Placed,
    known: &Line,
    placed: &Line,
    anew: Option<Line>,
    after: i64,
) -> AmendedLine {
    let then = anew.as_ref().unwrap_or(placed);
    let (total, tax) = (then.worth(after), then.tax_on(after));
    let added = match order.placed.tax_included {
        true => 0,
        false => tax,
    };
    let price = then.unit_price.saturating_mul(after);
    let before = order.open(known.line);
    AmendedLine {
        line: known.line,
        sku: known.sku.clone(),
        before,
        after,
        ordered_before: known.quantity,
        ordered: then.quantity,
        unit_price: then.unit_price,
        discount: price.saturating_add(added).saturating_sub(total),
        tax,
        total,
        total_before: known.worth(before),
        anew,
    }
}

/// The SKUs of which more, or less, is to be kept.
fn differences(before: &Placed, after: &Placed, lines: &[AmendedLine]) -> Vec<AmendedStock> {
    let skus: BTreeSet<&Sku> = lines.iter().map(|line| &line.sku).collect();
    let difference = |sku: &Sku| {
        let wanted = after.open_of(sku);
        AmendedStock {
            sku: sku.clone(),
            difference: wanted.saturating_sub(before.open_of(sku)),
            wanted,
        }
    };
    let all = skus.into_iter().map(difference);
    all.filter(|stock| stock.difference != 0).collect()
}

/// Decides the application of the open amendment over the order, all its `shipments` and the `stocks` that
/// the command names, and all of these are told at once: more is kept and less is given back, all of it or
/// nothing, and what is to be packed is what is wanted. Where no stock is named, what is not wanted any more
/// is given back by a policy after it.
///
/// # Errors
/// There is no such amendment, or it has ended otherwise, or its time is up; something of the order is packed,
/// or it is still being allocated, or waits for stock, and more is to be kept; there is not enough of a SKU.
pub fn apply_amendment(
    order: &Order,
    command: &ApplyAmendment,
    shipments: &[&Shipment],
    stocks: &[&Stock],
) -> Result<Applied, OrderError> {
    let order = order.placed().ok_or(OrderError::NotFound)?;
    let open = match is_open(order, command.amendment_id, AmendmentEnd::Applied)? {
        Some(open) => open,
        None => {
            return Ok((
                vec![],
                vec![None; shipments.len()],
                vec![None; stocks.len()],
            ));
        }
    };
    if order.status != Status::Confirmed {
        return Err(OrderError::State {
            status: order.status,
            command: "amend it",
        });
    }
    // Whoever has it expire may come late.
    if command.at >= open.until {
        let end = AmendmentEnd::Expired;
        return Err(OrderError::AmendmentEnded { end });
    }
    let applied = AmendmentApplied {
        order: order.brief(),
        amendment_id: open.amendment_id,
        lines: open.lines.clone(),
        total: open.total,
    };
    let mut after = order.clone();
    after.amend(&applied.lines);
    let wanted = after.all_open();
    if is_split(shipments) {
        return Err(OrderError::Split);
    }
    let refitted = refit_all(shipments, &after, &wanted).map_err(|_| OrderError::AlreadyPacked)?;
    // What is being kept for the order may still be on its way to be, or to come: it is there, and known
    // where, once there is a shipment.
    let more = open.stock.iter().any(|stock| stock.difference > 0);
    if more && (command.stock.is_none() || !is_told(&refitted)) {
        return Err(OrderError::StillAllocating);
    }
    let told = match &command.stock {
        Some(concerned) => {
            // It leaves in one shipment, which is the first.
            let leaves_from = |shipment: &&Shipment| {
                let parcel = shipment.created();
                parcel.is_some_and(|parcel| parcel.location == concerned.location)
            };
            let skus = open.stock.iter().map(|stock| &stock.sku);
            if !skus.eq(&concerned.skus) || !shipments.first().is_none_or(leaves_from) {
                return Err(OrderError::OtherStock);
            }
            keep_of(order, open, &concerned.location, stocks)?
        }
        None => vec![],
    };
    Ok((vec![applied.into()], refitted, told))
}

/// Whether a shipment is told what is in it, if there are any.
fn is_told(refitted: &[Option<ShipmentEvent>]) -> bool {
    refitted.is_empty() || refitted.iter().any(Option::is_some)
}

/// What happens to the `stocks` from where the order leaves.
fn keep_of(
    order: &Placed,
    open: &AmendmentProposed,
    location: &Location,
    stocks: &[&Stock],
) -> Result<Vec<Option<StockEvent>>, OrderError> {
    let kept = Kept {
        order_id: order.placed.order_id,
        epoch: EPOCH,
        location,
    };
    let wanted: BTreeMap<&Sku, i64> = open
        .stock
        .iter()
        .map(|stock| (&stock.sku, stock.wanted))
        .collect();
    keep(&kept, stocks, &wanted).map_err(|short| OrderError::NotEnoughStock {
        sku: short.sku,
        wanted: short.wanted,
        available: short.available,
    })
}

/// The amendment, if it is open; none if it has ended as the command wants it.
fn is_open(
    order: &Placed,
    amendment: Uuid,
    wanted: AmendmentEnd,
) -> Result<Option<&AmendmentProposed>, OrderError> {
    match order.amendment_end(amendment) {
        Some(end) if end == wanted => return Ok(None),
        Some(end) => return Err(OrderError::AmendmentEnded { end }),
        None => {}
    }
    let open = order.open_amendment();
    let open = open.filter(|open| open.amendment_id == amendment);
    open.map(Some).ok_or(OrderError::NoSuchAmendment)
}

pub(super) fn withdraw(order: &Placed, amendment: Uuid) -> Decision {
    let open = is_open(order, amendment, AmendmentEnd::Withdrawn)?;
    let withdrawn = open.map(|open| {
        AmendmentWithdrawn {
            order_id: order.placed.order_id,
            amendment_id: open.amendment_id,
        }
        .into()
    });
    Ok(withdrawn.into_iter().collect())
}

/// Whatever came of it before its time was up holds.
pub(super) fn expire(order: &Placed, amendment: Uuid) -> Vec<OrderEvent> {
    let open = order.open_amendment();
    let open = open.filter(|open| open.amendment_id == amendment);
    let expired = open.map(|open| {
        AmendmentExpired {
            order_id: order.placed.order_id,
            amendment_id: open.amendment_id,
        }
        .into()
    });
    expired.into_iter().collect()
}

/// The order has gone on without that amendment, if it is still open.
pub(super) fn reject(order: &Placed, amendment: Uuid, reason: &str) -> Vec<OrderEvent> {
    let open = order.open_amendment();
    match open.is_some_and(|open| open.amendment_id == amendment) {
        true => overtaken(order, reason).into_iter().collect(),
        false => vec![],
    }
}

/// What happens to the amendment that is open when something else becomes of the order: what it proposed is
/// not what it would be any more.
pub(super) fn overtaken(order: &Placed, reason: &str) -> Option<OrderEvent> {
    let open = order.open_amendment()?;
    Some(
        AmendmentRejected {
            order_id: order.placed.order_id,
            amendment_id: open.amendment_id,
            reason: text::cleaned(reason, 500),
        }
        .into(),
    )
}

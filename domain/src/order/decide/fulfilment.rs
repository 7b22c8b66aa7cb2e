//! What becomes of what has left.

use super::{
    super::{
        Fulfilment, LineQuantity, LinesDelivered, LinesLost, LinesShipped, OrderCompleted,
        OrderError, Placed, RecordDelivered, RecordLost, RecordShipped, ShipmentProgress, Status,
    },
    Decision, MAX_LINES, MAX_QUANTITY,
};
use crate::ShipmentId;
use std::collections::BTreeMap;

/// The most shipments that may leave for an order.
pub(super) const MAX_SHIPMENTS: usize = 1_000;

/// Rules of meaning for what a shipment holds.
pub(super) fn check_lines(lines: &[LineQuantity]) -> Result<(), OrderError> {
    let counts = |line: &LineQuantity| (1..=MAX_QUANTITY).contains(&line.quantity);
    match (1..=MAX_LINES).contains(&lines.len()) && lines.iter().all(counts) {
        true => Ok(()),
        false => Err(OrderError::ShippedLines {
            max: MAX_LINES,
            quantity: MAX_QUANTITY,
        }),
    }
}

pub(super) fn record_shipped(order: &Placed, command: &RecordShipped) -> Decision {
    if order.shipment(command.shipment_id).is_some() {
        return Ok(vec![]);
    }
    let (shipped, _) = ship(order, command.shipment_id, &command.lines)?;
    Ok(vec![shipped.into()])
}

pub(super) fn record_delivered(order: &Placed, command: &RecordDelivered) -> Decision {
    const COMMAND: &str = "record its delivery";
    match order.shipment(command.shipment_id) {
        Some(ShipmentProgress::Delivered) => return Ok(vec![]),
        Some(ShipmentProgress::Lost) => {
            return Err(OrderError::ShipmentEnded { command: COMMAND });
        }
        Some(ShipmentProgress::Shipped) | None => {}
    }
    let (before, mut known) = left(order, command.shipment_id, &command.lines)?;
    check_under_way(&known, &command.lines, COMMAND)?;
    known.enter(
        command.shipment_id,
        &command.lines,
        ShipmentProgress::Delivered,
    );
    let delivered = LinesDelivered {
        order: order.brief(),
        shipment_id: command.shipment_id,
        lines: command.lines.clone(),
        all: missing(order, &known).is_none(),
    };
    let shipped = before.map(Into::into).into_iter();
    Ok(shipped.chain([delivered.into()]).collect())
}

pub(super) fn record_lost(order: &Placed, command: &RecordLost) -> Decision {
    const COMMAND: &str = "record its loss";
    match order.shipment(command.shipment_id) {
        Some(ShipmentProgress::Lost) => return Ok(vec![]),
        Some(ShipmentProgress::Delivered) => {
            return Err(OrderError::ShipmentEnded { command: COMMAND });
        }
        Some(ShipmentProgress::Shipped) | None => {}
    }
    let (before, known) = left(order, command.shipment_id, &command.lines)?;
    check_under_way(&known, &command.lines, COMMAND)?;
    let lost = LinesLost {
        order: order.brief(),
        shipment_id: command.shipment_id,
        lines: command.lines.clone(),
        returned: command.returned,
    };
    let shipped = before.map(Into::into).into_iter();
    Ok(shipped.chain([lost.into()]).collect())
}

pub(super) fn complete(order: &Placed) -> Decision {
    match order.status {
        Status::Completed => return Ok(vec![]),
        Status::Confirmed => {}
        status => {
            return Err(OrderError::State {
                status,
                command: "complete it",
            });
        }
    }
    let known = order.fulfilment.as_deref().cloned().unwrap_or_default();
    if let Some((line, open)) = missing(order, &known) {
        return Err(OrderError::StillToArrive { line, open });
    }
    Ok(vec![
        OrderCompleted {
            order: order.brief(),
        }
        .into(),
    ])
}

/// What has left with the shipment. News of it may overtake each other: what has arrived, or will
/// not, has left, and that is said first if nobody has.
fn left(
    order: &Placed,
    shipment: ShipmentId,
    lines: &[LineQuantity],
) -> Result<(Option<LinesShipped>, Fulfilment), OrderError> {
    match (&order.fulfilment, order.shipment(shipment)) {
        (Some(known), Some(_)) => {
            is_sent(order, "record what became of it")?;
            Ok((None, known.as_ref().clone()))
        }
        _ => {
            let (shipped, known) = ship(order, shipment, lines)?;
            Ok((Some(shipped), known))
        }
    }
}

/// That a shipment leaves, and what has left then.
fn ship(
    order: &Placed,
    shipment_id: ShipmentId,
    lines: &[LineQuantity],
) -> Result<(LinesShipped, Fulfilment), OrderError> {
    const COMMAND: &str = "ship";
    is_sent(order, COMMAND)?;
    let mut known = order.fulfilment.as_deref().cloned().unwrap_or_default();
    if known.shipments.len() == MAX_SHIPMENTS {
        return Err(OrderError::TooManyShipments { max: MAX_SHIPMENTS });
    }
    for (line, quantity) in sums(lines) {
        let open = open(order, &known, line);
        if quantity > open {
            return Err(OrderError::MoreThanLeft {
                line,
                open,
                quantity,
                command: COMMAND,
            });
        }
    }
    known.enter(shipment_id, lines, ShipmentProgress::Shipped);
    let mut all = order.lines().iter();
    let shipped = LinesShipped {
        order: order.brief(),
        shipment_id,
        lines: lines.to_vec(),
        all: all.all(|line| open(order, &known, line.line) == 0),
    };
    Ok((shipped, known))
}

/// Whether goods may have left for it: also while somebody wants it cancelled.
fn is_sent(order: &Placed, command: &'static str) -> Result<(), OrderError> {
    match order.status {
        Status::Confirmed => Ok(()),
        Status::Cancelling if order.was_confirmed => Ok(()),
        status => Err(OrderError::State { status, command }),
    }
}

fn check_under_way(
    known: &Fulfilment,
    lines: &[LineQuantity],
    command: &'static str,
) -> Result<(), OrderError> {
    for (line, quantity) in sums(lines) {
        let progress = known.lines.get(&line).copied().unwrap_or_default();
        let open = progress.under_way();
        if quantity > open {
            return Err(OrderError::MoreThanLeft {
                line,
                open,
                quantity,
                command,
            });
        }
    }
    Ok(())
}

/// How many of a line have not left, and are wanted; none of a line that the order does not have.
fn open(order: &Placed, known: &Fulfilment, line: u32) -> i64 {
    let ordered = order.line(line);
    let gone = known.lines.get(&line).map_or(0, |progress| {
        progress.shipped.saturating_add(progress.cancelled)
    });
    ordered.map_or(0, |placed| placed.quantity.saturating_sub(gone))
}

/// A line of which something is neither delivered, lost nor cancelled, and how many.
fn missing(order: &Placed, known: &Fulfilment) -> Option<(u32, i64)> {
    order.lines().iter().find_map(|placed| {
        let progress = known.lines.get(&placed.line).copied().unwrap_or_default();
        let ended = progress.delivered.saturating_add(progress.lost);
        let ended = ended.saturating_add(progress.cancelled);
        let open = placed.quantity.saturating_sub(ended);
        (open != 0).then_some((placed.line, open))
    })
}

/// How many of each line; a line may be named twice.
fn sums(lines: &[LineQuantity]) -> BTreeMap<u32, i64> {
    let mut sums: BTreeMap<u32, i64> = BTreeMap::new();
    for line in lines {
        let sum = sums.entry(line.line).or_default();
        *sum = sum.saturating_add(line.quantity);
    }
    sums
}

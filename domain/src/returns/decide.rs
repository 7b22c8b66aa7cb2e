//! What commands to a return lead to.

mod inspection;

use super::{
    ApproveReturn, CancelReturn, DeclineReturn, GiveUpReturn, MarkInTransit, ReceiveReturn,
    RecordRefunded, RequestReturn, Return, ReturnApproved, ReturnCancelled, ReturnCase,
    ReturnClosed, ReturnCommand, ReturnDeclined, ReturnError, ReturnEvent, ReturnInTransit,
    ReturnLine, ReturnReceived, ReturnRefunded, ReturnRequested, ReturnStatus as S,
};
use crate::{
    Money, TextError,
    order::{
        LineQuantity, MAX_LINES, MAX_QUANTITY, Order, OrderError, OrderEvent, Placed, drop_return,
        open_return,
    },
    text,
};
use std::collections::BTreeSet;

pub use inspection::book_in;

/// The longest that people's reasons may be, in characters.
const MAX_REASON: usize = 500;
/// The longest that what a carrier calls it may be, in characters.
const MAX_TRACKING_NUMBER: usize = 255;

/// What happens to the return, and what to its order.
type Decision = Result<(Vec<ReturnEvent>, Vec<OrderEvent>), ReturnError>;

/// Decides `command` over a return and, where it is decided over that, its order: the order says how
/// many of each line may come back, and both are told at once.
pub fn over_order(state: &Return, command: &ReturnCommand, order: &Order) -> Decision {
    check(command)?;
    if let ReturnCommand::Request(command) = command {
        return request(state, command, order);
    }
    let case = state.requested().ok_or(ReturnError::NotFound)?;
    let named = command.decided_over();
    if named.is_some_and(|named| named != case.order_id) {
        return Err(ReturnError::NotFound);
    }
    match command {
        ReturnCommand::Request(_) => nothing(),
        ReturnCommand::Approve(command) => approve(case, command),
        ReturnCommand::Decline(command) => decline(case, command, order),
        ReturnCommand::MarkInTransit(command) => mark_in_transit(case, command),
        ReturnCommand::Receive(command) => receive(case, command),
        ReturnCommand::Inspect(command) => inspection::inspect(case, command, order),
        ReturnCommand::Cancel(command) => cancel(case, command, order),
        ReturnCommand::GiveUp(command) => give_up(case, command, order),
        ReturnCommand::BookIn(command) => Ok((book_in(state, command)?.0, vec![])),
        ReturnCommand::RecordRefunded(command) => record_refunded(case, command),
    }
}

/// Checks a reason that people give.
///
/// # Errors
/// It is blank, too long, or holds what is not text.
pub fn check_reason(reason: &str) -> Result<(), TextError> {
    text::prose("reason", reason, MAX_REASON)
}

/// Rules of meaning come before all that depends on the state: what breaks one does so for good.
fn check(command: &ReturnCommand) -> Result<(), ReturnError> {
    match command {
        ReturnCommand::Request(command) => {
            check_lines(&command.lines, 1)?;
            check_reason(&command.reason)?;
        }
        ReturnCommand::Decline(command) => check_reason(&command.reason)?,
        ReturnCommand::Cancel(command) => check_reason(&command.reason)?,
        ReturnCommand::GiveUp(command) => check_reason(&command.reason)?,
        ReturnCommand::Receive(command) => check_lines(&command.lines, 0)?,
        ReturnCommand::Inspect(command) => inspection::check(&command.lines)?,
        ReturnCommand::MarkInTransit(command) => {
            if let Some(number) = &command.tracking_number {
                text::line("tracking_number", number, MAX_TRACKING_NUMBER)?;
            }
        }
        ReturnCommand::Approve(_) | ReturnCommand::BookIn(_) | ReturnCommand::RecordRefunded(_) => {
        }
    }
    Ok(())
}

fn check_lines(lines: &[LineQuantity], min: usize) -> Result<(), ReturnError> {
    let counts = |line: &LineQuantity| (1..=MAX_QUANTITY).contains(&line.quantity);
    if let Some(index) = lines.iter().position(|line| !counts(line)) {
        return Err(lines_error(min, Some((index, "quantity"))));
    }
    check_numbers(min, lines.iter().map(|line| line.line))
}

/// That there are as many lines as there may be, each once.
fn check_numbers(
    min: usize,
    numbers: impl ExactSizeIterator<Item = u32>,
) -> Result<(), ReturnError> {
    if !(min..=MAX_LINES).contains(&numbers.len()) {
        return Err(lines_error(min, None));
    }
    let mut seen = BTreeSet::new();
    for (index, number) in numbers.enumerate() {
        if !seen.insert(number) {
            return Err(lines_error(min, Some((index, "line"))));
        }
    }
    Ok(())
}

const fn lines_error(min: usize, at: Option<(usize, &'static str)>) -> ReturnError {
    ReturnError::Lines {
        min,
        max: MAX_LINES,
        quantity: MAX_QUANTITY,
        at,
    }
}

const fn nothing() -> Decision {
    Ok((vec![], vec![]))
}

fn just(event: impl Into<ReturnEvent>) -> Decision {
    Ok((vec![event.into()], vec![]))
}

fn request(state: &Return, command: &RequestReturn, order: &Order) -> Decision {
    if let Return::Requested(case) = state {
        return match is_same(case, command) {
            true => nothing(),
            false => Err(ReturnError::AlreadyRequested),
        };
    }
    let placed = order.placed().ok_or(OrderError::NotFound)?;
    let opened = open_return(placed, command.return_id, &command.lines)?;
    let (lines, amount) = goods(placed, &command.lines)?;
    let requested = ReturnRequested {
        order_id: command.order_id,
        return_id: command.return_id,
        lines,
        amount,
        reason: command.reason.clone(),
    };
    Ok((vec![requested.into()], vec![opened.into()]))
}

fn is_same(case: &ReturnCase, command: &RequestReturn) -> bool {
    let wanted = sorted(&command.lines);
    let known = case.lines.iter().map(|line| (line.line, line.quantity));
    case.order_id == command.order_id
        && case.reason == command.reason
        && known.eq(wanted.iter().map(|line| (line.line, line.quantity)))
}

fn sorted(lines: &[LineQuantity]) -> Vec<LineQuantity> {
    let mut lines = lines.to_vec();
    lines.sort_unstable_by_key(|line| line.line);
    lines
}

/// What is to come back, and what it is worth.
fn goods(order: &Placed, lines: &[LineQuantity]) -> Result<(Vec<ReturnLine>, Money), ReturnError> {
    let mut amount: i64 = 0;
    let mut goods = vec![];
    for wanted in sorted(lines) {
        // The order has let them come back, so it has them.
        let placed = order.line(wanted.line).ok_or(OrderError::NotFound)?;
        let staying = order.staying(wanted.line);
        let worth = order.worth_of_last(wanted.line, staying, wanted.quantity);
        amount = amount.saturating_add(worth);
        goods.push(ReturnLine {
            line: placed.line,
            sku: placed.sku.clone(),
            quantity: wanted.quantity,
            unit_price: placed.unit_price,
            amount: worth,
        });
    }
    Ok((goods, Money::new(amount, order.placed.currency)))
}

fn approve(case: &ReturnCase, command: &ApproveReturn) -> Decision {
    match case.status {
        S::Requested => just(ReturnApproved {
            order_id: case.order_id,
            return_id: case.return_id,
            location: command.location.clone(),
        }),
        status @ (S::Declined | S::Cancelled) => Err(refused(status, "approve it")),
        _ => nothing(),
    }
}

fn decline(case: &ReturnCase, command: &DeclineReturn, order: &Order) -> Decision {
    match case.status {
        S::Requested => Ok((
            vec![
                ReturnDeclined {
                    order_id: case.order_id,
                    return_id: case.return_id,
                    reason: command.reason.clone(),
                }
                .into(),
            ],
            dropped(case, order)?,
        )),
        S::Declined => nothing(),
        status => Err(refused(status, "decline it")),
    }
}

fn cancel(case: &ReturnCase, command: &CancelReturn, order: &Order) -> Decision {
    match case.status {
        S::Requested | S::Approved | S::InTransit => cancelled(case, &command.reason, order),
        S::Cancelled => nothing(),
        status => Err(refused(status, "cancel it")),
    }
}

/// A return that was sent meanwhile has a time of its own, and one that has come is waited for no more.
fn give_up(case: &ReturnCase, command: &GiveUpReturn, order: &Order) -> Decision {
    match (case.status, command.sent) {
        (S::Approved, false) | (S::InTransit, true) => cancelled(case, &command.reason, order),
        _ => nothing(),
    }
}

fn cancelled(case: &ReturnCase, reason: &str, order: &Order) -> Decision {
    let cancelled = ReturnCancelled {
        order_id: case.order_id,
        return_id: case.return_id,
        reason: reason.into(),
    };
    Ok((vec![cancelled.into()], dropped(case, order)?))
}

/// The order need not count with it any more.
fn dropped(case: &ReturnCase, order: &Order) -> Result<Vec<OrderEvent>, ReturnError> {
    let placed = order.placed().ok_or(OrderError::NotFound)?;
    let dropped = drop_return(placed, case.return_id);
    Ok(dropped.map(Into::into).into_iter().collect())
}

fn mark_in_transit(case: &ReturnCase, command: &MarkInTransit) -> Decision {
    match case.status {
        S::Approved => just(ReturnInTransit {
            order_id: case.order_id,
            return_id: case.return_id,
            tracking_number: command.tracking_number.clone(),
        }),
        status @ (S::Requested | S::Declined | S::Cancelled) => {
            Err(refused(status, "record that it was sent"))
        }
        _ => nothing(),
    }
}

fn receive(case: &ReturnCase, command: &ReceiveReturn) -> Decision {
    if case.receipts.contains(command.receipt_id) {
        return nothing();
    }
    match case.status {
        S::Approved | S::InTransit | S::PartiallyReceived => {}
        status => return Err(refused(status, "receive it")),
    }
    let open = |line: &ReturnLine| line.quantity.saturating_sub(case.received(line.line));
    let lines = match command.lines.is_empty() {
        true => {
            let rest = case.lines.iter().map(|line| LineQuantity {
                line: line.line,
                quantity: open(line),
            });
            rest.filter(|line| line.quantity > 0).collect()
        }
        false => sorted(&command.lines),
    };
    for come in &lines {
        let known = case.lines.iter().find(|line| line.line == come.line);
        let open = known.map_or(0, open);
        if come.quantity > open {
            let place = command.lines.iter().position(|line| line.line == come.line);
            return Err(ReturnError::MoreThanRequested {
                line: come.line,
                open,
                quantity: come.quantity,
                index: place.unwrap_or_default(),
            });
        }
    }
    let left = case.lines.iter().map(open).fold(0, i64::saturating_add);
    let come = lines.iter().map(|line| line.quantity);
    just(ReturnReceived {
        order_id: case.order_id,
        return_id: case.return_id,
        receipt_id: command.receipt_id,
        all: come.fold(0, i64::saturating_add) == left,
        lines,
    })
}

fn record_refunded(case: &ReturnCase, command: &RecordRefunded) -> Decision {
    match (case.status, case.refund) {
        (S::Closed, _) => nothing(),
        (S::Inspected, Some(_)) if case.refunded => nothing(),
        // It may be less: what a lost dispute has taken is not paid back as well.
        (S::Inspected, Some(refund)) if is_at_most(refund, command.amount) => {
            let refunded = ReturnRefunded {
                order_id: case.order_id,
                return_id: case.return_id,
                amount: command.amount,
            };
            let closed = case.booked_in.then(|| closed(case).into());
            let events = std::iter::once(refunded.into()).chain(closed);
            Ok((events.collect(), vec![]))
        }
        (S::Inspected, Some(refund)) => Err(ReturnError::OtherAmount {
            refund,
            amount: command.amount,
        }),
        (status, _) => Err(refused(status, "record its refund")),
    }
}

fn is_at_most(refund: Money, amount: Money) -> bool {
    amount.currency == refund.currency && (0..=refund.amount).contains(&amount.amount)
}

/// What was accepted is in the stock and paid back.
fn closed(case: &ReturnCase) -> ReturnClosed {
    ReturnClosed {
        order_id: case.order_id,
        return_id: case.return_id,
    }
}

const fn refused(status: S, command: &'static str) -> ReturnError {
    ReturnError::State { status, command }
}

#[cfg(test)]
mod tests;

//! However an order came to be as it is, it costs what it would have cost at once.

use super::{super::*, placement};
use crate::{
    Decider,
    testing::{at, uuid},
};
use proptest::prelude::*;

/// What somebody would have of a line.
#[derive(Debug, Clone)]
enum Wish {
    /// So many in all.
    Amended(Vec<(u32, i64)>),
    /// So many less.
    Cancelled(u32, i64),
}

fn wish() -> impl Strategy<Value = Wish> {
    let one = || (1..5_u32, 0..14_i64);
    prop_oneof![
        3 => proptest::collection::vec(one(), 1..4).prop_map(Wish::Amended),
        2 => (1..5_u32, 1..5_i64).prop_map(|(line, quantity)| Wish::Cancelled(line, quantity)),
    ]
}

fn quantities(of: &[(u32, i64)]) -> Vec<LineQuantity> {
    let quantity = |&(line, quantity): &(u32, i64)| LineQuantity { line, quantity };
    of.iter().map(quantity).collect()
}

fn propose(n: u64, lines: Vec<LineQuantity>) -> OrderCommand {
    OrderCommand::ProposeAmendment(ProposeAmendment {
        amendment_id: uuid(10, n),
        lines,
        at: at(0),
        until: at(900),
        reason: "rather so".into(),
    })
}

/// The order after `command`, if it is accepted.
fn after(order: &Order, command: &OrderCommand) -> Option<Order> {
    let events = Orders::decide(order, command).ok()?;
    Some(events.iter().fold(order.clone(), Orders::evolve))
}

/// The same once the amendment that is open is applied: as it is over order, shipment and stock.
fn applied(order: Order) -> Order {
    let Some(open) = order.placed().and_then(Placed::open_amendment) else {
        return order;
    };
    let event = AmendmentApplied {
        order: open.order.clone(),
        amendment_id: open.amendment_id,
        lines: open.lines.clone(),
        total: open.total,
    };
    Orders::evolve(order, &event.into())
}

proptest! {
    #[test]
    fn the_way_to_a_quantity_does_not_decide_its_price(
        first in placement(),
        wishes in proptest::collection::vec(wish(), 1..12),
    ) {
        let Some(placed) = after(&Order::Absent, &OrderCommand::Place(first)) else {
            return Ok(());
        };
        let confirmed = after(&placed, &OrderCommand::Confirm(ConfirmOrder)).unwrap();
        let mut order = confirmed.clone();
        for (n, wish) in wishes.into_iter().enumerate() {
            let n = n as u64;
            let command = match &wish {
                Wish::Amended(lines) => propose(n, quantities(lines)),
                Wish::Cancelled(line, quantity) => OrderCommand::CancelLines(CancelLines {
                    cancellation_id: uuid(7, n),
                    lines: quantities(&[(*line, *quantity)]),
                    reason: "too many".into(),
                }),
            };
            let Some(next) = after(&order, &command) else {
                continue;
            };
            let before = order.placed().unwrap().open_total();
            order = applied(next);
            let now = order.placed().unwrap();
            if now.status != Status::Confirmed {
                break;
            }
            prop_assert!(now.open_total() <= now.placed.total, "more than is set aside");
            let fewer = matches!(wish, Wish::Cancelled(..));
            prop_assert!(!fewer || now.open_total() <= before, "less costs no more");
            // As many of each line, at once.
            let wanted = now.lines().iter().map(|line| LineQuantity {
                line: line.line,
                quantity: now.open(line.line),
            });
            let at_once = match Orders::decide(&confirmed, &propose(99, wanted.collect())) {
                Ok(events) => match events.as_slice() {
                    [OrderEvent::AmendmentProposed(event)] => event.total,
                    _ => panic!("{events:?}"),
                },
                Err(OrderError::NothingAmended) => now.placed.total,
                Err(error) => panic!("it is so, and could not be: {error}"),
            };
            prop_assert_eq!(now.open_total(), at_once);
            // What is taken apart is worth what it is.
            for line in now.lines() {
                let pieces = (1..=line.quantity.min(50)).map(|kept| {
                    now.worth_of_last(line.line, kept, 1)
                });
                let sum = pieces.fold(0, i64::saturating_add);
                prop_assert_eq!(sum, now.worth_of(line.line, line.quantity.min(50)));
            }
        }
    }
}

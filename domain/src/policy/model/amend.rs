//! What people would have orders be.

use super::{choices::Choices, world::World};
use crate::{
    Command, OrderId,
    order::{
        ApplyAmendment, CancelLines, ConcernedStock, LineQuantity, OrderCommand, ProposeAmendment,
        WithdrawAmendment,
    },
    testing::uuid,
};
use chrono::{DateTime, Duration, Utc};
use uuid::Uuid;

/// Somebody would have an order be otherwise, has it be so, or not after all; it may be refused.
pub(super) fn ask(world: &mut World, choices: &mut Choices, order_id: OrderId) {
    let open = world.placed(order_id).open_amendment();
    let command = match (open.map(|open| open.amendment_id), choices.below(5)) {
        (Some(amendment), 0..=2) => apply(world, order_id, amendment),
        (Some(amendment), 3) => withdraw(order_id, amendment),
        _ => {
            let first = choices.of(&[1, 2, 3]);
            let mut lines = vec![(first, choices.of(&[1, 0, 2, 3, 5, 9]))];
            let second = first % 3 + 1;
            match choices.below(3) {
                0 => {}
                1 => lines.push((second, choices.of(&[0, 1, 2, 3, 6]))),
                // One more of this instead of that.
                _ => {
                    lines = vec![
                        (first, 0),
                        (second, world.placed(order_id).open(second) + 1),
                    ]
                }
            }
            let until = world.now() + Duration::hours(choices.of(&[24, 1]));
            let id = uuid(10, world.log.len() as u64);
            let proposed = world.put(&propose(order_id, id, &lines, (world.now(), until)));
            if proposed.is_err() {
                return;
            }
            // Who knows what is wanted says so at once.
            match choices.below(5) {
                0 => return,
                1 | 2 => apply(world, order_id, id),
                3 => withdraw(order_id, id),
                _ => fewer(order_id, id, choices.of(&[1, 2, 3])),
            }
        }
    };
    let _refused = world.put(&command);
}

/// So many of these lines would be wanted; asked at a time, until another.
pub(super) fn propose(
    order_id: OrderId,
    amendment_id: Uuid,
    lines: &[(u32, i64)],
    (at, until): (DateTime<Utc>, DateTime<Utc>),
) -> Command {
    let quantity = |&(line, quantity): &(u32, i64)| LineQuantity { line, quantity };
    let command = ProposeAmendment {
        amendment_id,
        lines: lines.iter().map(quantity).collect(),
        at,
        until,
        reason: "rather so".into(),
    };
    Command::Order(order_id, OrderCommand::ProposeAmendment(command))
}

/// As was proposed: the stock that is concerned, the proposal says, and the shipment says where.
pub(super) fn apply(world: &World, order_id: OrderId, amendment_id: Uuid) -> Command {
    let open = world.placed(order_id).open_amendment();
    let shipment = world.shipment(order_id);
    let stock = open.zip(shipment.created());
    let command = ApplyAmendment {
        amendment_id,
        at: world.now(),
        stock: stock.map(|(open, parcel)| ConcernedStock {
            location: parcel.location.clone(),
            skus: open.stock.iter().map(|stock| stock.sku.clone()).collect(),
        }),
    };
    Command::Order(order_id, OrderCommand::ApplyAmendment(command))
}

/// One piece less, whatever else was proposed.
fn fewer(order_id: OrderId, cancellation_id: Uuid, line: u32) -> Command {
    let command = CancelLines {
        cancellation_id,
        lines: vec![LineQuantity { line, quantity: 1 }],
        reason: "rather not".into(),
    };
    Command::Order(order_id, OrderCommand::CancelLines(command))
}

fn withdraw(order_id: OrderId, amendment_id: Uuid) -> Command {
    let command = WithdrawAmendment { amendment_id };
    Command::Order(order_id, OrderCommand::WithdrawAmendment(command))
}

//! What customers send back, and what the shop makes of it.

use super::{choices::Choices, world::World};
use crate::{
    Command, Location, OrderId, ReturnId,
    order::LineQuantity,
    returns::{
        ApproveReturn, CancelReturn, DeclineReturn, InspectReturn, InspectedLine, MarkInTransit,
        ReceiveReturn, RequestReturn, Return, ReturnCase, ReturnCommand, ReturnStatus as S,
    },
    testing::uuid,
};

/// Somebody asks for a return, or does something about one; it may be refused.
pub(super) fn ask(world: &mut World, choices: &mut Choices, order_id: OrderId) {
    let known = world.returns_of(order_id);
    if known.is_empty() || choices.once_in(6) {
        return request(world, choices, order_id);
    }
    let id = choices.of(&known);
    let Return::Requested(case) = world.returned(id) else {
        return;
    };
    let reason = || "no more".to_owned();
    let command = match choices.below(12) {
        0..=2 => approve(),
        3 => ReturnCommand::Decline(DeclineReturn {
            order_id,
            reason: reason(),
        }),
        4 => ReturnCommand::MarkInTransit(MarkInTransit {
            tracking_number: None,
        }),
        5..=7 => {
            let receipt_id = uuid(9, world.log.len() as u64);
            let lines = match choices.of(&[true, true, false]) {
                true => vec![],
                false => vec![LineQuantity {
                    line: case.lines[choices.below(case.lines.len())].line,
                    quantity: 1,
                }],
            };
            ReturnCommand::Receive(ReceiveReturn { receipt_id, lines })
        }
        8..=10 => inspect(&case, |quantity| {
            let restocked = choices.of(&[quantity, 0, quantity / 2]);
            let quarantined = choices.of(&[0, quantity - restocked]);
            (restocked, quarantined)
        }),
        _ => ReturnCommand::Cancel(CancelReturn {
            order_id,
            reason: reason(),
        }),
    };
    let _refused = world.put(&Command::Return(id, command));
}

fn request(world: &mut World, choices: &mut Choices, order_id: OrderId) {
    let return_id = ReturnId::new(uuid(8, world.returns.len() as u64));
    let placed = world.placed(order_id).lines().to_vec();
    let first = choices.below(placed.len());
    let lines = placed.iter().skip(first).map(|line| LineQuantity {
        line: line.line,
        quantity: choices.of(&[line.quantity, 1]),
    });
    let command = ReturnCommand::Request(RequestReturn {
        return_id,
        order_id,
        lines: lines.collect(),
        reason: "too small".into(),
    });
    if world.put(&Command::Return(return_id, command)).is_ok() {
        world.returns.push((order_id, return_id));
    }
}

fn approve() -> ReturnCommand {
    let location = Location::default();
    ReturnCommand::Approve(ApproveReturn { location })
}

/// Looks at what has come: how many of so many are restocked and quarantined, `sort` says.
fn inspect(case: &ReturnCase, mut sort: impl FnMut(i64) -> (i64, i64)) -> ReturnCommand {
    let lines = case.received.iter().map(|(line, quantity)| {
        let (restocked, quarantined) = sort(*quantity);
        InspectedLine {
            line: *line,
            restocked,
            quarantined,
            refused: quantity - restocked - quarantined,
            reason: Some("looked at".into()),
        }
    });
    ReturnCommand::Inspect(InspectReturn {
        order_id: case.order_id,
        lines: lines.collect(),
    })
}

/// Somebody lets a return come, or looks at what has; says whether there was anything to do. What does
/// not come, nobody gives up: its time runs out.
pub(super) fn tidy(world: &mut World) -> bool {
    for (_, id) in world.returns.clone() {
        let Return::Requested(case) = world.returned(id) else {
            continue;
        };
        let command = match case.status {
            S::Requested => approve(),
            S::PartiallyReceived | S::Received => inspect(&case, |quantity| (quantity, 0)),
            _ => continue,
        };
        world.put(&Command::Return(id, command)).unwrap();
        return true;
    }
    false
}

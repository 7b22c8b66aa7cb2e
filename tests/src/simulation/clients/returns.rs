//! What clients ask of returns: of one piece of an order's first line each.

use super::{super::world::World, wishes::command};
use domain::{
    Command, CommandEnvelope, Location, OrderId, ReturnId,
    order::LineQuantity,
    returns::{
        ApproveReturn, CancelReturn, DeclineReturn, InspectReturn, InspectedLine, MarkInTransit,
        ReceiveReturn, RequestReturn, ReturnCommand,
    },
};

/// The line that comes back.
const LINE: u32 = 1;

/// Asks for a return of an order, or does something about one, in whatever order.
pub(super) fn wish(world: &World, order_id: OrderId) -> CommandEnvelope {
    let known = world.journal.entries().returns.clone();
    if known.is_empty() || world.dice.below(4) == 0 {
        return request(world, order_id);
    }
    let (order_id, id) = world.dice.of(&known);
    let reason = || "no more".to_owned();
    let wanted = match world.dice.below(12) {
        0..4 => ReturnCommand::Approve(ApproveReturn {
            location: Location::default(),
        }),
        4 => ReturnCommand::Decline(DeclineReturn {
            order_id,
            reason: reason(),
        }),
        5 => ReturnCommand::Cancel(CancelReturn {
            order_id,
            reason: reason(),
        }),
        6 => ReturnCommand::MarkInTransit(MarkInTransit {
            tracking_number: None,
        }),
        7..10 => ReturnCommand::Receive(ReceiveReturn {
            receipt_id: world.dice.uuid(),
            lines: vec![],
        }),
        _ => inspect(order_id, world.dice.of(&[[1, 0, 0], [0, 1, 0], [0, 0, 1]])),
    };
    command(world, Command::Return(id, wanted))
}

/// Asks for the return of a piece.
pub(in super::super) fn request(world: &World, order_id: OrderId) -> CommandEnvelope {
    let return_id = ReturnId::new(world.dice.uuid());
    let asked = (order_id, return_id);
    world.journal.entries().returns.push(asked);
    let line = LineQuantity {
        line: LINE,
        quantity: 1,
    };
    let wanted = ReturnCommand::Request(RequestReturn {
        return_id,
        order_id,
        lines: vec![line],
        reason: "too small".into(),
    });
    command(world, Command::Return(return_id, wanted))
}

fn inspect(order_id: OrderId, [restocked, quarantined, refused]: [i64; 3]) -> ReturnCommand {
    let line = InspectedLine {
        line: LINE,
        restocked,
        quarantined,
        refused,
        reason: Some("looked at".into()),
    };
    let lines = vec![line];
    ReturnCommand::Inspect(InspectReturn { order_id, lines })
}

/// Somebody looks at the piece that has come.
pub(in super::super) fn look_at(world: &World, order_id: OrderId, id: ReturnId) -> CommandEnvelope {
    let parts = world.dice.of(&[[1, 0, 0], [0, 1, 0], [0, 0, 1]]);
    command(world, Command::Return(id, inspect(order_id, parts)))
}

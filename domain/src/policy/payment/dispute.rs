//! What follows for an order from a dispute of its payment.
//!
//! Goods that have not left stay while somebody wants the money back. What is won goes on; what is lost
//! is cancelled, as far as it has not left.

use crate::{
    Command, OrderId,
    order::{OrderCommand, PlaceHold, ReleaseHold, RequestCancellation},
    payment::PaymentEvent,
    policy::Reaction,
};

/// What the hold is called that is on an order while a dispute is open.
const HOLD: &str = "disputed";

pub(super) fn reactions(happened: &PaymentEvent) -> Vec<Reaction> {
    match happened {
        PaymentEvent::DisputeOpened(opened) => {
            let hold = PlaceHold {
                hold: HOLD.into(),
                reason: format!("the payment is disputed: {}", opened.reason),
            };
            vec![order(opened.order_id, OrderCommand::PlaceHold(hold))]
        }
        PaymentEvent::DisputeWon(won) if won.still_open == 0 => {
            let release = OrderCommand::ReleaseHold(ReleaseHold { hold: HOLD.into() });
            vec![order(won.order_id, release)]
        }
        PaymentEvent::DisputeLost(lost) => {
            let cancel = RequestCancellation {
                reason: "a dispute of its payment was lost".into(),
            };
            let cancel = OrderCommand::RequestCancellation(cancel);
            vec![order(lost.order_id, cancel)]
        }
        _ => vec![],
    }
}

fn order(order_id: OrderId, command: OrderCommand) -> Reaction {
    Reaction::Execute(Command::Order(order_id, command))
}

//! The order: what was asked for, and what became of it.

mod command;
mod decide;
mod error;
mod event;
mod evolve;
#[cfg(test)]
mod properties;
mod state;

pub use command::{
    AddNote, CancelOrder, ConfirmOrder, ExpireOrder, NewLine, OrderCommand, PlaceHold, PlaceOrder,
    RejectCancellation, RejectOrder, ReleaseHold, RequestCancellation,
};
pub use error::OrderError;
pub use event::{
    Address, CancellationRejected, CancellationRequested, HoldPlaced, HoldReleased, Line,
    NoteAdded, OrderBrief, OrderCancelled, OrderConfirmed, OrderEvent, OrderExpired, OrderPlaced,
    OrderRejected, RejectionReason,
};
pub use state::{Order, Placed, Status};

pub(crate) use decide::MAX_QUANTITY;
pub use decide::check_hold_name;

use crate::Decider;

/// The decider of orders.
pub struct Orders;

impl Decider for Orders {
    type State = Order;
    type Command = OrderCommand;
    type Event = OrderEvent;
    type Error = OrderError;

    fn decide(state: &Order, command: &OrderCommand) -> Result<Vec<OrderEvent>, OrderError> {
        decide::decide(state, command)
    }

    fn evolve(state: Order, event: &OrderEvent) -> Order {
        evolve::evolve(state, event)
    }
}

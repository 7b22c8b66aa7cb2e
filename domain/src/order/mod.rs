//! The order: what was asked for, and what became of it.

mod address;
mod command;
mod decide;
mod error;
mod event;
mod evolve;
mod fulfilment;
#[cfg(test)]
mod properties;
mod returned;
mod state;
mod totals;
mod upcast;

pub use address::Address;
pub use command::{
    AddNote, CancelLines, CancelOrder, ChangeShippingAddress, CompleteOrder, ConfirmOrder,
    ExpireOrder, LineTerms, NewLine, OrderCommand, OrderTerms, ParkTask, PlaceHold, PlaceOrder,
    RecordDelivered, RecordLost, RecordShipped, RejectCancellation, RejectOrder, ReleaseHold,
    RequestCancellation, ResumeTask, SetDeadline, SetTags,
};
pub use error::OrderError;
pub use event::{
    Awaited, CancellationRejected, CancellationRequested, DeadlineSet, HoldPlaced, HoldReleased,
    Line, LineQuantity, LinesCancelled, LinesDelivered, LinesLost, LinesReturned, LinesShipped,
    NoteAdded, OrderBrief, OrderCancelled, OrderCompleted, OrderConfirmed, OrderEvent,
    OrderExpired, OrderPlaced, OrderRejected, RejectionReason, ReturnDropped, ReturnOpened,
    ShippingAddressChanged, TagsSet, TaskParked, TaskResumed,
};
pub use fulfilment::FulfilmentStatus;
pub use returned::OrderReturnStatus;
pub use state::{Fulfilment, LineProgress, Order, Placed, ShipmentProgress, Status};
pub use totals::Totals;

#[cfg(test)]
pub(crate) use decide::MAX_OPEN_RETURNS;
pub(crate) use decide::{
    FIRST_PLACED, MAX_LINES, MAX_QUANTITY, MAX_RETURNS, MAX_TOTAL, drop_return, open_return,
    record_returned,
};
pub use decide::{cancel_lines, change_address, check_hold_name, check_tag};

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

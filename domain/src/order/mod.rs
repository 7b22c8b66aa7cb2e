//! The order: what was asked for, and what became of it.

mod address;
mod amended;
mod amendment;
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
pub use amended::Amendments;
pub use amendment::{
    AmendedLine, AmendedStock, AmendmentApplied, AmendmentEnd, AmendmentExpired, AmendmentProposed,
    AmendmentRejected, AmendmentWithdrawn,
};
pub use command::{
    AddNote, ApplyAmendment, CancelLines, CancelOrder, ChangeShippingAddress, CompleteOrder,
    ConcernedStock, ConfirmOrder, DropShipment, ExpireAmendment, ExpireOrder, LineTerms, NewLine,
    OrderCommand, OrderTerms, ParkTask, PlaceHold, PlaceOrder, ProposeAmendment, RecordDelivered,
    RecordLost, RecordShipped, RejectAmendment, RejectCancellation, RejectOrder, ReleaseHold,
    RequestCancellation, ResumeTask, SetDeadline, SetTags, WithdrawAmendment,
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
pub use decide::{
    apply_amendment, cancel_lines, change_address, check_hold_name, check_tag, drop_shipment,
    propose_amendment,
};

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

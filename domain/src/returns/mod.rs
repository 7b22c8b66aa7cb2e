//! The return: what a customer sends back of an order, and what becomes of it.

mod command;
mod decide;
mod error;
mod event;
mod evolve;
#[cfg(test)]
mod properties;
mod state;
mod upcast;

pub use command::{
    ApproveReturn, BookIn, CancelReturn, DeclineReturn, GiveUpReturn, InspectReturn, MarkInTransit,
    ReceiveReturn, RecordRefunded, RequestReturn, ReturnCommand,
};
pub use decide::{book_in, check_reason, over_order};
pub use error::ReturnError;
pub use event::{
    InspectedLine, ReturnApproved, ReturnBookedIn, ReturnCancelled, ReturnClosed, ReturnDeclined,
    ReturnEvent, ReturnInTransit, ReturnInspected, ReturnLine, ReturnReceived, ReturnRefunded,
    ReturnRequested,
};
pub use state::{Return, ReturnCase, ReturnStatus};

use crate::{Decider, order::Order};

/// The decider of returns. What is decided over the order as well is decided by [`over_order`], and
/// what is over the stock by [`book_in`]; here they find none.
pub struct Returns;

impl Decider for Returns {
    type State = Return;
    type Command = ReturnCommand;
    type Event = ReturnEvent;
    type Error = ReturnError;

    fn decide(state: &Return, command: &ReturnCommand) -> Result<Vec<ReturnEvent>, ReturnError> {
        let (events, _) = over_order(state, command, &Order::Absent)?;
        Ok(events)
    }

    fn evolve(state: Return, event: &ReturnEvent) -> Return {
        evolve::evolve(state, event)
    }
}

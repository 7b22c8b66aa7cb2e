//! The stock of one SKU at one location.

mod across;
mod backorder;
mod command;
mod decide;
mod error;
mod event;
mod evolve;
mod keep;
#[cfg(test)]
mod properties;
mod state;
mod upcast;

pub use across::{MAX_LOCATIONS, MAX_LOOKED_AT, across, for_order};
pub use backorder::{with_backorders, with_backorders_among};
pub use command::{
    AdjustStock, ClearQuarantine, CoverBackorders, ReceiveStock, ReleaseReason, ReservationCommand,
    ReservationItem, ReservationLine, ReservationStep, SetBackorderLimit, StockCommand,
};
pub use error::StockError;
pub use event::{
    BackorderCovered, BackorderDropped, BackorderExpired, BackorderLimitSet, Backordered,
    QuarantineCleared, ReservationCommitted, ReservationExpired, ReservationRaised,
    ReservationReduced, ReservationReleased, StockAdjusted, StockEvent, StockQuarantined,
    StockReceived, StockRecovered, StockReservationRejected, StockReserved, StockRestocked,
    StockShipped,
};
pub(crate) use keep::{Kept, keep};
pub use state::{Ended, Reservation, ReservationKey, Stock};

use crate::Decider;

/// The decider of stock.
pub struct Stocks;

impl Decider for Stocks {
    type State = Stock;
    type Command = StockCommand;
    type Event = StockEvent;
    type Error = StockError;

    fn decide(state: &Stock, command: &StockCommand) -> Result<Vec<StockEvent>, StockError> {
        let events = decide::decide(state, command)?;
        Ok(with_backorders(state, events))
    }

    fn evolve(state: Stock, event: &StockEvent) -> Stock {
        evolve::evolve(state, event)
    }
}

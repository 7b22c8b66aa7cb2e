//! The shipment: what leaves for an order from one place, and what becomes of it on its way.

mod command;
mod decide;
mod error;
mod event;
mod evolve;
mod key;
#[cfg(test)]
mod properties;
mod said;
mod state;
mod upcast;

pub use command::{
    Allotted, BookInShipment, CancelShipment, CarrierNotice, CreateShipment, FoundLine,
    GiveUpShipment, HearCarrier, MarkReady, PackShipment, RecordDelivered, RecordDispatched,
    RecordFailed, RecordLost, RecordRefused, RecordReturnedToSender, RecordTracked,
    RequestDispatch, ShipmentCommand, Whereabouts,
};
pub use decide::{book_in_over_stock, check_reason, over_order, over_parcels};
pub(crate) use decide::{drop_out, is_split, refit_all};
pub use error::ShipmentError;
pub use event::{
    DispatchRefused, DispatchRequested, RecoveredLine, ShipmentBookedIn,
    ShipmentCancellationRefused, ShipmentCancelled, ShipmentCreated, ShipmentDelivered,
    ShipmentDeliveryFailed, ShipmentDispatched, ShipmentEvent, ShipmentGivenUp, ShipmentLine,
    ShipmentLost, ShipmentPacked, ShipmentReady, ShipmentRefitted, ShipmentReturnedToSender,
    ShipmentTracked,
};
pub use key::DispatchKey;
pub use said::{carrier_name, failure_reason, is_tracking_number};
pub use state::{Parcel, Shipment, ShipmentStatus};

use crate::{Decider, order::Order};

/// The decider of shipments. What looks at the order is decided by [`over_order`]; here it finds
/// none.
pub struct Shipments;

impl Decider for Shipments {
    type State = Shipment;
    type Command = ShipmentCommand;
    type Event = ShipmentEvent;
    type Error = ShipmentError;

    fn decide(
        state: &Shipment,
        command: &ShipmentCommand,
    ) -> Result<Vec<ShipmentEvent>, ShipmentError> {
        over_order(state, command, &Order::Absent)
    }

    fn evolve(state: Shipment, event: &ShipmentEvent) -> Shipment {
        evolve::evolve(state, event)
    }
}

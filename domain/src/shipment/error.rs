//! Why a command to a shipment may be refused.

use super::ShipmentStatus;
use crate::{Refusal, RefusalKind, TextError, order::Status};

/// Why a command to a shipment was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShipmentError {
    /// There is no such shipment, or it is not that order's.
    #[error("there is no such shipment")]
    NotFound,
    /// There is no such order.
    #[error("there is no such order")]
    NoOrder,
    /// The id is not that of what the command names.
    #[error("the id is not that of the order's shipment")]
    OtherShipment,
    /// A text that is not as it must be.
    #[error(transparent)]
    Text(#[from] TextError),
    /// It would have arrived before there can have been orders.
    #[error("delivered_at must not be before 1900")]
    DeliveredTooEarly,
    /// Not allowed where the shipment is.
    #[error("the shipment is {}, which does not allow to {command}", status.as_str())]
    State {
        /// Where it is.
        status: ShipmentStatus,
        /// What was asked.
        command: &'static str,
    },
    /// It will not leave any more.
    #[error("the shipment was given up: the carrier refused it, and nobody saw to that in time")]
    GivenUp,
    /// The attempt is not the one that is due.
    #[error("attempt {attempt} is not the one that is due")]
    Attempt {
        /// The attempt that was named.
        attempt: u32,
    },
    /// The carrier speaks of another parcel than the one that it has taken.
    #[error("the carrier calls the shipment otherwise than {tracking_number}")]
    OtherLabel {
        /// What it calls it now.
        tracking_number: String,
    },
    /// The order is not, or no longer, to be delivered.
    #[error("the order is {}, not confirmed", status.as_str())]
    NotConfirmed {
        /// Where the order is.
        status: Status,
    },
    /// What came back is not told as it must be.
    #[error(
        "1 to {max} lines came back, each named once and in order, with 1 to {quantity} of each"
    )]
    Found {
        /// The most lines that there may be.
        max: usize,
        /// The most that may be of each.
        quantity: i64,
    },
    /// More came back of a line than had left.
    #[error("line {line}: {quantity} had left, so {found} cannot have come back")]
    MoreThanLeft {
        /// The order's line.
        line: u32,
        /// How many had left.
        quantity: i64,
        /// How many are said to have come back.
        found: i64,
    },
    /// The SKUs or the location are not the shipment's.
    #[error("what is booked in is not what the shipment holds")]
    OtherGoods,
    /// It would leave in more parcels than any order does, or in others than it does.
    #[error("an order leaves in 1 to {max} parcels, all of which are decided on at once")]
    TooManyParcels {
        /// The most parcels that an order leaves in.
        max: usize,
    },
    /// Nothing leaves under a hold.
    #[error("the order is on hold: {hold}")]
    Held {
        /// A hold that is on the order.
        hold: String,
    },
}

impl From<ShipmentError> for Refusal {
    fn from(error: ShipmentError) -> Self {
        use RefusalKind::{Meaning, NotFound, State};
        use ShipmentError as E;
        let (kind, code, pointer) = match &error {
            E::Text(error) => return error.clone().into(),
            E::NotFound => (NotFound, "SHIPMENT_NOT_FOUND", None),
            E::NoOrder => (NotFound, "ORDER_NOT_FOUND", None),
            E::OtherShipment => (Meaning, "OTHER_SHIPMENT", None),
            E::DeliveredTooEarly => (Meaning, "DELIVERED_TOO_EARLY", Some("/delivered_at")),
            E::State { .. } => (State, "SHIPMENT_STATE", None),
            E::GivenUp => (State, "SHIPMENT_GIVEN_UP", None),
            E::Attempt { .. } => (State, "DISPATCH_ATTEMPT", None),
            E::OtherLabel { .. } => (State, "OTHER_LABEL", None),
            E::NotConfirmed { .. } => (State, "ORDER_NOT_CONFIRMED", None),
            E::Found { .. } => (Meaning, "FOUND_LINES", Some("/lines")),
            E::MoreThanLeft { .. } => (State, "MORE_THAN_SHIPPED", Some("/lines")),
            E::OtherGoods => (State, "OTHER_GOODS", None),
            E::TooManyParcels { .. } => (Meaning, "PARCELS", None),
            E::Held { .. } => (State, "ORDER_ON_HOLD", None),
        };
        let refusal = Self::new(kind, code, error.to_string());
        match pointer {
            Some(pointer) => refusal.at(pointer),
            None => refusal,
        }
    }
}

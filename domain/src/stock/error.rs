//! Why a command to stock may be refused.

use crate::{Refusal, RefusalKind, TextError, order::Status};

/// Why a command to stock was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StockError {
    /// A quantity below 1 or above the limit.
    #[error("quantity must be 1 to {max}")]
    Quantity {
        /// The most in one receipt.
        max: i64,
    },
    /// A correction of nothing, or above the limit.
    #[error("delta must be 1 to {max}, up or down")]
    Delta {
        /// The most in one correction.
        max: i64,
    },
    /// A text that is not as it must be.
    #[error(transparent)]
    Text(#[from] TextError),
    /// A reservation of nothing, of too much, or of a SKU named twice.
    #[error("a reservation names each SKU once, in order, with lines of 1 to {max} each")]
    Items {
        /// The most that a line may take.
        max: i64,
    },
    /// A reservation at a place that is named twice, or at too many.
    #[error("a reservation names each place once, {max} at most, and {all} at most times its SKUs")]
    Places {
        /// The most places.
        max: usize,
        /// The most SKUs times places, where there is more than one place.
        all: usize,
    },
    /// The correction would leave less than what orders were promised, and cannot wait for any more.
    #[error(
        "only {available} are not kept for orders that cannot wait, so the count cannot fall by {by}"
    )]
    Promised {
        /// How many are not promised, or may still be waited for within the backorder limit.
        available: i64,
        /// By how many it was to fall.
        by: i64,
    },
    /// A backorder limit below 0 or above the most there may be.
    #[error("limit must be 0 to {max}")]
    Limit {
        /// The highest limit.
        max: i64,
    },
    /// What is to leave is not there yet.
    #[error("the order still waits for {waiting} of it")]
    StillToCome {
        /// How many the order waits for.
        waiting: i64,
    },
    /// Nothing is cleared, or more than may be at once.
    #[error("restocked and written_off must not be negative, and 1 to {max} together")]
    Cleared {
        /// The most in one clearance.
        max: i64,
    },
    /// More is to be cleared than is in quarantine.
    #[error("{quarantined} are in quarantine, so {cleared} of them cannot be cleared")]
    MoreThanQuarantined {
        /// How many are in quarantine.
        quarantined: i64,
        /// How many were to be cleared.
        cleared: i64,
    },
    /// The count would exceed what can be counted.
    #[error("the count exceeds what can be counted")]
    Overflow,
    /// There is no such reservation to keep, or none that was kept to ship.
    #[error("there is no such reservation")]
    NoReservation,
    /// The reservation was given back before it came.
    #[error("the reservation was given back before it came")]
    Released,
    /// The order has ended, is being cancelled, or has what it needs.
    #[error("the order does not wait for stock any more: it is {}", status.as_str())]
    NotWaiting {
        /// Where the order is.
        status: Status,
    },
}

impl From<StockError> for Refusal {
    fn from(error: StockError) -> Self {
        use RefusalKind::{Meaning, State};
        use StockError as E;
        let (kind, code, pointer) = match &error {
            E::Text(error) => return error.clone().into(),
            E::Quantity { .. } => (Meaning, "QUANTITY_OUT_OF_RANGE", Some("/quantity")),
            E::Delta { .. } => (Meaning, "DELTA_OUT_OF_RANGE", Some("/delta")),
            E::Places { .. } => (Meaning, "RESERVATION_PLACES", Some("/further")),
            E::Items { .. } => (Meaning, "RESERVATION_ITEMS", Some("/items")),
            E::Limit { .. } => (Meaning, "BACKORDER_LIMIT_OUT_OF_RANGE", Some("/limit")),
            E::StillToCome { .. } => (State, "STILL_TO_COME", None),
            E::Cleared { .. } => (Meaning, "CLEARANCE_OUT_OF_RANGE", Some("/restocked")),
            E::MoreThanQuarantined { .. } => (State, "MORE_THAN_QUARANTINED", None),
            E::Promised { .. } => (State, "STOCK_PROMISED", Some("/delta")),
            E::Overflow => (State, "STOCK_OVERFLOW", Some("/quantity")),
            E::Released => (State, "RESERVATION_RELEASED", None),
            E::NoReservation => (State, "NO_RESERVATION", None),
            E::NotWaiting { .. } => (State, "ORDER_NOT_WAITING", None),
        };
        let refusal = Self::new(kind, code, error.to_string());
        match pointer {
            Some(pointer) => refusal.at(pointer),
            None => refusal,
        }
    }
}

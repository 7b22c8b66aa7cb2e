//! What is known of an order where a command to it is refused, and what may be asked of it instead.

use crate::{
    Refusal, RefusalKind,
    order::{Order, Packing},
    shipment::Shipment,
};
use chrono::{DateTime, Utc};

/// What is known of an order where a command to it is refused.
pub(super) struct Seen<'a> {
    order: &'a Order,
    packing: Packing,
    at: Option<DateTime<Utc>>,
}

impl<'a> Seen<'a> {
    /// Nothing but itself.
    pub(super) const fn of(order: &'a Order) -> Self {
        Self {
            order,
            packing: Packing::Unknown,
            at: None,
        }
    }

    /// How far all that may leave for it is.
    pub(super) fn with(order: &'a Order, shipments: &[&Shipment]) -> Self {
        Self {
            packing: Packing::of_all(shipments),
            ..Self::of(order)
        }
    }

    /// And when it is asked.
    pub(super) fn at(order: &'a Order, shipments: &[&Shipment], at: DateTime<Utc>) -> Self {
        Self {
            at: Some(at),
            ..Self::with(order, shipments)
        }
    }

    /// A refusal because of the order's state says what that state allows.
    pub(super) fn way_out(&self, refusal: Refusal) -> Refusal {
        match (refusal.kind, self.order.placed()) {
            (RefusalKind::State, Some(order)) => {
                refusal.allowing(&order.allowed_commands(self.packing, self.at))
            }
            _ => refusal,
        }
    }
}

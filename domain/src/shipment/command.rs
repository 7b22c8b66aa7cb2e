//! What may be asked of a shipment.

use crate::{
    Location, MAX_PARCELS, OrderId, ShipmentId, Sku, StreamId, TenantId,
    event::{is_default, is_one, one},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Anything that may be asked of a shipment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum ShipmentCommand {
    /// Have an order's goods packed.
    Create(CreateShipment),
    /// Say that they are packed.
    Pack(PackShipment),
    /// Say that they are paid, and may leave.
    MarkReady(MarkReady),
    /// Have the carrier take them.
    RequestDispatch(RequestDispatch),
    /// The carrier did.
    RecordDispatched(RecordDispatched),
    /// The carrier did not.
    RecordRefused(RecordRefused),
    /// The carrier was asked, and they are still under way.
    RecordTracked(RecordTracked),
    /// They have arrived.
    RecordDelivered(RecordDelivered),
    /// The carrier tried to deliver them in vain, and will try again.
    RecordFailed(RecordFailed),
    /// The carrier has lost them.
    RecordLost(RecordLost),
    /// The carrier has brought them back.
    RecordReturnedToSender(RecordReturnedToSender),
    /// The carrier says something of it by itself.
    Hear(HearCarrier),
    /// Give them up, if the carrier refuses them still.
    GiveUp(GiveUpShipment),
    /// Keep them, if they have not left.
    Cancel(CancelShipment),
    /// Put what came back of what did not arrive into the stock.
    BookIn(BookInShipment),
}

impl ShipmentCommand {
    /// The order that it is decided over as well, if it is over one.
    pub const fn decided_over(&self) -> Option<OrderId> {
        match self {
            Self::Create(command) => Some(command.order_id),
            Self::RequestDispatch(command) => Some(command.order_id),
            Self::Pack(_)
            | Self::MarkReady(_)
            | Self::RecordDispatched(_)
            | Self::RecordRefused(_)
            | Self::RecordTracked(_)
            | Self::RecordDelivered(_)
            | Self::RecordFailed(_)
            | Self::RecordLost(_)
            | Self::RecordReturnedToSender(_)
            | Self::Hear(_)
            | Self::GiveUp(_)
            | Self::Cancel(_)
            | Self::BookIn(_) => None,
        }
    }

    /// The other shipments that it is decided over as well: the order's further parcels.
    pub(crate) fn further(&self) -> impl Iterator<Item = ShipmentId> + use<> {
        let (order, parcels) = match self {
            Self::Create(command) => (Some(command.order_id), command.further.len() + 1),
            Self::Cancel(command) => (Some(command.order_id), command.parcels as usize),
            _ => (None, 1),
        };
        // More there cannot be, whatever a command says: it is refused then.
        let numbers = 2..=parcels.min(MAX_PARCELS);
        let further = order.map(|order| numbers.map(move |n| ShipmentId::parcel(order, n)));
        further.into_iter().flatten()
    }

    /// The shipment that it must be about, where it says of which order and place.
    pub(crate) fn names(&self) -> Option<ShipmentId> {
        match self {
            Self::Create(command) => Some(ShipmentId::whole(command.order_id)),
            Self::Cancel(command) => Some(ShipmentId::whole(command.order_id)),
            _ => None,
        }
    }

    /// A short name for logs and metrics.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Create(_) => "create_shipment",
            Self::Pack(_) => "pack_shipment",
            Self::MarkReady(_) => "mark_shipment_ready",
            Self::RequestDispatch(_) => "request_dispatch",
            Self::RecordDispatched(_) => "record_dispatched",
            Self::RecordRefused(_) => "record_dispatch_refused",
            Self::RecordTracked(_) => "record_tracked",
            Self::RecordDelivered(_) => "record_delivered",
            Self::RecordFailed(_) => "record_delivery_failed",
            Self::RecordLost(_) => "record_lost",
            Self::RecordReturnedToSender(_) => "record_returned_to_sender",
            Self::Hear(_) => "hear_carrier",
            Self::GiveUp(_) => "give_up_shipment",
            Self::Cancel(_) => "cancel_shipment",
            Self::BookIn(_) => "book_in_shipment",
        }
    }
}

/// Has what an order takes packed, all of it at once. What that is, the order says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CreateShipment {
    /// The order.
    pub order_id: OrderId,
    /// From where; or from where the first parcel leaves.
    pub location: Location,
    /// Which SKUs leave from there; none where all of the order does.
    #[serde(default, skip_serializing_if = "is_default")]
    pub skus: Vec<Sku>,
    /// What else leaves from where: a parcel each.
    #[serde(default, skip_serializing_if = "is_default")]
    pub further: Vec<Allotted>,
}

/// What of an order leaves from a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allotted {
    /// From where.
    pub location: Location,
    /// Which SKUs: all of the order's lines of them.
    pub skus: Vec<Sku>,
}

/// Says that all of it is packed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PackShipment;

/// Says that what it is worth was taken from the customer.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct MarkReady;

/// Has the carrier take it: the first time, or again after the carrier refused it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RequestDispatch {
    /// The order: it must be confirmed and free of holds.
    pub order_id: OrderId,
}

/// The carrier has taken it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordDispatched {
    /// Which attempt.
    pub attempt: u32,
    /// Who the carrier is.
    pub carrier: String,
    /// What the carrier calls it.
    pub tracking_number: String,
}

/// The carrier has not taken it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordRefused {
    /// Which attempt.
    pub attempt: u32,
    /// The carrier's reason.
    pub code: String,
}

/// The carrier was asked, and had nothing new to tell.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RecordTracked {
    /// How often the carrier was asked, this time included.
    pub inquiries: u32,
}

/// It has arrived, as the carrier or people say.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RecordDelivered {
    /// When; not before 1900.
    pub delivered_at: DateTime<Utc>,
}

/// The carrier tried to deliver it in vain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordFailed {
    /// How often the carrier was asked, this time included.
    pub inquiries: u32,
    /// The carrier's reason.
    pub reason: String,
}

/// The carrier has lost it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RecordLost;

/// The carrier has brought it back.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RecordReturnedToSender;

/// The carrier says by itself what has become of what it was asked to take: before our call is answered,
/// after it, again, or out of order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HearCarrier {
    /// Which attempt it is about.
    pub attempt: u32,
    /// What it says.
    pub notice: CarrierNotice,
}

/// What a carrier says by itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum CarrierNotice {
    /// It has not taken it.
    Refused {
        /// The carrier's reason.
        code: String,
    },
    /// It has taken it, and it is there now.
    Taken {
        /// Who the carrier is.
        carrier: String,
        /// What the carrier calls it.
        tracking_number: String,
        /// Where it is.
        whereabouts: Whereabouts,
    },
}

/// Where what a carrier has taken is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Whereabouts {
    /// On its way.
    UnderWay,
    /// On its way still, after the carrier tried to deliver it in vain.
    Failed {
        /// The carrier's reason.
        reason: String,
    },
    /// It has arrived.
    Delivered {
        /// When; not before 1900.
        at: DateTime<Utc>,
    },
    /// The carrier has lost it.
    Lost,
    /// The carrier has brought it back.
    Returned,
}

/// Keeps what has not left. Where nothing was to be packed yet, nothing will be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CancelShipment {
    /// The order.
    pub order_id: OrderId,
    /// From where.
    pub location: Location,
    /// Which cancellation of the order it is for: how many were asked for before.
    pub request: u32,
    /// Why, for people.
    pub reason: String,
    /// How many parcels the order leaves in: all of them are kept, or none.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub parcels: u32,
}

/// Gives a shipment up that nobody saw to after the carrier had refused it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GiveUpShipment {
    /// Which attempt was refused: after another one it has its time anew.
    pub attempt: u32,
    /// Why, for people.
    pub reason: String,
}

/// Puts what came back of a shipment that did not arrive into the stock, all SKUs at once. What is not
/// named did not come back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BookInShipment {
    /// Where it left from.
    pub location: Location,
    /// What came back; sorted, each SKU once.
    pub skus: Vec<Sku>,
    /// How much of each line; sorted, each line once.
    pub lines: Vec<FoundLine>,
    /// What is to be said of it, for people.
    pub reason: Option<String>,
}

/// What came back of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundLine {
    /// The order's line.
    pub line: u32,
    /// How many can be sold again.
    pub restocked: i64,
    /// How many cannot be sold as they are.
    pub quarantined: i64,
}

impl FoundLine {
    /// How many came back.
    pub const fn quantity(&self) -> i64 {
        self.restocked.saturating_add(self.quarantined)
    }
}

impl BookInShipment {
    /// The streams of the stock that it goes into.
    pub(crate) fn streams(&self, tenant: &TenantId) -> Vec<StreamId> {
        let stock = |sku: &Sku| StreamId::stock(tenant, &self.location, sku);
        self.skus.iter().map(stock).collect()
    }
}

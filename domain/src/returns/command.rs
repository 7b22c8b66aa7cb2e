//! What may be asked of a return.

use super::InspectedLine;
use crate::{Location, Money, OrderId, ReturnId, Sku, StreamId, TenantId, order::LineQuantity};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Anything that may be asked of a return.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum ReturnCommand {
    /// Ask for it.
    Request(RequestReturn),
    /// Let the customer send it.
    Approve(ApproveReturn),
    /// Do not.
    Decline(DeclineReturn),
    /// Say that the customer has sent it.
    MarkInTransit(MarkInTransit),
    /// Say that it has come, or some of it.
    Receive(ReceiveReturn),
    /// Say what has come is like.
    Inspect(InspectReturn),
    /// Give it up before anything has come.
    Cancel(CancelReturn),
    /// Give it up, if it is still waited for as it was when its time began.
    GiveUp(GiveUpReturn),
    /// Put what came where it belongs.
    BookIn(BookIn),
    /// Say that what it is worth was given back.
    RecordRefunded(RecordRefunded),
}

impl ReturnCommand {
    /// The order that it is decided over as well, if it is over one.
    pub const fn decided_over(&self) -> Option<OrderId> {
        match self {
            Self::Request(command) => Some(command.order_id),
            Self::Decline(command) => Some(command.order_id),
            Self::Inspect(command) => Some(command.order_id),
            Self::Cancel(command) => Some(command.order_id),
            Self::GiveUp(command) => Some(command.order_id),
            Self::Approve(_)
            | Self::MarkInTransit(_)
            | Self::Receive(_)
            | Self::BookIn(_)
            | Self::RecordRefunded(_) => None,
        }
    }

    /// The return that it must be about, where it says of which.
    pub(crate) const fn names(&self) -> Option<ReturnId> {
        match self {
            Self::Request(command) => Some(command.return_id),
            _ => None,
        }
    }

    /// A short name for logs and metrics.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Request(_) => "request_return",
            Self::Approve(_) => "approve_return",
            Self::Decline(_) => "decline_return",
            Self::MarkInTransit(_) => "mark_return_in_transit",
            Self::Receive(_) => "receive_return",
            Self::Inspect(_) => "inspect_return",
            Self::Cancel(_) => "cancel_return",
            Self::GiveUp(_) => "give_up_return",
            Self::BookIn(_) => "book_in_return",
            Self::RecordRefunded(_) => "record_return_refunded",
        }
    }
}

/// Asks for the return of what has arrived.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RequestReturn {
    /// The return's id, minted at the edge.
    pub return_id: ReturnId,
    /// The order: it says how many of each line may come back.
    pub order_id: OrderId,
    /// What: 1 to 1,000 lines of the order, each once.
    pub lines: Vec<LineQuantity>,
    /// Why, for people.
    pub reason: String,
}

/// Lets the customer send it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ApproveReturn {
    /// Where to.
    pub location: Location,
}

/// Does not let the customer send it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeclineReturn {
    /// The order.
    pub order_id: OrderId,
    /// Why, for people.
    pub reason: String,
}

/// Says that the customer has sent it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MarkInTransit {
    /// What the carrier calls it, if that is known.
    pub tracking_number: Option<String>,
}

/// Says that some of it has come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReceiveReturn {
    /// The receipt's id, minted at the edge.
    pub receipt_id: Uuid,
    /// What: lines of the return, each once; none if all has come that had not.
    pub lines: Vec<LineQuantity>,
}

/// Says what that is like which has come. What has not come by then is not returned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InspectReturn {
    /// The order.
    pub order_id: OrderId,
    /// All that has come, each line once.
    pub lines: Vec<InspectedLine>,
}

/// Gives it up before anything has come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CancelReturn {
    /// The order.
    pub order_id: OrderId,
    /// Why, for people.
    pub reason: String,
}

/// Gives it up, since it has not come in time. Whose time is up may have been told late of what happened
/// to the return: it says what it waited for, and the return knows whether that is still so.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GiveUpReturn {
    /// The order.
    pub order_id: OrderId,
    /// Whether it was waited for as one that the customer has sent; else, as one that may be sent.
    pub sent: bool,
    /// Why, for people.
    pub reason: String,
}

/// Puts what was accepted into the stock, all SKUs or none: the return says how many.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BookIn {
    /// Where.
    pub location: Location,
    /// What was accepted; sorted, each SKU once.
    pub skus: Vec<Sku>,
}

impl BookIn {
    /// The streams of the stock that it goes into.
    pub(crate) fn streams(&self, tenant: &TenantId) -> Vec<StreamId> {
        let stock = |sku: &Sku| StreamId::stock(tenant, &self.location, sku);
        self.skus.iter().map(stock).collect()
    }
}

/// The provider gave back what was accepted is worth.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RecordRefunded {
    /// How much.
    pub amount: Money,
}

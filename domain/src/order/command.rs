//! What may be asked of an order.

use super::{Awaited, LineQuantity, RejectionReason};
use crate::{
    Currency, CustomerId, Location, OrderId, Refusal, Sealed, ShipmentId, Sku, StreamId, TaxRate,
    TenantId,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Anything that may be asked of an order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum OrderCommand {
    /// Place it.
    Place(PlaceOrder),
    /// Confirm it: stock is reserved and payment authorized.
    Confirm(ConfirmOrder),
    /// Reject it: it cannot be had.
    Reject(RejectOrder),
    /// Let it expire: payment did not come in time.
    Expire(ExpireOrder),
    /// Ask for its cancellation.
    RequestCancellation(RequestCancellation),
    /// Say that it can no longer be cancelled.
    RejectCancellation(RejectCancellation),
    /// Finish its cancellation.
    Cancel(CancelOrder),
    /// Write a note on it.
    AddNote(AddNote),
    /// Put a hold on it: no confirmation and no dispatch while it lasts.
    PlaceHold(PlaceHold),
    /// Take a hold off it.
    ReleaseHold(ReleaseHold),
    /// Say that some of it has left.
    RecordShipped(RecordShipped),
    /// Say that some of it has arrived.
    RecordDelivered(RecordDelivered),
    /// Say that some of it will not arrive.
    RecordLost(RecordLost),
    /// Close it: nothing of it is to come any more.
    Complete(CompleteOrder),
    /// Say that something to be done about it was given up, and waits for an operator.
    ParkTask(ParkTask),
    /// Say that an operator has had that done.
    ResumeTask(ResumeTask),
    /// Say until when something is waited for.
    SetDeadline(SetDeadline),
    /// Say that some of it is not wanted any more.
    CancelLines(CancelLines),
    /// Say what it is tagged with.
    SetTags(SetTags),
    /// Have it go somewhere else.
    ChangeShippingAddress(ChangeShippingAddress),
    /// Say what it would be.
    ProposeAmendment(ProposeAmendment),
    /// Have it be as was proposed.
    ApplyAmendment(ApplyAmendment),
    /// Take a proposal back.
    WithdrawAmendment(WithdrawAmendment),
    /// Give up a proposal that the order has overtaken.
    RejectAmendment(RejectAmendment),
    /// Give up a proposal that nobody has applied in time.
    ExpireAmendment(ExpireAmendment),
    /// Say that people have set right what a participant's word contradicted.
    SettleContradiction(SettleContradiction),
    /// Say that one of its parcels cannot leave: what is in it is not wanted any more.
    DropShipment(DropShipment),
}

/// One line as it is ordered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NewLine {
    /// What.
    pub sku: Sku,
    /// How many; at least 1.
    pub quantity: i64,
    /// Price of one, in minor units; not negative.
    pub unit_price: i64,
    /// The currency of the price, when it is said for the line; else the order's.
    pub currency: Option<Currency>,
    /// Its discount and its tax; none, unless they are said.
    pub terms: LineTerms,
}

/// What lowers the price of a line, and how it is taxed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineTerms {
    /// What is taken off the price of all, in minor units: not more than that.
    pub discount: i64,
    /// The rate by which its tax is computed; not together with `tax`.
    pub tax_rate: Option<TaxRate>,
    /// Its tax, in minor units: not more than what is taxed.
    pub tax: Option<i64>,
}

/// What lowers the price of a whole order, and how it is taxed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderTerms {
    /// What is taken off all lines together, beside their own discounts, in minor units: not more than
    /// they come to.
    pub discount: i64,
    /// The tax of all lines, in minor units. Where lines say their own tax, it must be their sum; else
    /// it is shared out, and is not more than what is taxed.
    pub tax: Option<i64>,
    /// Whether prices include tax; else it is added.
    pub tax_included: bool,
}

/// Places an order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlaceOrder {
    /// The order's id, minted at the edge.
    pub order_id: OrderId,
    /// Who orders.
    pub customer_id: CustomerId,
    /// The currency of all prices.
    pub currency: Currency,
    /// What is ordered; the same SKU may come in several lines.
    pub lines: Vec<NewLine>,
    /// The order's own discount and tax; none, unless they are said.
    pub terms: OrderTerms,
    /// The total that the client expects, in minor units, with discounts and tax: refused if it is not
    /// the lines' sum.
    pub total: Option<i64>,
    /// Where to: an [`Address`](super::Address), which was checked, and then sealed with its
    /// customer's key, before the command was made.
    pub shipping_address: Option<Sealed>,
    /// How it is paid: a token of the payment provider.
    pub payment_method: String,
    /// The shop's own order number.
    pub reference: Option<String>,
    /// When the customer ordered; for imported history that is long ago.
    pub placed_at: DateTime<Utc>,
}

/// Confirms a placed order.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ConfirmOrder;

/// Rejects a placed order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RejectOrder {
    /// Why.
    pub reason: RejectionReason,
    /// One sentence for people.
    pub detail: String,
}

/// Lets a placed order expire.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ExpireOrder;

/// Asks for the cancellation of an order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RequestCancellation {
    /// Why, for people.
    pub reason: String,
}

/// Refuses a cancellation that was asked for.
///
/// Shipping does, which knows that the goods have left.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RejectCancellation {
    /// Which one: how many were asked for before. An answer that comes again is none to the next.
    #[serde(default)]
    pub request: u32,
    /// Why, for people.
    pub reason: String,
}

/// Finishes a cancellation: stock is released and payment settled.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CancelOrder;

/// Writes a note.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AddNote {
    /// The note's id, minted at the edge.
    pub note_id: Uuid,
    /// The text; 1 to 2,000 characters, line breaks allowed.
    pub text: String,
}

/// Puts a hold on an order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlaceHold {
    /// Which hold: 1 to 64 characters of a-z, 0-9, '-' and '_', such as `fraud-check`.
    pub hold: String,
    /// Why, for people.
    pub reason: String,
}

/// Takes a hold off an order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReleaseHold {
    /// Which hold.
    pub hold: String,
}

/// Says that a shipment has left.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordShipped {
    /// Which shipment.
    pub shipment_id: ShipmentId,
    /// What is in it: 1 to 1,000 lines of the order.
    pub lines: Vec<LineQuantity>,
}

/// Says that a shipment has arrived.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordDelivered {
    /// Which shipment.
    pub shipment_id: ShipmentId,
    /// What is in it: 1 to 1,000 lines of the order.
    pub lines: Vec<LineQuantity>,
}

/// Says that a shipment will not arrive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordLost {
    /// Which shipment.
    pub shipment_id: ShipmentId,
    /// What is in it: 1 to 1,000 lines of the order.
    pub lines: Vec<LineQuantity>,
    /// Whether the carrier has brought it back.
    pub returned: bool,
}

/// Closes an order of which nothing is to come any more.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CompleteOrder;

/// Says that a call or a timer was given up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ParkTask {
    /// Which.
    pub task_id: Uuid,
    /// What it does, in a word: `refund`, `dispatch`.
    pub task: String,
    /// Of which one, where there may be several: the shipment, or the number of the refund.
    pub of: Option<String>,
    /// Whether it was done out there, and is refused here.
    pub done: bool,
    /// Why, for people.
    pub problem: String,
}

/// What waits for people, of an order, when a participant says by itself what its books contradict: no task
/// stands behind it, and nothing that is still to happen settles it.
pub const CONTRADICTION: &str = "contradiction";

impl ParkTask {
    /// What a participant has said in its event `of` about the payment or the shipment of that id, and the books
    /// have refused. It is one however often it is said, also in further events: so it waits once.
    pub fn contradiction(about: Uuid, of: &str, refusal: &Refusal) -> Self {
        let what = format!("{CONTRADICTION}/{}/{}", refusal.code, refusal.detail);
        Self {
            task_id: Uuid::new_v5(&about, what.as_bytes()),
            task: CONTRADICTION.into(),
            of: Some(of.into()),
            done: true,
            problem: format!("{} ({})", refusal.detail, refusal.code),
        }
    }
}

/// Says that people have set right what a participant's word contradicted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SettleContradiction {
    /// Which: the process view has it under this id.
    pub task_id: Uuid,
    /// The id, minted at the edge, of the note that says how it was set right.
    pub note_id: Uuid,
    /// How, for people; 1 to 500 characters.
    pub reason: String,
}

/// Says that an operator has had done, or settled, what was given up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ResumeTask {
    /// Which.
    pub task_id: Uuid,
}

/// Says until when something is waited for. Whoever acts then says so, once it is settled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SetDeadline {
    /// What.
    pub what: Awaited,
    /// Of which one: the return, or the shipment.
    pub of: String,
    /// Until when.
    pub until: DateTime<Utc>,
}

/// Says that some of an order is not wanted any more. Decided over its shipments as well: what is packed is
/// paid for, and leaves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CancelLines {
    /// The cancellation's id, minted at the edge.
    pub cancellation_id: Uuid,
    /// What: 1 to 1,000 lines of the order, each once.
    pub lines: Vec<LineQuantity>,
    /// Why, for people.
    pub reason: String,
}

/// Says what an order is tagged with: these, and nothing else.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SetTags {
    /// All of its tags, in any order, each once: at most 32 of 1 to 64 characters of a-z, 0-9, '-' and '_'.
    pub tags: Vec<String>,
}

/// Has an order go somewhere else. Decided over its shipments as well: what the carrier was asked to take
/// has its label.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChangeShippingAddress {
    /// Where to: an [`Address`](super::Address), which was checked, and then sealed with the key of the
    /// order's customer, before the command was made. None where that customer was erased, and nothing can be
    /// sealed any more: what was asked before that is answered as it was then, and anything else is refused.
    pub shipping_address: Option<Sealed>,
}

/// Says what an order would be. Decided over its shipments as well: what is packed is paid for, and leaves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProposeAmendment {
    /// The amendment's id, minted at the edge.
    pub amendment_id: Uuid,
    /// How many of them are wanted then, or none: 1 to 1,000 lines of the order, each once. Of the others as
    /// many as now.
    pub lines: Vec<LineQuantity>,
    /// When it is asked.
    pub at: DateTime<Utc>,
    /// Until when it may be applied: then it expires.
    pub until: DateTime<Utc>,
    /// Why, for people.
    pub reason: String,
}

/// Has an order be as was proposed. Decided over its shipments, and over the stock that the proposal names
/// where these leave from, as well: all of it is done, or nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ApplyAmendment {
    /// Which amendment.
    pub amendment_id: Uuid,
    /// When it is asked.
    pub at: DateTime<Utc>,
    /// The stock that is concerned; none while nobody knows from where the order leaves: then no more can be
    /// wanted of it, and what is not wanted is given back after it.
    pub stock: Option<ConcernedStock>,
}

/// The stock that an amendment is about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConcernedStock {
    /// From where the order's goods leave, as its shipment says.
    pub location: Location,
    /// The SKUs of which more, or less, is kept then, as the proposal says; sorted.
    pub skus: Vec<Sku>,
}

impl ApplyAmendment {
    /// The streams of the stock that is kept for it.
    pub(crate) fn streams(&self, tenant: &TenantId) -> Vec<StreamId> {
        let Some(concerned) = &self.stock else {
            return vec![];
        };
        let stock = |sku| StreamId::stock(tenant, &concerned.location, sku);
        concerned.skus.iter().map(stock).collect()
    }

    /// Of how many SKUs that is.
    pub(crate) fn skus(&self) -> usize {
        self.stock.as_ref().map_or(0, |stock| stock.skus.len())
    }
}

/// Takes a proposal back.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct WithdrawAmendment {
    /// Which amendment.
    pub amendment_id: Uuid,
}

/// Gives up a proposal that the order has overtaken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RejectAmendment {
    /// Which amendment.
    pub amendment_id: Uuid,
    /// Why, for people.
    pub reason: String,
}

/// Gives up a proposal that nobody has applied in time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ExpireAmendment {
    /// Which amendment.
    pub amendment_id: Uuid,
}

/// Says that a parcel of an order that leaves in several cannot leave, and that the rest is to go its way.
/// Decided over the shipment as well. Where nothing else of the order leaves, or has left, all of it is
/// being cancelled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DropShipment {
    /// Which shipment.
    pub shipment_id: ShipmentId,
    /// Whether also if it is packed: nothing may be being taken for it then.
    pub even_packed: bool,
    /// Why, for people.
    pub reason: String,
}

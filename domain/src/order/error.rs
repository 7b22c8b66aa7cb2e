//! Why a command to an order may be refused.

mod refusal;

use super::{AmendmentEnd, Status};
use crate::{Sku, TextError};
use uuid::Uuid;

/// Why a command to an order was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OrderError {
    /// There is no such order.
    #[error("there is no such order")]
    NotFound,
    /// The id belongs to another order.
    #[error("another order was placed under this id")]
    AlreadyPlaced,
    /// Ordered before there can have been orders.
    #[error("placed_at must not be before 1900")]
    PlacedTooEarly,
    /// No lines.
    #[error("an order needs at least one line")]
    NoLines,
    /// Too many lines.
    #[error("an order has at most {max} lines, this one has {count}")]
    TooManyLines {
        /// How many there are.
        count: usize,
        /// How many there may be.
        max: usize,
    },
    /// A quantity below 1 or above the limit.
    #[error("line {line}: quantity must be 1 to {max}")]
    Quantity {
        /// The line's number, from 1.
        line: usize,
        /// The most that may be ordered in a line.
        max: i64,
    },
    /// A negative price.
    #[error("line {line}: unit_price must not be negative")]
    Price {
        /// The line's number, from 1.
        line: usize,
    },
    /// A line in another currency than the order.
    #[error("line {line}: its currency is not the order's")]
    MixedCurrencies {
        /// The line's number, from 1.
        line: usize,
    },
    /// The order comes to more than an order may.
    #[error("line {line}: an order may come to {max} minor units, and this one comes to more")]
    Total {
        /// The line at which it does, from 1.
        line: usize,
        /// The most that an order may come to, in minor units.
        max: i64,
    },
    /// A line's discount is negative, or more than its price.
    #[error("line {line}: discount must be 0 to {max}, which is the price of the line")]
    Discount {
        /// The line's number, from 1.
        line: usize,
        /// The price of the line, in minor units.
        max: i64,
    },
    /// The order's discount is negative, or more than its lines come to.
    #[error("discount must be 0 to {max}, which is what the lines come to after their own")]
    OrderDiscount {
        /// What the lines come to, in minor units.
        max: i64,
    },
    /// A line's tax is negative, or more than what is taxed.
    #[error("line {line}: tax must be 0 to {max}, which is what is taxed")]
    Tax {
        /// The line's number, from 1.
        line: usize,
        /// What the line comes to after discounts, in minor units.
        max: i64,
    },
    /// A line says its tax and a rate for it.
    #[error("line {line}: tax and tax_rate cannot both be given")]
    TaxTwice {
        /// The line's number, from 1.
        line: usize,
    },
    /// The order's tax is negative, or more than what is taxed.
    #[error("tax must be 0 to {max}, which is what is taxed")]
    OrderTax {
        /// What the lines come to after discounts, in minor units.
        max: i64,
    },
    /// The order's tax is not the sum of what its lines say.
    #[error("tax is {said}, but the taxes of the lines add up to {sum}")]
    TaxMismatch {
        /// What the client said, in minor units.
        said: i64,
        /// What the lines' taxes add up to, in minor units.
        sum: i64,
    },
    /// With its tax, the order comes to more than an order may.
    #[error("an order may come to {max} minor units, and this one comes to more with its tax")]
    TaxedTotal {
        /// The line at which it does, from 1; none where the tax is the whole order's.
        line: Option<usize>,
        /// The field of it that says the tax.
        field: &'static str,
        /// The most that an order may come to, in minor units.
        max: i64,
    },
    /// The client's total is not the sum of the lines.
    #[error("total is {said}, but the lines add up to {sum}")]
    TotalMismatch {
        /// What the client said, in minor units.
        said: i64,
        /// What the lines add up to, in minor units.
        sum: i64,
    },
    /// A text that is not as it must be.
    #[error(transparent)]
    Text(#[from] TextError),
    /// Too many lines above the town.
    #[error("shipping_address.lines must be at most {max}")]
    AddressLines {
        /// How many there may be.
        max: usize,
    },
    /// Not allowed in the order's state.
    #[error("the order is {}, which does not allow to {command}", status.as_str())]
    State {
        /// Where the order is.
        status: Status,
        /// What was asked.
        command: &'static str,
    },
    /// Not allowed under a hold.
    #[error("the order is on hold: {hold}")]
    Held {
        /// A hold that is on it.
        hold: String,
    },
    /// What left is not told as it must be.
    #[error("a shipment has 1 to {max} lines, with 1 to {quantity} of each")]
    ShippedLines {
        /// The most lines that it may have.
        max: usize,
        /// The most that may be of each.
        quantity: i64,
    },
    /// More than is left of a line.
    #[error("line {line}: {open} are left to {command}, not {quantity}")]
    MoreThanLeft {
        /// The line.
        line: u32,
        /// How many are left.
        open: i64,
        /// How many were named.
        quantity: i64,
        /// What was asked.
        command: &'static str,
    },
    /// The shipment has ended otherwise.
    #[error("the shipment has ended otherwise, which does not allow to {command}")]
    ShipmentEnded {
        /// What was asked.
        command: &'static str,
    },
    /// Too many shipments.
    #[error("an order has at most {max} shipments")]
    TooManyShipments {
        /// How many there may be.
        max: usize,
    },
    /// Too many returns.
    #[error("an order has at most {max} returns")]
    TooManyReturns {
        /// How many there may be.
        max: usize,
    },
    /// Too many returns at once.
    #[error("at most {max} returns of an order are open at once")]
    TooManyOpenReturns {
        /// How many there may be.
        max: usize,
    },
    /// More than the customer has of a line, and has not asked to return.
    #[error("line {line}: {open} were delivered and are not being returned, not {quantity}")]
    MoreThanDelivered {
        /// The line.
        line: u32,
        /// How many may be returned.
        open: i64,
        /// How many were named.
        quantity: i64,
        /// Where it stands in the command.
        index: usize,
    },
    /// Something of it is still to arrive.
    #[error("line {line}: {open} are still to arrive")]
    StillToArrive {
        /// A line of which something is missing.
        line: u32,
        /// How many.
        open: i64,
    },
    /// What is not wanted any more is not told as it must be.
    #[error("lines must be 1 to {max} lines of the order, each once, with 1 to {quantity} of each")]
    CancelledLines {
        /// The most lines that there may be.
        max: usize,
        /// The most that may be of each.
        quantity: i64,
        /// Where the first that is not so stands in the command, and what of it is not; none if there
        /// are too few or too many.
        at: Option<(usize, &'static str)>,
    },
    /// More than is open of a line.
    #[error("line {line}: {open} are open, not {quantity}")]
    MoreThanOpen {
        /// The line.
        line: u32,
        /// How many have neither left nor are cancelled.
        open: i64,
        /// How many were named.
        quantity: i64,
        /// Where it stands in the command.
        index: usize,
    },
    /// It is packed: what is packed is paid for, and leaves.
    #[error(
        "something of it is packed, which does not allow to cancel lines of it: cancel all of it, or have \
         the lines returned once they have arrived"
    )]
    AlreadyPacked,
    /// It leaves in several parcels.
    #[error("it leaves in several parcels, which does not allow to amend it: cancel lines of it")]
    Split,
    /// No shipment of it, or none that was created.
    #[error("the order has no such shipment")]
    NoSuchShipment,
    /// What would be left costs nothing, and the payment is authorized for more.
    #[error(
        "what would be left of it costs nothing: cancel all of it, or keep a line that is paid"
    )]
    RestIsFree,
    /// What is to be wanted is not told as it must be.
    #[error("lines must be 1 to {max} lines of the order, each once, with 0 to {quantity} of each")]
    AmendedLines {
        /// The most lines that there may be.
        max: usize,
        /// The most that may be of each.
        quantity: i64,
        /// Where the first that is not so stands in the command, and what of it is not; none if there
        /// are too few or too many.
        at: Option<(usize, &'static str)>,
    },
    /// The order has no such line.
    #[error("the order has no line {line}")]
    NoSuchLine {
        /// The line.
        line: u32,
        /// Where it stands in the command.
        index: usize,
    },
    /// All lines are as they are.
    #[error("of all of these lines as many are wanted already")]
    NothingAmended,
    /// Nothing would be left of it.
    #[error("nothing would be left of it: cancel it instead")]
    AmendmentOfAll,
    /// It would come to more than is set aside.
    #[error(
        "it would come to more than {authorized} minor units, which is what is set aside for it: order \
         what is more by itself"
    )]
    NotCovered {
        /// What is set aside, in minor units.
        authorized: i64,
    },
    /// Nobody knows how more of a line is taxed.
    #[error(
        "line {line} was had for nothing, and its tax is a sum: nobody knows what more of it is taxed with; \
         order what is more by itself"
    )]
    TaxUnknown {
        /// The line.
        line: u32,
        /// Where it stands in the command.
        index: usize,
    },
    /// Another amendment is open.
    #[error("amendment {amendment_id} is open: apply or withdraw it first")]
    AmendmentOpen {
        /// Which.
        amendment_id: Uuid,
    },
    /// There is no such amendment.
    #[error("the order has no such amendment")]
    NoSuchAmendment,
    /// The amendment has ended otherwise.
    #[error("the amendment is {}", end.as_str())]
    AmendmentEnded {
        /// How.
        end: AmendmentEnd,
    },
    /// More is to be kept of an order whose stock is not kept for good yet, or is still to come.
    #[error(
        "its stock is still being allocated, or is still to come: try again once its shipment is there"
    )]
    StillAllocating,
    /// The command names other stock than the amendment.
    #[error("the amendment is about the stock of other SKUs, or of another place")]
    OtherStock,
    /// There is not enough of a SKU.
    #[error("{wanted} more of {sku} are wanted, {available} can be had")]
    NotEnoughStock {
        /// Which.
        sku: Sku,
        /// How many more were wanted.
        wanted: i64,
        /// How many there are.
        available: i64,
    },
    /// Too many tags.
    #[error("an order has at most {max} tags")]
    TooManyTags {
        /// How many there may be.
        max: usize,
    },
    /// A tag is named twice.
    #[error("tags.{index} is named before")]
    TagTwice {
        /// Where it stands in the command.
        index: usize,
    },
    /// It goes where its label says.
    #[error("the carrier was asked to take it, which does not allow to change where it goes")]
    AlreadyLabelled,
    /// Its customer was erased.
    #[error("its customer was erased: nothing personal is taken for them any more")]
    CustomerErased,
    /// Too many holds.
    #[error("an order has at most {max} holds")]
    TooManyHolds {
        /// How many there may be.
        max: usize,
    },
    /// Too much of it waits for an operator.
    #[error("of an order at most {max} tasks wait for an operator")]
    TooManyParked {
        /// How many there may be.
        max: usize,
    },
    /// A task of the sagas stands behind it.
    #[error("a call or a command was given up: `saga retry` or `saga settle` ends that")]
    NotAContradiction,
    /// Nothing of that id has waited for people lately.
    #[error(
        "the order has no such contradiction, and had none lately: its process names those that wait"
    )]
    NoSuchContradiction,
}

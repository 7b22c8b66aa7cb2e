//! Why a command to an order may be refused.

use super::{AmendmentEnd, Status};
use crate::{Refusal, RefusalKind, Sku, TextError};
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
}

impl From<OrderError> for Refusal {
    fn from(error: OrderError) -> Self {
        use OrderError as E;
        use RefusalKind::{Meaning, NotFound, State};
        let line_at = |line: usize, field: &str| format!("/lines/{}/{field}", line - 1);
        let (kind, code, pointer) = match &error {
            E::Text(error) => return error.clone().into(),
            E::NotFound => (NotFound, "ORDER_NOT_FOUND", None),
            E::AlreadyPlaced => (State, "ORDER_ALREADY_PLACED", None),
            E::PlacedTooEarly => (Meaning, "PLACED_TOO_EARLY", Some("/placed_at".into())),
            E::NoLines => (Meaning, "NO_LINES", Some("/lines".into())),
            E::TooManyLines { .. } => (Meaning, "TOO_MANY_LINES", Some("/lines".into())),
            E::Quantity { line, .. } => (
                Meaning,
                "QUANTITY_OUT_OF_RANGE",
                Some(line_at(*line, "quantity")),
            ),
            E::Price { line } => (
                Meaning,
                "NEGATIVE_PRICE",
                Some(line_at(*line, "unit_price")),
            ),
            E::MixedCurrencies { line } => (
                Meaning,
                "MIXED_CURRENCIES",
                Some(line_at(*line, "currency")),
            ),
            E::Total { line, .. } => (Meaning, "TOTAL_OVERFLOW", Some(line_at(*line, "quantity"))),
            E::Discount { line, .. } => (
                Meaning,
                "DISCOUNT_OUT_OF_RANGE",
                Some(line_at(*line, "discount")),
            ),
            E::OrderDiscount { .. } => (Meaning, "DISCOUNT_OUT_OF_RANGE", Some("/discount".into())),
            E::Tax { line, .. } => (Meaning, "TAX_OUT_OF_RANGE", Some(line_at(*line, "tax"))),
            E::TaxTwice { line } => (Meaning, "TAX_GIVEN_TWICE", Some(line_at(*line, "tax"))),
            E::OrderTax { .. } => (Meaning, "TAX_OUT_OF_RANGE", Some("/tax".into())),
            E::TaxMismatch { .. } => (Meaning, "TAX_MISMATCH", Some("/tax".into())),
            E::TaxedTotal { line, field, .. } => (
                Meaning,
                "TOTAL_OVERFLOW",
                Some(match line {
                    Some(line) => line_at(*line, field),
                    None => format!("/{field}"),
                }),
            ),
            E::TotalMismatch { .. } => (Meaning, "TOTAL_MISMATCH", Some("/total".into())),
            E::AddressLines { .. } => (
                Meaning,
                "TOO_MANY_ADDRESS_LINES",
                Some("/shipping_address/lines".into()),
            ),
            E::State { .. } => (State, "ORDER_STATE", None),
            E::Held { .. } => (State, "ORDER_ON_HOLD", None),
            E::ShippedLines { .. } => (Meaning, "SHIPPED_LINES", Some("/lines".into())),
            E::MoreThanLeft { .. } => (State, "MORE_THAN_LEFT", None),
            E::ShipmentEnded { .. } => (State, "SHIPMENT_ENDED", None),
            E::TooManyShipments { .. } => (State, "TOO_MANY_SHIPMENTS", None),
            E::TooManyReturns { .. } => (State, "TOO_MANY_RETURNS", None),
            E::TooManyOpenReturns { .. } => (State, "TOO_MANY_OPEN_RETURNS", None),
            E::MoreThanDelivered { index, .. } => (
                State,
                "MORE_THAN_DELIVERED",
                Some(format!("/lines/{index}/quantity")),
            ),
            E::StillToArrive { .. } => (State, "STILL_TO_ARRIVE", None),
            E::CancelledLines { at, .. } => {
                let line = at.map(|(index, field)| format!("/lines/{index}/{field}"));
                let pointer = line.unwrap_or_else(|| "/lines".into());
                (Meaning, "CANCELLED_LINES", Some(pointer))
            }
            E::MoreThanOpen { index, .. } => (
                State,
                "MORE_THAN_OPEN",
                Some(format!("/lines/{index}/quantity")),
            ),
            E::AlreadyPacked => (State, "ALREADY_PACKED", None),
            E::Split => (State, "ORDER_SPLIT", None),
            E::NoSuchShipment => (NotFound, "SHIPMENT_NOT_FOUND", None),
            E::RestIsFree => (State, "REST_IS_FREE", Some("/lines".into())),
            E::AmendedLines { at, .. } => {
                let line = at.map(|(index, field)| format!("/lines/{index}/{field}"));
                let pointer = line.unwrap_or_else(|| "/lines".into());
                (Meaning, "AMENDED_LINES", Some(pointer))
            }
            E::NoSuchLine { index, .. } => {
                (State, "NO_SUCH_LINE", Some(format!("/lines/{index}/line")))
            }
            E::NothingAmended => (State, "NOTHING_AMENDED", Some("/lines".into())),
            E::AmendmentOfAll => (State, "AMENDMENT_OF_ALL", Some("/lines".into())),
            E::NotCovered { .. } => (State, "AMENDMENT_NOT_COVERED", Some("/lines".into())),
            E::TaxUnknown { index, .. } => (
                State,
                "TAX_UNKNOWN",
                Some(format!("/lines/{index}/quantity")),
            ),
            E::AmendmentOpen { .. } => (State, "AMENDMENT_OPEN", None),
            E::NoSuchAmendment => (NotFound, "AMENDMENT_NOT_FOUND", None),
            E::AmendmentEnded { .. } => (State, "AMENDMENT_ENDED", None),
            E::StillAllocating => (State, "ORDER_ALLOCATING", None),
            E::OtherStock => (State, "AMENDMENT_OF_OTHER_STOCK", None),
            E::NotEnoughStock { .. } => (State, "NOT_ENOUGH_STOCK", None),
            E::TooManyTags { .. } => (Meaning, "TOO_MANY_TAGS", Some("/tags".into())),
            E::TagTwice { index } => (Meaning, "TAG_TWICE", Some(format!("/tags/{index}"))),
            E::AlreadyLabelled => (State, "ALREADY_LABELLED", None),
            E::CustomerErased => (State, "CUSTOMER_ERASED", None),
            E::TooManyHolds { .. } => (State, "TOO_MANY_HOLDS", None),
            E::TooManyParked { .. } => (State, "TOO_MANY_PARKED", None),
            E::NotAContradiction => (State, "NOT_A_CONTRADICTION", None),
        };
        let refusal = Self::new(kind, code, error.to_string());
        let refusal = match pointer {
            Some(pointer) => refusal.at(pointer),
            None => refusal,
        };
        match error {
            E::StillAllocating => refusal.for_now(),
            _ => refusal,
        }
    }
}

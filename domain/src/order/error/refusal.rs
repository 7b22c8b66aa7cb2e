//! What is said to whoever asked, where a command to an order is refused.

use super::OrderError;
use crate::{Refusal, RefusalKind};

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
            E::NoSuchContradiction => (NotFound, "CONTRADICTION_NOT_FOUND", None),
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

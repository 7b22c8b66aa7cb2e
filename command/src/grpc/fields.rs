//! Fields of messages, read as the domain has them.

use crate::placement::NewOrder;
use chassis::Problem;
use chrono::{DateTime, Utc};
use domain::{
    CustomerId, Location, Money, OrderId, ReturnId, ShipmentId, Sku,
    order::{Address, LineTerms, NewLine, OrderTerms},
};
use prost_types::Timestamp;
use proto::v1::{self, NewOrderLine, PlaceOrderRequest};
use std::{fmt::Display, str::FromStr};
use uuid::Uuid;

/// The field at `pointer`, if `text` keeps to its rule.
///
/// # Errors
/// 400, which names both.
pub(super) fn parse<T>(pointer: &str, text: &str) -> Result<T, Problem>
where
    T: FromStr<Err: Display>,
{
    text.parse().map_err(|error| invalid(pointer, &error))
}

pub(super) fn order_id(text: &str) -> Result<OrderId, Problem> {
    parse("/order_id", text)
}

pub(super) fn shipment_id(text: &str) -> Result<ShipmentId, Problem> {
    parse("/shipment_id", text)
}

pub(super) fn return_id(text: &str) -> Result<ReturnId, Problem> {
    parse("/return_id", text)
}

pub(super) fn customer_id(text: &str) -> Result<CustomerId, Problem> {
    parse("/customer_id", text)
}

pub(super) fn sku(text: &str) -> Result<Sku, Problem> {
    parse("/sku", text)
}

pub(super) fn location(text: Option<&str>) -> Result<Location, Problem> {
    let location = text.map(|text| parse("/location", text));
    Ok(location.transpose()?.unwrap_or_default())
}

/// The order that a message asks for.
///
/// # Errors
/// 400: a field that does not keep to its rule.
pub(super) fn new_order(message: PlaceOrderRequest) -> Result<NewOrder, Problem> {
    let lines = message.lines.iter().enumerate();
    Ok(NewOrder {
        customer_id: parse("/customer_id", &message.customer_id)?,
        currency: parse("/currency", &message.currency)?,
        lines: lines
            .map(|(index, line)| new_line(index, line))
            .collect::<Result<_, _>>()?,
        terms: OrderTerms {
            discount: message.discount.unwrap_or_default(),
            tax: message.tax,
            tax_included: message.tax_included,
        },
        total: message.total,
        shipping_address: message.shipping_address.map(address),
        payment_method: message.payment_method,
        reference: message.reference,
        placed_at: message
            .placed_at
            .as_ref()
            .map(|at| time("/placed_at", at))
            .transpose()?,
    })
}

fn new_line(index: usize, line: &NewOrderLine) -> Result<NewLine, Problem> {
    let wrong =
        |field: &str, error: &dyn Display| invalid(&format!("/lines/{index}/{field}"), error);
    let currency = line.currency.as_deref().map(str::parse);
    let tax_rate = line.tax_rate.as_deref().map(str::parse);
    Ok(NewLine {
        sku: line.sku.parse().map_err(|error| wrong("sku", &error))?,
        quantity: line.quantity,
        unit_price: line.unit_price,
        currency: currency
            .transpose()
            .map_err(|error| wrong("currency", &error))?,
        terms: LineTerms {
            discount: line.discount.unwrap_or_default(),
            tax_rate: tax_rate
                .transpose()
                .map_err(|error| wrong("tax_rate", &error))?,
            tax: line.tax,
        },
    })
}

pub(super) fn amendment_id(text: &str) -> Result<Uuid, Problem> {
    parse("/amendment_id", text)
}

pub(super) fn task_id(text: &str) -> Result<Uuid, Problem> {
    parse("/task_id", text)
}

/// An address, which is checked where it is used.
pub(super) fn address(address: v1::Address) -> Address {
    let v1::Address {
        name,
        lines,
        city,
        postal_code,
        country,
    } = address;
    Address {
        name,
        lines,
        city,
        postal_code,
        country,
    }
}

/// The amount of money at `pointer`.
///
/// # Errors
/// 400: there is none, or its currency is none.
pub(super) fn money(pointer: &str, money: Option<&v1::Money>) -> Result<Money, Problem> {
    let money = money.ok_or_else(|| invalid(pointer, &"it is required"))?;
    let currency = parse(&format!("{pointer}/currency"), &money.currency)?;
    Ok(Money::new(money.amount, currency))
}

/// The time at `pointer`.
///
/// # Errors
/// 400: there is no such time.
pub(super) fn time(pointer: &str, time: &Timestamp) -> Result<DateTime<Utc>, Problem> {
    let rule = "it must be a time, with 0 to 999,999,999 nanos";
    proto::from_timestamp(time).ok_or_else(|| invalid(pointer, &rule))
}

/// Something required at `pointer`.
///
/// # Errors
/// 400: there is none.
pub(super) fn required<T>(pointer: &str, value: Option<T>) -> Result<T, Problem> {
    value.ok_or_else(|| invalid(pointer, &"it is required"))
}

fn invalid(pointer: &str, error: &dyn Display) -> Problem {
    let problem = Problem::bad_request("INVALID_BODY", format!("The message is wrong: {error}."));
    problem.with_error(pointer, "INVALID", error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message() -> PlaceOrderRequest {
        PlaceOrderRequest {
            customer_id: "c".into(),
            currency: "EUR".into(),
            lines: vec![NewOrderLine {
                sku: "A".into(),
                quantity: 1,
                unit_price: 100,
                discount: Some(5),
                tax_rate: Some("8.875".into()),
                ..NewOrderLine::default()
            }],
            discount: Some(10),
            tax: Some(7),
            tax_included: true,
            ..PlaceOrderRequest::default()
        }
    }

    #[test]
    fn discounts_and_taxes_are_what_the_message_says() {
        let order = new_order(message()).expect("it is an order");
        let terms = OrderTerms {
            discount: 10,
            tax: Some(7),
            tax_included: true,
        };
        assert_eq!(order.terms, terms);
        let terms = LineTerms {
            discount: 5,
            tax_rate: "8.875".parse().ok(),
            tax: None,
        };
        assert_eq!(order.lines[0].terms, terms);
        let plain = new_order(PlaceOrderRequest {
            lines: vec![],
            discount: None,
            tax: None,
            tax_included: false,
            ..message()
        });
        let plain = plain.expect("it is an order");
        assert_eq!(plain.terms, OrderTerms::default());
    }

    #[test]
    fn a_tax_rate_that_is_none_is_named() {
        let mut wrong = message();
        wrong.lines[0].tax_rate = Some("19%".into());
        let problem = new_order(wrong).err().expect("it is wrong");
        let errors = &problem.details().errors;
        assert_eq!(errors[0].pointer, "/lines/0/tax_rate");
    }
}

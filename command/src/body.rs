//! What several answers have in common: money and orders as JSON.

use chrono::{DateTime, Utc};
use domain::{
    Currency, TaxRate,
    order::{Address, Packing, Placed},
};
use serde::{Deserialize, Deserializer, Serialize, de::Error};
use std::fmt;
use utoipa::ToSchema;
use uuid::Uuid;

/// An amount of money.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub(crate) struct MoneyBody {
    /// Minor units: 1999 is 19.99 EUR.
    #[schema(example = 1999)]
    pub amount: i64,
    /// ISO 4217.
    #[schema(value_type = String, example = "EUR")]
    pub currency: Currency,
}

/// A time as RFC 3339 writes it. What chrono takes by itself is more: years of any size, for one.
pub(crate) fn optional_time<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<DateTime<Utc>>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else {
        return Ok(None);
    };
    match DateTime::parse_from_rfc3339(&text) {
        Ok(time) => Ok(Some(time.to_utc())),
        Err(_) => Err(D::Error::custom(
            "a time such as 2010-12-01T08:26:00Z is expected",
        )),
    }
}

/// A postal address.
#[derive(Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Address)]
pub(crate) struct AddressBody {
    /// Who receives it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Street and number, and what else stands above the town.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<String>,
    /// The town.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    /// The postal code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
    /// The country, as the shop writes it.
    #[schema(example = "United Kingdom")]
    pub country: String,
}

impl fmt::Debug for AddressBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AddressBody(..)")
    }
}

impl From<AddressBody> for Address {
    fn from(body: AddressBody) -> Self {
        let AddressBody {
            name,
            lines,
            city,
            postal_code,
            country,
        } = body;
        Self {
            name,
            lines,
            city,
            postal_code,
            country,
        }
    }
}

impl From<Address> for AddressBody {
    fn from(address: Address) -> Self {
        let Address {
            name,
            lines,
            city,
            postal_code,
            country,
        } = address;
        Self {
            name,
            lines,
            city,
            postal_code,
            country,
        }
    }
}

/// An order as the write side knows it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PlacedOrder)]
pub(crate) struct OrderBody<'a> {
    /// The order's id.
    order_id: Uuid,
    /// How many events its stream has; also its ETag.
    version: i64,
    /// Where it is in its life.
    #[schema(example = "placed")]
    status: &'static str,
    /// Who ordered.
    #[schema(example = "17850")]
    customer_id: &'a str,
    /// The shop's own order number.
    reference: Option<&'a str>,
    /// What was ordered.
    lines: Vec<LineBody<'a>>,
    /// Prices times quantities.
    subtotal: MoneyBody,
    /// The order's own discount.
    discount: MoneyBody,
    /// All discounts: those of the lines, and the order's own.
    discount_total: MoneyBody,
    /// The tax of all lines.
    tax: MoneyBody,
    /// Whether prices include tax; else it was added.
    tax_included: bool,
    /// The sum of the lines: what is to be paid.
    total: MoneyBody,
    /// Where to; nothing, if its customer was erased since.
    shipping_address: Option<AddressBody>,
    /// How it is paid: a token of the payment provider.
    payment_method: &'a str,
    /// When the customer ordered.
    placed_at: DateTime<Utc>,
    /// The holds on it.
    holds: Vec<&'a str>,
    /// What may be asked of it now.
    allowed_commands: Vec<&'static str>,
}

/// One line of an order.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PlacedLine)]
pub(crate) struct LineBody<'a> {
    /// Its number, from 1.
    line: u32,
    /// What.
    #[schema(example = "85123A")]
    sku: &'a str,
    /// How many.
    quantity: i64,
    /// Price of one.
    unit_price: MoneyBody,
    /// Price of all.
    subtotal: MoneyBody,
    /// Its own discount.
    discount: MoneyBody,
    /// Its share of the order's discount.
    order_discount: MoneyBody,
    /// The rate that its tax was computed by, in per cent, if it was.
    #[schema(value_type = Option<String>, example = "19")]
    tax_rate: Option<TaxRate>,
    /// Its tax.
    tax: MoneyBody,
    /// What is paid for all: the price, less the discounts, with the tax.
    total: MoneyBody,
}

impl<'a> OrderBody<'a> {
    /// The order at `version`, which goes to `address`.
    pub(crate) fn new(order: &'a Placed, version: i64, address: Option<Address>) -> Self {
        let placed = &order.placed;
        let totals = placed.totals();
        let money = |amount| MoneyBody {
            amount,
            currency: placed.currency,
        };
        let line = |line: &'a domain::order::Line| LineBody {
            line: line.line,
            sku: line.sku.as_str(),
            quantity: line.quantity,
            unit_price: money(line.unit_price),
            subtotal: money(line.subtotal()),
            discount: money(line.discount),
            order_discount: money(line.order_discount),
            tax_rate: line.tax_rate,
            tax: money(line.tax),
            total: money(line.total),
        };
        Self {
            order_id: placed.order_id.uuid(),
            version,
            status: order.status.as_str(),
            customer_id: placed.customer_id.as_str(),
            reference: placed.reference.as_deref(),
            lines: placed.lines.iter().map(line).collect(),
            subtotal: money(totals.subtotal),
            discount: money(totals.discount),
            discount_total: money(totals.discount_total),
            tax: money(totals.tax),
            tax_included: placed.tax_included,
            total: money(placed.total),
            shipping_address: address.map(AddressBody::from),
            payment_method: &placed.payment_method,
            placed_at: placed.placed_at,
            holds: order.holds.keys().map(String::as_str).collect(),
            // Nothing of it is packed while it is only placed.
            allowed_commands: order.allowed_commands(Packing::Unknown, None),
        }
    }
}

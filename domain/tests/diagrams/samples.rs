//! The values that the diagrams are drawn with.

use chrono::{DateTime, Utc};
use domain::{
    Currency, CustomerId, Location, Money, OrderId, ShipmentId, Sku,
    order::{NewLine, PlaceOrder},
};
use uuid::Uuid;

pub fn order_id() -> OrderId {
    OrderId::new(Uuid::from_u128(0x0192_3f00_0000_7000_8000_0000_0000_0001))
}

/// A shipment of the order, from some place.
pub fn shipment_id(location: &str) -> ShipmentId {
    ShipmentId::of(order_id(), &place(location))
}

pub fn place(location: &str) -> Location {
    Location::parse(location).expect("samples are valid")
}

pub fn time(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_225_600 + second, 0).expect("samples are valid")
}

pub fn eur(amount: i64) -> Money {
    Money::new(amount, Currency::parse("EUR").expect("samples are valid"))
}

/// An order of one line: three for 6 EUR in all.
pub fn placement() -> PlaceOrder {
    PlaceOrder {
        order_id: order_id(),
        customer_id: CustomerId::parse("17850").expect("samples are valid"),
        currency: eur(0).currency,
        lines: vec![NewLine {
            sku: Sku::parse("85123A").expect("samples are valid"),
            quantity: 3,
            unit_price: 200,
            currency: None,
            terms: Default::default(),
        }],
        terms: Default::default(),
        total: None,
        shipping_address: None,
        payment_method: "tok_approve".into(),
        reference: None,
        placed_at: time(0),
    }
}

//! The orders that are placed, the same for every contender: over HTTP, in process, as one row of
//! the reference table, and in the history that is replayed.

use chrono::{DateTime, Utc};
use domain::{
    Currency, CustomerId, Decider, OrderId, Sku,
    order::{NewLine, Order, OrderCommand, OrderEvent, Orders, PlaceOrder},
};
use proto::v1::{NewOrderLine, PlaceOrderRequest};
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use uuid::Uuid;

/// How many articles the shop has.
pub const SKUS: usize = 1_000;

/// Lines of an order: most orders of a shop are small.
const LINES: [usize; 10] = [1, 1, 1, 1, 2, 2, 2, 3, 4, 5];

/// An order as a customer thinks of it.
#[derive(Debug, Clone)]
pub struct Placement {
    customer: Uuid,
    lines: Vec<(usize, i64, i64)>,
}

impl Placement {
    /// `count` orders, the same for the same seed.
    pub fn several(count: usize, seed: u64) -> Vec<Self> {
        let mut rng = StdRng::seed_from_u64(seed);
        (0..count).map(|_| Self::drawn(&mut rng)).collect()
    }

    /// The next one that `rng` draws.
    pub fn drawn(rng: &mut StdRng) -> Self {
        let lines = LINES.choose(rng).copied().unwrap_or(1);
        Self {
            customer: uuid::Builder::from_random_bytes(rng.random()).into_uuid(),
            lines: (0..lines)
                .map(|_| {
                    (
                        rng.random_range(0..SKUS),
                        rng.random_range(1..=6),
                        rng.random_range(99..=9_999),
                    )
                })
                .collect(),
        }
    }

    /// The body of the request that places it.
    pub fn body(&self, reference: &str) -> String {
        let lines: Vec<_> = self
            .lines
            .iter()
            .map(|(number, quantity, price)| {
                serde_json::json!({
                    "sku": sku(*number),
                    "quantity": quantity,
                    "unit_price": price,
                })
            })
            .collect();
        serde_json::json!({
            "customer_id": self.customer,
            "currency": "EUR",
            "lines": lines,
            "payment_method": "tok_approve",
            "reference": reference,
        })
        .to_string()
    }

    /// The message that places it, but for its key.
    pub fn message(&self) -> PlaceOrderRequest {
        let lines = self.lines.iter();
        PlaceOrderRequest {
            customer_id: self.customer.to_string(),
            currency: "EUR".into(),
            lines: lines
                .map(|(number, quantity, price)| NewOrderLine {
                    sku: sku(*number),
                    quantity: *quantity,
                    unit_price: *price,
                    ..NewOrderLine::default()
                })
                .collect(),
            payment_method: "tok_approve".into(),
            ..PlaceOrderRequest::default()
        }
    }

    /// The command that places it.
    pub fn command(
        &self,
        order_id: OrderId,
        reference: String,
        placed_at: DateTime<Utc>,
    ) -> PlaceOrder {
        PlaceOrder {
            order_id,
            customer_id: CustomerId::parse(&self.customer.to_string())
                .expect("a UUID has only characters that a customer id may have"),
            currency: Currency::parse("EUR").expect("the euro is in circulation"),
            lines: self
                .lines
                .iter()
                .map(|(number, quantity, price)| NewLine {
                    sku: Sku::parse(&sku(*number)).expect("letters and digits make a SKU"),
                    quantity: *quantity,
                    unit_price: *price,
                    currency: None,
                    terms: Default::default(),
                })
                .collect(),
            terms: Default::default(),
            total: None,
            shipping_address: None,
            payment_method: "tok_approve".into(),
            reference: Some(reference),
            placed_at,
        }
    }

    /// What the command leads to.
    pub fn event(command: PlaceOrder) -> OrderEvent {
        Orders::decide(&Order::default(), &OrderCommand::Place(command))
            .expect("the order keeps every rule")
            .pop()
            .expect("placing an order that is not there leads to an event")
    }
}

/// The payload of a placement of average length among `orders`: what the reference table gets.
pub fn average_payload(orders: &[Placement], placed_at: DateTime<Utc>) -> String {
    let mut payloads: Vec<Vec<u8>> = orders
        .iter()
        .map(|order| {
            let id = OrderId::new(Uuid::now_v7());
            let command = order.command(id, reference(u64::MAX), placed_at);
            Placement::event(command).encode()
        })
        .collect();
    let mean = payloads.iter().map(Vec::len).sum::<usize>() / payloads.len().max(1);
    payloads.sort_by_key(|payload| payload.len().abs_diff(mean));
    let nearest = payloads.into_iter().next().unwrap_or_default();
    String::from_utf8(nearest).expect("JSON is text")
}

/// The name of an article.
pub fn sku(number: usize) -> String {
    format!("SKU-{number:04}")
}

/// A reference of the length that all of them have.
pub fn reference(number: u64) -> String {
    format!("B-{number:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_order_keeps_the_rules_and_the_average_one_is_of_a_few_hundred_bytes() {
        let orders = Placement::several(500, 7);
        let payload = average_payload(&orders, DateTime::UNIX_EPOCH);
        assert!((300..500).contains(&payload.len()), "{payload}");
    }

    #[test]
    fn the_same_seed_draws_the_same_orders() {
        let bodies = |seed| -> Vec<String> {
            let orders = Placement::several(50, seed);
            orders.iter().map(|order| order.body("B-1")).collect()
        };
        assert_eq!(bodies(1), bodies(1));
        assert_ne!(bodies(1), bodies(2));
    }
}

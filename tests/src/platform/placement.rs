//! An order as a client asks for it.

use serde_json::{Value, json};

/// An order as a client asks for it.
#[derive(Debug, Clone)]
pub struct Placement {
    customer: String,
    currency: &'static str,
    card: String,
    lines: Vec<(String, i64, i64)>,
    reference: Option<String>,
    city: Option<String>,
    others: Vec<(String, Value)>,
}

impl Placement {
    /// Of one line: a SKU, how many, and the price of one in minor units. Paid by a card that is
    /// good.
    pub fn of(sku: &str, quantity: i64, unit_price: i64) -> Self {
        Self {
            customer: "c-1".into(),
            currency: "EUR",
            card: "tok_approve".into(),
            lines: vec![(sku.into(), quantity, unit_price)],
            reference: None,
            city: None,
            others: vec![],
        }
    }

    /// With another line.
    #[must_use]
    pub fn and(mut self, sku: &str, quantity: i64, unit_price: i64) -> Self {
        self.lines.push((sku.into(), quantity, unit_price));
        self
    }

    /// Paid by another card.
    #[must_use]
    pub fn card(mut self, token: &str) -> Self {
        self.card = token.into();
        self
    }

    /// By another customer.
    #[must_use]
    pub fn customer(mut self, customer: &str) -> Self {
        self.customer = customer.into();
        self
    }

    /// In another currency.
    #[must_use]
    pub fn currency(mut self, currency: &'static str) -> Self {
        self.currency = currency;
        self
    }

    /// With the shop's own number.
    #[must_use]
    pub fn reference(mut self, reference: &str) -> Self {
        self.reference = Some(reference.into());
        self
    }

    /// To be sent to this town; what the carrier makes of that is told by the town's name.
    #[must_use]
    pub fn to(mut self, city: &str) -> Self {
        self.city = Some(city.into());
        self
    }

    /// With another field, at a JSON pointer into the body: `/discount`, `/lines/0/tax_rate`.
    #[must_use]
    pub fn with(mut self, pointer: &str, value: impl Into<Value>) -> Self {
        self.others.push((pointer.into(), value.into()));
        self
    }

    /// The request's body.
    ///
    /// # Panics
    /// Where a further field would be, there is nothing to have it.
    pub fn body(&self) -> Value {
        let lines: Vec<Value> = self
            .lines
            .iter()
            .map(|(sku, quantity, unit_price)| {
                json!({ "sku": sku, "quantity": quantity, "unit_price": unit_price })
            })
            .collect();
        let mut body = json!({
            "customer_id": self.customer,
            "currency": self.currency,
            "lines": lines,
            "payment_method": self.card,
        });
        if let Some(reference) = &self.reference {
            body["reference"] = json!(reference);
        }
        if let Some(city) = &self.city {
            body["shipping_address"] = json!({ "city": city, "country": "DE" });
        }
        for (pointer, value) in &self.others {
            let (parent, field) = pointer.rsplit_once('/').expect("a pointer has a slash");
            let parent = body.pointer_mut(parent).expect("it has a place");
            parent[field] = value.clone();
        }
        body
    }
}

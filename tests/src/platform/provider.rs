//! The books of the payment provider, and of the carrier: the witnesses that the platform cannot
//! influence.

use reqwest::Client;
use serde_json::{Value, json};

/// The payment provider, as its operator sees it.
#[derive(Debug, Clone)]
pub struct Provider {
    http: Client,
    url: String,
}

impl Provider {
    pub(super) fn new(http: Client, url: &str) -> Self {
        Self {
            http,
            url: url.into(),
        }
    }

    /// What it has booked for an order, oldest first.
    ///
    /// # Panics
    /// When it does not say.
    pub async fn authorizations(&self, order_id: &str) -> Vec<Value> {
        let path = format!("/authorizations?reference={order_id}");
        let found = self.get(&path).await;
        let list = found["authorizations"].as_array();
        list.unwrap_or_else(|| panic!("{found}")).clone()
    }

    /// The status of each authorization of an order: `authorized`, `declined`, `voided`, …
    ///
    /// # Panics
    /// When it does not say.
    pub async fn statuses(&self, order_id: &str) -> Vec<String> {
        let found = self.authorizations(order_id).await;
        let status = |one: &Value| one["status"].as_str().unwrap_or_default().to_owned();
        found.iter().map(status).collect()
    }

    /// All of its books in a few numbers.
    ///
    /// # Panics
    /// When it does not say.
    pub async fn summary(&self) -> Value {
        self.get("/ledger/summary").await
    }

    /// The carrier's books in a few numbers: it is the same sandbox.
    ///
    /// # Panics
    /// When it does not say.
    pub async fn carrier_summary(&self) -> Value {
        self.get("/carrier/summary").await
    }

    /// What the carrier has taken, or refused, of a shipment, the oldest first.
    ///
    /// # Panics
    /// When it does not say.
    pub async fn labels(&self, shipment_id: &str) -> Vec<Value> {
        let found = self
            .get(&format!("/shipments?reference={shipment_id}"))
            .await;
        let list = found["shipments"].as_array();
        list.unwrap_or_else(|| panic!("{found}")).clone()
    }

    /// Gives back what it holds for an order, behind the platform's back.
    ///
    /// # Panics
    /// When it holds nothing.
    pub async fn void(&self, order_id: &str) {
        let held = self.authorizations(order_id).await;
        let id = held
            .last()
            .and_then(|last| last["authorization_id"].as_str());
        let id = id.unwrap_or_else(|| panic!("nothing is held for {order_id}"));
        let url = format!("{}/authorizations/{id}/void", self.url);
        let request = self.http.post(url).header("idempotency-key", id);
        let answer = request.json(&json!({})).send().await;
        let answer = answer.expect("the provider answers");
        assert!(answer.status().is_success(), "{}", answer.status());
    }

    /// Asks it for something, in place of somebody else: of its own staff, or a cardholder.
    ///
    /// # Panics
    /// When it does not do it.
    pub async fn post(&self, path: &str, key: &str, body: &Value) -> Value {
        let request = self.http.post(format!("{}{path}", self.url));
        let request = request.header("idempotency-key", key).json(body);
        let answer = request.send().await.expect("the provider answers");
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.json().await.expect("the provider speaks JSON")
    }

    /// Sets the switches that say what goes wrong.
    ///
    /// # Panics
    /// When it does not take them.
    pub async fn set_faults(&self, faults: &Value) {
        let request = self.http.put(format!("{}/faults", self.url));
        let answer = request.json(faults).send().await;
        let answer = answer.expect("the provider answers");
        assert!(answer.status().is_success(), "{}", answer.status());
    }

    async fn get(&self, path: &str) -> Value {
        let answer = self.http.get(format!("{}{path}", self.url)).send().await;
        let answer = answer.expect("the provider answers");
        answer.json().await.expect("the provider speaks JSON")
    }
}

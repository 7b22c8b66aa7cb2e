//! A provider on a free port of its own, and a merchant's client.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use chassis::{
    Lifecycle,
    config::HttpSettings,
    http_client,
    server::{self, Limits},
};
use reqwest::{Method, RequestBuilder};
use sandbox::{JournalError, Sandbox, SandboxOptions};
use serde_json::{Value, json};

/// Longest time that any test waits for a state.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// What a request was answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
    pub replayed: bool,
}

impl Answer {
    /// The code of a problem.
    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    /// The provider's id of the authorization that this answer speaks of.
    pub fn id(&self) -> &str {
        self.body["authorization_id"]
            .as_str()
            .expect("an authorization was answered")
    }
}

/// A merchant's view of a provider.
#[derive(Debug, Clone)]
pub struct Merchant {
    pub url: String,
    http: reqwest::Client,
}

impl Merchant {
    pub fn of(url: String) -> Self {
        Self {
            url,
            http: http_client::loopback()
                .build()
                .expect("a client can be made"),
        }
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http
            .request(method, format!("{}{path}", self.url))
            .timeout(PATIENCE)
    }

    pub async fn get(&self, path: &str) -> Answer {
        answer(self.request(Method::GET, path)).await.unwrap()
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        answer(self.request(Method::PUT, path).json(&body))
            .await
            .unwrap()
    }

    pub fn posting(&self, path: &str, key: &str, body: &Value) -> RequestBuilder {
        self.request(Method::POST, path)
            .header("Idempotency-Key", key)
            .json(body)
    }

    pub async fn post(&self, path: &str, key: &str, body: Value) -> Answer {
        answer(self.posting(path, key, &body)).await.unwrap()
    }

    /// 19.99 EUR.
    pub async fn authorize(&self, key: &str, reference: &str, card: &str) -> Answer {
        self.post("/authorizations", key, order(reference, card))
            .await
    }

    /// Gives up after a second; the provider must have held the answer until then.
    pub async fn authorize_in_vain(&self, key: &str, reference: &str, card: &str) {
        let request = self.posting("/authorizations", key, &order(reference, card));
        let error = answer(request.timeout(Duration::from_secs(1)))
            .await
            .unwrap_err();
        assert!(error.is_timeout(), "{error}");
    }

    pub async fn capture(&self, key: &str, id: &str, amount: u64) -> Answer {
        let body = json!({"amount": amount, "currency": "EUR"});
        self.post(&format!("/authorizations/{id}/captures"), key, body)
            .await
    }

    pub async fn refund(&self, key: &str, id: &str, amount: u64) -> Answer {
        let body = json!({"amount": amount, "currency": "EUR"});
        self.post(&format!("/authorizations/{id}/refunds"), key, body)
            .await
    }

    pub async fn void(&self, key: &str, id: &str) -> Answer {
        self.post(&format!("/authorizations/{id}/void"), key, json!({}))
            .await
    }

    /// What the provider knows about a reference.
    pub async fn known(&self, reference: &str) -> Vec<Value> {
        let answer = self
            .get(&format!("/authorizations?reference={reference}"))
            .await;
        assert_eq!(
            (answer.status, &answer.body["has_more"]),
            (200, &json!(false))
        );
        answer.body["authorizations"].as_array().unwrap().clone()
    }

    /// A shipment to a city in Germany.
    pub async fn ship(&self, key: &str, reference: &str, city: &str) -> Answer {
        self.post("/shipments", key, shipment(reference, city))
            .await
    }

    pub async fn shipment(&self, tracking_number: &Value) -> Value {
        let number = tracking_number.as_str().expect("a label was answered");
        self.get(&format!("/shipments/{number}")).await.body
    }

    pub async fn set(&self, tracking_number: &Value, status: &str) -> Answer {
        let number = tracking_number.as_str().expect("a label was answered");
        self.put(&format!("/shipments/{number}"), json!({"status": status}))
            .await
    }

    /// Waits until a shipment is there.
    pub async fn until(&self, tracking_number: &Value, status: &str) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let shipment = self.shipment(tracking_number).await;
            if shipment["status"] == status {
                return shipment;
            }
            assert!(Instant::now() < deadline, "never {status}: {shipment}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub async fn carrier_summary(&self) -> Value {
        self.get("/carrier/summary").await.body
    }

    pub async fn summary(&self) -> Value {
        self.get("/ledger/summary").await.body
    }
}

pub fn order(reference: &str, card: &str) -> Value {
    json!({"reference": reference, "amount": 1999, "currency": "EUR", "payment_method": card})
}

pub fn shipment(reference: &str, city: &str) -> Value {
    json!({"reference": reference, "address": {"city": city, "country": "DE"}})
}

pub async fn answer(request: RequestBuilder) -> reqwest::Result<Answer> {
    let response = request.send().await?;
    Ok(Answer {
        status: response.status().as_u16(),
        replayed: response
            .headers()
            .get("idempotent-replayed")
            .is_some_and(|v| v == "true"),
        body: response.json().await?,
    })
}

/// A provider in this process; stops when dropped.
pub struct Provider {
    pub merchant: Merchant,
    lifecycle: Lifecycle,
}

impl Provider {
    pub async fn start() -> Self {
        Self::start_with(SandboxOptions::default()).await
    }

    pub async fn start_with(options: SandboxOptions) -> Self {
        Self::serving(&Sandbox::new(options)).await
    }

    /// One whose books are in a journal. Waits until the one before has let go of it.
    pub async fn reopen(journal: &Path) -> Self {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match Sandbox::open(SandboxOptions::default(), journal) {
                Ok(sandbox) => return Self::serving(&sandbox).await,
                Err(JournalError::InUse { .. }) if Instant::now() < deadline => {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                Err(error) => panic!("{error}"),
            }
        }
    }

    async fn serving(sandbox: &Sandbox) -> Self {
        let lifecycle = Lifecycle::default();
        let listener = server::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let merchant = Merchant::of(format!("http://{}", listener.address()));
        let limits = Limits::from(&HttpSettings::default());
        tokio::spawn(server::serve(
            listener,
            sandbox.router(),
            &limits,
            &lifecycle,
        ));
        Self {
            merchant,
            lifecycle,
        }
    }
}

impl std::ops::Deref for Provider {
    type Target = Merchant;

    fn deref(&self) -> &Merchant {
        &self.merchant
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.lifecycle.soft().cancel();
        self.lifecycle.hard().cancel();
    }
}

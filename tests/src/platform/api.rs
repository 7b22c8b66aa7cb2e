//! The platform's API as a client sees it.

use reqwest::{Client, Method, RequestBuilder, header::HeaderMap};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::time::{Instant, sleep};

use super::{Placement, eventually};

/// The first wait before a request is sent again; it doubles up to the longest.
const FIRST_WAIT: Duration = Duration::from_millis(20);
const LONGEST_WAIT: Duration = Duration::from_millis(500);

/// What a request was answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// What was asked: method and path.
    pub asked: String,
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, null where it is not JSON.
    pub body: Value,
    /// The body as it came.
    pub text: String,
}

impl Answer {
    async fn of(request: RequestBuilder) -> reqwest::Result<Self> {
        let (client, request) = request.build_split();
        let request = request?;
        let asked = format!("{} {}", request.method(), request.url().path());
        let response = client.execute(request).await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await?;
        Ok(Self {
            asked,
            status,
            headers,
            body: serde_json::from_str(&text).unwrap_or(Value::Null),
            text,
        })
    }

    /// A header, empty where it is absent.
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default()
    }

    /// Whether this is the first answer again.
    pub fn replayed(&self) -> bool {
        self.header("idempotent-replayed") == "true"
    }

    /// The code of a problem, empty where there is none.
    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    /// The pointer of a problem's first error, empty where there is none.
    pub fn pointer(&self) -> &str {
        self.body["errors"][0]["pointer"]
            .as_str()
            .unwrap_or_default()
    }

    /// The id of the order that it is about.
    ///
    /// # Panics
    /// When it is about none.
    pub fn order_id(&self) -> String {
        let id = self.body["order_id"].as_str();
        id.unwrap_or_else(|| panic!("no order in {self:?}"))
            .to_owned()
    }

    /// The same answer, which must have this status.
    ///
    /// # Panics
    /// When it has another.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    /// Whether sending the same request again may help.
    fn is_worth_another_try(&self) -> bool {
        self.status >= 500 || self.body["retryable"] == json!(true)
    }
}

/// A client.
#[derive(Debug, Clone)]
pub struct Api {
    http: Client,
    commands: String,
    queries: String,
    /// What was asked with [`send`](Self::send), and with which statuses it was answered.
    statuses: Arc<Mutex<BTreeSet<(String, u16)>>>,
}

impl Api {
    /// A client of a platform that takes commands and queries at these addresses.
    pub fn new(http: Client, commands: &str, queries: &str) -> Self {
        Self {
            http,
            commands: commands.into(),
            queries: queries.into(),
            statuses: Arc::default(),
        }
    }

    /// What was asked so far, as method and path, with each status that it was answered with.
    ///
    /// # Panics
    /// When another test has panicked over it.
    pub fn statuses(&self) -> BTreeSet<(String, u16)> {
        self.statuses.lock().expect("nobody panics with it").clone()
    }

    /// Where commands go.
    pub fn commands(&self) -> &str {
        &self.commands
    }

    /// Where queries go.
    pub fn queries(&self) -> &str {
        &self.queries
    }

    /// Where commands go, as a socket's address.
    pub fn command_address(&self) -> &str {
        self.commands.trim_start_matches("http://")
    }

    /// A request to where commands go.
    pub fn command(&self, method: Method, path: &str) -> RequestBuilder {
        self.http
            .request(method, format!("{}{path}", self.commands))
    }

    /// A request to where queries go.
    pub fn query(&self, path: &str) -> RequestBuilder {
        self.http.get(format!("{}{path}", self.queries))
    }

    /// Sends a request.
    ///
    /// # Panics
    /// When there is no answer.
    pub async fn send(&self, request: RequestBuilder) -> Answer {
        let answer = Answer::of(request).await;
        let answer = answer.unwrap_or_else(|error| panic!("no answer: {error:?}"));
        let mut statuses = self.statuses.lock().expect("nobody panics with it");
        statuses.insert((answer.asked.clone(), answer.status));
        answer
    }

    /// A write under a key.
    pub fn posting(&self, path: &str, key: &str, body: &Value) -> RequestBuilder {
        self.command(Method::POST, path)
            .header("idempotency-key", key)
            .json(body)
    }

    /// Writes once, under a key.
    ///
    /// # Panics
    /// When there is no answer.
    pub async fn post_as(&self, key: &str, path: &str, body: &Value) -> Answer {
        self.send(self.posting(path, key, body)).await
    }

    /// Writes once, under a key of its own.
    ///
    /// # Panics
    /// When there is no answer.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.post_as(&new_key(), path, body).await
    }

    /// Writes under a key, again and again until there is an answer that will not change.
    ///
    /// # Errors
    /// What the last try came to, when the time is over.
    pub async fn insist(
        &self,
        key: &str,
        path: &str,
        body: &Value,
        patience: Duration,
    ) -> Result<Answer, String> {
        let deadline = Instant::now() + patience;
        let mut wait = FIRST_WAIT;
        loop {
            let trouble = match Answer::of(self.posting(path, key, body)).await {
                Ok(answer) if !answer.is_worth_another_try() => return Ok(answer),
                Ok(answer) => format!("{} {}", answer.status, answer.text),
                Err(error) => format!("{error:?}"),
            };
            if Instant::now() > deadline {
                return Err(trouble);
            }
            sleep(wait).await;
            wait = LONGEST_WAIT.min(wait * 2);
        }
    }

    /// Reads.
    ///
    /// # Panics
    /// When there is no answer.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.query(path)).await
    }

    /// Reads; a failure of any kind is text.
    ///
    /// # Errors
    /// Why there is nothing to be read.
    pub async fn try_get(&self, path: &str) -> Result<Value, String> {
        match Answer::of(self.query(path)).await {
            Ok(answer) if answer.status == 200 => Ok(answer.body),
            Ok(answer) => Err(format!("{path}: {} {}", answer.status, answer.text)),
            Err(error) => Err(format!("{path}: {error:?}")),
        }
    }

    /// Reads what includes the write that `token` came from.
    ///
    /// # Panics
    /// When there is no answer.
    pub async fn get_after(&self, token: &str, path: &str) -> Answer {
        let request = self.query(path);
        let request = request
            .header("consistency-token", token)
            .header("prefer", "wait=30");
        self.send(request).await
    }

    /// Follows a list to its end.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub async fn list(&self, path: &str) -> Result<Vec<Value>, String> {
        let separator = if path.contains('?') { '&' } else { '?' };
        let mut items = vec![];
        let mut cursor = String::new();
        for _ in 0..10_000 {
            let page = self
                .try_get(&format!("{path}{separator}limit=200{cursor}"))
                .await?;
            let more = page["items"]
                .as_array()
                .ok_or_else(|| format!("{path}: {page}"))?;
            items.extend(more.iter().cloned());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(items),
            }
        }
        Err(format!("{path} does not end"))
    }

    /// What the sales report says of all days together: the orders that were placed in a currency,
    /// what they are worth, and what the confirmed ones are worth.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub async fn sales(&self, currency: &str) -> Result<(i64, i64, i64), String> {
        let path = format!("/v1/reports/sales?currency={currency}");
        let report = self.try_get(&path).await?;
        let sum = &report["totals"][0];
        let numbers = [
            &sum["orders"],
            &sum["total"]["amount"],
            &sum["confirmed"]["total"]["amount"],
        ];
        let [orders, total, confirmed] = numbers.map(|number| number.as_i64().unwrap_or_default());
        Ok((orders, total, confirmed))
    }

    /// Books stock in.
    ///
    /// # Panics
    /// When it is not taken.
    pub async fn receive(&self, sku: &str, quantity: i64) -> Answer {
        let path = format!("/v1/stock/{sku}/receipts");
        self.post(&path, &json!({ "quantity": quantity }))
            .await
            .expect(201)
    }

    /// Places an order.
    ///
    /// # Panics
    /// When it is not taken.
    pub async fn place(&self, placement: &Placement) -> Answer {
        self.post("/v1/orders", &placement.body()).await.expect(201)
    }

    /// An order as the read model has it, as soon as it is `status`.
    ///
    /// # Panics
    /// When it does not come to that.
    pub async fn order_that_is(&self, status: &str, order_id: &str) -> Value {
        self.order_where(order_id, &format!("it is {status}"), |order| {
            order["status"] == *status
        })
        .await
    }

    /// An order as the read model has it, as soon as it is as wanted.
    ///
    /// # Panics
    /// When it does not come to that.
    pub async fn order_where(
        &self,
        order_id: &str,
        what: &str,
        wanted: impl Fn(&Value) -> bool,
    ) -> Value {
        let path = format!("/v1/orders/{order_id}");
        eventually(&format!("order {order_id}: {what}"), async || {
            let order = self.try_get(&path).await?;
            match wanted(&order) {
                true => Ok(order),
                false => Err(order.to_string()),
            }
        })
        .await
    }

    /// The one shipment of an order as the read model has it, as soon as it is `status`.
    ///
    /// # Panics
    /// When it does not come to that.
    pub async fn shipment_that_is(&self, status: &str, order_id: &str) -> Value {
        let path = format!("/v1/shipments?order_id={order_id}");
        eventually(
            &format!("the shipment of order {order_id} is {status}"),
            async || {
                let page = self.try_get(&path).await?;
                match page["items"].as_array().map(Vec::as_slice) {
                    Some([shipment]) if shipment["status"] == *status => Ok(shipment.clone()),
                    _ => Err(page.to_string()),
                }
            },
        )
        .await
    }

    /// A return as the read model has it, as soon as it is `status`.
    ///
    /// # Panics
    /// When it does not come to that.
    pub async fn return_that_is(&self, status: &str, id: &str) -> Value {
        let path = format!("/v1/returns/{id}");
        eventually(&format!("the return {id} is {status}"), async || {
            let returned = self.try_get(&path).await?;
            match returned["status"] == *status {
                true => Ok(returned),
                false => Err(returned.to_string()),
            }
        })
        .await
    }

    /// What has happened to an order, as the read model has it.
    ///
    /// # Panics
    /// When it cannot be read.
    pub async fn timeline(&self, order_id: &str) -> Vec<Value> {
        let path = format!("/v1/orders/{order_id}/events");
        let items = self.list(&path).await;
        items.unwrap_or_else(|error| panic!("{error}"))
    }

    /// Waits until an event of this type is in an order's timeline, and answers the timeline.
    ///
    /// # Panics
    /// When it does not come.
    pub async fn timeline_with(&self, event_type: &str, order_id: &str) -> Vec<Value> {
        let path = format!("/v1/orders/{order_id}/events");
        eventually(
            &format!("{event_type} in the timeline of {order_id}"),
            async || {
                let items = self.list(&path).await?;
                match items.iter().any(|item| item["type"] == *event_type) {
                    true => Ok(items),
                    false => Err(format!("{items:?}")),
                }
            },
        )
        .await
    }

    /// Does something to the shipment of an order: `pack`, `dispatch`, `deliver`.
    ///
    /// # Panics
    /// When there is none, or no answer.
    pub async fn ship(&self, what: &str, order_id: &str) -> Answer {
        let path = format!("/v1/shipments?order_id={order_id}");
        let shipment = eventually(&format!("order {order_id} has a shipment"), async || {
            let items = self.list(&path).await?;
            let id = items.first().and_then(|item| item["shipment_id"].as_str());
            id.map(str::to_owned).ok_or_else(|| "it has none".into())
        })
        .await;
        let path = format!("/v1/shipments/{shipment}/{what}");
        self.post(&path, &json!({})).await
    }

    /// Waits until a SKU has so much `(on_hand, reserved, committed)`.
    ///
    /// # Panics
    /// When it does not come to that.
    pub async fn stock_that_is(&self, sku: &str, wanted: (i64, i64, i64)) {
        eventually(&format!("stock of {sku} is {wanted:?}"), async || {
            let items = self.list("/v1/stock").await?;
            let item = items.into_iter().find(|item| item["sku"] == *sku);
            let item = item.ok_or("it is not there")?;
            let number = |name: &str| item[name].as_i64().unwrap_or(i64::MIN);
            match (number("on_hand"), number("reserved"), number("committed")) == wanted {
                true => Ok(()),
                false => Err(item.to_string()),
            }
        })
        .await;
    }
}

/// A key that nobody used before.
pub(super) fn new_key() -> String {
    uuid::Uuid::new_v4().to_string()
}

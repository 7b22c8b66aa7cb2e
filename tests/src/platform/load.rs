//! Many clients that write at the same time, and remember what they were promised.

use super::{Api, Placement, api::new_key, eventually};
use domain::{Location, ShipmentId};
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use serde_json::{Value, json};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{task::JoinSet, time::sleep};
use tokio_util::sync::CancellationToken;

/// How many SKUs there are; few, so that orders compete for them.
const SKUS: usize = 12;

/// More of each than any test sells.
const PLENTY: i64 = 1_000_000;

/// Where orders go: nearly all of what is sent arrives.
const CITIES: [&str; 10] = [
    "Town",
    "Town",
    "Town",
    "Town",
    "Town",
    "Town",
    "Town",
    "Nobody Home",
    "Lost",
    "Returned",
];

/// How the cards of customers are spread: mostly good ones.
const CARDS: [&str; 20] = [
    "tok_approve",
    "tok_approve",
    "tok_approve",
    "tok_approve",
    "tok_approve",
    "tok_approve",
    "tok_approve",
    "tok_approve",
    "tok_approve",
    "tok_approve",
    "tok_approve",
    "tok_approve",
    "tok_approve",
    "tok_approve",
    "tok_decline",
    "tok_decline_once",
    "tok_slow_300",
    "tok_slow_100",
    "tok_insufficient_funds",
    "tok_wrong_amount",
];

/// How much is written.
#[derive(Debug, Clone)]
pub struct LoadOptions {
    /// How many write at the same time.
    pub clients: u64,
    /// How long each waits between two writes. It goes on for as long as a test does, so the pause
    /// is what keeps an audit within bounds.
    pub pause: Duration,
    /// How long a client insists on an answer.
    pub patience: Duration,
    /// Another seed writes other orders.
    pub seed: u64,
}

impl Default for LoadOptions {
    fn default() -> Self {
        Self {
            clients: 8,
            pause: Duration::from_millis(80),
            patience: Duration::from_secs(60),
            seed: 1,
        }
    }
}

/// What was acknowledged.
#[derive(Debug, Clone, Default)]
pub struct Acked {
    /// Orders: the key and body that they were placed with, and their ids.
    pub orders: Vec<(String, Value, String)>,
    /// Orders that got a note, with the note's id.
    pub notes: Vec<(String, String)>,
    /// Orders whose cancellation was taken.
    pub cancelled: Vec<String>,
}

/// Clients that write until they are told to stop.
#[derive(Debug)]
pub struct Load {
    stop: CancellationToken,
    clients: JoinSet<Acked>,
    acked: Arc<AtomicU64>,
}

struct Client {
    api: Api,
    options: LoadOptions,
    rng: StdRng,
    stop: CancellationToken,
    /// Writes that were acknowledged, to all clients.
    count: Arc<AtomicU64>,
    acked: Acked,
}

/// Books in more of every SKU than the load can sell.
///
/// # Panics
/// When it is not taken.
pub async fn stock_up(api: &Api) {
    for number in 0..SKUS {
        api.receive(&sku(number), PLENTY).await;
    }
}

fn sku(number: usize) -> String {
    format!("LOAD-{number:02}")
}

impl Load {
    /// Starts writing.
    pub fn start(api: &Api, options: &LoadOptions) -> Self {
        let stop = CancellationToken::new();
        let acked = Arc::<AtomicU64>::default();
        let mut clients = JoinSet::new();
        for number in 0..options.clients {
            let client = Client {
                api: api.clone(),
                options: options.clone(),
                rng: StdRng::seed_from_u64(options.seed.wrapping_mul(1_000).wrapping_add(number)),
                stop: stop.clone(),
                count: acked.clone(),
                acked: Acked::default(),
            };
            clients.spawn(client.run());
        }
        Self {
            stop,
            clients,
            acked,
        }
    }

    /// How many writes were acknowledged so far.
    pub fn count(&self) -> u64 {
        self.acked.load(Ordering::Relaxed)
    }

    /// Waits until that many more writes are acknowledged: the platform takes them.
    ///
    /// # Panics
    /// When it does not.
    pub async fn goes_on(&self, writes: u64) {
        let reached = self.count() + writes;
        eventually("the platform takes writes", async || {
            let count = self.count();
            (count >= reached)
                .then_some(())
                .ok_or_else(|| format!("{count} of {reached} writes"))
        })
        .await;
    }

    /// Lets every client finish what it is at, and answers what was acknowledged to all of them.
    ///
    /// # Panics
    /// When a client was not answered in time, or was answered what it must not be.
    pub async fn stop(mut self) -> Acked {
        self.stop.cancel();
        let mut all = Acked::default();
        while let Some(ended) = self.clients.join_next().await {
            let acked = ended.unwrap_or_else(|error| panic!("a client failed: {error}"));
            all.orders.extend(acked.orders);
            all.notes.extend(acked.notes);
            all.cancelled.extend(acked.cancelled);
        }
        all
    }
}

impl Client {
    async fn run(mut self) -> Acked {
        while !self.stop.is_cancelled() {
            match self.rng.random_range(0..10) {
                0 => self.note().await,
                1 => self.cancel().await,
                2..4 => self.pack().await,
                _ => self.place().await,
            }
            let pause = self.options.pause;
            self.stop.run_until_cancelled(sleep(pause)).await;
        }
        self.acked
    }

    async fn place(&mut self) {
        let quantity = self.rng.random_range(1..=3);
        let price = self.rng.random_range(100..10_000);
        let first = self.rng.random_range(0..SKUS);
        let mut placement = Placement::of(&sku(first), quantity, price)
            .card(CARDS.choose(&mut self.rng).expect("there are cards"))
            .customer(&format!("c-{}", self.rng.random_range(0..50)))
            .to(CITIES.choose(&mut self.rng).expect("there are cities"));
        if self.rng.random_bool(0.3) {
            placement = placement.and(&sku((first + 1) % SKUS), 1, price);
        }
        let (key, body) = (new_key(), placement.body());
        let answer = self.insist(&key, "/v1/orders", &body, &[201]).await;
        let order_id = answer["order_id"].as_str().expect("an order was placed");
        self.acked.orders.push((key, body, order_id.to_owned()));
    }

    async fn note(&mut self) {
        let Some(order_id) = self.one_of_ours() else {
            return;
        };
        let path = format!("/v1/orders/{order_id}/notes");
        let body = json!({ "text": "call before delivery" });
        let answer = self.insist(&new_key(), &path, &body, &[200]).await;
        let note_id = answer["note_id"].as_str().expect("a note was written");
        self.acked.notes.push((order_id, note_id.to_owned()));
    }

    async fn cancel(&mut self) {
        let Some(order_id) = self.one_of_ours() else {
            return;
        };
        let path = format!("/v1/orders/{order_id}/cancel");
        let body = json!({ "reason": "changed their mind" });
        // It may have been rejected meanwhile.
        let answer = self
            .insist(&new_key(), &path, &body, &[200, 202, 409])
            .await;
        if answer["status"].is_string() {
            self.acked.cancelled.push(order_id);
        }
    }

    async fn pack(&mut self) {
        let Some(order_id) = self.one_of_ours() else {
            return;
        };
        let order_id = order_id.parse().expect("an order's id");
        let shipment = ShipmentId::of(order_id, &Location::default());
        let path = format!("/v1/shipments/{shipment}/pack");
        // There may be none yet, or the order was cancelled.
        let wanted = [200, 404, 409];
        self.insist(&new_key(), &path, &json!({}), &wanted).await;
    }

    fn one_of_ours(&mut self) -> Option<String> {
        let recent = self.acked.orders.len().saturating_sub(20);
        let chosen = self.acked.orders[recent..].choose(&mut self.rng);
        chosen.map(|(_, _, order_id)| order_id.clone())
    }

    async fn insist(&self, key: &str, path: &str, body: &Value, wanted: &[u16]) -> Value {
        let answer = self
            .api
            .insist(key, path, body, self.options.patience)
            .await;
        let answer = answer.unwrap_or_else(|trouble| panic!("POST {path}: {trouble}"));
        assert!(
            wanted.contains(&answer.status),
            "POST {path}: {} {}",
            answer.status,
            answer.text
        );
        self.count.fetch_add(1, Ordering::Relaxed);
        answer.body
    }
}

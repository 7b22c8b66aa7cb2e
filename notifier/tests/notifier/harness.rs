//! A shop whose events are in memory, and processes that tell others of them.

use axum::Router;
use bus::{Feed, StoreFeed, TailOptions};
use chassis::{Lifecycle, config::Settings, http_client};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    Actor, CommandId, CustomerId, Event, Money, OrderId, ShipmentId, StreamId, TenantId, Version,
    customer::{CustomerErased, CustomerEvent, CustomerRegistered, Profile},
    order::{LinesShipped, OrderBrief, OrderCancelled, OrderConfirmed, OrderEvent, OrderPlaced},
    payment::{PaymentEvent, PaymentRefunded},
};
use notifier::{NotifierParts, open_store, start};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use servers::{SharedPostgres, TestDatabase};
use sqlx::{Connection, PgConnection};
use std::{
    ffi::OsString,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};
use store::{
    Answer, Append, Clock, EventReader, EventStore, MemoryStore, NewEvent, StreamAppend,
    SystemClock, lease::MemoryLeases,
};
use tokio::net::TcpListener;
use tokio_util::task::TaskTracker;
use uuid::Uuid;
use vault::Vault;

/// No test waits longer for anything.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// Waits until `state` gives something.
pub async fn until<T>(what: &str, state: impl AsyncFn() -> Option<T>) -> T {
    let waiting = async {
        loop {
            if let Some(found) = state().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    match tokio::time::timeout(DEADLINE, waiting).await {
        Ok(found) => found,
        Err(_) => panic!("waited too long for {what}"),
    }
}

/// The machine's clock, put forward.
#[derive(Default)]
pub struct Ahead(AtomicI64);

impl Ahead {
    pub fn put_forward(&self, by: TimeDelta) {
        self.0.fetch_add(by.num_milliseconds(), Ordering::SeqCst);
    }
}

impl Clock for Ahead {
    fn now(&self) -> DateTime<Utc> {
        SystemClock.now() + TimeDelta::milliseconds(self.0.load(Ordering::SeqCst))
    }
}

/// What processes share.
pub struct World {
    pub database: TestDatabase,
    pub store: MemoryStore,
    pub vault: Vault,
    pub clock: Arc<Ahead>,
    leases: Arc<MemoryLeases>,
    settings: Vec<(&'static str, String)>,
}

/// A process.
pub struct Node {
    pub lifecycle: Lifecycle,
    url: String,
    client: Client,
}

/// An answer.
#[derive(Debug)]
pub struct Answered {
    pub status: StatusCode,
    pub headers: reqwest::header::HeaderMap,
    pub body: Value,
}

impl Answered {
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        self
    }

    pub fn text(&self, name: &str) -> &str {
        self.body[name].as_str().unwrap_or_default()
    }
}

impl World {
    pub async fn new() -> Self {
        let clock = Arc::new(Ahead::default());
        Self {
            database: SharedPostgres::database().await.unwrap(),
            store: MemoryStore::new(Arc::new(SystemClock), Uuid::now_v7()),
            vault: Vault::in_memory(),
            leases: Arc::new(MemoryLeases::new(Arc::new(SystemClock))),
            clock,
            settings: vec![
                ("NOTIFICATION__ALLOW_PRIVATE_ADDRESSES", "true".into()),
                ("NOTIFICATION__POLL_MS", "20".into()),
            ],
        }
    }

    /// The same under other settings.
    pub fn set(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.settings.push((name, value.into()));
        self
    }

    fn settings(&self) -> Settings {
        let url = ("STORE__URL", self.database.url().to_owned());
        let set = self.settings.iter().chain([&url]);
        let set =
            set.map(|(name, value)| (format!("ORDERS__{name}").into(), OsString::from(value)));
        // The last one counts.
        let set: std::collections::BTreeMap<OsString, OsString> = set.collect();
        Settings::load_from(None, set).unwrap()
    }

    /// Starts a process in this runtime.
    pub async fn node(&self) -> Node {
        let lifecycle = Lifecycle::new(Duration::from_secs(5));
        let settings = self.settings();
        let reader: Arc<dyn EventReader> = Arc::new(self.store.clone());
        let (feed, _) = StoreFeed::start(
            reader.clone(),
            TailOptions::default(),
            &TaskTracker::new(),
            lifecycle.soft().clone(),
        );
        let parts = NotifierParts {
            feed: feed as Arc<dyn Feed>,
            reader,
            leases: self.leases.clone(),
            store: open_store(&settings, &self.vault).await.unwrap(),
            vault: self.vault.clone(),
            clock: self.clock.clone(),
        };
        let router = start(&parts, &settings, &lifecycle, chassis::grpc::open).unwrap();
        let url = serve(router).await;
        let node = Node {
            lifecycle,
            url,
            client: http_client::loopback().build().unwrap(),
        };
        node.reads(self).await;
        node
    }

    /// Changes what is remembered.
    pub async fn execute(&self, statement: &'static str) {
        let mut connection = PgConnection::connect(self.database.url()).await.unwrap();
        sqlx::query(statement)
            .execute(&mut connection)
            .await
            .unwrap();
    }

    /// Appends events to a stream.
    pub async fn append(&self, stream: StreamId, events: &[Event]) {
        let command = CommandId::new(Uuid::now_v7());
        let streams = [(stream.clone(), Version::ZERO)];
        let known = self.store.read_streams(&streams, 1_000).await.unwrap();
        let expected = known.last();
        let expected = expected.map_or(Version::ZERO, |event| event.envelope.version);
        let number = |(index, event)| NewEvent::of(command, index, event);
        let append = Append {
            command_id: command,
            fingerprint: None,
            tenant: TenantId::default(),
            actor: Actor::parse("test").unwrap(),
            correlation_id: command.uuid(),
            causation_id: None,
            traceparent: None,
            occurred_at: self.clock.now(),
            streams: vec![StreamAppend {
                stream,
                expected,
                events: events.iter().enumerate().map(number).collect(),
            }],
            answer: Answer::Accepted,
        };
        self.store.append(&[append]).await.unwrap();
    }

    /// An order of `customer` is placed and confirmed.
    pub async fn confirm(&self, customer: &str) -> OrderId {
        let brief = brief(customer, self.clock.now());
        let order = brief.order_id;
        let placed = OrderPlaced {
            order_id: order,
            customer_id: brief.customer_id.clone(),
            currency: brief.currency,
            tax_included: false,
            lines: vec![],
            total: brief.total,
            shipping_address: None,
            payment_method: "tok".into(),
            reference: Some("536365".into()),
            placed_at: brief.placed_at,
        };
        let confirmed = OrderConfirmed { order: brief };
        let events = [
            Event::Order(OrderEvent::from(placed)),
            Event::Order(OrderEvent::from(confirmed)),
        ];
        let stream = StreamId::order(&TenantId::default(), order);
        self.append(stream, &events).await;
        order
    }

    /// All else that befalls an order which others are told of.
    pub async fn ship_refund_and_cancel(&self, order: OrderId, customer: &str) {
        let tenant = TenantId::default();
        let order_brief = || OrderBrief {
            order_id: order,
            ..brief(customer, self.clock.now())
        };
        let shipped = OrderEvent::from(LinesShipped {
            order: order_brief(),
            shipment_id: ShipmentId::new(Uuid::now_v7()),
            lines: vec![],
            all: true,
        });
        let refunded = PaymentEvent::from(PaymentRefunded {
            order_id: order,
            shipment_id: None,
            return_id: None,
            authorization_id: "auth_1".into(),
            refund: 1,
            amount: Money::new(500, "EUR".parse().unwrap()),
        });
        let cancelled = OrderEvent::from(OrderCancelled {
            order: order_brief(),
            confirmed: true,
            reason: "test".into(),
        });
        let stream = StreamId::order(&tenant, order);
        self.append(stream.clone(), &[shipped.into()]).await;
        let payment = StreamId::payment(&tenant, order);
        self.append(payment, &[refunded.into()]).await;
        self.append(stream, &[cancelled.into()]).await;
    }

    /// A customer is registered.
    pub async fn register(&self, customer: &str, email: Option<&str>) {
        let (tenant, customer_id) = (TenantId::default(), CustomerId::parse(customer).unwrap());
        let profile = Profile {
            name: Some("Ada Lovelace".into()),
            email: email.map(str::to_owned),
            phone: None,
        };
        let sealed = self.vault.seal_profile(&tenant, &customer_id, &profile);
        let registered = CustomerRegistered {
            customer_id: customer_id.clone(),
            profile: sealed.await.unwrap(),
        };
        let stream = StreamId::customer(&tenant, &customer_id);
        let event = CustomerEvent::from(registered);
        self.append(stream, &[event.into()]).await;
    }

    /// A customer is erased.
    pub async fn erase(&self, customer: &str) {
        let (tenant, customer_id) = (TenantId::default(), CustomerId::parse(customer).unwrap());
        let stream = StreamId::customer(&tenant, &customer_id);
        let event = CustomerEvent::from(CustomerErased { customer_id });
        self.append(stream, &[event.into()]).await;
    }
}

fn brief(customer: &str, placed_at: DateTime<Utc>) -> OrderBrief {
    OrderBrief {
        order_id: OrderId::new(Uuid::now_v7()),
        customer_id: CustomerId::parse(customer).unwrap(),
        currency: "EUR".parse().unwrap(),
        total: 1_769,
        placed_at,
    }
}

/// Serves `router` on a free port for as long as the runtime lives; gives its address.
pub async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

impl Node {
    /// Stops, in good order.
    pub async fn stop(self) {
        self.lifecycle.shut_down();
        self.lifecycle.run_until_shutdown().await;
    }

    /// Waits until events are read: at the first start of all, those of before are not told.
    async fn reads(&self, world: &World) {
        until("the reader to begin", async || {
            let url = world.database.url();
            let mut connection = PgConnection::connect(url).await.ok()?;
            let count: i64 = sqlx::query_scalar("SELECT count(*) FROM notify.checkpoint")
                .fetch_one(&mut connection)
                .await
                .ok()?;
            (count == 1).then_some(())
        })
        .await;
    }

    pub async fn send(
        &self,
        method: Method,
        path: &str,
        key: Option<&str>,
        body: Option<&Value>,
    ) -> Answered {
        let mut request = self.client.request(method, format!("{}{path}", self.url));
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.bytes().await.unwrap();
        Answered {
            status,
            headers,
            body: serde_json::from_slice(&body).unwrap_or_default(),
        }
    }

    pub async fn get(&self, path: &str) -> Answered {
        self.send(Method::GET, path, None, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answered {
        let key = Uuid::now_v7().to_string();
        self.send(Method::POST, path, Some(&key), Some(&body)).await
    }

    /// Creates an endpoint: its id and its secret.
    pub async fn endpoint(&self, url: &str) -> (String, String) {
        let created = self.post("/v1/webhooks", json!({ "url": url })).await;
        let created = created.expect(201);
        (
            created.text("webhook_id").to_owned(),
            created.text("secret").to_owned(),
        )
    }

    /// The deliveries in the log of an endpoint, the latest events first.
    pub async fn deliveries(&self, endpoint: &str) -> Vec<Value> {
        let path = format!("/v1/webhooks/{endpoint}/deliveries");
        let page = self.get(&path).await.expect(200);
        page.body["items"].as_array().unwrap().clone()
    }

    /// Waits until the only delivery of an endpoint is as `is` says.
    pub async fn delivery_that(&self, endpoint: &str, is: impl Fn(&Value) -> bool) -> Value {
        until("a delivery", async || {
            let all = self.deliveries(endpoint).await;
            all.into_iter().find(|delivery| is(delivery))
        })
        .await
    }
}

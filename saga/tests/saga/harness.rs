//! A shop with everything in one process: store and storage in memory, a lane, a feed, and a payment
//! provider over HTTP.

use crate::{fakes::Hasty, gate::Gate, people::shipment, post::Post};
use axum::Router;
use bus::{Feed, StoreFeed, TailOptions};
use chrono::TimeDelta;
use domain::{
    Actor, Command, CommandEnvelope, CommandId, Location, OrderId, Position, Sku, StreamId,
    TenantId, Version,
    policy::{Inventory, Limits, OrderPolicy, PaymentPolicy, Policy, Shipping},
};
use saga::{
    provider::{HttpPaymentProvider, PaymentProvider},
    runtime::{Participants, PolicyOptions, PolicyRunner, TaskOptions, TaskRunner},
    storage::{MemorySagaStore, SagaStore},
};
use sandbox::{Sandbox, SandboxOptions};
use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use store::{
    Clock, EventReader, MemoryStore, StoredEvent, SystemClock,
    lane::{Executed, Lane, LaneOptions, Outcome},
};
use tokio::{net::TcpListener, sync::Notify, task::JoinHandle};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;
use vault::Vault;

/// No test waits longer for anything.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// Waits until `state` holds.
pub async fn until(what: &str, state: impl AsyncFn() -> bool) {
    let waiting = async {
        while !state().await {
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
    };
    if tokio::time::timeout(DEADLINE, waiting).await.is_err() {
        panic!("waited too long for {what}");
    }
}

/// Waits for something that has to happen.
pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(DEADLINE, future).await {
        Ok(value) => value,
        Err(_) => panic!("waited too long for {what}"),
    }
}

/// Ends tasks with the test that began them.
#[derive(Default)]
pub struct Tasks {
    pub stop: CancellationToken,
    tracker: TaskTracker,
}

impl Tasks {
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        self.tracker.spawn(async move {
            stop.run_until_cancelled(task).await;
        });
    }
}

impl Drop for Tasks {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// A client of what is served here.
pub fn http() -> reqwest::Client {
    let client = chassis::http_client::loopback().build();
    client.expect("a client can be made")
}

/// Serves `router` on a free port; gives its address.
pub async fn serve(router: Router, tasks: &Tasks) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tasks.spawn(async move { axum::serve(listener, router).await.unwrap() });
    url
}

/// A sandbox provider whose held answers last as long as the test.
fn provider(tasks: &Tasks) -> Sandbox {
    Sandbox::new(SandboxOptions {
        stop: tasks.stop.clone(),
        // Nothing waits for the end of what is set aside.
        authorization_ttl: Duration::MAX,
        ..SandboxOptions::default()
    })
}

/// The same, served, with its address.
pub async fn sandbox(tasks: &Tasks) -> (Sandbox, String) {
    let sandbox = provider(tasks);
    let url = serve(sandbox.router(), tasks).await;
    (sandbox, url)
}

/// What a shop may be told.
pub struct Rules {
    pub limits: Limits,
    /// How long an authorization is waited for; everything else that the provider is asked, as long
    /// as a test waits for anything.
    pub patience: Duration,
    pub batch: usize,
    pub concurrency: usize,
    pub retries: Vec<Duration>,
    /// For how long orders wait for a provider that is away.
    pub outage: Duration,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            patience: DEADLINE,
            batch: 256,
            concurrency: 16,
            retries: vec![Duration::from_millis(20); 8],
            outage: Duration::ZERO,
        }
    }
}

/// Limits with short inquiries.
pub fn inquiries(millis: &[i64]) -> Limits {
    Limits {
        inquiries: millis
            .iter()
            .copied()
            .map(TimeDelta::milliseconds)
            .collect(),
        ..Limits::default()
    }
}

/// A shop.
pub struct Shop {
    pub store: MemoryStore,
    pub storage: Arc<dyn SagaStore>,
    pub lane: Lane,
    pub feed: Arc<dyn Feed>,
    pub provider: Arc<dyn PaymentProvider>,
    pub carrier: Arc<Post>,
    pub vault: Vault,
    pub sandbox: Sandbox,
    /// What the provider's answers pass.
    pub answers: Gate,
    pub rules: Rules,
    pub tasks: Tasks,
    hint: Arc<Notify>,
    ids: AtomicU64,
}

impl Shop {
    pub async fn open() -> Self {
        Self::with(Rules::default()).await
    }

    pub async fn with(rules: Rules) -> Self {
        let tasks = Tasks::default();
        let store = MemoryStore::new(Arc::new(SystemClock), Uuid::from_u128(1));
        let (sandbox, answers) = (provider(&tasks), Gate::default());
        let url = serve(answers.before(sandbox.router()), &tasks).await;
        let client = |patience| HttpPaymentProvider::new(&url, patience).unwrap();
        let provider = Hasty {
            hasty: client(rules.patience),
            patient: client(DEADLINE),
        };
        Self {
            storage: Arc::new(MemorySagaStore::default()),
            lane: lane(&store, &tasks),
            feed: feed(&store, &tasks),
            store,
            provider: Arc::new(provider),
            carrier: Arc::default(),
            vault: Vault::in_memory(),
            sandbox,
            answers,
            rules,
            tasks,
            hint: Arc::default(),
            ids: AtomicU64::new(1),
        }
    }

    pub fn uuid(&self) -> Uuid {
        Uuid::from_u128(u128::from(self.ids.fetch_add(1, Ordering::Relaxed)))
    }

    /// Puts a command that must be accepted.
    pub async fn put(&self, command: Command) -> Executed {
        let id = CommandId::new(self.uuid());
        self.put_as(id, command).await
    }

    /// The same, under an id.
    pub async fn put_as(&self, id: CommandId, command: Command) -> Executed {
        let put = CommandEnvelope {
            id,
            fingerprint: None,
            tenant: TenantId::default(),
            actor: Actor::parse("test").unwrap(),
            correlation_id: id.uuid(),
            causation_id: None,
            traceparent: None,
            occurred_at: SystemClock.now(),
            expected: None,
            command,
        };
        let executed = self.lane.execute(put).await.unwrap();
        assert_eq!(executed.outcome, Outcome::Accepted);
        executed
    }

    /// Every event, in order.
    pub async fn events(&self) -> Vec<StoredEvent> {
        self.store.read_all(Position::ZERO, 100_000).await.unwrap()
    }

    pub async fn types(&self, stream: StreamId) -> Vec<String> {
        let from = [(stream, Version::ZERO)];
        let events = self.store.read_streams(&from, 1_000).await.unwrap();
        events.into_iter().map(|event| event.event_type).collect()
    }

    /// What happened to an order.
    pub async fn order(&self, order_id: OrderId) -> Vec<String> {
        self.types(StreamId::order(&TenantId::default(), order_id))
            .await
    }

    /// What happened to its payment.
    pub async fn payment(&self, order_id: OrderId) -> Vec<String> {
        self.types(StreamId::payment(&TenantId::default(), order_id))
            .await
    }

    /// What happened to its shipment.
    pub async fn shipment(&self, order_id: OrderId) -> Vec<String> {
        let shipment = shipment(order_id);
        self.types(StreamId::shipment(&TenantId::default(), shipment))
            .await
    }

    /// What happened to the stock of a SKU.
    pub async fn stock(&self, sku: &str) -> Vec<String> {
        let sku = Sku::parse(sku).unwrap();
        let stream = StreamId::stock(&TenantId::default(), &Location::default(), &sku);
        self.types(stream).await
    }

    /// Waits until something has happened to an order.
    pub async fn until_order(&self, order_id: OrderId, event: &str) {
        until(event, async || {
            self.order(order_id).await.iter().any(|seen| seen == event)
        })
        .await;
    }

    /// Waits until something has happened to its payment.
    pub async fn until_payment(&self, order_id: OrderId, event: &str) {
        until(event, async || {
            self.payment(order_id)
                .await
                .iter()
                .any(|seen| seen == event)
        })
        .await;
    }

    /// Waits until something has happened to its shipment.
    pub async fn until_shipment(&self, order_id: OrderId, event: &str) {
        until(event, async || {
            self.shipment(order_id)
                .await
                .iter()
                .any(|seen| seen == event)
        })
        .await;
    }

    /// Waits until everything that follows from what happened so far has happened: policies react
    /// to events in their order, so an order that comes last is confirmed last. Gives that order.
    pub async fn settle(&self) -> OrderId {
        self.receive("LAST", 1).await;
        self.until_nothing_is_due().await;
        let last = self.place("tok_approve", &["LAST"]).await;
        until("the last order", async || {
            self.stock("LAST").await.last().unwrap() == "ReservationCommitted"
        })
        .await;
        self.until_shipment(last, "ShipmentCreated").await;
        assert_eq!(self.order(last).await, ["OrderPlaced", "OrderConfirmed"]);
        // What is done is forgotten a moment later.
        self.until_nothing_is_due().await;
        last
    }

    async fn until_nothing_is_due(&self) {
        until("tasks to be done", async || {
            let backlog = self.storage.backlog(SystemClock.now()).await.unwrap();
            backlog.due == 0
        })
        .await;
    }

    pub fn participants(&self) -> Participants {
        Participants {
            provider: self.provider.clone(),
            carrier: self.carrier.clone(),
            vault: self.vault.clone(),
        }
    }

    pub fn policy<P: Policy>(&self) -> PolicyRunner<P> {
        let options = PolicyOptions {
            batch: self.rules.batch,
            patience: Duration::from_millis(20),
            idle_checkpoint: Duration::ZERO,
        };
        PolicyRunner::new(
            self.feed.clone(),
            self.lane.clone(),
            self.storage.clone(),
            Arc::new(SystemClock),
            self.rules.limits.clone(),
            options,
            self.hint.clone(),
        )
    }

    pub fn task_runner(&self) -> TaskRunner {
        let options = TaskOptions {
            payment_concurrency: self.rules.concurrency,
            carrier_concurrency: self.rules.concurrency,
            poll: Duration::from_millis(10),
            retries: self.rules.retries.clone(),
            outage: self.rules.outage,
        };
        TaskRunner::new(
            self.lane.clone(),
            Arc::new(self.store.clone()),
            self.storage.clone(),
            self.participants(),
            Arc::new(SystemClock),
            options,
            self.hint.clone(),
        )
    }

    /// All parts of the sagas as one future, under a leader's epoch. Dropped, they crash.
    pub fn sagas(
        &self,
        epoch: i64,
        stop: CancellationToken,
    ) -> impl Future<Output = anyhow::Result<()>> + Send + 'static {
        let inventory = self.policy::<Inventory>();
        let payment = self.policy::<PaymentPolicy>();
        let order = self.policy::<OrderPolicy>();
        let shipping = self.policy::<Shipping>();
        let tasks = self.task_runner();
        async move {
            let tasks = async { tasks.run(stop.clone()).await.map_err(anyhow::Error::from) };
            let policies = async {
                tokio::try_join!(
                    inventory.run(epoch, stop.clone()),
                    payment.run(epoch, stop.clone()),
                    order.run(epoch, stop.clone()),
                    shipping.run(epoch, stop.clone()),
                )?;
                anyhow::Ok(())
            };
            tokio::try_join!(tasks, policies)?;
            Ok(())
        }
    }

    /// Runs the sagas until the test ends.
    pub fn start(&self) -> JoinHandle<()> {
        let sagas = self.sagas(LEADER, self.tasks.stop.clone());
        tokio::spawn(async move { sagas.await.unwrap() })
    }
}

/// The epoch that [`Shop::start`] leads under.
pub const LEADER: i64 = 1_000_000;

/// A lane over `store`.
pub fn lane(store: &MemoryStore, tasks: &Tasks) -> Lane {
    let (lane, work) = Lane::new(Arc::new(store.clone()), LaneOptions::default());
    tasks.spawn(work.run(CancellationToken::new()));
    lane
}

/// A feed of `store`.
pub fn feed(store: &MemoryStore, tasks: &Tasks) -> Arc<dyn Feed> {
    let options = TailOptions {
        poll: Duration::from_millis(20),
        pace: Duration::ZERO,
        ..TailOptions::default()
    };
    let tracker = TaskTracker::new();
    StoreFeed::start(
        Arc::new(store.clone()),
        options,
        &tracker,
        tasks.stop.clone(),
    )
    .0
}

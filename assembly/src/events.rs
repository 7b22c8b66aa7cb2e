//! The store, the broker and the feed that the settings name.

use crate::{needs::needs_broker, patiently};
use anyhow::{Context, bail};
use bus::{
    BrokerFeed, ConnectOptions, Feed, JetStream, JetStreamOptions, Relay, RelayOptions, StoreFeed,
    TailOptions,
};
use chassis::{
    Lifecycle,
    config::{BusSettings, Settings},
    health::Health,
};
use secrecy::ExposeSecret;
use std::{sync::Arc, time::Duration};
use store::{
    EventReader, EventStore, KurrentOptions, KurrentStore, PostgresOptions, PostgresReader,
    PostgresStore, StoreError, lease::Leases,
};
use tokio_util::task::TaskTracker;
use uuid::Uuid;

/// The event store, and the leases that it keeps.
#[derive(Clone)]
pub struct Events {
    /// Reads and appends.
    pub store: Arc<dyn EventStore>,
    /// Reads.
    pub reader: Arc<dyn EventReader>,
    /// Who leads what.
    pub leases: Arc<dyn Leases>,
}

/// How much longer than needed KurrentDB keeps command records: whether one is forgotten is not for
/// its clock to say.
const KEPT_LONGER: Duration = Duration::from_secs(24 * 60 * 60);

/// Connects to the store that `store.url` names, and brings its schema up to date, or begins it.
/// Waits a while for a server that is still starting.
pub async fn open_store(settings: &Settings) -> anyhow::Result<Events> {
    patiently(
        "the event store",
        StoreError::is_transient,
        async || match settings.store_is_kurrentdb() {
            true => connect_kurrentdb(settings).await,
            false => connect(settings).await,
        },
    )
    .await
    .context("store.url: the event store cannot be used")
}

async fn connect(settings: &Settings) -> Result<Events, StoreError> {
    let (url, notify) = (settings.store.url.expose_secret(), settings.store.notify);
    let store = PostgresStore::connect(PostgresOptions::new(url).signal_processes(notify)).await?;
    store.migrate().await?;
    let leases = Arc::new(store.leases());
    let store = Arc::new(store);
    Ok(Events {
        reader: store.clone(),
        store,
        leases,
    })
}

async fn connect_kurrentdb(settings: &Settings) -> Result<Events, StoreError> {
    let store = Arc::new(KurrentStore::connect(kurrentdb(settings)?).await?);
    Ok(Events {
        leases: Arc::new(store.leases()),
        reader: store.clone(),
        store,
    })
}

pub(crate) fn kurrentdb(settings: &Settings) -> Result<KurrentOptions, StoreError> {
    let days = u64::from(settings.store.command_record_days);
    let keep = Duration::from_secs(days * 24 * 60 * 60) + KEPT_LONGER;
    let options = KurrentOptions::parse(settings.store.url.expose_secret())?;
    Ok(options
        .follow_others(settings.store.notify)
        .keep_commands(keep))
}

/// Connects to the store that `store.url` names for reading alone, as patiently as
/// [`open_store`] does.
pub async fn open_reader(settings: &Settings) -> anyhow::Result<Arc<dyn EventReader>> {
    patiently("the event store", StoreError::is_transient, async || {
        Ok(match settings.store_is_kurrentdb() {
            true => Arc::new(KurrentStore::connect_to_read(kurrentdb(settings)?).await?),
            false => {
                let url = settings.store.url.expose_secret();
                // It writes nothing, so it does not matter to it how durable the server is.
                let options = PostgresOptions::new(url).accept_data_loss();
                Arc::new(PostgresReader::connect(options).await?) as Arc<dyn EventReader>
            }
        })
    })
    .await
    .context("store.url: the event store cannot be used")
}

/// The feed that the settings name: JetStream where there is a broker, else the store itself.
///
/// Without its broker a feed goes on, from the store: this is for a process that has more to do than
/// to follow it, and stays ready then.
pub async fn open_feed(
    settings: &Settings,
    events: &Events,
    lifecycle: &Lifecycle,
) -> anyhow::Result<Arc<dyn Feed>> {
    let broker = open_broker(&settings.bus).await?;
    Ok(start_feed(broker, events, lifecycle))
}

/// As [`open_feed`], for a process that does nothing but follow it: it is not ready while it has
/// lost its broker, so that somebody looks.
pub async fn open_needed_feed(
    settings: &Settings,
    events: &Events,
    lifecycle: &Lifecycle,
    health: &Health,
) -> anyhow::Result<Arc<dyn Feed>> {
    let broker = open_broker(&settings.bus).await?;
    if let Some(broker) = &broker {
        needs_broker(health, broker.clone());
    }
    Ok(start_feed(broker, events, lifecycle))
}

fn start_feed(
    broker: Option<Arc<JetStream>>,
    events: &Events,
    lifecycle: &Lifecycle,
) -> Arc<dyn Feed> {
    let tasks = TaskTracker::new();
    let (reader, stop) = (events.reader.clone(), lifecycle.soft().clone());
    let (feed, running) = match broker {
        Some(broker) => BrokerFeed::start(broker, reader, TailOptions::default(), &tasks, stop),
        None => StoreFeed::start(reader, TailOptions::default(), &tasks, stop),
    };
    // Before it is told to stop it ends only if it cannot go on, or panics: the process ends, too.
    lifecycle.spawn_critical("feed", async move { Ok(running.await??) });
    feed
}

/// Starts the relay where there is a broker: it leads, or waits to.
pub async fn start_relay(
    settings: &Settings,
    events: &Events,
    lifecycle: &Lifecycle,
) -> anyhow::Result<()> {
    let Some(broker) = open_broker(&settings.bus).await? else {
        return Ok(());
    };
    let options = RelayOptions {
        window: settings.bus.publish_window,
        ..RelayOptions::default()
    };
    let (reader, leases) = (events.reader.clone(), events.leases.clone());
    let relay = Relay::new(reader, broker, leases, Uuid::now_v7(), options);
    let stop = lifecycle.soft().clone();
    lifecycle.spawn_critical("relay", async move {
        relay.run(stop).await;
        Ok(())
    });
    Ok(())
}

async fn open_broker(settings: &BusSettings) -> anyhow::Result<Option<Arc<JetStream>>> {
    let Some(url) = &settings.url else {
        return Ok(None);
    };
    let max_bytes = i64::try_from(settings.max_bytes).context("bus.max_bytes is too large")?;
    let Some(max_age) = settings.max_age_days.checked_mul(24 * 60 * 60) else {
        bail!("bus.max_age_days is too large");
    };
    let options = JetStreamOptions {
        replicas: settings.replicas,
        max_age: Duration::from_secs(max_age),
        max_bytes,
        ..JetStreamOptions::named(&settings.stream)
    };
    let broker = JetStream::connect(url.expose_secret(), ConnectOptions::new(), options)
        .await
        .context("bus.url: NATS cannot be used")?;
    Ok(Some(Arc::new(broker)))
}

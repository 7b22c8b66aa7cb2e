//! The adapter that a case is run on.

use std::sync::Arc;
use store::{
    EventStore, MemoryStore, PostgresOptions, PostgresStore, SystemClock,
    lease::{Leases, MemoryLeases},
};
use uuid::Uuid;
#[cfg(feature = "kurrentdb")]
use {
    kurrent_double::Fake,
    store::{KurrentOptions, KurrentStore},
};

/// Where a real KurrentDB is that tests may write to.
#[cfg(feature = "kurrentdb")]
pub const KURRENTDB_URL: &str = "ORDERS_TEST_KURRENTDB_URL";

/// Why there is none, where somebody has looked for one.
#[cfg(feature = "kurrentdb")]
const KURRENTDB_SKIPPED: &str = "ORDERS_TEST_KURRENTDB_SKIPPED";

/// An empty store, and as many ways into it as a case wants.
pub enum World {
    Memory(MemoryStore, MemoryLeases),
    Postgres(servers::TestDatabase),
    /// One of which everything is archived at once.
    PostgresArchived(servers::TestDatabase, crate::archiving::Quiet),
    /// A server that speaks the protocol, in this process.
    #[cfg(feature = "kurrentdb")]
    KurrentDb(Fake),
    /// A real server, and the namespace of the world in it.
    #[cfg(feature = "kurrentdb")]
    KurrentDbServer(String, String),
}

impl World {
    pub fn memory() -> Self {
        let clock = Arc::new(SystemClock);
        let store = MemoryStore::new(clock.clone(), Uuid::new_v4());
        Self::Memory(store, MemoryLeases::new(clock))
    }

    pub async fn postgres() -> Self {
        let database = servers::SharedPostgres::database().await.unwrap();
        connect(database.url()).await.migrate().await.unwrap();
        Self::Postgres(database)
    }

    pub async fn postgres_archived() -> Self {
        let database = servers::SharedPostgres::database().await.unwrap();
        connect(database.url()).await.migrate().await.unwrap();
        Self::PostgresArchived(database, Default::default())
    }

    #[cfg(feature = "kurrentdb")]
    pub async fn kurrentdb() -> Self {
        Self::KurrentDb(Fake::start().await)
    }

    /// A namespace of its own in the server that is given; the reason if none is.
    #[cfg(feature = "kurrentdb")]
    pub fn kurrentdb_server() -> Result<Self, String> {
        let url = std::env::var(KURRENTDB_URL);
        let url = url.map_err(|_| {
            let why = std::env::var(KURRENTDB_SKIPPED);
            why.unwrap_or_else(|_| format!("{KURRENTDB_URL} names no server"))
        })?;
        let namespace = format!("test{}", Uuid::new_v4().simple());
        Ok(Self::KurrentDbServer(url, namespace))
    }

    /// An empty store of the same kind.
    pub async fn another(&self) -> Self {
        match self {
            Self::Memory(..) => Self::memory(),
            Self::Postgres(_) => Self::postgres().await,
            Self::PostgresArchived(..) => Self::postgres_archived().await,
            #[cfg(feature = "kurrentdb")]
            Self::KurrentDb(_) => Self::kurrentdb().await,
            #[cfg(feature = "kurrentdb")]
            Self::KurrentDbServer(..) => Self::kurrentdb_server().unwrap(),
        }
    }

    /// Whether positions are contiguous from 1.
    pub fn has_contiguous_positions(&self) -> bool {
        matches!(
            self,
            Self::Memory(..) | Self::Postgres(_) | Self::PostgresArchived(..)
        )
    }

    /// A store as another process would have it: with connections of its own.
    pub async fn store(&self) -> Arc<dyn EventStore> {
        match self {
            Self::Memory(store, _) => Arc::new(store.clone()),
            Self::Postgres(database) => Arc::new(connect(database.url()).await),
            Self::PostgresArchived(database, quiet) => {
                Arc::new(crate::archiving::Archiving::connect(database.url(), quiet.clone()).await)
            }
            #[cfg(feature = "kurrentdb")]
            Self::KurrentDb(fake) => Arc::new(connect_kurrentdb(&fake.url(), "orders").await),
            #[cfg(feature = "kurrentdb")]
            Self::KurrentDbServer(url, namespace) => {
                Arc::new(connect_kurrentdb(url, namespace).await)
            }
        }
    }

    pub async fn leases(&self) -> Arc<dyn Leases> {
        match self {
            Self::Memory(_, leases) => Arc::new(leases.clone()),
            Self::Postgres(database) | Self::PostgresArchived(database, _) => {
                Arc::new(connect(database.url()).await.leases())
            }
            #[cfg(feature = "kurrentdb")]
            Self::KurrentDb(fake) => {
                Arc::new(connect_kurrentdb(&fake.url(), "orders").await.leases())
            }
            #[cfg(feature = "kurrentdb")]
            Self::KurrentDbServer(url, namespace) => {
                Arc::new(connect_kurrentdb(url, namespace).await.leases())
            }
        }
    }
}

/// A store on the server that the tests share, which is not durable.
pub async fn connect(url: &str) -> PostgresStore {
    PostgresStore::connect(options(url)).await.unwrap()
}

pub fn options(url: &str) -> PostgresOptions {
    PostgresOptions::new(url).accept_data_loss()
}

/// A store that is as patient with an append as a busy machine needs.
#[cfg(feature = "kurrentdb")]
pub async fn connect_kurrentdb(url: &str, namespace: &str) -> KurrentStore {
    let options = KurrentOptions::parse(url).unwrap();
    let options = options.append_timeout(std::time::Duration::from_secs(30));
    KurrentStore::connect(options.namespace(namespace).unwrap())
        .await
        .unwrap()
}

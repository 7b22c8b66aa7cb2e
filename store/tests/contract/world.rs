//! The adapter that a case is run on.

use std::sync::Arc;
use store::{
    EventStore, MemoryStore, PostgresOptions, PostgresStore, SystemClock,
    lease::{Leases, MemoryLeases},
};
use uuid::Uuid;

/// An empty store, and as many ways into it as a case wants.
pub enum World {
    Memory(MemoryStore, MemoryLeases),
    Postgres(local::TestDatabase),
}

impl World {
    pub fn memory() -> Self {
        let clock = Arc::new(SystemClock);
        let store = MemoryStore::new(clock.clone(), Uuid::new_v4());
        Self::Memory(store, MemoryLeases::new(clock))
    }

    pub async fn postgres() -> Self {
        let database = local::SharedPostgres::database().await.unwrap();
        connect(database.url()).await.migrate().await.unwrap();
        Self::Postgres(database)
    }

    /// A store as another process would have it: with connections of its own.
    pub async fn store(&self) -> Arc<dyn EventStore> {
        match self {
            Self::Memory(store, _) => Arc::new(store.clone()),
            Self::Postgres(database) => Arc::new(connect(database.url()).await),
        }
    }

    pub async fn leases(&self) -> Arc<dyn Leases> {
        match self {
            Self::Memory(_, leases) => Arc::new(leases.clone()),
            Self::Postgres(database) => Arc::new(connect(database.url()).await.leases()),
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

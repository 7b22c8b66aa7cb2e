//! The saga service: policies, timers, and calls to participants.

use assembly::{Process, open_feed, open_store, service_main, start_lane};
use saga::{SagaParts, provider, start, storage::PostgresSagaStore};
use secrecy::ExposeSecret;
use std::{process::ExitCode, sync::Arc};
use store::SystemClock;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Connections of the sagas' storage: each policy and the task runner work one statement at a time.
const CONNECTIONS: u32 = 6;

fn main() -> ExitCode {
    service_main("saga", "The sagas of the order platform.", run)
}

async fn run(process: Process) -> anyhow::Result<Process> {
    let Process {
        settings,
        lifecycle,
        health,
        ..
    } = &process;
    let provider = provider(&settings.saga)?;
    let listener = process
        .bind("http.saga_port", settings.http.saga_port)
        .await?;
    let events = open_store(settings).await?;
    let url = settings.saga_url().expose_secret();
    let parts = SagaParts {
        feed: open_feed(settings, &events, lifecycle).await?,
        lane: start_lane(events.store.clone(), &settings.store, lifecycle),
        leases: events.leases.clone(),
        storage: Arc::new(PostgresSagaStore::connect(url, CONNECTIONS).await?),
        provider,
        clock: Arc::new(SystemClock),
    };
    start(&parts, &settings.saga, lifecycle, health);
    process.serve(listener, axum::Router::new());
    Ok(process)
}

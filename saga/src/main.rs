//! The saga service: policies, timers, and calls to participants.

use assembly::{Process, needs_store, open_needed_feed, open_store, service_main, start_lane};
use saga::{SagaParts, provider, router, start, storage::PostgresSagaStore};
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
    let listener = process
        .bind("http.saga_port", settings.http.saga_port)
        .await?;
    let events = open_store(settings).await?;
    let url = settings.store.url.expose_secret();
    let parts = SagaParts {
        feed: open_needed_feed(settings, &events, lifecycle, health).await?,
        lane: start_lane(events.store.clone(), &settings.store, lifecycle),
        leases: events.leases.clone(),
        storage: Arc::new(PostgresSagaStore::connect(url, CONNECTIONS).await?),
        provider: provider(&settings.saga)?,
        clock: Arc::new(SystemClock),
    };
    needs_store(health, events.reader.clone());
    let status = start(&parts, &settings.saga, lifecycle);
    process.serve(listener, router(status));
    Ok(process)
}

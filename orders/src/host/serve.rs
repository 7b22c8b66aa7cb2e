//! `orders serve`: everything in one process, with the store itself as the feed unless there is a
//! broker.

use anyhow::Context;
use assembly::{
    Process, documentation, needs_store, open_feed, open_store, start_lane, start_relay,
};
use axum::Router;
use chassis::{
    Lifecycle,
    config::Settings,
    layers,
    server::{self, Limits},
};
use projector::PostgresReadModels;
use saga::{SagaParts, storage::PostgresSagaStore};
use sandbox::{MAX_HOLD_MS, MAX_LATENCY_MS, Sandbox, SandboxOptions};
use secrecy::ExposeSecret;
use std::{path::Path, process::ExitCode, sync::Arc};
use store::SystemClock;

/// Connections for the sagas: each policy and the task runner work one statement at a time.
const SAGA_CONNECTIONS: u32 = 4;
/// Connections for the projections.
const PROJECTOR_CONNECTIONS: u32 = 5;
/// Operations that the sandbox keeps in memory: some 60 MB.
const SANDBOX_OPERATIONS: usize = 100_000;

/// Runs the platform until it is told to stop. The sandbox provider is part of it where the settings
/// have payments go to its port; its ledger is kept in `journal`.
pub async fn serve(settings: Settings, journal: Option<&Path>) -> anyhow::Result<ExitCode> {
    let process = Process::new(settings)?;
    start(&process, journal).await?;
    Ok(process.run().await)
}

async fn start(process: &Process, journal: Option<&Path>) -> anyhow::Result<()> {
    let Process {
        settings,
        lifecycle,
        health,
        ..
    } = process;
    let listener = process.bind("http.port", settings.http.port).await?;
    if settings.saga.payment_url.trim_end_matches('/') == sandbox_url(settings) {
        start_sandbox(settings, lifecycle, journal).await?;
    }
    let events = open_store(settings).await?;
    needs_store(health, events.reader.clone());
    let lane = start_lane(events.store.clone(), &settings.store, lifecycle);
    start_relay(settings, &events, lifecycle).await?;
    let feed = open_feed(settings, &events, lifecycle).await?;
    let read_url = settings.read_url().expose_secret();
    let clock = Arc::new(SystemClock);

    let sagas = SagaParts {
        feed: feed.clone(),
        lane: lane.clone(),
        leases: events.leases.clone(),
        storage: Arc::new(
            PostgresSagaStore::connect(read_url, SAGA_CONNECTIONS)
                .await
                .context("the sagas' storage cannot be used")?,
        ),
        provider: saga::provider(&settings.saga)?,
        clock: clock.clone(),
    };
    let sagas_now = saga::start(&sagas, &settings.saga, lifecycle);
    // Its way into the lane would keep the lane from ending.
    drop(sagas);

    let projections = projector::Parts {
        feed,
        models: PostgresReadModels::connect(read_url, PROJECTOR_CONNECTIONS)
            .await
            .context("the read models cannot be used")?,
        leases: events.leases.clone(),
        clock,
    };
    let board = projector::start(&projections, &settings.projector, lifecycle);

    let moved = Some(board.moved());
    let queries = query::start(events.reader.clone(), moved, settings, lifecycle, health)
        .context("the read API cannot be started")?;
    let commands = command::start(events.store, lane, settings, lifecycle)
        .await
        .context("the write API cannot be started")?;
    let mut api = command::openapi();
    api.merge(query::openapi());
    api.info.title = "Orders".into();
    api.info.description = Some("Place orders, act on them, and look at them.".into());
    let routes = Router::new()
        .merge(command::router(commands))
        .merge(query::router(queries))
        .merge(projector::router(board))
        .merge(saga::router(sagas_now))
        .merge(documentation(api));
    process.serve(listener, routes);
    Ok(())
}

fn sandbox_url(settings: &Settings) -> String {
    format!("http://127.0.0.1:{}", settings.http.sandbox_port)
}

async fn start_sandbox(
    settings: &Settings,
    lifecycle: &Lifecycle,
    journal: Option<&Path>,
) -> anyhow::Result<()> {
    let options = SandboxOptions {
        max_operations: SANDBOX_OPERATIONS,
        stop: lifecycle.soft().clone(),
        ..SandboxOptions::default()
    };
    let sandbox = match journal {
        Some(journal) => Sandbox::open(options, journal).context("the sandbox's ledger")?,
        None => Sandbox::new(options),
    };
    let mut http = settings.http.clone();
    // Answers that are held on purpose are neither too slow nor too many.
    http.request_timeout_ms = MAX_HOLD_MS + 4 * MAX_LATENCY_MS;
    http.max_in_flight = http.max_connections;
    let listener = server::bind(http.address(http.sandbox_port))
        .await
        .context("http.sandbox_port")?;
    let routes = layers::wrap(sandbox.router(), &http);
    let serving = server::serve(listener, routes, &Limits::from(&http), lifecycle);
    lifecycle.spawn_critical("sandbox", serving);
    Ok(())
}

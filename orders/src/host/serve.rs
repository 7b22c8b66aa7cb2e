//! `orders serve`: everything in one process, with the store itself as the feed unless there is a
//! broker.

use super::participants::{self, Ledger};
use anyhow::Context;
use assembly::{
    Process, calls, documentation, name_vault, needs_store, open_feed, open_store, prepare_vault,
    start_lane, start_relay, watch_keys,
};
use axum::Router;
use chassis::{config::Settings, grpc::open};
use notifier::NotifierParts;
use saga::SagaParts;
use std::{process::ExitCode, sync::Arc};
use store::SystemClock;

/// Runs the platform until it is told to stop. The sandbox is part of it only where it is given a
/// ledger.
pub async fn serve(mut settings: Settings, sandbox: Option<Ledger>) -> anyhow::Result<ExitCode> {
    if let Some(ledger) = &sandbox {
        ledger.settle(&mut settings)?;
    }
    let process = Process::new("orders", settings)?;
    start(&process, sandbox.as_ref()).await?;
    Ok(process.run().await)
}

async fn start(process: &Process, ledger: Option<&Ledger>) -> anyhow::Result<()> {
    let Process {
        settings,
        lifecycle,
        health,
        ..
    } = process;
    let vault = name_vault(settings)?;
    let called = saga::participants(&settings.saga, vault.clone())?;
    let listener = process.bind("http.port", settings.http.port).await?;
    if let Some(ledger) = ledger {
        participants::start_sandbox(settings, lifecycle, ledger).await?;
    }
    let events = open_store(settings).await?;
    prepare_vault(&vault, settings).await?;
    needs_store(health, events.reader.clone());
    watch_keys(health, vault.clone());
    let lane = start_lane(events.store.clone(), &settings.store, lifecycle);
    start_relay(settings, &events, lifecycle).await?;
    let feed = open_feed(settings, &events, lifecycle).await?;
    let clock = Arc::new(SystemClock);

    let sagas = SagaParts {
        feed: feed.clone(),
        lane: lane.clone(),
        reader: events.reader.clone(),
        leases: events.leases.clone(),
        storage: Arc::new(saga::open_storage(settings).await?),
        participants: called,
        clock: clock.clone(),
    };
    let sagas_now = saga::start(&sagas, &settings.saga, lifecycle);
    // Its way into the lane would keep the lane from ending.
    drop(sagas);

    let notifications = NotifierParts {
        feed: feed.clone(),
        reader: events.reader.clone(),
        leases: events.leases.clone(),
        store: notifier::open_store(settings, &vault).await?,
        vault: vault.clone(),
        clock: clock.clone(),
    };
    let notifications = notifier::start(&notifications, settings, lifecycle, open)
        .context("notifications cannot be started")?;

    let projections = projector::Parts {
        feed,
        models: projector::open_read_models(settings).await?,
        leases: events.leases.clone(),
        clock,
    };
    let rebuilds = projector::Rebuilds::new(
        events.reader.clone(),
        projections.models.clone(),
        &settings.projector,
        lifecycle,
    );
    let board =
        projector::start_with_rebuilds(&projections, &rebuilds, &settings.projector, lifecycle);
    projector::warn_of_parked(health, board.clone());

    let moved = Some(board.moved());
    let reader = events.reader.clone();
    let queries = query::start(reader, vault.clone(), moved, settings, lifecycle, health)
        .context("the read API cannot be started")?;
    let commands = command::start(events.store, lane, vault, settings, lifecycle)
        .await
        .context("the write API cannot be started")?;
    let mut api = command::openapi();
    api.merge(query::openapi());
    api.merge(notifier::openapi());
    api.merge(projector::openapi());
    api.info.title = "Orders".into();
    api.info.description = Some("Place orders, act on them, and look at them.".into());
    let max_bytes = settings.http.max_body_bytes;
    let routes = Router::new()
        .merge(command::router(commands.clone()))
        .merge(command::grpc(commands, open, max_bytes))
        .merge(query::router(queries.clone()))
        .merge(query::grpc(queries, open, max_bytes))
        .merge(calls(
            health,
            [
                &command::SERVICES[..],
                &query::SERVICES[..],
                &notifier::SERVICES[..],
            ]
            .concat(),
        )?)
        .merge(projector::router(board, projections.models, rebuilds))
        .merge(saga::router(sagas_now))
        .merge(notifications)
        .merge(documentation(api));
    process.serve(listener, routes);
    Ok(())
}

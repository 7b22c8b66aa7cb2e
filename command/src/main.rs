//! The command service: the write API, the lane, and the relay where there is a broker.

use anyhow::Context;
use assembly::{
    Process, calls, documentation, name_vault, needs_store, open_store, prepare_vault,
    service_main, start_lane, start_relay, watch_keys,
};
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    service_main("command", "The write API of the order platform.", run)
}

async fn run(process: Process) -> anyhow::Result<Process> {
    let Process {
        settings,
        lifecycle,
        health,
        ..
    } = &process;
    let vault = name_vault(settings)?;
    let listener = process
        .bind("http.command_port", settings.http.command_port)
        .await?;
    let events = open_store(settings).await?;
    needs_store(health, events.reader.clone());
    watch_keys(health, vault.clone());
    prepare_vault(&vault, settings).await?;
    let lane = start_lane(events.store.clone(), &settings.store, lifecycle);
    start_relay(settings, &events, lifecycle).await?;
    let api = command::start(events.store.clone(), lane, vault, settings, lifecycle)
        .await
        .context("the write API cannot be started")?;
    let max_bytes = settings.http.max_body_bytes;
    let routes = command::router(api.clone())
        .merge(command::grpc(api, chassis::grpc::open, max_bytes))
        .merge(calls(health, command::SERVICES.to_vec())?)
        .merge(documentation(command::openapi()));
    process.serve(listener, routes);
    Ok(process)
}

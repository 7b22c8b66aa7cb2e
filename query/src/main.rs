//! The read API as a process of its own.

use assembly::{Process, calls, documentation, name_vault, open_reader, service_main, watch_keys};
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    service_main("query", "The read API of the order platform.", run)
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
        .bind("http.query_port", settings.http.query_port)
        .await?;
    let reader = open_reader(settings).await?;
    watch_keys(health, vault.clone());
    let api = query::start(reader, vault, None, settings, lifecycle, health)?;
    let max_bytes = settings.http.max_body_bytes;
    let routes = query::router(api.clone())
        .merge(query::grpc(api, chassis::grpc::open, max_bytes))
        .merge(calls(health, query::SERVICES.to_vec())?)
        .merge(documentation(query::openapi()));
    process.serve(listener, routes);
    Ok(process)
}

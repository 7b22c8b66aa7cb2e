//! The read API as a process of its own.

use anyhow::Context;
use assembly::{Process, documentation, service_main};
use secrecy::ExposeSecret;
use std::{process::ExitCode, sync::Arc};
use store::{PostgresOptions, PostgresReader};

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
    let listener = process
        .bind("http.query_port", settings.http.query_port)
        .await?;
    // It writes nothing, so it does not matter to it how durable the server is.
    let options = PostgresOptions::new(settings.store.url.expose_secret()).accept_data_loss();
    let reader = PostgresReader::connect(options)
        .await
        .context("store.url: the event store cannot be reached")?;
    let api = query::start(Arc::new(reader), settings, lifecycle, health)?;
    let routes = query::router(api).merge(documentation(query::openapi()));
    process.serve(listener, routes);
    Ok(process)
}

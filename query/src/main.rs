//! The read API as a process of its own.

use anyhow::Context;
use axum::{Json, routing::get};
use chassis::{
    Lifecycle,
    config::{self, Settings},
    health::Health,
    layers, server, telemetry,
};
use clap::{Parser, Subcommand};
use secrecy::ExposeSecret;
use std::{process::ExitCode, sync::Arc};
use store::{PostgresOptions, PostgresReader};

/// The read API: orders, stock, customers and sales over REST, on http.query_port.
#[derive(Debug, Parser)]
#[command(version, after_long_help = config::reference_text())]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Look at the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Print the settings in force, without secrets.
    Print,
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let settings = Settings::load()?;
    match arguments.command {
        None => serve(settings).await,
        Some(Command::Config(ConfigCommand::Print)) => {
            print(&settings.to_yaml_redacted());
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn serve(settings: Settings) -> anyhow::Result<ExitCode> {
    let metrics = telemetry::init(&settings.telemetry)?;
    let lifecycle = Lifecycle::new(settings.http.shutdown_timeout());
    let address = settings.http.address(settings.http.query_port);
    let listener = server::bind(address).await.context("http.query_port")?;
    let health = Health::new(lifecycle.soft().clone());

    let url = settings.store.url.expose_secret();
    // It writes nothing, so it does not matter to it how durable the server is.
    let options = PostgresOptions::new(url).accept_data_loss();
    let reader = PostgresReader::connect(options)
        .await
        .context("store.url: the event store cannot be reached")?;
    let api = query::start(Arc::new(reader), None, &settings, &lifecycle, &health)?;

    let router = query::router(api)
        .route("/openapi.json", get(async || Json(query::openapi())))
        .merge(health.router(&metrics));
    let router = layers::wrap(router, &settings.http);
    let limits = (&settings.http).into();
    lifecycle.spawn_critical("http", server::serve(listener, router, &limits, &lifecycle));
    let upkeep = metrics.run_upkeep(lifecycle.soft().clone());
    lifecycle.spawn_critical("metrics", async {
        upkeep.await;
        Ok(())
    });
    health.mark_started();
    Ok(lifecycle.run_until_shutdown().await)
}

#[expect(
    clippy::print_stdout,
    reason = "what was asked for goes to standard output"
)]
fn print(text: &str) {
    print!("{text}");
}

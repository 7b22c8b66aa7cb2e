//! `orders dev`: all in one, on a private PostgreSQL whose data survives a restart.

use super::{Running, data_dir, ports, serve};
use crate::cli::say;
use anyhow::Context;
use chassis::config::{LogFormat, Settings};
use local::{Postgres, PostgresOptions};
use secrecy::SecretString;
use std::process::ExitCode;

/// Runs the platform until it is told to stop.
pub async fn dev() -> anyhow::Result<ExitCode> {
    let mut settings = Settings::load()?;
    ports::settle(&mut settings)?;
    if std::env::var_os("ORDERS__TELEMETRY__FORMAT").is_none() {
        settings.telemetry.format = LogFormat::Text;
    }
    let data = data_dir()?;
    let postgres = Postgres::start(PostgresOptions {
        data_dir: Some(data.join("postgres")),
        ..PostgresOptions::default()
    })
    .await
    .context("PostgreSQL cannot be started")?;
    postgres
        .create_database("orders")
        .await
        .context("the database cannot be created")?;
    let url = postgres.url("orders");
    settings.store.url = SecretString::from(url.clone());
    say(&format!(
        "API       http://127.0.0.1:{port} (documentation: http://127.0.0.1:{port}/docs); open, on loopback only",
        port = settings.http.port
    ));
    say(&format!(
        "Database  {url} (data: {})",
        postgres.home().display()
    ));
    say(&format!(
        "Sandbox   {} (test cards, ledger, faults)",
        settings.saga.payment_url
    ));
    let url = format!("http://127.0.0.1:{}", settings.http.port);
    let running = Running {
        url: url.clone(),
        query_url: url.clone(),
        store_url: postgres.url("orders"),
        bus_url: None,
        payment_url: settings.saga.payment_url.clone(),
        processes: vec![("orders".into(), url)],
    };
    let announced = running.announce(&data)?;
    let exit = serve(settings, Some(&data.join("sandbox.ndjson"))).await;
    drop(announced);
    postgres.stop().await.context("PostgreSQL did not stop")?;
    exit
}

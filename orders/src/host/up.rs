//! `orders up`: production's shape on one machine, as separate processes over a private PostgreSQL
//! and a private nats-server.

use super::{
    Running, data_dir, ports,
    supervise::{Program, beside_us},
};
use crate::cli::say;
use anyhow::Context;
use chassis::config::Settings;
use local::{Nats, NatsOptions, Postgres, PostgresOptions};
use std::{collections::BTreeMap, path::Path, process::ExitCode, time::Duration};
use tokio::{
    signal::unix::{SignalKind, signal},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

/// The processes, in the order of their start.
const PROGRAMS: [&str; 5] = ["sandbox", "command", "saga", "projector", "query"];

/// Runs the platform's processes until told to stop.
pub async fn up() -> anyhow::Result<ExitCode> {
    let mut settings = Settings::load()?;
    ports::settle(&mut settings)?;
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
    let nats = Nats::start(NatsOptions {
        store_dir: Some(data.join("nats")),
        ..NatsOptions::default()
    })
    .await
    .context("nats-server cannot be started")?;
    let logs = data.join("logs");
    std::fs::create_dir_all(&logs).with_context(|| format!("{} cannot be made", logs.display()))?;
    let environment = environment(&settings, &postgres.url("orders"), &nats.url(), &data);
    let stop = CancellationToken::new();
    let patience = settings.http.shutdown_timeout() + Duration::from_secs(5);
    let mut running = JoinSet::new();
    for name in PROGRAMS {
        let program = Program {
            name,
            path: beside_us(name)?,
            environment: environment.clone(),
            log: logs.join(format!("{name}.log")),
        };
        running.spawn(program.keep(stop.clone(), patience));
    }
    let http = &settings.http;
    say(&format!(
        "API       commands http://127.0.0.1:{}, queries http://127.0.0.1:{}, sandbox {}",
        http.command_port, http.query_port, settings.saga.payment_url
    ));
    say(&format!(
        "Database  {} ; NATS {}",
        postgres.url("orders"),
        nats.url()
    ));
    say(&format!("Logs      {}", logs.display()));
    let running_now = announcement(&settings, &postgres.url("orders"), &nats.url());
    let announced = running_now.announce(&data)?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let failed = tokio::select! {
        _ = terminate.recv() => None,
        _ = interrupt.recv() => None,
        ended = running.join_next() => ended,
    };
    drop(announced);
    stop.cancel();
    while running.join_next().await.is_some() {}
    nats.stop().await.context("nats-server did not stop")?;
    postgres.stop().await.context("PostgreSQL did not stop")?;
    match failed {
        None => Ok(ExitCode::SUCCESS),
        Some(ended) => ended
            .context("a supervisor crashed")?
            .map(|()| ExitCode::FAILURE),
    }
}

/// What all processes are told.
fn environment(
    settings: &Settings,
    postgres: &str,
    nats: &str,
    data: &Path,
) -> BTreeMap<String, String> {
    let http = &settings.http;
    let mut environment = BTreeMap::from([
        ("ORDERS__STORE__URL", postgres.to_owned()),
        ("ORDERS__STORE__NOTIFY", "true".to_owned()),
        ("ORDERS__BUS__URL", nats.to_owned()),
        (
            "ORDERS__SAGA__PAYMENT_URL",
            settings.saga.payment_url.clone(),
        ),
        (
            "SANDBOX_JOURNAL",
            data.join("sandbox.ndjson").display().to_string(),
        ),
    ]);
    let ports = [
        ("ORDERS__HTTP__COMMAND_PORT", http.command_port),
        ("ORDERS__HTTP__QUERY_PORT", http.query_port),
        ("ORDERS__HTTP__PROJECTOR_PORT", http.projector_port),
        ("ORDERS__HTTP__SAGA_PORT", http.saga_port),
        ("ORDERS__HTTP__SANDBOX_PORT", http.sandbox_port),
    ];
    environment.extend(ports.map(|(name, port)| (name, port.to_string())));
    environment
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

fn announcement(settings: &Settings, postgres: &str, nats: &str) -> Running {
    let http = &settings.http;
    let at = |port: u16| format!("http://127.0.0.1:{port}");
    let ports = [
        http.sandbox_port,
        http.command_port,
        http.saga_port,
        http.projector_port,
        http.query_port,
    ];
    Running {
        url: at(http.command_port),
        query_url: at(http.query_port),
        store_url: postgres.to_owned(),
        bus_url: Some(nats.to_owned()),
        payment_url: settings.saga.payment_url.clone(),
        processes: PROGRAMS
            .iter()
            .zip(ports)
            .map(|(name, port)| ((*name).into(), at(port)))
            .collect(),
    }
}

//! `orders up`: production's shape on one machine, as separate processes over a private PostgreSQL
//! and a private nats-server. What the settings say otherwise is followed, and said.

use super::{
    Running, data_dir, master_key,
    participants::{self, Ledger, Participant},
    ports,
    servers::Servers,
    supervise::{Program, beside_us},
};
use crate::cli::say;
use anyhow::Context;
use chassis::config::Settings;
use secrecy::ExposeSecret;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};
use tokio::{
    signal::unix::{SignalKind, signal},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

/// The services, in the order of their start.
const SERVICES: [&str; 4] = ["command", "saga", "projector", "query"];

/// Runs the platform's processes until told to stop.
pub async fn up() -> anyhow::Result<ExitCode> {
    let mut settings = Settings::load()?;
    let held = ports::settle(&mut settings)?;
    let data = data_dir()?;
    let ledger = Ledger::unless_others(&mut settings, &data);
    let programs: Vec<(&str, PathBuf)> = ledger
        .iter()
        .map(|_| "sandbox")
        .chain(SERVICES)
        .map(|name| Ok((name, beside_us(name)?)))
        .collect::<anyhow::Result<_>>()?;
    let logs = data.join("logs");
    std::fs::create_dir_all(&logs).with_context(|| format!("{} cannot be made", logs.display()))?;
    let master = master_key::settle(&mut settings, &data)?;
    let servers = Servers::database(&mut settings, &data).await?;
    let servers = servers.and_broker(&mut settings, &data).await?;

    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut environment = environment(&settings, &servers, &data);
    if let Some(path) = master {
        let path = path.display().to_string();
        environment.insert("ORDERS__PERSONAL_DATA__MASTER_KEY_FILE".into(), path);
    }
    let stop = CancellationToken::new();
    let patience = settings.http.shutdown_timeout() + Duration::from_secs(5);
    let mut running = JoinSet::new();
    let mut addresses = vec![];
    drop(held);
    for (name, path) in programs {
        let program = Program {
            name,
            path,
            environment: environment.clone(),
            log: logs.join(format!("{name}.log")),
        };
        addresses.push((name.to_owned(), address(&settings, name)));
        running.spawn(program.keep(stop.clone(), patience));
    }
    let (commands, queries) = (address(&settings, "command"), address(&settings, "query"));
    say(&format!(
        "API       commands {commands}, queries {queries}; open to whoever is on this machine: \
         there is no authentication"
    ));
    say(&format!("Logs      {}", logs.display()));
    let announced = Running::new(&settings, &commands, &queries, addresses).announce(&data)?;
    let failed = tokio::select! {
        _ = terminate.recv() => None,
        _ = interrupt.recv() => None,
        ended = running.join_next() => ended,
        never = servers.keep() => match never {},
    };
    drop(announced);
    stop.cancel();
    while running.join_next().await.is_some() {}
    servers.stop().await?;
    match failed {
        None => Ok(ExitCode::SUCCESS),
        Some(ended) => ended
            .context("a supervisor crashed")?
            .map(|()| ExitCode::FAILURE),
    }
}

/// Where a program listens.
fn address(settings: &Settings, name: &str) -> String {
    let http = &settings.http;
    let port = match name {
        "command" => http.command_port,
        "query" => http.query_port,
        "projector" => http.projector_port,
        "saga" => http.saga_port,
        _ => http.sandbox_port,
    };
    ports::url(settings, port)
}

/// What all processes are told besides what they find in file and environment by themselves.
fn environment(settings: &Settings, servers: &Servers, data: &Path) -> BTreeMap<String, String> {
    let http = &settings.http;
    let mut told = servers.environment(settings);
    if settings.set_by("store.notify").is_none() {
        // Whoever reads is in another process than whoever writes.
        told.push(("ORDERS__STORE__NOTIFY", "true".into()));
    }
    if let Some(provider) = &settings.saga.payment_url {
        told.push(("ORDERS__SAGA__PAYMENT_URL", provider.clone()));
    }
    if let Some(carrier) = &settings.saga.carrier_url {
        told.push(("ORDERS__SAGA__CARRIER_URL", carrier.clone()));
        let waits = settings.saga.tracking_schedule_s.iter();
        let waits: Vec<String> = waits.map(u64::to_string).collect();
        told.push(("ORDERS__SAGA__TRACKING_SCHEDULE_S", waits.join(",")));
    }
    for speaker in Participant::ALL {
        if let (_, Some(secret)) = speaker.webhook_secret(settings) {
            let [signing, telling] = speaker.variables();
            told.push((signing, secret.expose_secret().to_owned()));
            let url = speaker.webhooks_url(&address(settings, "command"));
            told.push((telling, url));
        }
    }
    let journal = participants::journal(data).display().to_string();
    told.push(("SANDBOX_JOURNAL", journal));
    let ports = [
        ("ORDERS__HTTP__COMMAND_PORT", http.command_port),
        ("ORDERS__HTTP__QUERY_PORT", http.query_port),
        ("ORDERS__HTTP__PROJECTOR_PORT", http.projector_port),
        ("ORDERS__HTTP__SAGA_PORT", http.saga_port),
        ("ORDERS__HTTP__SANDBOX_PORT", http.sandbox_port),
    ];
    told.extend(ports.map(|(name, port)| (name, port.to_string())));
    told.into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

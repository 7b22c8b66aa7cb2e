//! `orders dev`: all in one, on a private PostgreSQL and with the sandbox as payment provider and
//! carrier. The data of both survive a restart. What the settings say otherwise is followed, and said.

use super::{Running, data_dir, master_key, participants::Ledger, ports, serve, servers::Servers};
use crate::cli::say;
use chassis::config::{LogFormat, Settings};
use std::process::ExitCode;

/// Runs the platform until it is told to stop.
pub async fn dev() -> anyhow::Result<ExitCode> {
    let mut settings = Settings::load()?;
    let held = ports::settle(&mut settings)?;
    if settings.set_by("telemetry.format").is_none() {
        settings.telemetry.format = LogFormat::Text;
    }
    // Whoever develops a receiver has it on this machine.
    if settings
        .set_by("notification.allow_private_addresses")
        .is_none()
    {
        settings.notification.allow_private_addresses = true;
    }
    let data = data_dir()?;
    let ledger = Ledger::unless_others(&mut settings, &data);
    master_key::settle(&mut settings, &data)?;
    let servers = Servers::database(&mut settings, &data).await?;
    let url = ports::url(&settings, settings.http.port);
    say(&format!(
        "API       {url} (documentation: {url}/docs); open to whoever is on this machine: there is \
         no authentication"
    ));
    let running = Running::new(&settings, &url, &url, vec![("orders".into(), url.clone())]);
    let announced = running.announce(&data)?;
    drop(held);
    let exit = tokio::select! {
        exit = serve(settings, ledger) => exit,
        never = servers.keep() => match never {},
    };
    drop(announced);
    servers.stop().await?;
    exit
}

//! `orders verify-erasure`: whether anything of a customer who was erased can still be read anywhere.

mod broker;
mod events;
mod key;
mod logs;
mod needles;
mod tables;

use super::{
    print, say,
    table::{number, table},
};
use crate::host::Running;
use anyhow::{Context, bail};
use chassis::config::Settings;
use clap::Args;
use comfy_table::Cell;
use domain::{CustomerId, TenantId};
use needles::Needles;
use secrecy::SecretString;
use serde::Serialize;
use serde_json::json;
use std::{path::PathBuf, process::ExitCode};

/// Tell whether anything of a customer can still be read.
#[derive(Debug, Args)]
pub(super) struct VerifyErasureArgs {
    /// The customer.
    customer_id: CustomerId,
    /// A text that must stand nowhere any more, as a name or a street: it is looked for, letter by
    /// letter, in everything that is stored or was published. As often as there are texts.
    #[arg(long, value_name = "TEXT")]
    contains: Vec<String>,
    /// A log file to be searched for these texts as well.
    #[arg(long, value_name = "FILE", requires = "contains")]
    log: Vec<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// A place that was looked at.
#[derive(Debug, Serialize)]
struct Check {
    /// Where.
    place: String,
    /// How many things were looked at there.
    looked_at: u64,
    /// What can be read there, and must not.
    problem: Option<String>,
}

/// Whose data is looked for, and which texts.
struct Wanted {
    tenant: TenantId,
    customer_id: CustomerId,
    needles: Needles,
}

pub(super) async fn run(args: VerifyErasureArgs) -> anyhow::Result<ExitCode> {
    let settings = settings()?;
    let wanted = Wanted {
        tenant: TenantId::parse(&settings.tenant.id).context("tenant.id")?,
        customer_id: args.customer_id,
        needles: Needles::new(args.contains)?,
    };
    let mut checks = vec![key::check(&settings, &wanted).await?];
    checks.push(events::check(&settings, &wanted).await?);
    checks.extend(tables::check(&settings, &wanted).await?);
    checks.extend(broker::check(&settings, &wanted).await?);
    for path in &args.log {
        checks.push(logs::check(path, &wanted.needles)?);
    }
    let erased = checks.iter().all(|check| check.problem.is_none());
    match args.json {
        true => print(&serde_json::to_string_pretty(&json!({
            "customer_id": wanted.customer_id,
            "erased": erased,
            "checks": checks,
        }))?),
        false => show(&checks, &wanted, erased),
    }
    Ok(match erased {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

fn show(checks: &[Check], wanted: &Wanted, erased: bool) {
    let mut rows = table(&["where", "looked at", "what can be read"]);
    for check in checks {
        let problem = check.problem.as_deref().unwrap_or("nothing");
        let count = number(&check.looked_at.into());
        rows.add_row(vec![Cell::new(&check.place), count, Cell::new(problem)]);
    }
    print(&rows.to_string());
    let customer = &wanted.customer_id;
    match erased {
        true => say(&format!(
            "Nothing of customer {customer} can be read there. Backups, and what participants were \
             told, were not looked at."
        )),
        false => say(&format!("Something of customer {customer} can be read.")),
    }
}

/// The settings; the databases and the broker are those of the platform that runs from this directory's
/// data, where one does.
pub(super) fn settings() -> anyhow::Result<Settings> {
    let mut settings = Settings::load().context("the settings are wrong")?;
    if let Some(running) = Running::find() {
        match running.kurrentdb {
            true if !settings.store_is_kurrentdb() => {
                bail!("the events are in KurrentDB: set ORDERS__STORE__URL");
            }
            true => settings.saga.url = Some(SecretString::from(running.store_url)),
            false => settings.store.url = SecretString::from(running.store_url),
        }
        settings.read.url = Some(SecretString::from(running.read_url));
        settings.bus.url = running.bus_url.map(SecretString::from);
        settings.bus.stream = running.bus_stream;
    }
    Ok(settings)
}

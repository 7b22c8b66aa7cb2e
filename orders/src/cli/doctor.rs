//! `orders doctor`: what is wrong, and what to do.

use super::{print, say};
use crate::host::Running;
use anyhow::Context;
use chassis::config::Settings;
use clap::Args;
use secrecy::ExposeSecret;
use serde::Serialize;
use sqlx::{Connection, PgConnection, Row};
use std::{process::ExitCode, time::Duration};
use tokio::time::timeout;

/// The oldest server that is supported.
const POSTGRES_AT_LEAST: i32 = 140_000;
/// A reader that is further behind is worth a word.
const LAG_EVENTS: i64 = 10_000;
const PATIENCE: Duration = Duration::from_secs(5);

/// Check database, broker, versions and lag.
///
/// Looks at the platform that runs from this directory's data, if one does; else at what the
/// settings name.
#[derive(Debug, Args)]
pub(super) struct DoctorArgs {
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Finding {
    what: String,
    ok: bool,
    detail: String,
    /// What to do, where something is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
}

/// Where to look.
struct Target {
    store_url: String,
    read_url: String,
    bus_url: Option<String>,
    payment_url: String,
    processes: Vec<(String, String)>,
}

pub(super) async fn run(args: DoctorArgs) -> anyhow::Result<ExitCode> {
    let target = target()?;
    let mut findings = vec![];
    database(&target, &mut findings).await;
    broker(&target, &mut findings).await;
    for (name, url) in &target.processes {
        findings.push(process(name, url).await);
    }
    findings.push(provider(&target.payment_url).await);
    if args.json {
        print(&serde_json::to_string_pretty(&findings)?);
    } else {
        show(&findings);
    }
    let well = findings.iter().all(|finding| finding.ok);
    Ok(if well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn target() -> anyhow::Result<Target> {
    if let Some(running) = Running::find() {
        return Ok(Target {
            read_url: running.store_url.clone(),
            store_url: running.store_url,
            bus_url: running.bus_url,
            payment_url: running.payment_url.unwrap_or_default(),
            processes: running.processes,
        });
    }
    let settings = Settings::load().context("the settings are wrong")?;
    let secret = |url: &secrecy::SecretString| url.expose_secret().to_owned();
    let url = format!("http://{}", settings.http.address(settings.http.port));
    Ok(Target {
        store_url: secret(&settings.store.url),
        read_url: secret(settings.read_url()),
        bus_url: settings.bus.url.as_ref().map(secret),
        payment_url: settings.saga.payment_url.clone().unwrap_or_default(),
        processes: vec![("orders".into(), url)],
    })
}

fn show(findings: &[Finding]) {
    for Finding {
        what,
        ok,
        detail,
        advice,
    } in findings
    {
        print(&format!(
            "{} {what}: {detail}",
            if *ok { "ok   " } else { "WRONG" }
        ));
        if let Some(advice) = advice {
            print(&format!("        -> {advice}"));
        }
    }
    match findings.iter().filter(|finding| !finding.ok).count() {
        0 => say("All is well."),
        wrong => say(&format!("{wrong} of {} things are wrong.", findings.len())),
    }
}

fn well(what: &str, detail: impl Into<String>) -> Finding {
    Finding {
        what: what.into(),
        ok: true,
        detail: detail.into(),
        advice: None,
    }
}

fn wrong(what: &str, detail: impl Into<String>, advice: &str) -> Finding {
    Finding {
        what: what.into(),
        ok: false,
        detail: detail.into(),
        advice: Some(advice.into()),
    }
}

async fn database(target: &Target, findings: &mut Vec<Finding>) {
    let mut connection = match connect(&target.store_url).await {
        Ok(connection) => connection,
        Err(error) => {
            findings.push(wrong(
                "database",
                format!("{error:#}"),
                "start PostgreSQL, or set ORDERS__STORE__URL (`make run` starts a private one)",
            ));
            return;
        }
    };
    findings.push(versions(&mut connection).await.unwrap_or_else(|error| {
        wrong(
            "database",
            format!("{error:#}"),
            "look into the server's log",
        )
    }));
    let head = match head(&mut connection).await {
        Ok(head) => head,
        Err(error) => {
            let advice = "start the command service once: it makes what is missing";
            findings.push(wrong("event store", format!("{error:#}"), advice));
            return;
        }
    };
    findings.push(well("event store", format!("{head} events")));
    let mut reading = match target.read_url == target.store_url {
        true => connection,
        false => match connect(&target.read_url).await {
            Ok(connection) => connection,
            Err(error) => {
                findings.push(wrong(
                    "read models",
                    format!("{error:#}"),
                    "set ORDERS__READ__URL",
                ));
                return;
            }
        },
    };
    for (schema, who) in [("read", "projector"), ("saga", "saga service")] {
        match lags(&mut reading, schema, head).await {
            Ok(found) => findings.extend(found),
            Err(error) => {
                let advice = format!("start the {who} once: it makes what is missing");
                findings.push(wrong(
                    &format!("schema {schema}"),
                    format!("{error:#}"),
                    &advice,
                ));
            }
        }
    }
}

async fn connect(url: &str) -> anyhow::Result<PgConnection> {
    timeout(PATIENCE, PgConnection::connect(url))
        .await
        .context("it does not answer within 5 s")?
        .context("it cannot be reached")
}

async fn versions(connection: &mut PgConnection) -> anyhow::Result<Finding> {
    let row = sqlx::query(
        "SELECT
             current_setting('server_version_num')::integer AS number,
             current_setting('server_version')              AS version,
             current_setting('fsync')                       AS fsync,
             current_setting('full_page_writes')            AS full_page_writes",
    )
    .fetch_one(connection)
    .await?;
    let version: String = row.try_get("version")?;
    if row.try_get::<i32, _>("number")? < POSTGRES_AT_LEAST {
        return Ok(wrong(
            "database",
            format!("PostgreSQL {version}"),
            "use PostgreSQL 14 or later",
        ));
    }
    for setting in ["fsync", "full_page_writes"] {
        if row.try_get::<String, _>(setting)? != "on" {
            let detail = format!("PostgreSQL {version} with {setting} off: a crash loses orders");
            return Ok(wrong("database", detail, &format!("set {setting} = on")));
        }
    }
    Ok(well("database", format!("PostgreSQL {version}")))
}

async fn head(connection: &mut PgConnection) -> anyhow::Result<i64> {
    Ok(
        sqlx::query_scalar("SELECT coalesce(max(position), 0) FROM store.events")
            .fetch_one(connection)
            .await?,
    )
}

/// How far the readers of a schema are behind.
async fn lags(
    connection: &mut PgConnection,
    schema: &str,
    head: i64,
) -> anyhow::Result<Vec<Finding>> {
    let statement = match schema {
        "read" => "SELECT name, position FROM read.checkpoint ORDER BY name",
        _ => "SELECT name, position FROM saga.checkpoint ORDER BY name",
    };
    let rows: Vec<(String, i64)> = sqlx::query_as(statement).fetch_all(connection).await?;
    let finding = |(name, position): (String, i64)| {
        let what = match schema {
            "read" => format!("projection {name}"),
            _ => format!("policy {name}"),
        };
        match head - position {
            lag if lag > LAG_EVENTS => {
                let advice = "see its process's log; it catches up by itself if it runs";
                wrong(&what, format!("{lag} events behind"), advice)
            }
            0 => well(&what, "up to date"),
            lag if lag < 0 => wrong(
                &what,
                format!(
                    "{} events ahead of the store: the store lost its tail",
                    -lag
                ),
                "restore the store, or rebuild: projector rebuild --all",
            ),
            lag => well(&what, format!("{lag} events behind")),
        }
    };
    Ok(rows.into_iter().map(finding).collect())
}

async fn broker(target: &Target, findings: &mut Vec<Finding>) {
    let Some(url) = &target.bus_url else {
        findings.push(well("broker", "none: readers follow the store itself"));
        return;
    };
    let advice = "start nats-server with JetStream (-js), or set ORDERS__BUS__URL";
    let looked = timeout(PATIENCE, async {
        let client = async_nats::connect(url.as_str())
            .await
            .context("it cannot be reached")?;
        let version = client.server_info().version;
        let account = async_nats::jetstream::new(client).query_account().await;
        let account = account.context("JetStream is not enabled")?;
        anyhow::Ok(format!(
            "nats-server {version}, {} streams",
            account.streams
        ))
    });
    findings.push(match looked.await {
        Ok(Ok(detail)) => well("broker", detail),
        Ok(Err(error)) => wrong("broker", format!("{error:#}"), advice),
        Err(_) => wrong("broker", "it does not answer within 5 s", advice),
    });
}

async fn process(name: &str, url: &str) -> Finding {
    let what = format!("process {name}");
    let advice = format!("start it, and see its log ({url}/readyz says more)");
    // The sandbox has no database and no broker to be ready for, but answers like the others.
    let asked = async {
        let client = reqwest::Client::builder().timeout(PATIENCE).build()?;
        let response = client.get(format!("{url}/readyz")).send().await?;
        let status = response.status();
        let body = response.text().await?;
        Ok::<_, reqwest::Error>((status, body))
    };
    match asked.await {
        Ok((status, _)) if status.is_success() => well(&what, format!("ready at {url}")),
        Ok((status, body)) => {
            let reason: String = body.chars().take(300).collect();
            wrong(&what, format!("not ready ({status}): {reason}"), &advice)
        }
        Err(error) => wrong(
            &what,
            format!("cannot be reached: {}", error.without_url()),
            &advice,
        ),
    }
}

async fn provider(url: &str) -> Finding {
    let what = "payment provider";
    let asked = async {
        let client = reqwest::Client::builder().timeout(PATIENCE).build()?;
        client.get(url).send().await
    };
    match asked.await {
        Ok(_) => well(what, format!("answers at {url}")),
        Err(error) => wrong(
            what,
            format!("{url} cannot be reached: {}", error.without_url()),
            "payments wait and are asked for again; start the provider or set ORDERS__SAGA__PAYMENT_URL",
        ),
    }
}

//! The payment provider and the carrier as a process of their own.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context;
use chassis::{
    Lifecycle,
    config::Settings,
    health::Health,
    layers,
    server::{self, Limits},
    telemetry,
    webhook::WebhookSecret,
};
use clap::Parser;
use sandbox::{MAX_HOLD_MS, MAX_LATENCY_MS, Sandbox, SandboxOptions, WebhookOptions};
use secrecy::{ExposeSecret, SecretString};

/// A payment provider and a carrier with test cards, test addresses and fault switches, for
/// development and tests.
///
/// Listens on http.bind and http.sandbox_port of the platform's configuration (CONF_PATH,
/// ORDERS__HTTP__SANDBOX_PORT). GET / shows the test cards and addresses.
#[derive(Debug, Parser)]
struct Arguments {
    /// File that keeps the provider's ledger across restarts, and the carrier's beside it; without it
    /// the ledgers are in memory
    #[arg(long, env = "SANDBOX_JOURNAL", value_name = "FILE")]
    journal: Option<PathBuf>,
    /// Operations of each kept in memory; beyond them the oldest are dropped
    #[arg(long, env = "SANDBOX_MAX_OPERATIONS", value_name = "N", default_value_t = 1_000_000,
          value_parser = clap::value_parser!(u32).range(1..=100_000_000))]
    max_operations: u32,
    /// Days that an authorization can be captured
    #[arg(long, env = "SANDBOX_AUTHORIZATION_DAYS", value_name = "N", default_value_t = 7,
          value_parser = clap::value_parser!(u16).range(1..=365))]
    authorization_days: u16,
    /// Address that is told by itself what has happened, signed with providers.payment_webhook_secret
    /// (ORDERS__PROVIDERS__PAYMENT_WEBHOOK_SECRET); without it nobody is
    #[arg(long, env = "SANDBOX_WEBHOOK_URL", value_name = "URL")]
    webhook_url: Option<String>,
    /// Address that is told by itself what has happened to shipments, signed with
    /// providers.carrier_webhook_secret (ORDERS__PROVIDERS__CARRIER_WEBHOOK_SECRET); without it nobody is
    #[arg(long, env = "SANDBOX_CARRIER_WEBHOOK_URL", value_name = "URL")]
    carrier_webhook_url: Option<String>,
}

/// How it tells what has happened to `url`, if anybody is to be told: signed with the secret `name`.
fn webhooks(
    url: Option<String>,
    option: &str,
    name: &'static str,
    secret: Option<&SecretString>,
) -> anyhow::Result<Option<WebhookOptions>> {
    let Some(url) = url else { return Ok(None) };
    let secret = secret.with_context(|| {
        format!("{name}: it must be set, because {option} is: what is sent is signed")
    })?;
    let secret = WebhookSecret::parse(secret.expose_secret()).context(name)?;
    Ok(Some(WebhookOptions { url, secret }))
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let settings = Settings::load()?;
    let metrics = telemetry::init(&settings.telemetry)?;
    let lifecycle = Lifecycle::new(settings.http.shutdown_timeout());
    telemetry::export_traces("sandbox", &settings.telemetry, &lifecycle)?;

    let options = SandboxOptions {
        max_operations: arguments.max_operations as usize,
        authorization_ttl: std::time::Duration::from_secs(
            u64::from(arguments.authorization_days) * 24 * 60 * 60,
        ),
        webhooks: webhooks(
            arguments.webhook_url,
            "--webhook-url",
            "providers.payment_webhook_secret",
            settings.providers.payment_webhook_secret.as_ref(),
        )?,
        carrier_webhooks: webhooks(
            arguments.carrier_webhook_url,
            "--carrier-webhook-url",
            "providers.carrier_webhook_secret",
            settings.providers.carrier_webhook_secret.as_ref(),
        )?,
        stop: lifecycle.soft().clone(),
        ..SandboxOptions::default()
    };
    let sandbox = match &arguments.journal {
        Some(journal) => Sandbox::open(options, journal)?,
        None => Sandbox::new(options),
    };

    let telling = sandbox.clone();
    let address = settings.http.address(settings.http.sandbox_port);
    let listener = server::bind(address).await.context("http.sandbox_port")?;
    let health = Health::new(lifecycle.soft().clone());
    let mut http = settings.http.clone();
    // Answers that are held on purpose are neither too slow nor too many.
    http.request_timeout_ms = MAX_HOLD_MS + 4 * MAX_LATENCY_MS;
    http.max_in_flight = http.max_connections;
    let router = layers::wrap(sandbox.router().merge(health.router(&metrics)), &http);
    lifecycle.spawn_critical(
        "http",
        server::serve(listener, router, &Limits::from(&http), &lifecycle),
    );
    let stop = lifecycle.soft().clone();
    lifecycle.spawn_critical("webhooks", async move {
        telling.send_webhooks().await;
        stop.cancelled().await;
        Ok(())
    });
    let upkeep = metrics.run_upkeep(lifecycle.soft().clone());
    lifecycle.spawn_critical("metrics", async {
        upkeep.await;
        Ok(())
    });
    health.mark_started();
    Ok(lifecycle.run_until_shutdown().await)
}

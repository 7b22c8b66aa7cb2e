//! The sandbox provider as a part of this process: only where it was asked for, because it approves
//! orders without money.

use super::ports;
use crate::cli::say;
use anyhow::{Context, bail};
use chassis::{
    Lifecycle,
    config::Settings,
    layers,
    server::{self, Limits},
};
use sandbox::{MAX_HOLD_MS, MAX_LATENCY_MS, Sandbox, SandboxOptions};
use std::{
    convert::Infallible,
    path::{Path, PathBuf},
    str::FromStr,
};

/// Operations that the sandbox keeps in memory: some 60 MB.
const OPERATIONS: usize = 100_000;

/// Where the sandbox keeps what it has booked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ledger {
    /// Nowhere: a restart forgets all authorizations, and a void of one is then refused.
    Memory,
    /// In this file.
    File(PathBuf),
}

impl FromStr for Ledger {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "memory" => Self::Memory,
            path => Self::File(path.into()),
        })
    }
}

impl Ledger {
    /// The sandbox's ledger in `data`, and payments go to it; none where somebody has set another
    /// provider.
    pub(super) fn unless_another_provider(settings: &mut Settings, data: &Path) -> Option<Self> {
        let ours = url(settings);
        match (
            &settings.saga.payment_url,
            settings.set_by("saga.payment_url"),
        ) {
            (Some(provider), Some(source)) if provider.trim_end_matches('/') != ours => {
                say(&format!(
                    "Payments  {provider}, as {source} says; no sandbox is started"
                ));
                None
            }
            _ => {
                say(&format!(
                    "Payments  {ours}, a sandbox: orders are approved without money (test cards, \
                     ledger, faults)"
                ));
                settings.saga.payment_url = Some(ours);
                Some(Self::File(journal(data)))
            }
        }
    }

    /// Has payments go to the sandbox.
    ///
    /// # Errors
    /// When somebody has set another provider: one of the two was not meant.
    pub(super) fn settle(&self, settings: &mut Settings) -> anyhow::Result<()> {
        let ours = url(settings);
        match &settings.saga.payment_url {
            Some(provider) if provider.trim_end_matches('/') != ours => bail!(
                "--sandbox starts a provider at {ours}, but saga.payment_url is {provider}: leave \
                 one of them out"
            ),
            _ => settings.saga.payment_url = Some(ours),
        }
        Ok(())
    }
}

/// The sandbox's journal among the data of a development platform.
pub(super) fn journal(data: &Path) -> PathBuf {
    data.join("sandbox.ndjson")
}

/// Where the sandbox listens.
pub(super) fn url(settings: &Settings) -> String {
    ports::url(settings, settings.http.sandbox_port)
}

/// Serves a sandbox with its books in `ledger`.
pub(super) async fn start_sandbox(
    settings: &Settings,
    lifecycle: &Lifecycle,
    ledger: &Ledger,
) -> anyhow::Result<()> {
    let options = SandboxOptions {
        max_operations: OPERATIONS,
        stop: lifecycle.soft().clone(),
        ..SandboxOptions::default()
    };
    let sandbox = match ledger {
        Ledger::File(journal) => {
            Sandbox::open(options, journal).context("the sandbox's ledger cannot be used")?
        }
        Ledger::Memory => Sandbox::new(options),
    };
    let mut http = settings.http.clone();
    // Answers that are held on purpose are neither too slow nor too many.
    http.request_timeout_ms = MAX_HOLD_MS + 4 * MAX_LATENCY_MS;
    http.max_in_flight = http.max_connections;
    let listener = server::bind(http.address(http.sandbox_port))
        .await
        .context("http.sandbox_port")?;
    tracing::warn!(
        "the payment provider is a sandbox at http://{}: orders are approved without money",
        listener.address()
    );
    let routes = layers::wrap(sandbox.router(), &http);
    let serving = server::serve(listener, routes, &Limits::from(&http), lifecycle);
    lifecycle.spawn_critical("sandbox", serving);
    Ok(())
}

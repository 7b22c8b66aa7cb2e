//! The sandbox, which is payment provider and carrier, as a part of this process: only where it was
//! asked for, because it approves orders without money and sends them nowhere.

use super::ports;
use crate::cli::say;
use anyhow::{Context, bail};
use chassis::{
    Lifecycle,
    config::Settings,
    layers,
    server::{self, Limits},
    webhook::WebhookSecret,
};
use sandbox::{MAX_HOLD_MS, MAX_LATENCY_MS, Sandbox, SandboxOptions, WebhookOptions};
use secrecy::{ExposeSecret, SecretString};
use std::{
    convert::Infallible,
    path::{Path, PathBuf},
    str::FromStr,
};

/// Operations that the sandbox keeps in memory: some 60 MB.
const OPERATIONS: usize = 100_000;

/// When the sandbox is asked where a shipment is, in seconds from its dispatch, and then from each time
/// to the next: its parcels arrive in seconds, where a carrier's take days.
const TRACKING_S: [u64; 3] = [5, 10, 30];

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
    /// The sandbox's ledger in `data`, and payments and shipments go to it; none where somebody has
    /// set others for both.
    pub(super) fn unless_others(settings: &mut Settings, data: &Path) -> Option<Self> {
        let ours = url(settings);
        let mut wanted = false;
        for participant in Participant::ALL {
            let source = settings.set_by(participant.key()).map(str::to_owned);
            let label = participant.label();
            match (participant.url(settings), source) {
                (Some(other), Some(source)) if other.trim_end_matches('/') != ours => {
                    say(&format!("{label}{other}, as {source} says: no sandbox"));
                }
                (url, _) => {
                    say(&format!(
                        "{label}{ours}, a sandbox: {}",
                        participant.warning()
                    ));
                    *url = Some(ours.clone());
                    participant.keep_pace(settings);
                    wanted = true;
                }
            }
        }
        if wanted {
            share_secret(settings);
        }
        wanted.then(|| Self::File(journal(data)))
    }

    /// Has payments and shipments go to the sandbox.
    ///
    /// # Errors
    /// When somebody has set another provider or carrier: one of the two was not meant.
    pub(super) fn settle(&self, settings: &mut Settings) -> anyhow::Result<()> {
        let ours = url(settings);
        for participant in Participant::ALL {
            let key = participant.key();
            match participant.url(settings) {
                Some(other) if other.trim_end_matches('/') != ours => bail!(
                    "--sandbox starts a {} at {ours}, but {key} is {other}: leave one of them out",
                    participant.name()
                ),
                url => *url = Some(ours.clone()),
            }
            participant.keep_pace(settings);
        }
        share_secret(settings);
        Ok(())
    }
}

/// Has the sandbox sign what it says by itself with what only this platform knows, unless somebody has
/// set a secret: one for each start is enough, as a sandbox that ends forgets what it had to say.
fn share_secret(settings: &mut Settings) {
    let providers = &mut settings.providers;
    for secret in [
        &mut providers.payment_webhook_secret,
        &mut providers.carrier_webhook_secret,
    ] {
        if secret.is_none() {
            *secret = Some(WebhookSecret::random());
        }
    }
}

/// How the sandbox says something by itself, as whom it stands in for.
fn webhooks(settings: &Settings, speaker: Participant) -> anyhow::Result<Option<WebhookOptions>> {
    let (name, secret) = speaker.webhook_secret(settings);
    let Some(secret) = secret else {
        return Ok(None);
    };
    let secret = WebhookSecret::parse(secret.expose_secret()).context(name)?;
    let url = speaker.webhooks_url(&ports::url(settings, settings.http.port));
    Ok(Some(WebhookOptions { url, secret }))
}

/// Whom the sandbox stands in for.
#[derive(Clone, Copy)]
pub(super) enum Participant {
    Provider,
    Carrier,
}

impl Participant {
    pub(super) const ALL: [Self; 2] = [Self::Provider, Self::Carrier];

    const fn name(self) -> &'static str {
        match self {
            Self::Provider => "provider",
            Self::Carrier => "carrier",
        }
    }

    /// What says where it is.
    const fn key(self) -> &'static str {
        match self {
            Self::Provider => "saga.payment_url",
            Self::Carrier => "saga.carrier_url",
        }
    }

    const fn url(self, settings: &mut Settings) -> &mut Option<String> {
        match self {
            Self::Provider => &mut settings.saga.payment_url,
            Self::Carrier => &mut settings.saga.carrier_url,
        }
    }

    /// What signs what it says by itself, and what that setting is called.
    pub(super) const fn webhook_secret(
        self,
        settings: &Settings,
    ) -> (&'static str, Option<&SecretString>) {
        let providers = &settings.providers;
        match self {
            Self::Provider => (
                "providers.payment_webhook_secret",
                providers.payment_webhook_secret.as_ref(),
            ),
            Self::Carrier => (
                "providers.carrier_webhook_secret",
                providers.carrier_webhook_secret.as_ref(),
            ),
        }
    }

    /// Where the platform listens to what it says by itself: with its write API, which is at `api`.
    pub(super) fn webhooks_url(self, api: &str) -> String {
        let providers = match self {
            Self::Provider => "payments",
            Self::Carrier => "carrier",
        };
        format!("{api}/v1/providers/{providers}/webhooks")
    }

    /// The variables that tell the platform's processes that secret, and the sandbox's that address.
    pub(super) const fn variables(self) -> [&'static str; 2] {
        match self {
            Self::Provider => [
                "ORDERS__PROVIDERS__PAYMENT_WEBHOOK_SECRET",
                "SANDBOX_WEBHOOK_URL",
            ],
            Self::Carrier => [
                "ORDERS__PROVIDERS__CARRIER_WEBHOOK_SECRET",
                "SANDBOX_CARRIER_WEBHOOK_URL",
            ],
        }
    }

    /// Has the sandbox asked at its own pace, unless somebody has set another.
    fn keep_pace(self, settings: &mut Settings) {
        const KEY: &str = "saga.tracking_schedule_s";
        if matches!(self, Self::Carrier) && settings.set_by(KEY).is_none() {
            settings.saga.tracking_schedule_s = TRACKING_S.into();
        }
    }

    /// How a line about it begins.
    const fn label(self) -> &'static str {
        match self {
            Self::Provider => "Payments  ",
            Self::Carrier => "Shipping  ",
        }
    }

    const fn warning(self) -> &'static str {
        match self {
            Self::Provider => "orders are approved without money (test cards, ledger, faults)",
            Self::Carrier => "nothing is sent anywhere",
        }
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
        webhooks: webhooks(settings, Participant::Provider)?,
        carrier_webhooks: webhooks(settings, Participant::Carrier)?,
        stop: lifecycle.soft().clone(),
        ..SandboxOptions::default()
    };
    let sandbox = match ledger {
        Ledger::File(journal) => {
            Sandbox::open(options, journal).context("the sandbox's ledger cannot be used")?
        }
        Ledger::Memory => Sandbox::new(options),
    };
    let telling = sandbox.clone();
    let mut http = settings.http.clone();
    // Answers that are held on purpose are neither too slow nor too many.
    http.request_timeout_ms = MAX_HOLD_MS + 4 * MAX_LATENCY_MS;
    http.max_in_flight = http.max_connections;
    let listener = server::bind(http.address(http.sandbox_port))
        .await
        .context("http.sandbox_port")?;
    tracing::warn!(
        "payment provider and carrier are a sandbox at http://{}: orders are approved without money, \
         and sent nowhere",
        listener.address()
    );
    let routes = layers::wrap(sandbox.router(), &http);
    let serving = server::serve(listener, routes, &Limits::from(&http), lifecycle);
    lifecycle.spawn_critical("sandbox", serving);
    let stop = lifecycle.soft().clone();
    lifecycle.spawn_critical("sandbox webhooks", async move {
        telling.send_webhooks().await;
        stop.cancelled().await;
        Ok(())
    });
    Ok(())
}

//! Notifications as part of a process: what runs, and what is served.

use crate::{
    api::{self, Api, NotifierApi},
    dispatch::{Deliver, Dispatcher},
    email::{EmailSender, Emails, goes_in_the_open},
    error::NotifyError,
    reader::{self, Plan, Reader},
    schedule::Schedule,
    status::{self, Status},
    storage::NotifyStore,
    telemetry, upkeep,
    webhook::{Reach, WebhookSender, Webhooks},
};
use anyhow::{Context, bail};
use assembly::{connections_beside, patiently};
use bus::Feed;
use chassis::{
    Lifecycle,
    config::{NotificationSettings, Settings},
    token::Signer,
};
use chrono::TimeDelta;
use domain::TenantId;
use secrecy::ExposeSecret;
use std::{sync::Arc, time::Duration};
use store::{
    Clock, EventReader,
    lease::{Leases, lead},
};
use tokio::{
    sync::Notify,
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;
use tonic::service::Interceptor;
use uuid::Uuid;
use vault::Vault;

/// Who reads the events: one process at a time.
const LEASE: &str = "notify/reader";

/// The first wait after the reader failed; it doubles up to the longest.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// What works with the database at once: the reader, those who send, the upkeep, and requests.
const PARTS: usize = 6;

/// What notifications work with.
#[derive(Clone)]
pub struct NotifierParts {
    /// All events in order.
    pub feed: Arc<dyn Feed>,
    /// What happened, by stream.
    pub reader: Arc<dyn EventReader>,
    /// Who leads.
    pub leases: Arc<dyn Leases>,
    /// What is remembered.
    pub store: NotifyStore,
    /// Seals secrets, and opens what is personal.
    pub vault: Vault,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// Connects to what is remembered, and sees that its secrets can be opened. Waits while the database
/// starts.
///
/// # Errors
/// The database cannot be used, or a secret is sealed by a master key that is not configured.
pub async fn open_store(settings: &Settings, vault: &Vault) -> anyhow::Result<NotifyStore> {
    let url = settings.saga_url().expose_secret();
    let connections = connections_beside(PARTS);
    let opened = patiently(
        "the database of notifications",
        NotifyError::is_transient,
        async || {
            let store = NotifyStore::connect(url, connections).await?;
            let renewed = store.renew_secrets(vault, chassis::clock::now()).await?;
            if renewed > 0 {
                tracing::info!(
                    renewed,
                    "{renewed} secrets of webhooks are sealed by the new master key"
                );
            }
            Ok(store)
        },
    );
    opened.await.with_context(|| {
        let key = match &settings.saga.url {
            Some(_) => "saga.url",
            None => "store.url",
        };
        format!("{key}: the database of notifications cannot be used")
    })
}

/// Starts to read events and to send what follows from them, as tasks of `lifecycle`; gives what is to
/// be served.
///
/// # Errors
/// A setting cannot be used.
pub fn start<A>(
    parts: &NotifierParts,
    settings: &Settings,
    lifecycle: &Lifecycle,
    authorize: A,
) -> anyhow::Result<axum::Router>
where
    A: Interceptor + Clone + Send + Sync + 'static,
{
    let told = &settings.notification;
    let reach = Reach {
        private: told.allow_private_addresses,
    };
    if reach.private {
        tracing::warn!(
            "webhooks may go to this machine and to private networks: notification.allow_private_addresses is set"
        );
    }
    let worker = Worker {
        parts: parts.clone(),
        settings: told.clone(),
        due: Arc::default(),
        status: Status::default(),
    };
    telemetry::describe();
    worker.start_webhooks(reach, lifecycle)?;
    let sends_email = worker.start_emails(lifecycle)?;
    worker.start_reader(sends_email, lifecycle);
    worker.start_upkeep(lifecycle);
    let management = NotifierApi::new(Api {
        store: parts.store.clone(),
        vault: parts.vault.clone(),
        clock: parts.clock.clone(),
        feed: parts.feed.clone(),
        tenant: TenantId::parse(&settings.tenant.id).context("tenant.id")?,
        reach,
        max_endpoints: told.max_endpoints,
        overlap: told.secret_overlap(),
        cursors: Signer::new(
            settings
                .query
                .cursor_key
                .as_ref()
                .unwrap_or(settings.read_url()),
            "page cursor",
        ),
        default_limit: settings.query.default_limit,
        max_limit: settings.query.max_limit,
        due: worker.due.clone(),
    });
    let max_bytes = settings.http.max_body_bytes;
    let management = api::router(management, authorize, max_bytes);
    Ok(management.merge(status::router(worker.status)))
}

struct Worker {
    parts: NotifierParts,
    settings: NotificationSettings,
    due: Arc<Notify>,
    status: Status,
}

impl Worker {
    fn start_reader(&self, sends_email: bool, lifecycle: &Lifecycle) {
        let reader = Reader {
            feed: self.parts.feed.clone(),
            events: self.parts.reader.clone(),
            store: self.parts.store.clone(),
            clock: self.parts.clock.clone(),
            plan: Plan {
                webhooks: Schedule::new(&self.settings.webhook_schedule_s),
                emails: sends_email.then(|| Schedule::new(&self.settings.email_schedule_s)),
            },
            batch: self.settings.batch,
            patience: self.settings.poll(),
            due: self.due.clone(),
            status: self.status.clone(),
        };
        self.status.watch(reader::PART);
        let (leases, stop) = (self.parts.leases.clone(), lifecycle.soft().clone());
        lifecycle.spawn_critical("notifications' reader", async move {
            keep_reading(&reader, leases.as_ref(), &stop).await;
            Ok(())
        });
    }

    fn start_webhooks(&self, reach: Reach, lifecycle: &Lifecycle) -> anyhow::Result<()> {
        let timeout = self.settings.webhook_timeout();
        let webhooks = Webhooks {
            sender: WebhookSender::new(reach, timeout)?,
            store: self.parts.store.clone(),
            vault: self.parts.vault.clone(),
            clock: self.parts.clock.clone(),
            schedule: Schedule::new(&self.settings.webhook_schedule_s),
        };
        let concurrency = self.settings.webhook_concurrency;
        self.dispatch(webhooks, concurrency, timeout, lifecycle);
        Ok(())
    }

    /// Whether e-mail is sent at all.
    fn start_emails(&self, lifecycle: &Lifecycle) -> anyhow::Result<bool> {
        let Some(url) = &self.settings.smtp_url else {
            return Ok(false);
        };
        let Some(from) = &self.settings.email_from else {
            bail!(
                "notification.email_from (ORDERS__NOTIFICATION__EMAIL_FROM) is not set, and \
                 notification.smtp_url is; allowed: an address such as Shop <orders@shop.example>"
            );
        };
        if goes_in_the_open(url.expose_secret()) {
            tracing::warn!(
                "e-mail goes to its server without TLS, and can be read on its way, as can a password: \
                 notification.smtp_url is neither smtps:// nor smtp:// with ?tls=required"
            );
        }
        let timeout = self.settings.email_timeout();
        let sender = EmailSender::new(url.expose_secret(), from, timeout)?;
        self.status.sends_by(sender.clone());
        let emails = Emails {
            sender,
            reader: self.parts.reader.clone(),
            vault: self.parts.vault.clone(),
            clock: self.parts.clock.clone(),
            schedule: Schedule::new(&self.settings.email_schedule_s),
        };
        self.dispatch(emails, self.settings.email_concurrency, timeout, lifecycle);
        Ok(true)
    }

    fn dispatch<D: Deliver>(
        &self,
        deliver: D,
        concurrency: usize,
        timeout: Duration,
        lifecycle: &Lifecycle,
    ) {
        let dispatcher = Dispatcher {
            deliver,
            store: self.parts.store.clone(),
            clock: self.parts.clock.clone(),
            concurrency,
            per_endpoint: self.settings.endpoint_concurrency,
            timeout,
            poll: self.settings.poll(),
            due: self.due.clone(),
            status: self.status.clone(),
        };
        self.status.watch(D::PART);
        let stop = lifecycle.soft().clone();
        lifecycle.spawn_critical(D::PART, async move {
            dispatcher.run(stop).await;
            Ok(())
        });
    }

    fn start_upkeep(&self, lifecycle: &Lifecycle) {
        let keep = TimeDelta::days(self.settings.keep_days.into());
        let (store, clock) = (self.parts.store.clone(), self.parts.clock.clone());
        let (status, stop) = (self.status.clone(), lifecycle.soft().clone());
        status.watch(upkeep::PART);
        lifecycle.spawn_critical("notifications' upkeep", async move {
            upkeep::run(store, clock, keep, status, stop).await;
            Ok(())
        });
    }
}

/// Leads the reading again and again until `stop`: after an error from the checkpoint.
async fn keep_reading(reader: &Reader, leases: &dyn Leases, stop: &CancellationToken) {
    let mut wait = FIRST_WAIT;
    while !stop.is_cancelled() {
        let began = Instant::now();
        let holder = Uuid::now_v7();
        let led = lead(
            leases,
            LEASE,
            holder,
            LEASE_TIME,
            stop,
            |_, lost| async move {
                tokio::select! {
                    biased;
                    failed = reader.run() => failed.map(|never| match never {}),
                    () = lost.cancelled() => Ok(()),
                    // What is half done is repeated by the next leader.
                    () = stop.cancelled() => Ok(()),
                }
            },
        );
        let ended = led.await;
        // Whoever leads next tells how far behind it is; that this one fails is told by itself.
        telemetry::idle();
        match ended {
            // Somebody else reads: nothing is wrong.
            Some(Err(NotifyError::Fenced)) => tracing::info!("{}", NotifyError::Fenced),
            Some(Err(error)) => reader.status.failed(reader::PART, error),
            Some(Ok(())) => continue,
            None => return,
        }
        if began.elapsed() > LONGEST_WAIT {
            wait = FIRST_WAIT;
        }
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            () = sleep(wait) => wait = LONGEST_WAIT.min(wait * 2),
        }
    }
}

/// After so long a silence another process reads.
const LEASE_TIME: Duration = Duration::from_secs(10);

//! What provider and carrier tell the merchant by themselves: signed, over HTTP, and again until it is taken.

mod event;
mod parcel;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chassis::{
    clock::now,
    http_client,
    webhook::{WEBHOOK_ID, WEBHOOK_SIGNATURE, WEBHOOK_TIMESTAMP, WebhookSecret},
};
use event::Event;
use parcel::ParcelEvent;
use reqwest::header::CONTENT_TYPE;
use serde::Serialize;
use tokio::{
    sync::{Semaphore, mpsc},
    task::JoinSet,
    time::sleep,
};
use tokio_util::sync::CancellationToken;

use crate::{
    carrier::News,
    faults::WebhookFate,
    ledger::{Kind, Operation},
    value::AuthorizationId,
};

/// Events that wait to be sent, at most; what is more is lost, as it may be at any provider.
const MAX_WAITING: usize = 10_000;

/// Requests at once.
const CONCURRENCY: usize = 32;

/// The longest time for one request.
const TIMEOUT: Duration = Duration::from_secs(15);

/// How long is waited after each attempt that was not taken; after the last, nothing more is sent.
const RETRIES: [Duration; 8] = [
    Duration::from_millis(200),
    Duration::from_secs(1),
    Duration::from_secs(5),
    Duration::from_secs(15),
    Duration::from_secs(60),
    Duration::from_secs(300),
    Duration::from_secs(1_800),
    Duration::from_secs(7_200),
];

/// Who is told by itself what has happened.
#[derive(Debug, Clone)]
pub struct WebhookOptions {
    /// Where to, as `http://…` or `https://…`.
    pub url: String,
    /// What it signs with.
    pub secret: WebhookSecret,
}

/// What is told.
#[derive(Debug, Clone)]
struct Outgoing {
    id: String,
    body: Arc<[u8]>,
    delay: Duration,
    /// Which authorization must be open for it to be true when its time has come, if any.
    only_of: Option<AuthorizationId>,
}

/// Whether an authorization is neither captured nor voided.
pub(crate) type IsOpen = Arc<dyn Fn(AuthorizationId) -> bool + Send + Sync>;

/// The longest time that is waited for the end of an authorization: what ends later is told nobody, as
/// this provider's word may get lost.
const LONGEST_WATCH: Duration = Duration::from_secs(3_600);

/// Tells the merchant.
#[derive(Debug)]
pub(crate) struct Webhooks {
    options: WebhookOptions,
    queue: mpsc::Sender<Outgoing>,
    waiting: Mutex<Option<mpsc::Receiver<Outgoing>>>,
}

impl Webhooks {
    pub(crate) fn new(options: WebhookOptions) -> Self {
        let (queue, waiting) = mpsc::channel(MAX_WAITING);
        Self {
            options,
            queue,
            waiting: Mutex::new(Some(waiting)),
        }
    }

    /// Has the merchant told of an operation that was asked for under `key`, as `fate` has it.
    pub(crate) fn tell(
        &self,
        operation: &Operation,
        key: &str,
        fate: impl FnOnce(&str) -> WebhookFate,
    ) {
        let id = event::id(operation);
        let fate = fate(&id);
        if fate.lost {
            return;
        }
        if let Kind::Authorize { expires_at, .. } | Kind::ActionDone { expires_at, .. } =
            operation.kind
        {
            let left = (expires_at - operation.at).to_std().unwrap_or_default();
            if left <= LONGEST_WATCH {
                let end = format!("{id}_end");
                let delay = fate.delay.saturating_add(left);
                let only_of = Some(operation.authorization_id);
                self.enqueue(
                    end,
                    &Event::about_end(operation, key),
                    delay,
                    only_of,
                    false,
                );
            }
        }
        let event = Event::about(operation, key);
        self.enqueue(id, &event, fate.delay, None, fate.twice);
    }

    /// Has the sender of a shipment told what has happened to it, as `fate` has it.
    pub(crate) fn tell_of_parcel(&self, news: &News, fate: impl FnOnce(&str) -> WebhookFate) {
        let Some(event) = ParcelEvent::about(news) else {
            return;
        };
        let id = parcel::id(news);
        let fate = fate(&id);
        if !fate.lost {
            self.enqueue(id, &event, fate.delay, None, fate.twice);
        }
    }

    fn enqueue(
        &self,
        id: String,
        event: &impl Serialize,
        delay: Duration,
        only_of: Option<AuthorizationId>,
        twice: bool,
    ) {
        let body = match serde_json::to_vec(event) {
            Ok(body) => body.into(),
            Err(error) => {
                tracing::error!(event = id, "event {id} cannot be told: {error}");
                return;
            }
        };
        let outgoing = Outgoing {
            id,
            body,
            delay,
            only_of,
        };
        let again = twice.then(|| outgoing.clone());
        for outgoing in std::iter::once(outgoing).chain(again) {
            if let Err(lost) = self.queue.try_send(outgoing) {
                let id = &lost.into_inner().id;
                tracing::warn!(event = id, "event {id} is not told: too many wait");
            }
        }
    }

    /// Sends what is told, until `stop`.
    pub(crate) async fn send(&self, stop: &CancellationToken, is_open: IsOpen) {
        let waiting = self
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some(mut waiting) = waiting else { return };
        let client = match http_client::builder(&self.options.url)
            .timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .build()
        {
            Ok(client) => client,
            Err(error) => {
                tracing::error!("no webhooks are sent: no client can be made: {error}");
                return;
            }
        };
        let turns = Arc::new(Semaphore::new(CONCURRENCY));
        let mut sending = JoinSet::new();
        loop {
            let outgoing = tokio::select! {
                biased;
                () = stop.cancelled() => return,
                Some(_) = sending.join_next() => continue,
                outgoing = waiting.recv(), if sending.len() < MAX_WAITING => outgoing,
            };
            let Some(outgoing) = outgoing else { return };
            let (options, client, turns) = (self.options.clone(), client.clone(), turns.clone());
            let is_open = is_open.clone();
            sending.spawn(async move { outgoing.send(&options, &client, &turns, &is_open).await });
        }
    }
}

impl Outgoing {
    async fn send(
        self,
        options: &WebhookOptions,
        client: &reqwest::Client,
        turns: &Semaphore,
        is_open: &IsOpen,
    ) {
        sleep(self.delay).await;
        if self.only_of.is_some_and(|id| !is_open(id)) {
            return;
        }
        for wait in RETRIES {
            let Ok(turn) = turns.acquire().await else {
                return;
            };
            let taken = self.attempt(options, client).await;
            drop(turn);
            match taken {
                Ok(status) if status.is_success() => return,
                Ok(status) => {
                    tracing::debug!(event = self.id, "event {} was answered {status}", self.id);
                }
                Err(error) => {
                    tracing::debug!(event = self.id, "event {} was not taken: {error}", self.id);
                }
            }
            sleep(wait).await;
        }
        tracing::warn!(event = self.id, "event {} is given up", self.id);
    }

    async fn attempt(
        &self,
        options: &WebhookOptions,
        client: &reqwest::Client,
    ) -> Result<reqwest::StatusCode, reqwest::Error> {
        // Signed anew each time: what was signed long ago is not believed.
        let at = now();
        let answer = client
            .post(&options.url)
            .header(CONTENT_TYPE, "application/json")
            .header(WEBHOOK_ID, &self.id)
            .header(WEBHOOK_TIMESTAMP, at.timestamp())
            .header(
                WEBHOOK_SIGNATURE,
                options.secret.sign(&self.id, at, &self.body),
            )
            .body(self.body.to_vec())
            .send()
            .await?;
        Ok(answer.status())
    }
}

//! Processes that write to one store, of which one takes requests and is told by providers.

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Method, Request},
};
use chassis::{
    config::Settings,
    webhook::{WEBHOOK_ID, WEBHOOK_SIGNATURE, WEBHOOK_TIMESTAMP, WebhookSecret},
};
use chrono::{DateTime, Utc};
use command::{CommandApi, Webhooks, router};
use domain::{Actor, Command, CommandEnvelope, CommandId, OrderId, State, StreamId, TenantId};
use serde_json::Value;
use std::{sync::Arc, time::Duration};
use store::{
    Clock, EventReader, MemoryStore, SystemClock, Until, fold_stream,
    lane::{Lane, LaneOptions, Outcome},
};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};
use tower::ServiceExt;
use uuid::Uuid;
use vault::Vault;

pub const SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
pub const FORMER: &str = "whsec_HxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo=";
pub const CARRIER_SECRET: &str = "whsec_MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI=";
pub const OTHER: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// How often a race is run.
pub const RACES: u64 = 1_000;

/// Processes that write to one store: one takes requests and is told by providers, the others run policies
/// and calls.
pub struct Stage {
    pub store: MemoryStore,
    lanes: [Lane; 2],
    /// What takes requests, those of providers among them.
    told: Router,
    pub stop: CancellationToken,
    _stop: DropGuard,
}

impl Stage {
    pub fn new() -> Self {
        Self::believing(&[
            ("PAYMENT_WEBHOOK_SECRET", SECRET),
            ("FORMER_PAYMENT_WEBHOOK_SECRET", FORMER),
            ("CARRIER_WEBHOOK_SECRET", CARRIER_SECRET),
        ])
    }

    pub fn believing(secrets: &[(&str, &str)]) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let epoch = Uuid::from_u128(1);
        let store = MemoryStore::new(clock.clone(), epoch);
        let stop = CancellationToken::new();
        let lane = || {
            let (lane, work) = Lane::new(Arc::new(store.clone()), LaneOptions::default());
            tokio::spawn(work.run(stop.clone()));
            lane
        };
        let set = secrets
            .iter()
            .map(|(key, value)| (format!("ORDERS__PROVIDERS__{key}").into(), (*value).into()));
        let settings = Settings::load_from(None, set).unwrap();
        let api = CommandApi::new(
            lane(),
            Arc::new(store.clone()),
            Vault::in_memory(),
            clock,
            TenantId::default(),
            epoch,
        );
        let api = api.with_webhooks(Webhooks::try_new(&settings.providers).unwrap());
        Self {
            told: router(api),
            lanes: [lane(), lane()],
            store,
            stop: stop.clone(),
            _stop: stop.drop_guard(),
        }
    }

    /// What a policy puts, or the answer to a call.
    pub async fn put(&self, command: Command) -> Outcome {
        self.put_by(0, command).await
    }

    /// The same, in one of the two processes for that.
    pub async fn put_by(&self, process: usize, command: Command) -> Outcome {
        let id = CommandId::new(Uuid::new_v4());
        let executed = self.lanes[process].execute(CommandEnvelope {
            id,
            fingerprint: None,
            tenant: TenantId::default(),
            actor: Actor::parse("test").unwrap(),
            correlation_id: id.uuid(),
            causation_id: None,
            traceparent: None,
            occurred_at: SystemClock.now(),
            expected: None,
            command,
        });
        executed.await.unwrap().outcome
    }

    pub async fn state(&self, stream: &StreamId) -> State {
        let folded = fold_stream(&self.store, stream, Until::End).await;
        folded.unwrap().state
    }

    /// The types of the events of a stream.
    pub async fn history(&self, stream: &StreamId) -> Vec<String> {
        let events = self.all().await.into_iter();
        events
            .filter(|(of, _)| of == stream)
            .map(|(_, event_type)| event_type)
            .collect()
    }

    /// Every event's stream and type.
    pub async fn all(&self) -> Vec<(StreamId, String)> {
        let all = self.store.read_all(domain::Position::ZERO, 1_000_000).await;
        let all = all.unwrap().into_iter();
        all.map(|event| (event.envelope.stream.clone(), event.event_type.clone()))
            .collect()
    }

    /// Serves what providers post to, or a provider, over HTTP; where.
    pub async fn serve(&self, router: Router) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let stop = self.stop.clone();
        let serving = axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned());
        tokio::spawn(async move { serving.await.unwrap() });
        url
    }

    /// What providers post to.
    pub fn told(&self) -> Router {
        self.told.clone()
    }

    pub async fn send(&self, request: Request<Body>) -> (u16, Value) {
        let answer = self.told.clone().oneshot(request).await.unwrap();
        let status = answer.status().as_u16();
        let body = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }

    /// A provider posts `request`; what became of it.
    pub async fn say(&self, request: Request<Body>) -> String {
        let (status, answer) = self.send(request).await;
        assert_eq!(status, 200, "{answer}");
        answer["outcome"].as_str().unwrap().to_owned()
    }
}

/// What is posted to `path`, signed.
pub fn signed(
    path: &str,
    secret: &str,
    id: &str,
    at: DateTime<Utc>,
    body: &Value,
) -> Request<Body> {
    let body = body.to_string();
    let secret = WebhookSecret::parse(secret).unwrap();
    Request::builder()
        .method(Method::POST)
        .uri(path)
        .header("content-type", "application/json")
        .header(WEBHOOK_ID, id)
        .header(WEBHOOK_TIMESTAMP, at.timestamp())
        .header(WEBHOOK_SIGNATURE, secret.sign(id, at, body.as_bytes()))
        .body(Body::from(body))
        .unwrap()
}

pub async fn until(holds: impl AsyncFn() -> bool) {
    let waiting = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(60), waiting).await;
    assert!(waited.is_ok(), "waited too long");
}

pub fn order(n: u64) -> OrderId {
    OrderId::new(Uuid::from_u64_pair(
        0x0192_3f00_0000_7000,
        0x8000_0000_0000_0000 | n,
    ))
}

//! Somebody who is told: over HTTP, and answers as a test says.

use crate::harness::{serve, until};
use axum::{
    Router,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use notifier::WebhookSecret;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};
use tokio::sync::Notify;
use zeroize::Zeroizing;

/// What came.
#[derive(Debug, Clone)]
pub struct Received {
    pub path: String,
    pub headers: HeaderMap,
    pub body: String,
}

/// How a path answers.
#[derive(Debug, Clone)]
pub enum Reply {
    Status(u16),
    With(u16, &'static str, String),
    /// Not before the test says so.
    Held,
}

/// A receiver. Clones are the same.
#[derive(Clone, Default)]
pub struct Receiver(Arc<Known>);

#[derive(Default)]
struct Known {
    url: Mutex<String>,
    received: Mutex<Vec<Received>>,
    replies: Mutex<HashMap<String, Reply>>,
    release: Notify,
}

impl Received {
    pub fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    /// How many of its signatures are of this secret.
    pub fn signatures_of(&self, secret: &str) -> usize {
        let bytes = BASE64_STANDARD.decode(secret.strip_prefix("whsec_").unwrap());
        let secret = WebhookSecret::new(Zeroizing::new(bytes.unwrap()));
        let timestamp = self.header("webhook-timestamp").parse().unwrap();
        let right = secret.sign(self.header("webhook-id"), timestamp, &self.body);
        let given = self.header("webhook-signature").split(' ');
        given.filter(|signature| *signature == right).count()
    }
}

impl Receiver {
    pub async fn start() -> Self {
        let receiver = Self::default();
        let router = Router::new()
            .route("/{path}", post(receive))
            .with_state(receiver.clone());
        *receiver.0.url.lock().unwrap() = serve(router).await;
        receiver
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}/{path}", self.0.url.lock().unwrap())
    }

    /// From now on `path` answers so.
    pub fn replies(&self, path: &str, reply: Reply) {
        self.0.replies.lock().unwrap().insert(path.into(), reply);
    }

    /// Whoever is held is answered.
    pub fn release(&self) {
        self.0.release.notify_waiters();
    }

    /// What came to `path`.
    pub fn received(&self, path: &str) -> Vec<Received> {
        let received = self.0.received.lock().unwrap();
        let to = received.iter().filter(|one| one.path == path);
        to.cloned().collect()
    }

    /// Waits until so much came to `path`.
    pub async fn comes(&self, path: &str, count: usize) -> Vec<Received> {
        until("webhooks to arrive", async || {
            let received = self.received(path);
            (received.len() >= count).then_some(received)
        })
        .await
    }
}

async fn receive(
    State(receiver): State<Receiver>,
    Path(path): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let known = &receiver.0;
    let reply = known.replies.lock().unwrap().get(&path).cloned();
    let released = known.release.notified();
    known.received.lock().unwrap().push(Received {
        path,
        headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
    });
    let status = |status: u16| StatusCode::from_u16(status).unwrap();
    match reply.unwrap_or(Reply::Status(204)) {
        Reply::Status(code) => status(code).into_response(),
        Reply::With(code, name, value) => (status(code), [(name, value)]).into_response(),
        Reply::Held => {
            released.await;
            StatusCode::NO_CONTENT.into_response()
        }
    }
}

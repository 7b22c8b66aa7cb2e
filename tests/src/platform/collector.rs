//! A collector of traces, as Jaeger is one: it keeps what the platform's processes send.

use axum::{Router, body::Bytes, extract::State, http::StatusCode, routing::post};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{KeyValue, any_value::Value},
    trace::v1::{Span, span::SpanKind, status::StatusCode as SpanStatus},
};
use prost::Message;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::{net::TcpListener, task::JoinHandle};

/// A span as it was received.
#[derive(Debug, Clone)]
pub struct Received {
    /// Whose it is.
    pub service: String,
    /// Which process of that service.
    pub instance: String,
    /// The trace's id, as 32 hex digits.
    pub trace: String,
    /// The span's id, as 16 hex digits.
    pub id: String,
    /// Its parent's; empty if it has none.
    pub parent: String,
    /// What was done.
    pub name: String,
    /// What it is to those on its other side.
    pub kind: SpanKind,
    /// What is said of it.
    pub attributes: BTreeMap<String, String>,
    /// Whether it failed.
    pub failed: bool,
    /// From when to when, in nanoseconds.
    pub time: std::ops::RangeInclusive<u64>,
}

/// A collector that runs in this process. It ends with this.
#[derive(Debug)]
pub struct Collector {
    url: String,
    spans: Arc<Mutex<Vec<Received>>>,
    serving: JoinHandle<()>,
}

impl Collector {
    /// Starts one that takes everything, on a port of its own.
    ///
    /// # Panics
    /// When it cannot be started.
    pub async fn start() -> Self {
        let spans = Arc::default();
        let router = Router::new()
            .route("/v1/traces", post(take))
            .with_state(Arc::clone(&spans));
        let (listener, url) = listen().await;
        let serving = tokio::spawn(async move {
            let served = axum::serve(listener, router).await;
            served.expect("the collector serves");
        });
        Self {
            url,
            spans,
            serving,
        }
    }

    /// Starts one that takes connections, and never answers.
    ///
    /// # Panics
    /// When it cannot be started.
    pub async fn start_hung() -> Self {
        let (listener, url) = listen().await;
        let serving = tokio::spawn(async move {
            let mut held = vec![];
            while let Ok((connection, _)) = listener.accept().await {
                held.push(connection);
            }
        });
        Self {
            url,
            spans: Arc::default(),
            serving,
        }
    }

    /// What the platform is to be told.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What it has received of a trace so far.
    pub fn trace(&self, id: &str) -> Vec<Received> {
        let spans = lock(&self.spans);
        let mine = spans.iter().filter(|span| span.trace == id);
        mine.cloned().collect()
    }

    /// How many spans it has received.
    pub fn count(&self) -> usize {
        lock(&self.spans).len()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await;
    let listener = listener.expect("there is a free port");
    let address = listener.local_addr().expect("it has an address");
    (listener, format!("http://{address}"))
}

async fn take(State(spans): State<Arc<Mutex<Vec<Received>>>>, body: Bytes) -> StatusCode {
    let Ok(request) = ExportTraceServiceRequest::decode(body) else {
        return StatusCode::BAD_REQUEST;
    };
    for process in request.resource_spans {
        let resource = attributes(process.resource.unwrap_or_default().attributes);
        let sent = process
            .scope_spans
            .into_iter()
            .flat_map(|scope| scope.spans);
        lock(&spans).extend(sent.map(|span| received(&resource, span)));
    }
    StatusCode::OK
}

fn received(resource: &BTreeMap<String, String>, span: Span) -> Received {
    let of_process = |key: &str| resource.get(key).cloned().unwrap_or_default();
    let status = span.status.as_ref();
    Received {
        service: of_process("service.name"),
        instance: of_process("service.instance.id"),
        trace: hex(&span.trace_id),
        id: hex(&span.span_id),
        parent: hex(&span.parent_span_id),
        kind: span.kind(),
        failed: status.is_some_and(|status| status.code() == SpanStatus::Error),
        time: span.start_time_unix_nano..=span.end_time_unix_nano,
        name: span.name,
        attributes: attributes(span.attributes),
    }
}

fn attributes(attributes: Vec<KeyValue>) -> BTreeMap<String, String> {
    let text = |attribute: KeyValue| {
        let text = match attribute.value.and_then(|value| value.value) {
            Some(Value::StringValue(text)) => text,
            Some(Value::IntValue(number)) => number.to_string(),
            Some(Value::BoolValue(flag)) => flag.to_string(),
            other => format!("{other:?}"),
        };
        (attribute.key, text)
    };
    attributes.into_iter().map(text).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The data behind this lock is whole at every step, so a panic elsewhere does not spoil it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

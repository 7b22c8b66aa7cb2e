//! What stands in for Jaeger where its image cannot be pulled: it takes traces by OTLP over HTTP, and answers
//! the two questions of Jaeger's API that `deploy/compose/smoke.sh` asks, at Jaeger's own ports.
//!
//! ```text
//! collector [ADDRESS]      0.0.0.0 by default; ports 4318 (OTLP), 16686 (API), 13133 (health)
//! ```
//!
//! It keeps all that it receives: it is for checks that take minutes.

use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    routing::get,
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, error::Error, sync::Arc};
use tests::platform::{Collector, Received};
use tokio::{net::TcpListener, signal::unix::SignalKind};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1);
    let address = address.unwrap_or_else(|| "0.0.0.0".to_owned());
    let listen = async |port: u16| TcpListener::bind((address.as_str(), port)).await;
    let collector = Arc::new(Collector::start_on(listen(4_318).await?));
    let api = Router::new()
        .route("/api/services", get(services))
        .route("/api/traces/{id}", get(trace))
        .with_state(collector);
    let health = Router::new().route("/status", get(async || "ok"));
    let (api_at, health_at) = (listen(16_686).await?, listen(13_133).await?);
    let mut ended = tokio::signal::unix::signal(SignalKind::terminate())?;
    tokio::select! {
        served = axum::serve(api_at, api).into_future() => served?,
        served = axum::serve(health_at, health).into_future() => served?,
        _ = ended.recv() => {}
    }
    Ok(())
}

async fn services(State(collector): State<Arc<Collector>>) -> Json<Value> {
    let services = collector.services();
    Json(json!({"total": services.len(), "data": services}))
}

async fn trace(
    State(collector): State<Arc<Collector>>,
    Path(id): Path<String>,
) -> (StatusCode, Json<Value>) {
    let spans = collector.trace(&id);
    if spans.is_empty() {
        let error = json!({"code": 404, "msg": "trace not found"});
        return (
            StatusCode::NOT_FOUND,
            Json(json!({"data": null, "errors": [error]})),
        );
    }
    // A process of Jaeger's is a service's instance.
    let processes: BTreeMap<&str, Value> = spans
        .iter()
        .map(|span| {
            let process = json!({"serviceName": span.service});
            (span.instance.as_str(), process)
        })
        .collect();
    let told: Vec<Value> = spans.iter().map(told).collect();
    let data = json!([{"traceID": id, "spans": told, "processes": processes}]);
    (StatusCode::OK, Json(json!({"data": data})))
}

/// A span, with its times in microseconds, as Jaeger has them.
fn told(span: &Received) -> Value {
    let references = match span.parent.is_empty() {
        true => json!([]),
        false => {
            json!([{"refType": "CHILD_OF", "traceID": span.trace, "spanID": span.parent}])
        }
    };
    json!({
        "traceID": span.trace,
        "spanID": span.id,
        "processID": span.instance,
        "operationName": span.name,
        "references": references,
        "startTime": span.time.start() / 1_000,
        "duration": span.time.end().saturating_sub(*span.time.start()) / 1_000,
    })
}

//! What the server and the layers cost: a handler that does nothing, served three ways.
//!
//! `noop plain|server|full [PORT]`: `plain` is `axum::serve`, `server` is the chassis' own accept
//! loop, `full` adds the layer around each request, as services run it. Compare them with any load
//! generator: `POST /noop` with a JSON body.

use axum::{Router, routing::post};
use chassis::{Lifecycle, config::Settings, extract::StrictJson, layers, server, telemetry};
use serde_json::Value;

#[tokio::main]
async fn main() -> anyhow::Result<std::process::ExitCode> {
    let mut arguments = std::env::args().skip(1);
    let way = arguments.next().unwrap_or_default();
    let port: u16 = arguments.next().map_or(Ok(0), |port| port.parse())?;

    let settings = Settings::load()?;
    let metrics = telemetry::init(&settings.telemetry)?;
    let lifecycle = Lifecycle::new(settings.http.shutdown_timeout());
    let upkeep = metrics.run_upkeep(lifecycle.soft().clone());
    lifecycle.spawn_critical("metrics", async move {
        upkeep.await;
        Ok(())
    });

    let router = Router::new()
        .route("/noop", post(async |body: bytes::Bytes| body))
        .route("/json", post(async |json: StrictJson<Value>| json.raw));
    let router = if way == "full" {
        layers::wrap(router, &settings.http)
    } else {
        router
    };
    if way == "plain" {
        let listener = tokio::net::TcpListener::bind(settings.http.address(port)).await?;
        tracing::info!("listening on http://{}", listener.local_addr()?);
        let stop = lifecycle.soft().clone().cancelled_owned();
        let serve = axum::serve(listener, router).with_graceful_shutdown(stop);
        lifecycle.spawn_critical("http", async move { Ok(serve.await?) });
    } else {
        let listener = server::bind(settings.http.address(port)).await?;
        let limits = (&settings.http).into();
        lifecycle.spawn_critical("http", server::serve(listener, router, &limits, &lifecycle));
    }
    Ok(lifecycle.run_until_shutdown().await)
}

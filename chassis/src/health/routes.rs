//! `/livez`, `/readyz`, `/startupz`, `/metrics`.

use axum::{
    Json, Router,
    extract::State as Shared,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::get,
};

use super::{Health, State};
use crate::telemetry::Metrics;

impl Health {
    /// The routes of health and metrics; merge them into a service's own before
    /// [`crate::layers::wrap`].
    pub fn router(&self, metrics: &Metrics) -> Router {
        Router::new()
            .route("/livez", get(livez))
            .route("/readyz", get(readyz))
            .route("/startupz", get(startupz))
            .with_state(self.clone())
            .merge(
                Router::new()
                    .route("/metrics", get(render))
                    .with_state((self.clone(), metrics.clone())),
            )
    }
}

/// This process runs and answers; nothing about what it depends on.
async fn livez() -> impl IntoResponse {
    Json(serde_json::json!({ "status": "alive" }))
}

async fn readyz(Shared(health): Shared<Health>) -> impl IntoResponse {
    let report = health.report().await;
    let status = match report.status {
        State::Ready => StatusCode::OK,
        State::Starting | State::NotReady | State::ShuttingDown => StatusCode::SERVICE_UNAVAILABLE,
    };
    (status, Json(report))
}

async fn startupz(Shared(health): Shared<Health>) -> impl IntoResponse {
    if health.is_started() {
        (
            StatusCode::OK,
            Json(serde_json::json!({ "status": "started" })),
        )
    } else {
        (
            StatusCode::SERVICE_UNAVAILABLE,
            Json(serde_json::json!({ "status": "starting" })),
        )
    }
}

async fn render(Shared((health, metrics)): Shared<(Health, Metrics)>) -> impl IntoResponse {
    health.look_at_warnings().await;
    (
        [(
            header::CONTENT_TYPE,
            "text/plain; version=0.0.4; charset=utf-8",
        )],
        metrics.render(),
    )
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{
            Arc,
            atomic::{AtomicBool, AtomicUsize, Ordering},
        },
        time::{Duration, Instant},
    };

    use axum::{body::Body, http::Request};
    use serde_json::{Value, json};
    use tokio_util::sync::CancellationToken;
    use tower::ServiceExt;

    use super::*;

    async fn get_json(health: &Health, path: &str) -> (u16, Value) {
        let router = health.router(&Metrics::install().unwrap());
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = router.oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body = axum::body::to_bytes(response.into_body(), 1 << 20)
            .await
            .unwrap();
        (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }

    #[tokio::test]
    async fn readiness_follows_start_checks_and_stop() {
        let stop = CancellationToken::new();
        let health = Health::new(stop.clone());
        let up = Arc::new(AtomicBool::new(true));
        let state = Arc::clone(&up);
        health.register("postgres", move || {
            let up = state.load(Ordering::SeqCst);
            async move {
                if up {
                    Ok(())
                } else {
                    Err("no connection".to_owned())
                }
            }
        });

        assert_eq!(get_json(&health, "/livez").await.0, 200);
        assert_eq!(get_json(&health, "/startupz").await.0, 503);
        assert_eq!(get_json(&health, "/readyz").await.1["status"], "starting");
        health.mark_started();
        assert_eq!(get_json(&health, "/startupz").await.0, 200);
        let ready = json!({"status": "ready", "checks": {"postgres": {"ok": true}}});
        assert_eq!(get_json(&health, "/readyz").await, (200, ready));

        up.store(false, Ordering::SeqCst);
        let deadline = Instant::now() + Duration::from_secs(5);
        while get_json(&health, "/readyz").await.0 == 200 {
            assert!(Instant::now() < deadline, "the failure is never noticed");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let failed = json!({
            "status": "not_ready",
            "checks": {"postgres": {"ok": false, "reason": "no connection"}},
        });
        assert_eq!(get_json(&health, "/readyz").await, (503, failed));

        stop.cancel();
        assert_eq!(
            get_json(&health, "/readyz").await.1["status"],
            "shutting_down"
        );
        assert_eq!(get_json(&health, "/livez").await.0, 200);
    }

    #[tokio::test]
    async fn a_crowd_of_askers_runs_a_check_once() {
        let health = Health::new(CancellationToken::new());
        let runs = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&runs);
        health.register("database", move || {
            counted.fetch_add(1, Ordering::SeqCst);
            async { Ok(()) }
        });
        futures::future::join_all((0..50).map(|_| health.report())).await;
        assert_eq!(runs.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn a_check_that_hangs_has_failed() {
        let health = Health::new(CancellationToken::new());
        health.mark_started();
        health.register("broker", std::future::pending);
        let report = health.report().await;
        assert_eq!(report.status, State::NotReady);
        assert_eq!(
            report.checks["broker"].reason.as_deref(),
            Some("no answer within 2 s")
        );
    }

    #[tokio::test]
    async fn what_people_are_warned_of_keeps_nobody_from_taking_traffic() {
        let metrics = Metrics::install().unwrap();
        let health = Health::new(CancellationToken::new());
        health.mark_started();
        health.register("postgres", || async { Ok(()) });
        let lost = Arc::new(AtomicBool::new(false));
        let state = Arc::clone(&lost);
        health.warn_of("chassis_test", move || {
            let lost = state.load(Ordering::SeqCst);
            async move {
                match lost {
                    true => Err("something is lost".to_owned()),
                    false => Ok(()),
                }
            }
        });
        let warning = || {
            let text = metrics.render();
            let mut lines = text.lines();
            let line =
                lines.find(|line| line.starts_with("health_warning{check=\"chassis_test\"}"));
            line.map(|line| line.ends_with(" 1"))
        };
        assert_eq!(warning(), Some(false), "it is there before anything fails");

        lost.store(true, Ordering::SeqCst);
        let warned = json!({
            "status": "ready",
            "checks": {
                "chassis_test": {"ok": true, "reason": "something is lost"},
                "postgres": {"ok": true},
            },
        });
        assert_eq!(get_json(&health, "/readyz").await, (200, warned));
        assert_eq!(warning(), Some(true));

        // Whoever only asks for metrics sees how it is now, too.
        lost.store(false, Ordering::SeqCst);
        let deadline = Instant::now() + Duration::from_secs(5);
        while warning() == Some(true) {
            assert!(Instant::now() < deadline, "the warning never goes");
            tokio::time::sleep(Duration::from_millis(20)).await;
            get_json(&health, "/metrics").await;
        }
    }

    #[tokio::test]
    async fn metrics_are_prometheus_text() {
        let metrics = Metrics::install().unwrap();
        metrics::counter!("chassis_test_health_total").increment(3);
        let router = Health::new(CancellationToken::new()).router(&metrics);
        let request = Request::get("/metrics").body(Body::empty()).unwrap();
        let response = router.oneshot(request).await.unwrap();
        let body = axum::body::to_bytes(response.into_body(), 1 << 20)
            .await
            .unwrap();
        assert!(String::from_utf8_lossy(&body).contains("chassis_test_health_total 3"));
    }
}

//! Whoever calls over gRPC is seen first by what authorizes: each service, each of its calls.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use axum::{Router, body::Body, http::Request};
use chassis::{config::Settings, layers};
use command::{CommandApi, SERVICES, grpc};
use domain::TenantId;
use std::sync::Arc;
use store::{
    Clock, EventStore, MemoryStore, SystemClock,
    lane::{Lane, LaneOptions},
};
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status};
use tower::ServiceExt;
use uuid::Uuid;
use vault::Vault;

const BEARER: &str = "Bearer sesame";

fn authorize(call: tonic::Request<()>) -> Result<tonic::Request<()>, Status> {
    match call.metadata().get("authorization") {
        Some(given) if given == BEARER => Ok(call),
        _ => Err(Status::unauthenticated("who are you?")),
    }
}

/// How a call ends; its message is an empty one.
async fn call(router: &Router, path: &str, authorization: Option<&str>) -> Option<Code> {
    let mut request = Request::post(path)
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    if let Some(given) = authorization {
        request = request.header("authorization", given);
    }
    let request = request.body(Body::from(vec![0; 5])).unwrap();
    let answer = router.clone().oneshot(request).await.unwrap();
    let (head, body) = answer.into_parts();
    let trailers = http_body_util::BodyExt::collect(body).await.unwrap();
    let ended = Status::from_header_map(&head.headers)
        .or_else(|| Status::from_header_map(trailers.trailers()?));
    ended.map(|status| status.code())
}

#[tokio::test]
async fn nobody_calls_whom_nobody_has_authorized() {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let epoch = Uuid::from_u128(1);
    let store: Arc<dyn EventStore> = Arc::new(MemoryStore::new(clock.clone(), epoch));
    let (lane, work) = Lane::new(store.clone(), LaneOptions::default());
    let stop = CancellationToken::new();
    tokio::spawn(work.run(stop.clone()));
    let _stop = stop.drop_guard();
    let api = CommandApi::new(
        lane,
        store,
        Vault::in_memory(),
        clock,
        TenantId::default(),
        epoch,
    );
    let http = Settings::default().http;
    let router = layers::wrap(grpc(api, authorize, http.max_body_bytes), &http);

    let mut calls = 0;
    for service in SERVICES {
        for method in proto::methods(service) {
            let path = format!("/{service}/{method}");
            for refused in [None, Some("Bearer simsim")] {
                let ended = call(&router, &path, refused).await;
                assert_eq!(ended, Some(Code::Unauthenticated), "{path}");
            }
            // The service itself sees that nothing was said; to an import, that is one item that failed.
            let ended = call(&router, &path, Some(BEARER)).await;
            let import = path.ends_with("/ImportOrders").then_some(Code::Ok);
            assert_eq!(
                ended,
                Some(import.unwrap_or(Code::InvalidArgument)),
                "{path}"
            );
            calls += 1;
        }
    }
    assert!(calls >= 24, "{calls}");
}

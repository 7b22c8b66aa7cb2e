//! Whoever calls over gRPC is seen first by what authorizes: each service, each of its calls.

use crate::stage::Stage;
use axum::{Router, body::Body, http::Request};
use chassis::{config::Settings, layers};
use http_body_util::BodyExt;
use query::{SERVICES, grpc};
use tonic::{Code, Status};
use tower::ServiceExt;

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
    let body = body.collect().await.unwrap();
    let ended = Status::from_header_map(&head.headers)
        .or_else(|| Status::from_header_map(body.trailers()?));
    ended.map(|status| status.code())
}

#[tokio::test]
async fn nobody_reads_whom_nobody_has_authorized() {
    let stage = Stage::new().await;
    let http = Settings::default().http;
    let router = layers::wrap(
        grpc(stage.api.clone(), authorize, http.max_body_bytes),
        &http,
    );
    let mut calls = 0;
    for service in SERVICES {
        for method in proto::methods(service) {
            let path = format!("/{service}/{method}");
            for refused in [None, Some("Bearer simsim")] {
                let ended = call(&router, &path, refused).await;
                assert_eq!(ended, Some(Code::Unauthenticated), "{path}");
            }
            // Lists are the only calls that want to know nothing.
            let expected = match method.as_str() {
                "ListOrders" | "ListProducts" | "ListPayments" => Code::Ok,
                _ => Code::InvalidArgument,
            };
            let ended = call(&router, &path, Some(BEARER)).await;
            assert_eq!(ended, Some(expected), "{path}");
            calls += 1;
        }
    }
    assert!(calls >= 7, "{calls}");
}

//! Calls through the layer around every request.

use std::{future::pending, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::Request,
    response::Response,
    routing::{get, post},
};
use tonic::{Code, Status};
use tonic_types::StatusExt;
use tower::ServiceExt;

use super::{LASTING_CALLS, STREAMED_CALLS};
use crate::{config::Settings, layers::wrap};

async fn call(path: &str, headers: &[(&str, &str)], body: Body) -> Response {
    let mut http = Settings::default().http;
    http.request_timeout_ms = 300;
    http.max_bodies_bytes = 100_000;
    let router = Router::new()
        .route("/a.B/Wait", post(async || pending::<&'static str>().await))
        .route(
            "/a.B/Panic",
            post(async || -> &'static str { panic!("the secret is sesame") }),
        )
        .route("/a.B/Get", get(async || "got"))
        .route("/a.B/Read", post(read))
        .route(STREAMED_CALLS[1], post(read))
        .route(
            LASTING_CALLS[0],
            post(async || {
                tokio::time::sleep(Duration::from_millis(600)).await;
                "done"
            }),
        );
    let mut request = Request::post(path).header("content-type", "application/grpc");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(body).unwrap();
    wrap(router, &http).oneshot(request).await.unwrap()
}

/// Says with which status reading the body has failed.
async fn read(body: Body) -> String {
    use http_body_util::BodyExt;
    match body.collect().await {
        Ok(body) => body.to_bytes().len().to_string(),
        Err(error) => format!("{:?}", Status::from_error(error.into()).code()),
    }
}

fn ended(answer: &Response) -> (Code, String) {
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "application/grpc");
    assert!(answer.headers().contains_key("request-id"));
    let status = Status::from_header_map(answer.headers()).expect("it has ended");
    let details = status.get_error_details();
    let reason = details.error_info().map(|info| info.reason.clone());
    (status.code(), reason.unwrap_or_default())
}

#[tokio::test(start_paused = true)]
async fn what_the_layer_refuses_is_a_status() {
    for (path, code, reason) in [
        ("/a.B/Panic", Code::Internal, "INTERNAL"),
        ("/a.B/Wait", Code::DeadlineExceeded, "REQUEST_TIMED_OUT"),
        ("/a.B/Nothing", Code::Unimplemented, "ROUTE_NOT_FOUND"),
        ("/a.B/Get", Code::Unimplemented, "METHOD_NOT_ALLOWED"),
    ] {
        let answer = call(path, &[], Body::empty()).await;
        assert_eq!(ended(&answer), (code, reason.to_owned()), "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_callers_deadline_holds_where_it_is_sooner() {
    let began = tokio::time::Instant::now();
    let late = call("/a.B/Wait", &[("grpc-timeout", "20m")], Body::empty()).await;
    assert_eq!(ended(&late).0, Code::DeadlineExceeded);
    assert!(
        began.elapsed() < Duration::from_millis(290),
        "{:?}",
        began.elapsed()
    );
    let ours = call("/a.B/Wait", &[("grpc-timeout", "1H")], Body::empty()).await;
    assert_eq!(ended(&ours).0, Code::DeadlineExceeded);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_lasts_has_no_deadline_but_its_callers() {
    let done = call(LASTING_CALLS[0], &[], Body::empty()).await;
    assert!(
        Status::from_header_map(done.headers()).is_none(),
        "it goes on"
    );
    let late = call(LASTING_CALLS[0], &[("grpc-timeout", "20m")], Body::empty()).await;
    assert_eq!(ended(&late).0, Code::DeadlineExceeded);
}

#[tokio::test(start_paused = true)]
async fn what_is_streamed_takes_of_the_budget_what_is_under_way() {
    let parts = (0..1_000).map(|_| Ok::<_, axum::BoxError>(vec![0; 1_000]));
    let body = Body::from_stream(futures::stream::iter(parts));
    let answer = call(STREAMED_CALLS[1], &[], body).await;
    let read = axum::body::to_bytes(answer.into_body(), 1_000)
        .await
        .unwrap();
    assert_eq!(&read[..], b"1000000");
}

#[tokio::test(start_paused = true)]
async fn a_post_that_is_no_call_is_refused() {
    let refused = |content_type: &str| {
        let mut headers = axum::http::HeaderMap::new();
        headers.insert("content-type", content_type.parse().unwrap());
        !super::is_grpc(&headers)
    };
    for other in [
        "text/plain",
        "application/grpc-web",
        "application/json",
        "application/grpcx",
    ] {
        assert!(refused(other), "{other}");
    }
    for call in [
        "application/grpc",
        "application/grpc+proto",
        "application/grpc;a=b",
    ] {
        assert!(!refused(call), "{call}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_arrives_is_within_the_budget_of_all_bodies() {
    let read = async |bytes: usize| {
        let answer = call("/a.B/Read", &[], Body::from(vec![0; bytes])).await;
        let body = axum::body::to_bytes(answer.into_body(), 1_000)
            .await
            .unwrap();
        String::from_utf8(body.to_vec()).unwrap()
    };
    assert_eq!(read(100_000).await, "100000");
    assert_eq!(read(100_001).await, "Unavailable");
}

//! What belongs to the protocol and to none of the services: health, sizes, the end.

use super::{channel, clients, delivery, failed, failure, order_of};
use http_body_util::BodyExt;
use proto::v1::{PlaceOrderRequest, WatchOrderRequest};
use serde_json::Value;
use std::{
    future::poll_fn,
    time::{Duration, Instant},
};
use tests::platform::{Platform, Shape};
use tonic::{
    Code,
    body::Body,
    codegen::{Service, http},
};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

#[tokio::test(flavor = "multi_thread")]
async fn calls_have_bounds_and_a_stop_ends_streams() {
    let platform = Platform::start(Shape::AllInOne, &[]).await;
    let p = &platform;
    health_is_readiness(p).await;
    sizes_are_bounded(p).await;
    rest_and_grpc_share_a_connection_and_a_port(p).await;
    a_stop_ends_streams(p).await;
}

async fn health_is_readiness(p: &Platform) {
    let mut health = HealthClient::new(channel(p.api.commands()));
    let mut check = async |service: &str| {
        let service = service.to_owned();
        health.check(HealthCheckRequest { service }).await
    };
    for service in ["", "orders.v1.OrderCommands", "orders.v1.OrderFeed"] {
        assert_eq!(
            check(service).await.unwrap().into_inner().status,
            1,
            "{service}"
        );
    }
    assert_eq!(
        check("orders.v1.Nothing").await.unwrap_err().code(),
        Code::NotFound
    );
}

async fn sizes_are_bounded(p: &Platform) {
    let mut commands = clients(p).commands;
    commands.receive_stock(delivery("A", 10)).await.unwrap();
    let huge = PlaceOrderRequest {
        payment_method: "x".repeat(5_000_000),
        ..order_of("A", 1)
    };
    let refused = commands.place_order(huge).await.unwrap_err();
    assert_eq!(refused.code(), Code::OutOfRange, "{refused}");
    assert!(commands.place_order(order_of("A", 1)).await.is_ok());
}

async fn rest_and_grpc_share_a_connection_and_a_port(p: &Platform) {
    // HTTP/2 without gRPC is answered as HTTP/1.1 is.
    let mut http = channel(p.api.commands());
    let request = http::Request::get("/v1/orders/17")
        .body(Body::empty())
        .unwrap();
    poll_fn(|context| http.poll_ready(context)).await.unwrap();
    let answer = http.call(request).await.unwrap();
    assert_eq!(answer.status(), 400);
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    let problem: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(problem["code"], "INVALID_PATH");
}

async fn a_stop_ends_streams(p: &Platform) {
    let all = clients(p);
    let (mut commands, mut queries) = (all.commands, all.queries);
    let placed = commands.place_order(order_of("A", 1)).await.unwrap();
    let placed = placed.into_inner();
    let request = WatchOrderRequest {
        order_id: placed.order.unwrap().order_id,
        read_your_writes: None,
    };
    let mut watched = tests::platform::eventually("the order can be watched", async || {
        let watched = queries.watch_order(request.clone()).await;
        watched.map_err(|status| status.to_string())
    })
    .await
    .into_inner();
    let began = Instant::now();
    let stopped = p.process("orders").stop();
    let ended = async {
        loop {
            match watched.message().await {
                Ok(Some(_)) => {}
                ended => break ended,
            }
        }
    };
    let (status, ended) = tokio::join!(stopped, ended);
    assert!(status.success(), "{status}");
    assert_eq!(failure(ended), failed(Code::Unavailable, "STOPPING", ""));
    assert!(
        began.elapsed() < Duration::from_secs(20),
        "{:?}",
        began.elapsed()
    );
}

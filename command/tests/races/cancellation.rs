//! A cancellation against a dispatch, in two processes: what has been asked to leave is not kept, and what
//! is kept does not leave.

use crate::stage::{RACES, Stage, order};
use axum::{body::Body, http::Request};
use domain::{
    Command, Location, OrderId, ShipmentId, StreamId, TenantId,
    shipment::{CancelShipment, RequestDispatch, ShipmentCommand},
};
use futures::future::join4;
use serde_json::json;

fn id(order: OrderId) -> ShipmentId {
    ShipmentId::of(order, &Location::default())
}

/// What a customer, or a packer, posts, under a key of its own.
fn post(path: &str, key: &str) -> Request<Body> {
    let body = match path.ends_with("/cancel") {
        true => json!({"reason": "changed my mind"}),
        false => json!({}),
    };
    Request::post(path)
        .header("content-type", "application/json")
        .header("idempotency-key", key)
        .body(Body::from(body.to_string()))
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shipment_leaves_or_is_kept() {
    let stage = Stage::new();
    let mut won = [0; 2];
    for n in 0..RACES {
        let order_id = order(n);
        stage.ready(order_id).await;
        let shipment = id(order_id);
        let to = |command| Command::Shipment(shipment, command);
        let dispatch = || {
            to(ShipmentCommand::RequestDispatch(RequestDispatch {
                order_id,
            }))
        };
        let cancel = || {
            to(ShipmentCommand::Cancel(CancelShipment {
                order_id,
                location: Location::default(),
                request: 0,
                reason: "changed my mind".into(),
                parcels: 1,
            }))
        };
        let asking = format!("/v1/orders/{order_id}/cancel");
        let leaving = format!("/v1/shipments/{shipment}/dispatch");
        // Policies put twice what people post as well, each in another process.
        let (ask, leave) = (
            post(&asking, &format!("c{n}")),
            post(&leaving, &format!("d{n}")),
        );
        match n % 3 {
            0 => drop(
                join4(
                    stage.put_by(0, dispatch()),
                    stage.put_by(1, cancel()),
                    stage.send(leave),
                    stage.put_by(1, cancel()),
                )
                .await,
            ),
            1 => drop(
                join4(
                    stage.put_by(1, cancel()),
                    stage.send(leave),
                    stage.put_by(0, cancel()),
                    stage.send(ask),
                )
                .await,
            ),
            _ => drop(
                join4(
                    stage.send(ask),
                    stage.put_by(0, dispatch()),
                    stage.put_by(1, cancel()),
                    stage.put_by(0, dispatch()),
                )
                .await,
            ),
        }
        let stream = StreamId::shipment(&TenantId::default(), shipment);
        let since = stage.history(&stream).await.split_off(3);
        let since: Vec<_> = since.iter().map(String::as_str).collect();
        let end = match since[..] {
            ["ShipmentCancelled"] => 0,
            ["DispatchRequested", "ShipmentCancellationRefused"] => 1,
            _ => panic!("race {n}: {since:?}"),
        };
        won[end] += 1;
    }
    assert!(
        won.iter().all(|times| *times >= 10),
        "it is no race: {won:?}"
    );
}

//! What people say of shipments.

use super::{clients, delivery, failed, failure, key, order_of};
use proto::v1::{
    DeliverShipmentRequest, DispatchShipmentRequest, FailShipmentRequest, GetOrderRequest,
    LoseShipmentRequest, PackShipmentRequest, ReturnShipmentRequest,
};
use tests::platform::{Platform, Shape};
use tonic::Code;

#[tokio::test(flavor = "multi_thread")]
async fn shipments_are_packed_sent_and_delivered() {
    let platform = Platform::start(Shape::Separate, &[]).await;
    let p = &platform;
    let mut clients = clients(p);
    let received = clients.commands.receive_stock(delivery("SENT", 10));
    received.await.unwrap();
    for end in ["delivered", "lost", "returned_to_sender"] {
        let placed = clients.commands.place_order(order_of("SENT", 1)).await;
        let order_id = placed.unwrap().into_inner().order.unwrap().order_id;
        let shipment = p.api.shipment_that_is("pending", &order_id).await;
        let id = || shipment["shipment_id"].as_str().unwrap().to_owned();
        let mut shipments = clients.shipments.clone();
        let ask = || DispatchShipmentRequest {
            request_id: key(),
            shipment_id: id(),
            ..DispatchShipmentRequest::default()
        };
        let early = failure(shipments.dispatch_shipment(ask()).await);
        assert_eq!(
            (early.0, early.1.as_str()),
            (Code::FailedPrecondition, "SHIPMENT_STATE")
        );
        let pack = PackShipmentRequest {
            request_id: key(),
            shipment_id: id(),
            etag: "\"1\"".into(),
        };
        let packed = shipments
            .pack_shipment(pack.clone())
            .await
            .unwrap()
            .into_inner();
        let state = packed.shipment.unwrap();
        assert_eq!(
            (state.status.as_str(), state.order_id),
            ("packed", order_id.clone())
        );
        let again = shipments.pack_shipment(pack).await.unwrap().into_inner();
        assert!(again.receipt.unwrap().replayed);
        p.api.shipment_that_is("dispatched", &order_id).await;
        let gone = shipments
            .dispatch_shipment(ask())
            .await
            .unwrap()
            .into_inner();
        let state = gone.shipment.unwrap();
        assert_eq!(
            state.allowed_commands,
            ["deliver", "fail", "lose", "return_to_sender"]
        );
        let state = match end {
            "delivered" => {
                let fail = FailShipmentRequest {
                    request_id: key(),
                    shipment_id: id(),
                    reason: "nobody was at home".into(),
                    ..FailShipmentRequest::default()
                };
                let failed = shipments.fail_shipment(fail).await.unwrap().into_inner();
                assert_eq!(failed.shipment.unwrap().status, "failed");
                let deliver = DeliverShipmentRequest {
                    request_id: key(),
                    shipment_id: id(),
                    ..DeliverShipmentRequest::default()
                };
                let delivered = shipments.deliver_shipment(deliver).await;
                delivered.unwrap().into_inner().shipment
            }
            "lost" => {
                let lose = LoseShipmentRequest {
                    request_id: key(),
                    shipment_id: id(),
                    ..LoseShipmentRequest::default()
                };
                shipments
                    .lose_shipment(lose)
                    .await
                    .unwrap()
                    .into_inner()
                    .shipment
            }
            _ => {
                let back = ReturnShipmentRequest {
                    request_id: key(),
                    shipment_id: id(),
                    ..ReturnShipmentRequest::default()
                };
                shipments
                    .return_shipment(back)
                    .await
                    .unwrap()
                    .into_inner()
                    .shipment
            }
        };
        assert_eq!(state.unwrap().status, end);
        p.api.order_that_is("completed", &order_id).await;
        let get = GetOrderRequest {
            order_id,
            ..GetOrderRequest::default()
        };
        let order = clients.queries.get_order(get).await.unwrap().into_inner();
        let order = order.order.unwrap();
        assert_eq!(order.shipments[0].shipment_id, id());
        assert_eq!(order.captured.unwrap().amount, 999);
        let line = &order.lines[0];
        let lost = i64::from(end != "delivered");
        assert_eq!(
            (line.shipped, line.delivered, line.lost),
            (1, 1 - lost, lost)
        );
        let allowed: &[_] = match end {
            "delivered" => &["add_note", "set_tags", "request_return"],
            _ => &["add_note", "set_tags"],
        };
        assert_eq!(order.allowed_commands, allowed);
    }
    let nobody = PackShipmentRequest {
        request_id: key(),
        shipment_id: "x".into(),
        ..PackShipmentRequest::default()
    };
    let wrong = failure(clients.shipments.pack_shipment(nobody).await);
    assert_eq!(
        wrong,
        failed(Code::InvalidArgument, "INVALID_BODY", "shipment_id")
    );
    platform.stop().await;
}

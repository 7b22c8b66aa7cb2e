//! What customers send back.

use super::{clients, delivery, failed, failure, key, order_of};
use proto::v1::{
    ApproveReturnRequest, CancelReturnRequest, DeclineReturnRequest, GetOrderRequest,
    InspectReturnRequest, InspectedLine, ReceiveReturnRequest, RequestReturnRequest, ReturnLine,
    SendReturnRequest,
};
use serde_json::json;
use tests::platform::{Platform, Shape};
use tonic::Code;

#[tokio::test(flavor = "multi_thread")]
async fn returns_are_asked_for_sent_and_looked_at() {
    let platform = Platform::start(Shape::Separate, &[]).await;
    let p = &platform;
    let mut clients = clients(p);
    let received = clients.commands.receive_stock(delivery("BACK", 10));
    received.await.unwrap();
    let placed = clients.commands.place_order(order_of("BACK", 2)).await;
    let order_id = placed.unwrap().into_inner().order.unwrap().order_id;
    p.api.shipment_that_is("pending", &order_id).await;
    p.api.ship("pack", &order_id).await.expect(200);
    p.api.shipment_that_is("dispatched", &order_id).await;
    p.api.ship("deliver", &order_id).await.expect(200);
    p.api.order_that_is("completed", &order_id).await;
    let mut returns = clients.returns.clone();
    let request = |quantity| RequestReturnRequest {
        request_id: key(),
        order_id: order_id.clone(),
        lines: vec![ReturnLine { line: 1, quantity }],
        reason: "too small".into(),
    };
    let more = failure(returns.request_return(request(3)).await);
    assert_eq!(
        (more.0, more.1.as_str()),
        (Code::FailedPrecondition, "MORE_THAN_DELIVERED")
    );
    for end in ["declined", "cancelled"] {
        let asked = returns.request_return(request(2)).await.unwrap();
        let return_id = asked.into_inner().returned.unwrap().return_id;
        let (request_id, reason) = (key(), "worn".to_owned());
        let state = match end {
            "declined" => {
                let decline = DeclineReturnRequest {
                    request_id,
                    return_id,
                    reason,
                    ..DeclineReturnRequest::default()
                };
                let declined = returns.decline_return(decline).await.unwrap();
                declined.into_inner().returned
            }
            _ => {
                let cancel = CancelReturnRequest {
                    request_id,
                    return_id,
                    reason,
                    ..CancelReturnRequest::default()
                };
                let cancelled = returns.cancel_return(cancel).await.unwrap();
                cancelled.into_inner().returned
            }
        };
        assert_eq!(state.unwrap().status, end);
    }
    let asked = request(2);
    let first = returns.request_return(asked.clone()).await.unwrap();
    let state = first.into_inner().returned.unwrap();
    assert_eq!(state.allowed_commands, ["approve", "decline", "cancel"]);
    let again = returns.request_return(asked).await.unwrap().into_inner();
    assert!(again.receipt.unwrap().replayed);
    let id = || state.return_id.clone();
    let approve = ApproveReturnRequest {
        request_id: key(),
        return_id: id(),
        etag: "\"1\"".into(),
        location: None,
    };
    let approved = returns.approve_return(approve).await.unwrap();
    assert_eq!(approved.into_inner().returned.unwrap().status, "approved");
    let send = SendReturnRequest {
        request_id: key(),
        return_id: id(),
        tracking_number: Some("R1".into()),
        ..SendReturnRequest::default()
    };
    let sent = returns.send_return(send).await.unwrap().into_inner();
    assert_eq!(sent.returned.unwrap().status, "in_transit");
    let receive = ReceiveReturnRequest {
        request_id: key(),
        return_id: id(),
        ..ReceiveReturnRequest::default()
    };
    let received = returns.receive_return(receive).await.unwrap();
    assert_eq!(received.into_inner().returned.unwrap().status, "received");
    let inspect = InspectReturnRequest {
        request_id: key(),
        return_id: id(),
        lines: vec![InspectedLine {
            line: 1,
            restocked: 1,
            quarantined: 0,
            refused: 1,
            reason: Some("worn".into()),
        }],
        ..InspectReturnRequest::default()
    };
    let inspected = returns.inspect_return(inspect).await.unwrap();
    assert_eq!(inspected.into_inner().returned.unwrap().status, "inspected");
    let closed = p.api.return_that_is("closed", &id()).await;
    assert_eq!(closed["refund"], json!({"amount": 999, "currency": "EUR"}));
    p.api.stock_that_is("BACK", (9, 0, 0)).await;
    let is_back = |order: &serde_json::Value| order["return_status"] == "partially_returned";
    p.api
        .order_where(&order_id, "some came back", is_back)
        .await;
    let get = GetOrderRequest {
        order_id,
        ..GetOrderRequest::default()
    };
    let order = clients.queries.get_order(get).await.unwrap().into_inner();
    let order = order.order.unwrap();
    assert_eq!(order.return_status, "partially_returned");
    assert_eq!(order.lines[0].returned, 1);
    let nobody = SendReturnRequest {
        request_id: key(),
        return_id: "x".into(),
        ..SendReturnRequest::default()
    };
    let wrong = failure(returns.send_return(nobody).await);
    assert_eq!(
        wrong,
        failed(Code::InvalidArgument, "INVALID_BODY", "return_id")
    );
    platform.stop().await;
}

//! Writes: what they do, what is done once, and what is refused.

use super::{clients, delivery, failed, failure, key, order_of};
use proto::v1::{
    AddNoteRequest, AdjustStockRequest, CancelOrderRequest, PlaceHoldRequest, PlaceOrderRequest,
    ReleaseHoldRequest, SetBackorderLimitRequest,
};
use tests::platform::{Platform, Shape};
use tonic::Code;
use tonic_types::StatusExt;

#[tokio::test(flavor = "multi_thread")]
async fn commands_keep_the_rules_of_rest_all_in_one() {
    commands_keep_the_rules_of_rest(Shape::AllInOne).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_keep_the_rules_of_rest_in_separate_processes() {
    commands_keep_the_rules_of_rest(Shape::Separate).await;
}

async fn commands_keep_the_rules_of_rest(shape: Shape) {
    let platform = Platform::start(shape, &[]).await;
    let p = &platform;
    an_order_is_placed_once_and_confirmed(p).await;
    every_command_does_what_it_says(p).await;
    what_is_wrong_is_named(p).await;
    p.stop().await;
}

async fn an_order_is_placed_once_and_confirmed(p: &Platform) {
    let mut commands = clients(p).commands;
    commands.receive_stock(delivery("GOOD", 10)).await.unwrap();
    let request = order_of("GOOD", 3);
    let placed = commands.place_order(request.clone()).await.unwrap();
    let headers = placed.metadata();
    assert!(headers.contains_key("request-id") && headers.contains_key("traceparent"));
    let placed = placed.into_inner();
    let (order, receipt) = (placed.order.unwrap(), placed.receipt.unwrap());
    assert_eq!(
        (order.status.as_str(), order.total.unwrap().amount),
        ("placed", 2_997)
    );
    assert_eq!(
        (receipt.etag.as_str(), receipt.version, receipt.replayed),
        ("\"1\"", 1, false)
    );

    let again = commands
        .place_order(request.clone())
        .await
        .unwrap()
        .into_inner();
    assert!(again.receipt.unwrap().replayed);
    assert_eq!(again.order.unwrap().order_id, order.order_id);
    let other = PlaceOrderRequest {
        total: Some(2_997),
        ..request
    };
    let reused = commands.place_order(other).await;
    let expected = failed(
        Code::InvalidArgument,
        "IDEMPOTENCY_KEY_REUSED",
        "request_id",
    );
    assert_eq!(failure(reused), expected);

    let confirmed = p.api.order_that_is("confirmed", &order.order_id).await;
    assert_eq!(confirmed["customer_id"], "17850");
    p.api.stock_that_is("GOOD", (10, 0, 3)).await;
}

async fn every_command_does_what_it_says(p: &Platform) {
    let mut commands = clients(p).commands;
    commands.receive_stock(delivery("NOTED", 5)).await.unwrap();
    let counted = AdjustStockRequest {
        request_id: key(),
        sku: "NOTED".into(),
        delta: -1,
        reason: "damaged".into(),
        ..AdjustStockRequest::default()
    };
    let counted = commands.adjust_stock(counted).await.unwrap().into_inner();
    assert_eq!(counted.location, "main");
    p.api.stock_that_is("NOTED", (4, 0, 0)).await;
    let limit = SetBackorderLimitRequest {
        request_id: key(),
        sku: "NOTED".into(),
        limit: Some(2),
        ..SetBackorderLimitRequest::default()
    };
    let unsaid = SetBackorderLimitRequest {
        request_id: key(),
        limit: None,
        ..limit.clone()
    };
    let refused = commands.set_backorder_limit(unsaid).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    let limit = commands.set_backorder_limit(limit).await.unwrap();
    let limit = limit.into_inner();
    assert_eq!((limit.location.as_str(), limit.limit), ("main", 2));

    let placed = commands.place_order(order_of("NOTED", 1)).await.unwrap();
    let order_id = placed.into_inner().order.unwrap().order_id;
    let hold = PlaceHoldRequest {
        request_id: key(),
        order_id: order_id.clone(),
        hold: "fraud-check".into(),
        reason: "first order".into(),
        ..PlaceHoldRequest::default()
    };
    commands.place_hold(hold).await.unwrap();
    let release = ReleaseHoldRequest {
        request_id: key(),
        order_id: order_id.clone(),
        hold: "fraud-check".into(),
        ..ReleaseHoldRequest::default()
    };
    commands.release_hold(release).await.unwrap();
    p.api.order_that_is("confirmed", &order_id).await;
    let note = AddNoteRequest {
        request_id: key(),
        order_id: order_id.clone(),
        text: "call before delivery".into(),
        ..AddNoteRequest::default()
    };
    let noted = commands.add_note(note).await.unwrap().into_inner();
    let receipt = noted.receipt.unwrap();
    let cancel = CancelOrderRequest {
        request_id: key(),
        order_id: order_id.clone(),
        etag: receipt.etag,
        reason: "the customer changed their mind".into(),
    };
    let cancelled = commands.cancel_order(cancel).await.unwrap().into_inner();
    assert_eq!(cancelled.status, "cancelling");
    p.api.order_that_is("cancelled", &order_id).await;
    let timeline = p.api.timeline_with("OrderCancelled", &order_id).await;
    let types: Vec<_> = timeline
        .iter()
        .filter_map(|event| event["type"].as_str())
        .collect();
    for expected in [
        "HoldPlaced",
        "HoldReleased",
        "NoteAdded",
        "CancellationRequested",
    ] {
        assert!(types.contains(&expected), "{types:?}");
    }
}

async fn what_is_wrong_is_named(p: &Platform) {
    let mut commands = clients(p).commands;
    let invalid = |field: &str| failed(Code::InvalidArgument, "INVALID_BODY", field);
    let mut wrong = async |change: fn(&mut PlaceOrderRequest)| {
        let mut request = order_of("GOOD", 1);
        change(&mut request);
        failure(commands.place_order(request).await)
    };
    let without_key = wrong(|order| order.request_id.clear()).await;
    let expected = failed(Code::InvalidArgument, "INVALID_REQUEST_ID", "request_id");
    assert_eq!(without_key, expected);
    assert_eq!(
        wrong(|order| order.customer_id.clear()).await,
        invalid("customer_id")
    );
    assert_eq!(
        wrong(|order| order.currency = "EURO".into()).await,
        invalid("currency")
    );
    let second = wrong(|order| {
        order.lines.push(order.lines[0].clone());
        order.lines[1].sku.clear();
    });
    assert_eq!(second.await, invalid("lines[1].sku"));
    let never = wrong(|order| {
        order.placed_at = Some(prost_types::Timestamp {
            seconds: 0,
            nanos: -1,
        });
    });
    assert_eq!(never.await, invalid("placed_at"));
    let nothing = wrong(|order| order.lines[0].quantity = 0).await;
    let expected = failed(
        Code::InvalidArgument,
        "QUANTITY_OUT_OF_RANGE",
        "lines[0].quantity",
    );
    assert_eq!(nothing, expected);

    let placed = commands.place_order(order_of("GOOD", 1)).await.unwrap();
    let order_id = placed.into_inner().order.unwrap().order_id;
    let note = |order_id: &str, etag: &str| AddNoteRequest {
        request_id: key(),
        order_id: order_id.into(),
        etag: etag.into(),
        text: "hello".into(),
    };
    let unknown = commands.add_note(note(&key(), "")).await;
    assert_eq!(
        failure(unknown),
        failed(Code::NotFound, "ORDER_NOT_FOUND", "")
    );
    let no_id = commands.add_note(note("17", "")).await;
    assert_eq!(failure(no_id), invalid("order_id"));
    let no_etag = commands.add_note(note(&order_id, "7")).await;
    assert_eq!(
        failure(no_etag),
        failed(Code::InvalidArgument, "INVALID_ETAG", "etag")
    );
    let stale = commands
        .add_note(note(&order_id, "\"77\""))
        .await
        .unwrap_err();
    let details = stale.get_error_details();
    let info = details.error_info().unwrap();
    assert_eq!(
        (stale.code(), info.reason.as_str()),
        (Code::Aborted, "VERSION_MISMATCH")
    );
    assert!(info.metadata["current_etag"].starts_with('"'), "{info:?}");
    assert!(!details.request_info().unwrap().request_id.is_empty());
}

//! Reads: one order, lists, what happened, and an order that is watched.

use super::{clients, delivery, failed, failure, key, order_of};
use proto::v1::{
    GetOrderRequest, ListOrderEventsRequest, ListOrdersRequest, Order, OrderSort, ReadYourWrites,
    WatchOrderRequest, WatchOrderResponse, get_order_request::At,
};
use tests::platform::{Platform, Shape, eventually};
use tonic::{Code, Streaming};

#[tokio::test(flavor = "multi_thread")]
async fn orders_are_read_and_watched_in_separate_processes() {
    let platform = Platform::start(Shape::Separate, &[]).await;
    let p = &platform;
    let mut commands = clients(p).commands;
    commands.receive_stock(delivery("A", 100)).await.unwrap();
    a_write_is_read_at_once(p).await;
    an_order_is_watched_to_its_end(p).await;
    lists_have_pages(p).await;
    what_is_wrong_is_named(p).await;
    p.stop().await;
}

async fn place(p: &Platform) -> (String, ReadYourWrites) {
    let placed = clients(p).commands.place_order(order_of("A", 1)).await;
    let placed = placed.unwrap().into_inner();
    let writes = ReadYourWrites {
        consistency_token: placed.receipt.unwrap().consistency_token,
        wait_seconds: Some(5),
    };
    (placed.order.unwrap().order_id, writes)
}

async fn a_write_is_read_at_once(p: &Platform) {
    let mut queries = clients(p).queries;
    for _ in 0..10 {
        let (order_id, writes) = place(p).await;
        let request = GetOrderRequest {
            order_id: order_id.clone(),
            at: None,
            read_your_writes: Some(writes),
        };
        let found = queries.get_order(request).await.unwrap().into_inner();
        let order = found.order.unwrap();
        assert_eq!((&order.order_id, order.lines.len()), (&order_id, 1));
        assert_eq!(order.etag, format!("\"{}\"", order.version));
    }
    let (order_id, _) = place(p).await;
    p.api.order_that_is("confirmed", &order_id).await;
    let first = GetOrderRequest {
        order_id,
        at: Some(At::Version(1)),
        read_your_writes: None,
    };
    let first = queries.get_order(first).await.unwrap().into_inner();
    assert_eq!(first.order.unwrap().status, "placed");
    assert!(first.from_stream);
}

async fn next(watched: &mut Streaming<WatchOrderResponse>) -> Order {
    let message = watched.message().await.expect("nothing ends it");
    message.expect("it goes on").order.expect("there is one")
}

async fn an_order_is_watched_to_its_end(p: &Platform) {
    let all = clients(p);
    let (mut queries, mut commands) = (all.queries, all.commands);
    let (order_id, writes) = place(p).await;
    let request = WatchOrderRequest {
        order_id: order_id.clone(),
        read_your_writes: Some(writes),
    };
    let watched = queries.watch_order(request).await;
    let mut watched = watched.unwrap().into_inner();
    let mut seen = vec![next(&mut watched).await];
    let until = async |seen: &mut Vec<Order>, watched: &mut Streaming<_>, status: &str| {
        while seen.last().is_some_and(|order| order.status != status) {
            seen.push(next(watched).await);
        }
    };
    until(&mut seen, &mut watched, "confirmed").await;
    let cancel = proto::v1::CancelOrderRequest {
        request_id: key(),
        order_id,
        reason: "it was a test".into(),
        ..proto::v1::CancelOrderRequest::default()
    };
    commands.cancel_order(cancel).await.unwrap();
    until(&mut seen, &mut watched, "cancelled").await;
    let positions: Vec<_> = seen.iter().map(|order| order.position).collect();
    assert!(
        positions.is_sorted_by(|one, next| one < next),
        "{positions:?}"
    );
}

async fn lists_have_pages(p: &Platform) {
    let mut queries = clients(p).queries;
    let mut request = ListOrdersRequest {
        page_size: Some(5),
        sort: OrderSort::Oldest.into(),
        ..ListOrdersRequest::default()
    };
    let all = eventually("all orders are in the list", async || {
        let mut all = vec![];
        request.page_token.clear();
        loop {
            let page = queries.list_orders(request.clone()).await;
            let page = page.map_err(|status| status.to_string())?.into_inner();
            assert!(page.orders.len() <= 5 && page.as_of.is_some());
            all.extend(page.orders);
            if page.next_page_token.is_empty() {
                break;
            }
            request.page_token = page.next_page_token;
        }
        (all.len() == 12)
            .then_some(all)
            .ok_or_else(|| "not yet".into())
    });
    let all = all.await;
    let times: Vec<_> = all
        .iter()
        .map(|order| order.placed_at.unwrap().seconds)
        .collect();
    assert!(times.is_sorted(), "{times:?}");

    let events = ListOrderEventsRequest {
        order_id: all[0].order_id.clone(),
        ..ListOrderEventsRequest::default()
    };
    let events = eventually("it is confirmed", async || {
        let events = queries.list_order_events(events.clone()).await;
        let events = events
            .map_err(|status| status.to_string())?
            .into_inner()
            .events;
        let confirmed = events.iter().any(|event| event.r#type == "OrderConfirmed");
        confirmed.then_some(events).ok_or_else(|| "not yet".into())
    });
    let events = events.await;
    assert_eq!(
        (events[0].r#type.as_str(), events[0].actor.as_str()),
        ("OrderPlaced", "api")
    );
    assert!(events[0].data.contains("17850"), "{}", events[0].data);
}

async fn what_is_wrong_is_named(p: &Platform) {
    let mut queries = clients(p).queries;
    let mut wrong = async |change: fn(&mut ListOrdersRequest)| {
        let mut request = ListOrdersRequest::default();
        change(&mut request);
        failure(queries.list_orders(request).await)
    };
    let invalid = |field: &str| failed(Code::InvalidArgument, "INVALID_QUERY", field);
    assert_eq!(
        wrong(|list| list.page_size = Some(1_000)).await,
        invalid("page_size")
    );
    assert_eq!(
        wrong(|list| list.status = Some("lost".into())).await,
        invalid("status")
    );
    assert_eq!(wrong(|list| list.sort = 17).await, invalid("sort"));
    let empty = wrong(|list| (list.total_from, list.total_below) = (Some(5), Some(5)));
    assert_eq!(empty.await, invalid("total_below"));
    let expected = failed(Code::InvalidArgument, "INVALID_CURSOR", "page_token");
    assert_eq!(
        wrong(|list| list.page_token = "here".into()).await,
        expected
    );

    let unknown = GetOrderRequest {
        order_id: key(),
        ..GetOrderRequest::default()
    };
    let unknown = failure(queries.get_order(unknown).await);
    assert_eq!(unknown, failed(Code::NotFound, "ORDER_NOT_FOUND", ""));
    let unknown = WatchOrderRequest {
        order_id: key(),
        ..WatchOrderRequest::default()
    };
    let unknown = failure(queries.watch_order(unknown).await.map(|_| ()));
    assert_eq!(unknown, failed(Code::NotFound, "ORDER_NOT_FOUND", ""));
}

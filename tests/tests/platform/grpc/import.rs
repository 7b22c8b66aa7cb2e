//! Many orders in one call.

use super::{clients, delivery, failed, failure, order_of};
use futures::stream;
use proto::v1::{
    ImportOrdersRequest, ImportOrdersResponse, import_orders_request::Item, import_result::Outcome,
};
use tests::platform::{Platform, Shape, eventually};
use tonic::Code;

fn item(item: Item) -> ImportOrdersRequest {
    ImportOrdersRequest { item: Some(item) }
}

fn counts(answer: &ImportOrdersResponse) -> (u32, u32, u32) {
    (answer.done, answer.replayed, answer.failed)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_has_a_result_for_each_item_and_is_done_once() {
    let platform = Platform::start(Shape::AllInOne, &[]).await;
    let p = &platform;
    let mut import = clients(p).import;
    let stock = stream::iter([item(Item::ReceiveStock(delivery("A", 10_000)))]);
    let answer = import.import_orders(stock).await.unwrap().into_inner();
    assert_eq!(counts(&answer), (1, 0, 0));

    let mut items: Vec<_> = (0..1_000)
        .map(|_| item(Item::PlaceOrder(order_of("A", 1))))
        .collect();
    items[10] = ImportOrdersRequest { item: None };
    let mut wrong = order_of("A", 1);
    wrong.lines[0].sku.clear();
    let wrong_key = wrong.request_id.clone();
    items[500] = item(Item::PlaceOrder(wrong));
    // The same request twice in one call.
    items[900] = items[899].clone();
    let answer = import.import_orders(stream::iter(items.clone())).await;
    let answer = answer.unwrap().into_inner();
    assert_eq!(answer.results.len(), 1_000);
    assert_eq!(counts(&answer), (997, 1, 2));
    let Some(Outcome::Failure(failure)) = &answer.results[500].outcome else {
        panic!("{:?}", answer.results[500]);
    };
    assert_eq!(answer.results[500].request_id, wrong_key);
    assert_eq!(
        (failure.status, failure.retryable),
        (Code::InvalidArgument as i32, false)
    );
    assert_eq!(failure.reason, "INVALID_BODY");
    assert!(
        failure.message.contains("lines[0].sku"),
        "{}",
        failure.message
    );

    let again = import.import_orders(stream::iter(items)).await;
    let again = again.unwrap().into_inner();
    assert_eq!(counts(&again), (0, 998, 2));
    let orders = async || {
        let orders = p.api.list("/v1/orders").await?;
        let count = orders.len();
        (count == 997)
            .then_some(())
            .ok_or_else(|| format!("{count} orders"))
    };
    eventually("each order is there once", orders).await;
    p.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_has_bounds() {
    let platform = Platform::start(Shape::AllInOne, &[]).await;
    let mut import = clients(&platform).import;
    let endless = stream::repeat_with(|| ImportOrdersRequest { item: None });
    let refused = import.import_orders(endless).await.unwrap_err();
    assert_eq!(
        failure(Err::<(), _>(refused)),
        failed(Code::InvalidArgument, "TOO_MANY_ITEMS", "")
    );
    platform.stop().await;
}

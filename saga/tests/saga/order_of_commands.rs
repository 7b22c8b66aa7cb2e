//! Who comes first is served first.

use crate::{audit::statuses, harness::Shop};
use domain::order::Status;

/// More orders than a task of the runtime may do steps at once, and not enough for all of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stock_goes_to_the_orders_that_came_first() {
    const ORDERS: usize = 250;
    const STOCK: usize = 190;
    let shop = Shop::open().await;
    shop.receive("A", STOCK as i64).await;
    let mut orders = vec![];
    for _ in 0..ORDERS {
        orders.push(shop.place("tok_approve", &["A"]).await);
    }
    shop.start();
    for order in &orders[..STOCK] {
        shop.until_order(*order, "OrderConfirmed").await;
    }
    shop.settle().await;
    let statuses = statuses(&shop, &orders).await;
    assert!(
        statuses[..STOCK]
            .iter()
            .all(|status| *status == Status::Confirmed)
    );
    assert!(
        statuses[STOCK..]
            .iter()
            .all(|status| *status == Status::Rejected)
    );
}

//! Many at once, through several processes: who comes first gets it, and nobody else.

use chassis::http_client;
use futures::future::join_all;
use serde_json::{Value, json};
use tests::platform::{Api, Placement, Platform, Shape, at_rest, eventually};

/// How many customers want one of the last.
const CUSTOMERS: usize = 200;
/// How many there are.
const LAST: i64 = 100;
/// How many orders are cancelled while they are packed.
const CHANGED_MINDS: usize = 50;

/// Two processes that take commands, and two that could run the sagas.
async fn platform() -> (Platform, [Api; 2]) {
    let mut platform = Platform::start(Shape::Separate, &[]).await;
    platform.start_another("command", "command-2").await;
    platform.start_another("saga", "saga-2").await;
    let http = http_client::loopback().build().expect("a client is made");
    let url = platform.process("command-2").url();
    let second = Api::new(http, &url, platform.api.queries());
    let apis = [platform.api.clone(), second];
    (platform, apis)
}

/// Every order, as soon as each has one of these statuses.
async fn decided(api: &Api, ids: &[String], statuses: &[&str]) -> Vec<Value> {
    eventually("no order hangs", async || {
        let orders = join_all(ids.iter().map(async |id| {
            let order = api.try_get(&format!("/v1/orders/{id}")).await?;
            let status = order["status"].as_str().unwrap_or_default();
            match statuses.contains(&status) {
                true => Ok(order),
                false => Err(format!("{id} is {status}")),
            }
        }));
        orders.await.into_iter().collect::<Result<Vec<_>, String>>()
    })
    .await
}

fn of_status<'a>(orders: &'a [Value], status: &str) -> Vec<&'a Value> {
    let orders = orders.iter();
    orders.filter(|order| order["status"] == *status).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_200_customers_who_want_the_last_100_exactly_100_get_one() {
    let (platform, apis) = platform().await;
    let p = &platform;
    p.api.receive("LAST", LAST).await;
    let placed = join_all((0..CUSTOMERS).map(async |n| {
        let placement = Placement::of("LAST", 1, 100).customer(&format!("c-{n}"));
        apis[n % 2].place(&placement).await.order_id()
    }));
    let ids = placed.await;
    let orders = decided(&p.api, &ids, &["confirmed", "rejected"]).await;
    assert_eq!(of_status(&orders, "confirmed").len() as i64, LAST);
    for refused in of_status(&orders, "rejected") {
        assert_eq!(refused["rejection"]["reason"], "out_of_stock", "{refused}");
        let id = refused["order_id"].as_str().expect("it has an id");
        assert!(p.provider.statuses(id).await.is_empty(), "nobody is asked");
    }
    p.api.stock_that_is("LAST", (LAST, 0, LAST)).await;
    assert_eq!(p.parked(), Vec::<Value>::new());
    at_rest(p).await;
    p.stop().await;
}

/// Each is packed through one process, and cancelled through the other, at the same time; and both are
/// sent twice.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_packed_and_cancelled_at_once_leaves_or_is_given_back() {
    let (platform, apis) = platform().await;
    let p = &platform;
    p.api.receive("BOTH", CHANGED_MINDS as i64).await;
    let placed = join_all((0..CHANGED_MINDS).map(async |n| {
        let placement = Placement::of("BOTH", 1, 100).to("Town");
        apis[n % 2].place(&placement).await.order_id()
    }));
    let ids = placed.await;
    decided(&p.api, &ids, &["confirmed"]).await;
    let shipments = join_all(ids.iter().map(async |id| {
        let shipment = p.api.shipment_that_is("pending", id).await;
        shipment["shipment_id"].as_str().expect("an id").to_owned()
    }));
    let shipments = shipments.await;
    join_all(
        ids.iter()
            .zip(&shipments)
            .enumerate()
            .map(async |(n, (id, shipment))| {
                let (pack, cancel) = (&apis[n % 2], &apis[(n + 1) % 2]);
                let packing = format!("/v1/shipments/{shipment}/pack");
                let cancelling = format!("/v1/orders/{id}/cancel");
                let reason = json!({"reason": "changed my mind"});
                let nothing = json!({});
                let (pack_key, cancel_key) = (format!("pack-{n}"), format!("cancel-{n}"));
                let (packed, again, cancelled, once_more) = tokio::join!(
                    pack.post_as(&pack_key, &packing, &nothing),
                    cancel.post_as(&pack_key, &packing, &nothing),
                    cancel.post_as(&cancel_key, &cancelling, &reason),
                    pack.post_as(&cancel_key, &cancelling, &reason),
                );
                for (one, other) in [(packed, again), (cancelled, once_more)] {
                    assert_eq!(one.status, other.status);
                    assert!(matches!(one.status, 200..=202 | 409), "{}", one.status);
                }
            }),
    )
    .await;
    let orders = decided(&p.api, &ids, &["completed", "cancelled"]).await;
    at_rest(p).await;
    for order in &orders {
        let id = order["order_id"].as_str().expect("it has an id");
        let held = p.provider.authorizations(id).await;
        assert_eq!(held.len(), 1, "{held:?}");
        let amount = |name: &str| held[0][name].as_i64().unwrap_or_default();
        let kept = amount("captured_amount") - amount("refunded_amount");
        let due = if order["status"] == "completed" {
            100
        } else {
            0
        };
        assert_eq!(kept, due, "{order} {held:?}");
    }
    let left = of_status(&orders, "completed").len() as i64;
    let kept = CHANGED_MINDS as i64 - left;
    p.api.stock_that_is("BOTH", (kept, 0, 0)).await;
    p.stop().await;
}

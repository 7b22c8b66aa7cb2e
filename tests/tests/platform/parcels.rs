//! Orders that no location has whole: each leaves in parcels, from where its goods are.

use super::flows::of_type;
use reqwest::Method;
use serde_json::{Value, json};
use tests::platform::{Placement, Platform, Shape, eventually};

const SETTINGS: [(&str, &str); 1] = [("saga.locations", "main,east")];

/// Books stock in at a location.
async fn receive(p: &Platform, sku: &str, location: &str) {
    let path = format!("/v1/stock/{sku}/receipts");
    let body = json!({"quantity": 5, "location": location});
    p.api.post(&path, &body).await.expect(201);
}

/// The shipments of an order by location, once both are as wanted.
async fn both(p: &Platform, id: &str, wanted: &str) -> [Value; 2] {
    let path = format!("/v1/shipments?order_id={id}");
    eventually(&format!("both parcels of {id} are {wanted}"), async || {
        let items = p.api.list(&path).await?;
        let at = |location: &str| items.iter().find(|item| item["location"] == *location);
        match (at("main"), at("east")) {
            (Some(main), Some(east))
                if items.len() == 2
                    && [main, east].iter().all(|item| item["status"] == *wanted) =>
            {
                Ok([main.clone(), east.clone()])
            }
            _ => Err(format!("{items:?}")),
        }
    })
    .await
}

async fn pack(p: &Platform, parcel: &Value) {
    let id = parcel["shipment_id"].as_str().expect("it has an id");
    let path = format!("/v1/shipments/{id}/pack");
    p.api.post(&path, &json!({})).await.expect(200);
}

/// What is there, reserved and committed of a SKU at a location.
async fn stock_is(p: &Platform, sku: &str, location: &str, wanted: [i64; 3]) {
    let what = format!("stock of {sku} at {location} is {wanted:?}");
    eventually(&what, async || {
        let items = p.api.list("/v1/stock").await?;
        let is_it = |item: &&Value| item["sku"] == *sku && item["location"] == *location;
        let item = items.iter().find(is_it).ok_or("it is not there")?;
        let numbers = ["on_hand", "reserved", "committed"].map(|name| item[name].as_i64());
        match numbers == wanted.map(Some) {
            true => Ok(()),
            false => Err(item.to_string()),
        }
    })
    .await;
}

/// What the provider has taken for an order, and given back; it has one authorization.
async fn taken(p: &Platform, id: &str) -> [Option<i64>; 2] {
    let held = p.provider.authorizations(id).await;
    assert_eq!(held.len(), 1, "{held:?}");
    ["captured_amount", "refunded_amount"].map(|name| held[0][name].as_i64())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_sent_from_two_locations() {
    let platform = Platform::start(Shape::AllInOne, &SETTINGS).await;
    each_parcel_is_paid_and_arrives(&platform).await;
    what_is_cancelled_when_one_is_paid(&platform).await;
    let euros = platform.provider.summary().await["currencies"]["EUR"].take();
    let sum = |name: &str| euros[name].as_i64().unwrap_or_default();
    let held = sum("authorized") - sum("captured") - sum("voided");
    assert_eq!(held, 0, "nothing is set aside any more: {euros}");
    platform.stop().await;
}

async fn each_parcel_is_paid_and_arrives(p: &Platform) {
    receive(p, "HERE", "main").await;
    receive(p, "THERE", "east").await;
    let placement = Placement::of("HERE", 2, 100).and("THERE", 3, 33).to("Town");
    let id = p.api.place(&placement).await.order_id();
    p.api.order_that_is("confirmed", &id).await;
    let [main, east] = both(p, &id, "pending").await;
    assert_eq!(
        (&main["amount"]["amount"], &east["amount"]["amount"]),
        (&json!(200), &json!(99))
    );
    stock_is(p, "HERE", "main", [5, 0, 2]).await;
    stock_is(p, "THERE", "east", [5, 0, 3]).await;
    let amend = json!({"lines": [{"line": 1, "quantity": 1}], "reason": "fewer"});
    let seen = p.api.get(&format!("/v1/orders/{id}")).await.expect(200);
    let version = seen.body["version"].as_i64().expect("it has one");
    let path = format!("/v1/orders/{id}/amendments");
    let request = p.api.command(Method::POST, &path).json(&amend);
    let request = request.header("idempotency-key", "amend-parcels");
    let request = request.header("if-match", format!("\"{version}\""));
    let refused = p.api.send(request).await.expect(409);
    assert_eq!(refused.code(), "ORDER_SPLIT");
    // Of a line in the east one is not wanted.
    let cancel = format!("/v1/orders/{id}/lines/cancel");
    let fewer = json!({"lines": [{"line": 2, "quantity": 1}], "reason": "too many"});
    p.api.post(&cancel, &fewer).await.expect(200);
    stock_is(p, "THERE", "east", [5, 0, 2]).await;
    pack(p, &main).await;
    let some = |order: &Value| order["fulfilment_status"] == "partially_delivered";
    p.api.order_where(&id, "some of it has arrived", some).await;
    assert_eq!(taken(p, &id).await, [Some(200), Some(0)]);
    let late = p.api.post(&cancel, &fewer).await.expect(409);
    assert_eq!(late.code(), "ALREADY_PACKED");
    pack(p, &east).await;
    let order = p.api.order_that_is("completed", &id).await;
    assert_eq!(order["fulfilment_status"], "delivered");
    assert_eq!(order["captured"]["amount"], 266);
    both(p, &id, "delivered").await;
    assert_eq!(taken(p, &id).await, [Some(266), Some(0)]);
    stock_is(p, "HERE", "main", [3, 0, 0]).await;
    stock_is(p, "THERE", "east", [3, 0, 0]).await;
    let timeline = p.api.timeline_with("PaymentRestReleased", &id).await;
    let released = of_type(&timeline, "PaymentRestReleased");
    assert_eq!(released["data"]["amount"]["amount"], 33);
    let paid = |order: &Value| order["payment_status"] == "captured";
    p.api.order_where(&id, "it is paid", paid).await;
}

async fn what_is_cancelled_when_one_is_paid(p: &Platform) {
    receive(p, "KEPT", "main").await;
    receive(p, "STAYS", "east").await;
    let placement = Placement::of("KEPT", 2, 100).and("STAYS", 3, 33).to("Town");
    let id = p.api.place(&placement).await.order_id();
    let [main, _] = both(p, &id, "pending").await;
    let hold = json!({"hold": "fraud-check", "reason": "first order"});
    let holds = format!("/v1/orders/{id}/holds");
    p.api.post(&holds, &hold).await.expect(200);
    pack(p, &main).await;
    eventually("it is taken", async || {
        let taken = taken(p, &id).await;
        (taken == [Some(200), Some(0)])
            .then_some(())
            .ok_or_else(|| format!("{taken:?}"))
    })
    .await;
    let cancel = format!("/v1/orders/{id}/cancel");
    let reason = json!({"reason": "changed their mind"});
    p.api.post(&cancel, &reason).await.expect(202);
    p.api.order_that_is("cancelled", &id).await;
    both(p, &id, "cancelled").await;
    assert_eq!(taken(p, &id).await, [Some(200), Some(200)]);
    stock_is(p, "KEPT", "main", [5, 0, 0]).await;
    stock_is(p, "STAYS", "east", [5, 0, 0]).await;
    let timeline = p.api.timeline_with("PaymentRestReleased", &id).await;
    let released = of_type(&timeline, "PaymentRestReleased");
    assert_eq!(released["data"]["amount"]["amount"], 99);
}

//! What is personal: who needs it sees it, and nobody else finds it anywhere.

use super::flows::of_type;
use serde_json::{Value, json};
use tests::platform::{Placement, Platform, Shape, remains_of};

/// Parts of an address that stand nowhere else.
const NAME: &str = "Wilhelmina Quastenflosser";
const STREET: &str = "Unterm Zwiebelturm 17b";
const TOWN: &str = "Quastendorf";
const TEXTS: [&str; 3] = [NAME, STREET, TOWN];

/// Everything that a process may write: were something personal logged anywhere, it would be here.
const ALL_LOGS: (&str, &str) = ("telemetry.log", "debug,hyper=info,h2=info,sqlx=debug");

fn address() -> Value {
    json!({
        "name": NAME,
        "lines": [STREET],
        "city": TOWN,
        "postal_code": "98765",
        "country": "Germany",
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_finds_an_address_all_in_one() {
    let platform = Platform::start(Shape::AllInOne, &[ALL_LOGS]).await;
    an_order_lives_and_its_address_is_nowhere(&platform).await;
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_finds_an_address_of_separate_processes() {
    let platform = Platform::start(Shape::Separate, &[ALL_LOGS]).await;
    an_order_lives_and_its_address_is_nowhere(&platform).await;
    platform.stop().await;
}

async fn an_order_lives_and_its_address_is_nowhere(p: &Platform) {
    let id = delivered(p).await;
    let order = p.api.get(&format!("/v1/orders/{id}")).await.expect(200);
    assert_eq!(order.body["shipping_address"], address());
    assert_eq!(order.body["erased"], false);
    let found = remains_of(p, &TEXTS).await;
    assert!(found.is_empty(), "{found:#?}");
}

/// An order that has arrived where it was to go, with everything that can be told of it.
async fn delivered(p: &Platform) -> String {
    p.api.receive("PERSONAL", 10).await;
    let mut body = Placement::of("PERSONAL", 2, 100).customer("4711").body();
    body["shipping_address"] = address();
    let placed = p
        .api
        .post_as("personal", "/v1/orders", &body)
        .await
        .expect(201);
    assert_eq!(placed.body["shipping_address"], address());
    // Again, it is the same.
    let again = p
        .api
        .post_as("personal", "/v1/orders", &body)
        .await
        .expect(201);
    assert_eq!(again.body, placed.body);
    let id = placed.order_id();
    // What is refused is said without what was sent.
    let mut wrong = body.clone();
    wrong["total"] = json!(1);
    p.api.post("/v1/orders", &wrong).await.expect(422);
    wrong["shipping_address"]["country"] = json!("");
    let refused = p.api.post("/v1/orders", &wrong).await.expect(422);
    assert_eq!(refused.pointer(), "/shipping_address/country");

    p.api.order_that_is("confirmed", &id).await;
    p.api.shipment_that_is("pending", &id).await;
    p.api.ship("pack", &id).await.expect(200);
    p.api.order_that_is("completed", &id).await;
    let shipment = p.api.shipment_that_is("delivered", &id).await;
    let shipment = shipment["shipment_id"].as_str().expect("it has an id");
    let labels = p.provider.labels(shipment).await;
    assert_eq!(labels[0]["address"], address(), "the carrier must know it");

    // The timeline says what happened as the event does: sealed.
    let timeline = p.api.timeline_with("OrderCompleted", &id).await;
    let data = &of_type(&timeline, "OrderPlaced")["data"];
    let sealed = data["shipping_address"].as_str().unwrap_or_default();
    assert!(sealed.starts_with("sealed:1:"), "{data}");
    id
}

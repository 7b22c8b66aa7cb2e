//! Provider and carrier tell by themselves what happens, over HTTP, twice and out of order.

use serde_json::{Value, json};
use tests::platform::{Placement, Platform, Shape, eventually};

/// Nobody asks what became of a call for as long as a test takes: only the provider's word tells.
const SETTINGS: [(&str, &str); 2] = [
    ("saga.payment_timeout_ms", "2000"),
    ("saga.inquiry_schedule_s", "3600"),
];

#[tokio::test(flavor = "multi_thread")]
async fn what_the_provider_tells_by_itself_is_heard_all_in_one() {
    the_provider_is_heard(Shape::AllInOne).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_provider_tells_by_itself_is_heard_in_separate_processes() {
    the_provider_is_heard(Shape::Separate).await;
}

/// Nobody asks the carrier where anything is for as long as a test takes: only its word tells.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_carrier_tells_by_itself_is_heard() {
    let unasked = [("saga.tracking_schedule_s", "3600")];
    let mut platform = Platform::start(Shape::Separate, &unasked).await;
    platform.be_told().await;
    let p = &platform;
    p.api.receive("TOLD", 10).await;
    let told = json!({
        "webhook_duplicate_percent": 100.0,
        "webhook_reordered_percent": 50.0,
        "transit_ms": 400,
    });
    for (fault, event) in [
        ("carrier_failed_percent", "ShipmentDelivered"),
        ("carrier_lost_percent", "ShipmentLost"),
        ("carrier_returned_percent", "ShipmentReturnedToSender"),
    ] {
        let mut faults = told.clone();
        faults[fault] = json!(100.0);
        p.provider.set_faults(&faults).await;
        let id = p.api.place(&Placement::of("TOLD", 1, 100)).await.order_id();
        p.api.shipment_that_is("pending", &id).await;
        p.api.ship("pack", &id).await;
        p.api.order_that_is("completed", &id).await;
        let timeline = p.api.timeline_with(event, &id).await;
        for told_once in ["ShipmentDispatched", event] {
            let told = timeline.iter().filter(|event| event["type"] == told_once);
            assert_eq!(told.count(), 1, "{told_once}");
        }
    }
    p.stop().await;
}

async fn the_provider_is_heard(shape: Shape) {
    let mut platform = Platform::start(shape, &SETTINGS).await;
    platform.be_told().await;
    let p = &platform;
    let faults = json!({"webhook_duplicate_percent": 100.0, "webhook_reordered_percent": 50.0});
    p.provider.set_faults(&faults).await;
    p.api.receive("TOLD", 10).await;

    // Its answer never comes.
    let placement = Placement::of("TOLD", 1, 100).card("tok_timeout");
    let id = p.api.place(&placement).await.order_id();
    p.api.order_that_is("confirmed", &id).await;
    assert_eq!(p.provider.statuses(&id).await, ["authorized"]);

    // A cardholder disputes what has arrived, and gets it.
    p.api.shipment_that_is("pending", &id).await;
    p.api.ship("pack", &id).await;
    p.api.order_that_is("completed", &id).await;
    let held = p.provider.authorizations(&id).await;
    let held = held[0]["authorization_id"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let path = format!("/authorizations/{held}/disputes");
    let wanted = json!({"amount": 100, "currency": "EUR"});
    let dispute = p.provider.post(&path, "d", &wanted).await;
    let dispute = dispute["dispute_id"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    expects(p, &id, Some(&dispute)).await;
    let lost = format!("/disputes/{dispute}/lost");
    p.provider.post(&lost, "l", &json!({})).await;
    expects(p, &id, None).await;
    let timeline = p.api.timeline_with("DisputeLost", &id).await;
    for told_once in ["PaymentAuthorized", "DisputeOpened", "DisputeLost"] {
        let told = timeline.iter().filter(|event| event["type"] == told_once);
        assert_eq!(told.count(), 1, "{told_once}");
    }

    // What ends soon is authorized anew, and once more is not.
    let short = json!({"authorization_ttl_ms": 6_000});
    p.provider.set_faults(&short).await;
    let id = p.api.place(&Placement::of("TOLD", 1, 100)).await.order_id();
    p.api.timeline_with("PaymentReauthorized", &id).await;
    p.api
        .timeline_with("PaymentReauthorizationFailed", &id)
        .await;
    p.api
        .timeline_with("PaymentAuthorizationExpired", &id)
        .await;
    p.stop().await;
}

/// Waits until just that dispute is expected to end, or none.
async fn expects(p: &Platform, order_id: &str, dispute: Option<&str>) {
    let path = format!("/v1/orders/{order_id}/process");
    eventually(&format!("{dispute:?} is expected"), async || {
        let process = p.api.try_get(&path).await?;
        let none = vec![];
        let expected = process["expected"].as_array().unwrap_or(&none);
        let known = expected.iter().find(|known| known["what"] == "dispute");
        match known.and_then(|known| known["of"].as_str()) == dispute {
            true => Ok(()),
            false => Err(Value::to_string(&process)),
        }
    })
    .await;
}

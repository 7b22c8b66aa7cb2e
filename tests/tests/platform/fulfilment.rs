//! What becomes of a confirmed order: packed, paid, sent and arrived; or kept, refused, lost.

use super::flows::{of_type, provider_says};
use serde_json::{Value, json};
use tests::platform::{Placement, Platform, Scenario, eventually};

/// Each of them with an order of its own.
pub(super) fn scenarios(p: &Platform) -> Vec<Scenario<'_>> {
    vec![
        ("completed", Box::pin(what_is_packed_arrives(p))),
        (
            "cancel packed",
            Box::pin(what_is_packed_is_kept_and_given_back(p)),
        ),
        (
            "cancel too late",
            Box::pin(what_has_left_is_not_cancelled(p)),
        ),
        (
            "carrier refuses",
            Box::pin(what_the_carrier_refuses_leaves_when_people_let_it(p)),
        ),
        ("lost parcel", Box::pin(what_is_lost_is_given_back(p))),
        ("return", Box::pin(what_is_sent_back_is_paid_back(p))),
        (
            "discounts and tax",
            Box::pin(what_is_discounted_and_taxed_is_paid_back_to_the_cent(p)),
        ),
        (
            "fewer",
            Box::pin(what_is_not_wanted_is_neither_packed_nor_paid(p)),
        ),
        (
            "capture fails",
            Box::pin(what_is_not_taken_is_asked_for_again(p)),
        ),
    ]
}

/// Places an order of two for 100 each, and waits until it is confirmed.
async fn confirmed(p: &Platform, sku: &str, placement: &Placement) -> String {
    p.api.receive(sku, 5).await;
    let id = p.api.place(placement).await.order_id();
    p.api.order_that_is("confirmed", &id).await;
    id
}

/// Waits until the payment of an order is as told.
async fn paid(p: &Platform, status: &str, id: &str) {
    let paid = |order: &Value| order["payment_status"] == *status;
    let what = format!("its payment is {status}");
    p.api.order_where(id, &what, paid).await;
}

/// What the provider has taken for an order, and given back.
async fn taken(p: &Platform, id: &str) -> (Option<i64>, Option<i64>) {
    let held = p.provider.authorizations(id).await;
    assert_eq!(held.len(), 1, "{held:?}");
    let amount = |name: &str| held[0][name].as_i64();
    (amount("captured_amount"), amount("refunded_amount"))
}

/// Waits until a hold is on an order, and takes it off.
async fn let_go(p: &Platform, hold: &str, id: &str) {
    let is_held = |order: &Value| {
        let mut holds = order["holds"].as_array().into_iter().flatten();
        holds.any(|held| held["hold"] == *hold)
    };
    let what = format!("{hold} is on it");
    p.api.order_where(id, &what, is_held).await;
    let release = format!("/v1/orders/{id}/holds/{hold}/release");
    p.api.post(&release, &json!({})).await.expect(200);
}

async fn what_is_packed_arrives(p: &Platform) {
    let placement = Placement::of("PACKED", 2, 100).to("Town");
    let id = confirmed(p, "PACKED", &placement).await;
    let waiting = p.api.shipment_that_is("pending", &id).await;
    assert_eq!(waiting["allowed_commands"], json!(["pack"]));
    assert_eq!(taken(p, &id).await.0, Some(0));
    p.api.ship("pack", &id).await.expect(200);
    let order = p.api.order_that_is("completed", &id).await;
    assert_eq!(order["payment_status"], "captured");
    assert_eq!(taken(p, &id).await, (Some(200), Some(0)));
    p.api.stock_that_is("PACKED", (3, 0, 0)).await;
    let arrived = p.api.shipment_that_is("delivered", &id).await;
    let shipment = arrived["shipment_id"].as_str().expect("it has an id");
    let labels = p.provider.labels(shipment).await;
    assert_eq!(labels.len(), 1, "{labels:?}");
    assert_eq!(labels[0]["tracking_number"], arrived["tracking_number"]);

    let timeline = p.api.timeline_with("OrderCompleted", &id).await;
    let dispatched = of_type(&timeline, "ShipmentDispatched");
    assert_eq!(dispatched["actor"], "participant:carrier");
    // Packed again: nothing more happens.
    p.api.ship("pack", &id).await.expect(200);
    let cancel = format!("/v1/orders/{id}/cancel");
    let late = p.api.post(&cancel, &json!({"reason": "late"})).await;
    late.expect(409);
}

async fn what_is_packed_is_kept_and_given_back(p: &Platform) {
    let placement = Placement::of("KEPT", 2, 100).to("Town");
    let id = confirmed(p, "KEPT", &placement).await;
    let hold = json!({"hold": "fraud-check", "reason": "first order"});
    let holds = format!("/v1/orders/{id}/holds");
    p.api.post(&holds, &hold).await.expect(200);
    p.api.ship("pack", &id).await.expect(200);
    p.api.shipment_that_is("ready", &id).await;
    let held = p.api.ship("dispatch", &id).await.expect(409);
    assert_eq!(held.code(), "ORDER_ON_HOLD");
    let cancel = format!("/v1/orders/{id}/cancel");
    let reason = json!({"reason": "changed their mind"});
    p.api.post(&cancel, &reason).await.expect(202);
    p.api.order_that_is("cancelled", &id).await;
    paid(p, "refunded", &id).await;
    assert_eq!(taken(p, &id).await, (Some(200), Some(200)));
    p.api.stock_that_is("KEPT", (5, 0, 0)).await;
    let kept = p.api.shipment_that_is("cancelled", &id).await;
    let shipment = kept["shipment_id"].as_str().expect("it has an id");
    assert!(p.provider.labels(shipment).await.is_empty());
}

async fn what_has_left_is_not_cancelled(p: &Platform) {
    let placement = Placement::of("LEFT", 2, 100).to("Standstill");
    let id = confirmed(p, "LEFT", &placement).await;
    p.api.ship("pack", &id).await.expect(200);
    p.api.shipment_that_is("dispatched", &id).await;
    let cancel = format!("/v1/orders/{id}/cancel");
    p.api
        .post(&cancel, &json!({"reason": "too late"}))
        .await
        .expect(202);
    p.api.timeline_with("CancellationRejected", &id).await;
    p.api.order_that_is("confirmed", &id).await;
    // The carrier never says so; people do.
    p.api.ship("deliver", &id).await.expect(200);
    p.api.order_that_is("completed", &id).await;
    p.api.stock_that_is("LEFT", (3, 0, 0)).await;
    provider_says(p, &id, &["captured"]).await;
    assert_eq!(taken(p, &id).await, (Some(200), Some(0)));
}

async fn what_the_carrier_refuses_leaves_when_people_let_it(p: &Platform) {
    let placement = Placement::of("REFUSED", 2, 100).to("Nowhere Yet");
    let id = confirmed(p, "REFUSED", &placement).await;
    p.api.ship("pack", &id).await.expect(200);
    let_go(p, "carrier-refused", &id).await;
    p.api.order_that_is("completed", &id).await;
    let arrived = p.api.shipment_that_is("delivered", &id).await;
    assert_eq!(arrived["attempts"], 2);
}

async fn what_is_lost_is_given_back(p: &Platform) {
    let placement = Placement::of("GONE", 2, 100).to("Lost");
    let id = confirmed(p, "GONE", &placement).await;
    p.api.ship("pack", &id).await.expect(200);
    p.api.order_that_is("completed", &id).await;
    paid(p, "refunded", &id).await;
    assert_eq!(taken(p, &id).await, (Some(200), Some(200)));
    // It does not come back.
    p.api.stock_that_is("GONE", (3, 0, 0)).await;
    p.api.shipment_that_is("lost", &id).await;
}

async fn what_is_not_wanted_is_neither_packed_nor_paid(p: &Platform) {
    let placement = Placement::of("FEWER", 3, 100).to("Town");
    let id = confirmed(p, "FEWER", &placement).await;
    p.api.shipment_that_is("pending", &id).await;
    let cancel = format!("/v1/orders/{id}/lines/cancel");
    let fewer = json!({"lines": [{"line": 1, "quantity": 2}], "reason": "too many"});
    let done = p.api.post(&cancel, &fewer).await.expect(200);
    assert_eq!(done.body["open"], json!([{"line": 1, "quantity": 1}]));
    p.api.stock_that_is("FEWER", (5, 0, 1)).await;
    p.api.ship("pack", &id).await.expect(200);
    let order = p.api.order_that_is("completed", &id).await;
    let shipment = p.api.shipment_that_is("delivered", &id).await;
    assert_eq!(shipment["amount"]["amount"], 100);
    assert_eq!(order["lines"][0]["cancelled"], 2);
    assert_eq!(order["captured"]["amount"], 100);
    paid(p, "captured", &id).await;
    p.api.stock_that_is("FEWER", (4, 0, 0)).await;
    let late = p.api.post(&cancel, &fewer).await.expect(409);
    assert_eq!(late.code(), "ORDER_STATE");
}

async fn what_is_sent_back_is_paid_back(p: &Platform) {
    let placement = Placement::of("BACK", 2, 100).to("Town");
    let id = confirmed(p, "BACK", &placement).await;
    p.api.ship("pack", &id).await.expect(200);
    let order = p.api.order_that_is("completed", &id).await;
    assert_eq!(order["return_status"], "none");
    let allowed = order["allowed_commands"].as_array().expect("a list");
    assert!(allowed.contains(&json!("request_return")), "{allowed:?}");
    p.api.stock_that_is("BACK", (3, 0, 0)).await;

    let wanted = json!({
        "order_id": id,
        "lines": [{"line": 1, "quantity": 2}],
        "reason": "too small",
    });
    let asked = p.api.post("/v1/returns", &wanted).await.expect(201);
    let back = asked.body["return_id"].as_str().expect("it has an id");
    assert_eq!(asked.header("location"), format!("/v1/returns/{back}"));
    let say = async |what: &str, body: Value| {
        let path = format!("/v1/returns/{back}/{what}");
        p.api.post(&path, &body).await
    };
    say("approve", json!({})).await.expect(200);
    say("in-transit", json!({"tracking_number": "R1"}))
        .await
        .expect(200);
    let some = json!({"lines": [{"line": 1, "quantity": 1}]});
    let some = say("receive", some).await.expect(200);
    assert_eq!(some.body["status"], "partially_received");
    say("receive", json!({})).await.expect(200);
    let open = |order: &Value| order["return_status"] == "open";
    p.api.order_where(&id, "a return is open", open).await;
    let seen = json!({"lines": [
        {"line": 1, "restocked": 1, "quarantined": 1, "reason": "scratched"},
    ]});
    say("inspect", seen).await.expect(202);
    let closed = p.api.return_that_is("closed", back).await;
    assert_eq!(closed["refund"], json!({"amount": 200, "currency": "EUR"}));
    let returned = |order: &Value| order["return_status"] == "returned";
    let order = p.api.order_where(&id, "it came back", returned).await;
    assert_eq!(order["status"], "completed");
    assert_eq!(order["lines"][0]["returned"], 2);
    paid(p, "refunded", &id).await;
    assert_eq!(taken(p, &id).await, (Some(200), Some(200)));
    p.api.stock_that_is("BACK", (4, 0, 0)).await;
    let stock = p.api.get("/v1/stock/BACK").await.expect(200);
    assert_eq!(stock.body["quarantined"], 1);
    let again = p.api.post("/v1/returns", &wanted).await.expect(409);
    assert_eq!(again.code(), "MORE_THAN_DELIVERED");
}

async fn what_is_discounted_and_taxed_is_paid_back_to_the_cent(p: &Platform) {
    let placement = Placement::of("PRICED", 3, 1_250)
        .to("Town")
        .with("/discount", 176)
        .with("/lines/0/tax_rate", "7")
        .with("/total", 3_824);
    let id = confirmed(p, "PRICED", &placement).await;
    p.api.ship("pack", &id).await.expect(200);
    let order = p.api.order_that_is("completed", &id).await;
    let amounts =
        ["subtotal", "discount", "tax", "total"].map(|name| order[name]["amount"].as_i64());
    assert_eq!(amounts, [3_750, 176, 250, 3_824].map(Some));
    let line = &order["lines"][0];
    let amounts = ["discount", "order_discount", "tax", "total"];
    let amounts = amounts.map(|name| line[name]["amount"].as_i64());
    assert_eq!(amounts, [0, 176, 250, 3_824].map(Some));
    assert_eq!(line["tax_rate"], "7");
    assert_eq!(taken(p, &id).await, (Some(3_824), Some(0)));
    // 3,824 in three is 1,274 and two thirds.
    for refund in [1_275, 1_274, 1_275] {
        let wanted = json!({
            "order_id": id,
            "lines": [{"line": 1, "quantity": 1}],
            "reason": "read it",
        });
        let asked = p.api.post("/v1/returns", &wanted).await.expect(201);
        let back = asked.body["return_id"].as_str().expect("it has an id");
        let seen = json!({"lines": [{"line": 1, "restocked": 1}]});
        for (what, body, status) in [
            ("approve", json!({}), 200),
            ("receive", json!({}), 200),
            ("inspect", seen, 202),
        ] {
            let path = format!("/v1/returns/{back}/{what}");
            p.api.post(&path, &body).await.expect(status);
        }
        let closed = p.api.return_that_is("closed", back).await;
        assert_eq!(
            closed["refund"],
            json!({"amount": refund, "currency": "EUR"})
        );
        assert_eq!(closed["lines"][0]["amount"], closed["refund"]);
    }
    paid(p, "refunded", &id).await;
    assert_eq!(taken(p, &id).await, (Some(3_824), Some(3_824)));
}

async fn what_is_not_taken_is_asked_for_again(p: &Platform) {
    let placement = Placement::of("UNPAID", 2, 100).card("tok_capture_fails_once");
    let id = confirmed(p, "UNPAID", &placement).await;
    p.api.ship("pack", &id).await.expect(200);
    p.api.order_that_is("completed", &id).await;
    let timeline = p.api.timeline_with("OrderCompleted", &id).await;
    let held = of_type(&timeline, "HoldPlaced").to_string();
    assert!(held.contains("capture-failed"), "{held}");
    of_type(&timeline, "HoldReleased");
    eventually("it is taken once", async || {
        let taken = taken(p, &id).await;
        (taken == (Some(200), Some(0)))
            .then_some(())
            .ok_or_else(|| format!("{taken:?}"))
    })
    .await;
}

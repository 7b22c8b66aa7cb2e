//! Shipments from their labels to their ends.

use std::time::Duration;

use sandbox::TEST_ADDRESSES;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::harness::{Provider, answer, shipment};

/// A carrier whose shipments take no time at all.
async fn at_once() -> Provider {
    let provider = Provider::start().await;
    provider.put("/faults", json!({"transit_ms": 0})).await;
    provider
}

#[tokio::test]
async fn a_shipment_is_accepted_and_goes_on_by_itself() {
    let provider = Provider::start().await;
    provider.put("/faults", json!({"transit_ms": 300})).await;
    let body = json!({
        "reference": "s1",
        "order_reference": "o1",
        "address": {
            "name": "Ada",
            "lines": ["Straße 1", "c/o \"B\""],
            "city": "Berlin",
            "postal_code": "10115",
            "country": "DE",
        },
    });
    let label = provider.post("/shipments", "k1", body.clone()).await;
    assert_eq!((label.status, label.replayed), (201, false));
    let number = &label.body["tracking_number"];
    assert!(number.as_str().unwrap().starts_with("trk_"));
    assert_eq!(
        label.body,
        json!({
            "tracking_number": number,
            "carrier": "Sandbox Parcel",
            "reference": "s1",
            "status": "accepted",
        })
    );
    let delivered = provider.until(number, "delivered").await;
    let time = |field: &str| -> chrono::DateTime<chrono::Utc> {
        delivered[field].as_str().unwrap().parse().unwrap()
    };
    assert_eq!(
        time("delivered_at") - time("created_at"),
        chrono::TimeDelta::milliseconds(300)
    );
    assert_eq!(delivered["order_reference"], "o1");
    assert_eq!(delivered["address"], body["address"]);
    assert_eq!(delivered["idempotency_key"], "k1");
    assert_eq!(delivered["reason"], Value::Null);
    assert_eq!(provider.get("/shipments/by-key/k1").await.body, delivered);
    let found = provider.get("/shipments?reference=s1").await.body;
    assert_eq!(found, json!({"shipments": [delivered], "has_more": false}));
    // The label is answered as it was made, wherever the shipment is.
    let again = provider.post("/shipments", "k1", body).await;
    assert_eq!(
        (again.status, again.replayed, again.body),
        (201, true, label.body)
    );
}

#[tokio::test]
async fn every_test_address_does_what_it_says() {
    let provider = at_once().await;
    for (city, status, what) in [
        ("Nowhere", 422, "address_not_served"),
        ("Illegible", 422, "address_incomplete"),
        ("Nobody Home", 201, "delivered"),
        ("Lost", 201, "lost"),
        ("Returned", 201, "returned"),
        ("Standstill", 201, "in_transit"),
        ("Berlin", 201, "delivered"),
    ] {
        let key = city.replace(' ', "-");
        let label = provider.ship(&key, city, city).await;
        assert_eq!(label.status, status, "{city}: {label:?}");
        let became = match status {
            201 => provider.shipment(&label.body["tracking_number"]).await["status"].clone(),
            _ => label.body["code"].clone(),
        };
        assert_eq!(became, what, "{city}");
        // Whatever it was, it is that for good.
        let again = provider.ship(&key, city, city).await;
        assert_eq!(
            (again.status, again.replayed, again.body),
            (status, true, label.body)
        );
    }
    for (key, status) in [("y1", 422), ("y1", 422), ("y2", 201)] {
        let label = provider.ship(key, "y", "Nowhere Yet").await;
        assert_eq!(label.status, status, "{key}");
    }
    for _ in 0..2 {
        assert_eq!(provider.ship("e", "e", "Error").await.status, 500);
    }
    let held = provider.posting("/shipments", "t", &shipment("t", "Timeout"));
    let held = held.timeout(Duration::from_secs(1)).send().await;
    assert!(held.unwrap_err().is_timeout());
    assert_eq!(
        provider.get("/shipments/by-key/t").await.body["reference"],
        "t"
    );
    assert!(provider.ship("t", "t", "Timeout").await.replayed);

    let antarctica = json!({"reference": "aq", "address": {"country": "AQ"}});
    let refused = provider.post("/shipments", "aq", antarctica).await;
    assert_eq!(
        (refused.status, refused.code()),
        (422, "address_not_served")
    );
    let nowhere_said = json!({"reference": "none", "address": null});
    let label = provider.post("/shipments", "none", nowhere_said).await;
    assert_eq!(label.status, 201);

    let index = provider.get("/").await.body;
    let listed = index["test_addresses"].as_object().unwrap();
    assert_eq!(listed.len(), TEST_ADDRESSES.len());
    assert!(index["endpoints"]["POST /shipments"].is_string());
}

#[tokio::test]
async fn callers_that_race_with_one_key_get_one_label() {
    let provider = Provider::start().await;
    for city in ["Berlin", "Nowhere"] {
        let mut callers = JoinSet::new();
        for _ in 0..32 {
            let body = shipment(city, city);
            callers.spawn(answer(provider.posting("/shipments", city, &body)));
        }
        let answers = callers.join_all().await;
        let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
        let first = answers.iter().filter(|answer| !answer.replayed);
        assert_eq!(first.count(), 1);
        assert!(answers.iter().all(|one| one.body == answers[0].body));
    }
    let counts = &provider.carrier_summary().await["counts"];
    assert_eq!(
        (&counts["labels"], &counts["refused"]),
        (&json!(1), &json!(1))
    );
}

#[tokio::test]
async fn a_key_with_another_body_is_422_and_without_one_400() {
    let provider = Provider::start().await;
    provider.ship("k", "s", "Berlin").await;
    for other in [
        shipment("s2", "Berlin"),
        shipment("s", "Bonn"),
        json!({"reference": "s", "address": null}),
    ] {
        let answer = provider.post("/shipments", "k", other).await;
        assert_eq!(
            (answer.status, answer.code()),
            (422, "IDEMPOTENCY_KEY_REUSED")
        );
    }
    // The provider's keys are others, of another company.
    let authorized = provider.authorize("k", "s", "tok_approve").await;
    assert_eq!(authorized.status, 200);
    let request = provider
        .request(reqwest::Method::POST, "/shipments")
        .json(&shipment("s", "Berlin"));
    let answer = answer(request).await.unwrap();
    assert_eq!(
        (answer.status, answer.code()),
        (400, "IDEMPOTENCY_KEY_REQUIRED")
    );
}

#[tokio::test]
async fn a_wrong_request_is_refused_and_the_place_named() {
    let provider = Provider::start().await;
    let long = "é".repeat(201);
    for (pointer, value, status) in [
        ("/reference", json!(""), 422),
        ("/reference", json!("r".repeat(256)), 422),
        ("/reference", Value::Null, 400),
        ("/order_reference", json!("a\u{0}b"), 422),
        ("/address", json!("Berlin"), 400),
        ("/address/name", json!(long), 422),
        ("/address/city", json!(""), 422),
        ("/address/postal_code", json!("1".repeat(33)), 422),
        ("/address/country", json!("D\nE"), 422),
        ("/address/lines", json!(vec!["x"; 9]), 422),
        ("/address/lines/1", json!("\t"), 422),
        ("/address/street", json!("x"), 400),
    ] {
        let mut body = shipment("s", "Berlin");
        body["address"]["lines"] = json!(["x", "y"]);
        match pointer.strip_prefix("/address/lines/") {
            Some(_) => body["address"]["lines"][1] = value,
            None => match pointer.strip_prefix("/address/") {
                Some(field) => body["address"][field] = value,
                None => body[&pointer[1..]] = value,
            },
        }
        let answer = provider.post("/shipments", "k", body).await;
        assert_eq!(answer.status, status, "{pointer}: {answer:?}");
        assert_eq!(answer.body["errors"][0]["pointer"], pointer, "{answer:?}");
    }
    // That there is no address is said, not left out.
    let silent = provider
        .post("/shipments", "k", json!({"reference": "s"}))
        .await;
    assert_eq!(silent.status, 400);
    assert_eq!(provider.get("/shipments").await.status, 400);
    assert_eq!(provider.carrier_summary().await["counts"]["entries"], 0);
}

#[tokio::test]
async fn there_is_no_shipment_that_nobody_sent() {
    let provider = Provider::start().await;
    for path in [
        "/shipments/trk_00000000000000000000000000000000",
        "/shipments/1",
        "/shipments/by-key/k",
    ] {
        let answer = provider.get(path).await;
        assert_eq!((answer.status, answer.code()), (404, "SHIPMENT_NOT_FOUND"));
    }
    let set = provider.set(&json!("trk_1"), "lost").await;
    assert_eq!((set.status, set.code()), (404, "SHIPMENT_NOT_FOUND"));
    let none = provider.get("/shipments?reference=s").await.body;
    assert_eq!(none, json!({"shipments": [], "has_more": false}));
}

#[tokio::test]
async fn what_is_set_by_hand_stays() {
    let provider = Provider::start().await;
    // So that it would not be where it is set by itself.
    provider.put("/faults", json!({"transit_ms": 60_000})).await;
    let label = provider.ship("k", "s", "Lost").await;
    let number = &label.body["tracking_number"];
    for status in [
        "delivery_failed",
        "delivered",
        "in_transit",
        "returned",
        "accepted",
    ] {
        let set = provider.set(number, status).await;
        assert_eq!((set.status, &set.body["status"]), (200, &json!(status)));
        assert_eq!(provider.shipment(number).await, set.body);
        assert_eq!(set.body["delivered_at"].is_string(), status == "delivered");
        let reason = (status == "delivery_failed").then_some("nobody was at home");
        assert_eq!(set.body["reason"], json!(reason));
        // Said again, nothing is new.
        assert_eq!(provider.set(number, status).await.body, set.body);
    }
    assert_eq!(provider.carrier_summary().await["counts"]["set"], 5);
    let wrong = provider.set(number, "gone").await;
    assert_eq!(
        (wrong.status, &wrong.body["errors"][0]["pointer"]),
        (400, &json!("/status"))
    );
}

//! What operators do by hand, from the command line against a real platform.

use serde_json::json;
use tests::platform::{CommandLine, Placement, Platform, Shape, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_held_noted_and_released_by_hand() {
    let platform = Platform::start(Shape::Separate, &[]).await;
    let (p, terminal) = (&platform, CommandLine::of(&platform));
    p.api.receive("HELD", 10).await;
    let order = p.api.place(&Placement::of("HELD", 1, 100)).await.order_id();
    let shipment = p.api.shipment_that_is("pending", &order).await;
    let shipment = shipment["shipment_id"].as_str().expect("it has an id");

    let held = ["hold", &order, "fraud-check", "--reason", "odd address"];
    terminal
        .orders(&held)
        .await
        .well()
        .says(&["on hold", "fraud-check"]);
    let process = ["process", &order];
    let why = ["HoldPlaced", "fraud-check: odd address", "packing"];
    terminal.orders_until(&process, &why).await;
    let again = [&held[..], &["--json"]].concat();
    let again = terminal.orders(&again).await.well().json();
    assert_eq!(again["order_id"], *order);
    let packed = terminal.orders(&["shipments", "pack", shipment]).await;
    packed.well();
    let ready = p.api.shipment_that_is("ready", &order).await;
    assert_eq!(ready["shipment_id"], shipment, "it does not leave");

    let noted = ["note", &order, "they called: it is theirs"];
    let noted = terminal.orders(&noted).await.well();
    noted.says(&["written", &order]);
    let events = ["get", &order, "--events"];
    terminal.orders_until(&events, &["NoteAdded"]).await;

    let path = ["release", &order, "../notes"];
    terminal.orders(&path).await.ended(2).says(&["HOLD"]);
    let released = ["release", &order, "fraud-check"];
    terminal
        .orders(&released)
        .await
        .well()
        .says(&["is off", &order]);
    p.api.shipment_that_is("dispatched", &order).await;
    p.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_becomes_of_shipments_is_said_by_hand_and_sales_are_reported() {
    let platform = Platform::start(Shape::Separate, &[]).await;
    let (p, terminal) = (&platform, CommandLine::of(&platform));
    p.api.receive("LOST", 10).await;
    let mut shipments = vec![];
    for _ in 0..2 {
        let order = p.api.place(&Placement::of("LOST", 2, 150)).await.order_id();
        let shipment = p.api.shipment_that_is("pending", &order).await;
        let shipment = shipment["shipment_id"].as_str().expect("it has an id");
        let pack = ["shipments", "pack", shipment];
        terminal.orders(&pack).await.well();
        p.api.shipment_that_is("dispatched", &order).await;
        shipments.push((order, shipment.to_owned()));
    }
    let [(lost, lost_shipment), (back, returned_shipment)] = &shipments[..] else {
        unreachable!("two were placed");
    };

    let failed = ["shipments", "fail", lost_shipment, "--reason", "no door"];
    terminal
        .orders(&failed)
        .await
        .well()
        .says(&["failed", lost_shipment]);
    let show = ["shipments", "show", lost_shipment];
    let problem = ["no door", "LOST", "3.00 EUR", "lose"];
    terminal.orders_until(&show, &problem).await;
    let lose = ["shipments", "lose", lost_shipment];
    terminal.orders(&lose).await.well().says(&["is lost"]);
    let back_again = ["shipments", "return-to-sender", returned_shipment];
    let back_again = terminal.orders(&back_again).await.well();
    back_again.says(&["is returned_to_sender"]);
    for order in [lost, back] {
        p.api.order_that_is("completed", order).await;
    }
    let why = [
        "ShipmentDeliveryFailed",
        "no door",
        "the carrier has lost it",
    ];
    terminal.orders_until(&["process", lost], &why).await;
    let nobody = ["shipments", "show", lost.as_str()];
    terminal.orders(&nobody).await.ended(1).says(&["shipment"]);

    let report = ["reports", "sales"];
    let sums = ["all", "6.00 EUR", "2: 6.00 EUR"];
    terminal.orders_until(&report, &sums).await;
    let none = ["reports", "sales", "--currency", "JPY", "--json"];
    let none = terminal.orders(&none).await.well().json();
    assert_eq!(none["items"], json!([]));
    let wrong = ["reports", "sales", "--from", "yesterday"];
    terminal.orders(&wrong).await.ended(1).says(&["from"]);
    p.stop().await;
}

/// People say that a parcel is lost, and then the carrier says that it has arrived.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_carrier_says_against_our_books_waits_for_people_who_settle_it() {
    let unasked = [("saga.tracking_schedule_s", "3600")];
    let mut platform = Platform::start(Shape::Separate, &unasked).await;
    platform.be_told().await;
    let (p, terminal) = (&platform, CommandLine::of(&platform));
    // Long enough to be faster by hand.
    p.provider.set_faults(&json!({"transit_ms": 8_000})).await;
    p.api.receive("FOUND", 10).await;
    let order = p
        .api
        .place(&Placement::of("FOUND", 1, 100))
        .await
        .order_id();
    let shipment = p.api.shipment_that_is("pending", &order).await;
    let shipment = shipment["shipment_id"].as_str().expect("it has an id");
    let pack = ["shipments", "pack", shipment];
    terminal.orders(&pack).await.well();
    p.api.shipment_that_is("dispatched", &order).await;
    let lose = ["shipments", "lose", shipment];
    terminal.orders(&lose).await.well();

    let waits = eventually("the order waits for people", async || {
        let page = ["processes", "--parked", "--json"];
        let page = terminal.orders(&page).await.well().json();
        let waits = page["items"][0]["given_up"][0].clone();
        match waits.is_null() {
            true => Err(page.to_string()),
            false => Ok(waits),
        }
    })
    .await;
    let problem = waits["problem"].as_str().expect("it says why");
    assert!(problem.starts_with("contradiction: "), "{problem}");
    let task = waits["task_id"].as_str().expect("it has an id");
    let process = ["process", &order];
    let why = ["contradiction", "SHIPMENT_STATE", task];
    terminal.orders_until(&process, &why).await;

    let settle = ["settle", &order, task, "--reason", "the carrier was told"];
    terminal
        .orders(&settle)
        .await
        .well()
        .says(&["does not wait"]);
    eventually("it waits no more", async || {
        let process = ["process", &order, "--json"];
        let process = terminal.orders(&process).await.well().json();
        let ended = process["given_up"] == json!([]) && process["stage"] == "ended";
        ended.then_some(()).ok_or_else(|| process.to_string())
    })
    .await;
    p.stop().await;
}

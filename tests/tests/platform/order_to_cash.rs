//! Real orders, from their import to the door, while everything outside goes wrong now and then.

use super::import::{Importer, cut, real_orders};
use futures::{StreamExt, stream};
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Duration};
use tests::platform::{CommandLine, Platform, Shape, at_rest, eventually_within, say};

/// The longest that it may take until no order is on its way any more.
const WITHIN: Duration = Duration::from_secs(300);

/// A fault of each kind strikes so many of a hundred.
const PERCENT: f64 = 5.0;

/// What an order that took the straight way tells.
const STRAIGHT: [&str; 8] = [
    "OrderPlaced",
    "PaymentAuthorized",
    "OrderConfirmed",
    "ShipmentCreated",
    "ShipmentPacked",
    "PaymentCaptured",
    "ShipmentDispatched",
    "ShipmentDelivered",
];

const ENDS: [&str; 4] = ["completed", "rejected", "cancelled", "expired"];

fn faults() -> Value {
    json!({
        "seed": 4,
        "decline_percent": PERCENT,
        "capture_decline_percent": PERCENT,
        "wrong_amount_percent": PERCENT,
        "error_percent": PERCENT,
        "timeout_after_success_percent": PERCENT,
        "carrier_refuse_percent": PERCENT,
        "carrier_lost_percent": PERCENT,
        "carrier_returned_percent": PERCENT,
        "carrier_failed_percent": PERCENT,
        "transit_ms": 1_000,
        "hold_ms": 4_000,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn real_orders_end_while_everything_outside_goes_wrong_now_and_then() {
    let real = real_orders();
    if !real.is_file() {
        let reason = format!(
            "the real orders are not there: {}; ORDERS_TEST_ONLINE_RETAIL names them",
            real.display()
        );
        servers::skipped(&servers::test_name(), &reason);
        return;
    }
    let settings = [
        ("saga.payment_timeout_ms", "2000"),
        ("saga.carrier_timeout_ms", "2000"),
        ("saga.shipping_hold_ttl_s", "3"),
    ];
    let platform = Platform::start(Shape::AllInOne, &settings).await;
    let p = &platform;
    p.provider.set_faults(&faults()).await;
    let importer = Importer::new(p);
    let expected = cut(&real, importer.file());
    importer.run().await;
    let terminal = CommandLine::of(p);
    let orders = eventually_within(WITHIN, "no order is on its way any more", async || {
        terminal.orders(&["fulfil"]).await.well();
        p.attend();
        let orders = p.api.list("/v1/orders").await?;
        let open = |order: &&Value| !ENDS.contains(&text(order, "status"));
        let open: Vec<_> = orders
            .iter()
            .filter(open)
            .map(|order| text(order, "status"))
            .collect();
        match open.is_empty() && orders.len() == expected.clean.len() {
            true => Ok(orders),
            false => Err(format!("of {} orders {open:?}", orders.len())),
        }
    })
    .await;
    at_rest(p).await;
    let judged = stream::iter(&orders).map(async |order| judge(p, order).await);
    let ways: Vec<String> = judged.buffer_unordered(8).collect().await;
    let mut counted: BTreeMap<String, usize> = BTreeMap::new();
    for way in ways {
        *counted.entry(way).or_default() += 1;
    }
    say(&format!("{counted:#?}"));
    assert!(counted.len() > 3, "next to nothing went wrong: {counted:?}");
    p.stop().await;
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

/// Compares an order with the provider's books, to the cent, and sees that its process explains how it
/// ended; says how that was.
async fn judge(p: &Platform, order: &Value) -> String {
    let (id, status) = (text(order, "order_id"), text(order, "status"));
    let total = order["total"]["amount"].as_i64().expect("it has a total");
    let process = p.api.get(&format!("/v1/orders/{id}/process")).await;
    let process: Value = serde_json::from_str(&process.expect(200).text).expect("it is JSON");
    assert_eq!(text(&process, "stage"), "ended", "{process}");
    assert_eq!(process["expected"], json!([]), "{process}");
    let milestones = process["milestones"].as_array().expect("it tells");
    let told: Vec<&str> = milestones.iter().map(|one| text(one, "type")).collect();
    let why: Vec<&str> = milestones
        .iter()
        .filter_map(|one| one["reason"].as_str())
        .collect();
    let arrived = told.contains(&"ShipmentDelivered");
    let (mut kept, mut set_aside) = (0, 0);
    for held in p.provider.authorizations(id).await {
        let amount = |name: &str| held[name].as_i64().unwrap_or_default();
        kept += amount("captured_amount") - amount("refunded_amount");
        set_aside += i64::from(text(&held, "status") == "authorized");
    }
    let due = if status == "completed" && arrived {
        total
    } else {
        0
    };
    assert_eq!((kept, set_aside), (due, 0), "{order} {told:?}");
    let mut odd: Vec<&str> = told
        .iter()
        .copied()
        .filter(|one| !STRAIGHT.contains(one))
        .collect();
    odd.dedup();
    match (status, odd.as_slice()) {
        ("completed", ["OrderCompleted"]) => "straight".into(),
        (_, []) => panic!("nothing explains that it is {status}: {told:?}"),
        (_, odd) if why.is_empty() => panic!("nobody says why it is {status}, with {odd:?}"),
        (_, odd) => odd.join(", "),
    }
}

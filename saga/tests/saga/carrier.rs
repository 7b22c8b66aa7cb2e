//! The client of the carrier, against the sandbox and against servers that misbehave.

use crate::{
    harness::{DEADLINE, Tasks, sandbox, within},
    misbehaving::{always, breaking, endless, nobody_listens, redirecting},
};
use axum::http::StatusCode;
use chrono::{TimeDelta, Utc};
use domain::{OrderId, order::Address};
use saga::carrier::{CallError, Carrier, DispatchRequest, Dispatched, HttpCarrier, Tracking};
use sandbox::{Faults, Sandbox};
use std::{sync::atomic::Ordering::Relaxed, time::Duration};
use uuid::Uuid;

fn to(key: &str, city: &str) -> DispatchRequest {
    DispatchRequest {
        order_id: OrderId::new(Uuid::from_u128(1)),
        reference: format!("shipment {key}"),
        address: Some(Address {
            name: Some("Ada".into()),
            lines: vec!["Straße 1".into()],
            city: Some(city.into()),
            postal_code: None,
            country: "DE".into(),
        }),
        idempotency_key: key.into(),
    }
}

/// A client that waits so long.
fn client(url: &str, millis: u64) -> HttpCarrier {
    HttpCarrier::new(url, Duration::from_millis(millis)).unwrap()
}

/// A carrier whose shipments take no time.
async fn start() -> (Tasks, Sandbox, HttpCarrier) {
    let tasks = Tasks::default();
    let (sandbox, url) = sandbox(&tasks).await;
    let at_once = Faults {
        transit_ms: 0,
        ..Faults::default()
    };
    sandbox.set_faults(at_once).unwrap();
    (tasks, sandbox, client(&url, 30_000))
}

fn refused<T>(code: &str) -> Result<T, CallError> {
    Err(CallError::Refused(code.into()))
}

fn is_unknown<T>(result: &Result<T, CallError>) -> bool {
    matches!(result, Err(CallError::Unknown(_)))
}

fn is_later<T>(result: &Result<T, CallError>) -> bool {
    matches!(result, Err(CallError::Later(_)))
}

#[tokio::test]
async fn the_same_key_is_dispatched_once() {
    let (_tasks, sandbox, carrier) = start().await;
    let first = carrier.dispatch(&to("k", "Berlin")).await.unwrap();
    assert_eq!(first.carrier, "Sandbox Parcel");
    assert_eq!(
        carrier.dispatch(&to("k", "Berlin")).await,
        Ok(first.clone())
    );
    let nowhere_said = DispatchRequest {
        address: None,
        ..to("k2", "")
    };
    let second = carrier.dispatch(&nowhere_said).await.unwrap();
    assert_ne!(second.tracking_number, first.tracking_number);
    assert_eq!(sandbox.carrier_summary().counts.labels, 2);
    // The key was of another shipment: who knows what was sent under it.
    let other = carrier.dispatch(&to("k", "Bonn")).await;
    assert!(is_unknown(&other), "{other:?}");
}

#[tokio::test]
async fn what_was_taken_under_a_key_is_found_by_it() {
    let (_tasks, _, carrier) = start().await;
    let nothing = carrier.inquire("k", "shipment k").await;
    assert_eq!(nothing, Err(CallError::NotFound));
    let label = carrier.dispatch(&to("k", "Berlin")).await.unwrap();
    assert_eq!(carrier.inquire("k", "shipment k").await, Ok(label));
    let another = carrier.inquire("k", "shipment other").await;
    assert!(is_unknown(&another), "{another:?}");
    // What was refused was not taken.
    let refused = carrier.dispatch(&to("n", "Nowhere")).await;
    assert!(refused.is_err());
    let nothing = carrier.inquire("n", "shipment n").await;
    assert_eq!(nothing, Err(CallError::NotFound));
}

#[tokio::test]
async fn what_the_carrier_refuses_has_its_code() {
    let (_tasks, sandbox, carrier) = start().await;
    for (key, city, code) in [
        ("k1", "Nowhere", "address_not_served"),
        ("k1", "Nowhere", "address_not_served"),
        ("k2", "Illegible", "address_incomplete"),
    ] {
        assert_eq!(carrier.dispatch(&to(key, city)).await, refused(code));
    }
    let again = |key: &str| DispatchRequest {
        reference: "s".into(),
        ..to(key, "Nowhere Yet")
    };
    assert_eq!(
        carrier.dispatch(&again("s:1")).await,
        refused("address_not_served")
    );
    assert!(carrier.dispatch(&again("s:2")).await.is_ok());
    let too_long = DispatchRequest {
        reference: "r".repeat(256),
        ..to("k3", "Berlin")
    };
    assert_eq!(carrier.dispatch(&too_long).await, refused("INVALID_FIELD"));
    let counts = sandbox.carrier_summary().counts;
    assert_eq!((counts.labels, counts.refused), (1, 3));
}

#[tokio::test]
async fn a_shipment_is_tracked_to_its_end() {
    let (_tasks, _, carrier) = start().await;
    for (key, city, end) in [
        ("k1", "Lost", Tracking::Lost),
        ("k2", "Returned", Tracking::ReturnedToSender),
        ("k3", "Standstill", Tracking::Underway),
    ] {
        let sent = carrier.dispatch(&to(key, city)).await.unwrap();
        assert_eq!(carrier.track(&sent.tracking_number).await, Ok(end));
    }
    let before = Utc::now() - TimeDelta::seconds(1);
    let sent = carrier.dispatch(&to("k4", "Berlin")).await.unwrap();
    match carrier.track(&sent.tracking_number).await {
        Ok(Tracking::Delivered { at }) => assert!(at >= before && at <= Utc::now(), "{at}"),
        other => panic!("it is delivered: {other:?}"),
    }
    assert_eq!(carrier.track("trk_1").await, Err(CallError::NotFound));
}

#[tokio::test]
async fn a_delivery_in_vain_says_why() {
    let tasks = Tasks::default();
    let (sandbox, url) = sandbox(&tasks).await;
    // It takes long enough to be seen, and what comes after it as long again.
    let slow = Faults {
        transit_ms: 2 * DEADLINE.as_millis() as u64,
        ..Faults::default()
    };
    sandbox.set_faults(slow).unwrap();
    let carrier = client(&url, 30_000);
    let Dispatched {
        tracking_number, ..
    } = carrier.dispatch(&to("k", "Berlin")).await.unwrap();
    assert_eq!(
        carrier.track(&tracking_number).await,
        Ok(Tracking::Underway)
    );
    let http = chassis::http_client::loopback().build().unwrap();
    let set = http
        .put(format!("{url}/shipments/{tracking_number}"))
        .header("content-type", "application/json")
        .body(r#"{"status":"delivery_failed"}"#);
    assert!(set.send().await.unwrap().status().is_success());
    assert_eq!(
        carrier.track(&tracking_number).await,
        Ok(Tracking::DeliveryFailed {
            reason: "nobody was at home".into()
        })
    );
}

#[tokio::test]
async fn a_dispatch_without_an_answer_is_made_once() {
    let tasks = Tasks::default();
    let (sandbox, url) = sandbox(&tasks).await;
    // Waits long enough for the carrier to have got the call, and then no more.
    let (hasty, patient) = (client(&url, 1_000), client(&url, 30_000));
    assert!(is_unknown(&hasty.dispatch(&to("k", "Timeout")).await));
    assert!(patient.dispatch(&to("k", "Timeout")).await.is_ok());
    assert!(is_unknown(&patient.dispatch(&to("e", "Error")).await));
    assert_eq!(sandbox.carrier_summary().counts.labels, 1);
}

/// What the carrier, or a shop, calls things cannot lead a call elsewhere.
#[tokio::test]
async fn names_are_names_whatever_is_in_them() {
    let (_tasks, _, carrier) = start().await;
    for name in [
        "a/b",
        "../ledger",
        "by-key/k",
        "?x=1",
        "#",
        "%2e%2e",
        "ä ö",
        "..",
        "",
        "a\nb",
    ] {
        let tracked = carrier.track(name).await;
        assert!(tracked.is_err(), "{name:?}: {tracked:?}");
    }
}

#[tokio::test]
async fn a_carrier_that_is_down_or_busy_is_asked_a_few_times_and_then_later() {
    let (_taken, url) = nobody_listens();
    let carrier = client(&url, 1_000);
    let sent = carrier.dispatch(&to("k", "Berlin")).await;
    assert!(matches!(sent, Err(CallError::Unreached(_))), "{sent:?}");
    let tracked = carrier.track("T1").await;
    assert!(
        matches!(tracked, Err(CallError::Unreached(_))),
        "{tracked:?}"
    );
    let tasks = Tasks::default();
    for status in [409, 429, 503] {
        let status = StatusCode::from_u16(status).unwrap();
        let (url, asked) = always(&tasks, move |_| (status, "busy")).await;
        let carrier = client(&url, 30_000);
        assert!(is_later(&carrier.dispatch(&to("k", "Berlin")).await));
        assert_eq!(asked.load(Relaxed), 4, "{status}");
    }
}

#[tokio::test]
async fn a_mistake_in_the_settings_refuses_nothing() {
    let tasks = Tasks::default();
    for status in [301, 401, 403, 404, 405] {
        let status = StatusCode::from_u16(status).unwrap();
        let (url, asked) = always(&tasks, move |_| (status, "<html>")).await;
        let carrier = client(&url, 30_000);
        assert!(is_later(&carrier.dispatch(&to("k", "Berlin")).await));
        assert!(is_later(&carrier.track("T1").await));
        assert_eq!(asked.load(Relaxed), 2, "{status}: not at once again");
    }
    let (_, elsewhere) = sandbox(&tasks).await;
    let url = redirecting(&tasks, format!("{elsewhere}/shipments")).await;
    let sent = client(&url, 30_000).dispatch(&to("k", "Berlin")).await;
    assert!(is_later(&sent), "{sent:?}");
}

#[tokio::test]
async fn a_carrier_that_breaks_leaves_it_unknown() {
    let tasks = Tasks::default();
    for (status, body) in [
        (500, "{}"),
        (502, "<html>"),
        (200, ""),
        (201, r#"{"tracking_number":"T1"}"#),
        (
            201,
            r#"{"tracking_number":"T2","carrier":"C","reference":"another","status":"accepted"}"#,
        ),
        (
            201,
            r#"{"tracking_number":"","carrier":"C","reference":"shipment k","status":"accepted"}"#,
        ),
        (200, r#"{"tracking_number":"T2","status":"delivered"}"#),
        (
            200,
            r#"{"tracking_number":"T1","status":"delivered","delivered_at":"soon"}"#,
        ),
    ] {
        let status = StatusCode::from_u16(status).unwrap();
        let (url, asked) = always(&tasks, move |_| (status, body)).await;
        let carrier = client(&url, 30_000);
        assert!(is_unknown(&carrier.dispatch(&to("k", "Berlin")).await));
        assert!(is_unknown(&carrier.track("T1").await));
        assert_eq!(asked.load(Relaxed), 2, "{status} {body}");
    }
    for answer in ["", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"] {
        let url = breaking(&tasks, answer).await;
        let sent = client(&url, 30_000).dispatch(&to("k", "Berlin")).await;
        assert!(is_unknown(&sent), "{answer:?}: {sent:?}");
    }
    let carrier = client(&endless(&tasks).await, 20_000);
    let tracked = within("the end", carrier.track("T1")).await;
    assert!(is_unknown(&tracked), "{tracked:?}");
}

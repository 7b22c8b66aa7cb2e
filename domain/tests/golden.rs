//! The stored form of every event is frozen.
//!
//! `golden/{type}.v{version}.json`, or `golden/{type}.v{version}.{case}.json`, holds a payload as
//! the store keeps it, byte for byte. These files are never edited: a new shape is a new version,
//! with a golden of its own, and the old one must still be read.

mod examples;

use domain::{DecodeError, Event, Sealed, order::OrderEvent};
use std::{collections::BTreeSet, fs, path::PathBuf};

fn golden() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden")
}

fn types() -> Vec<&'static str> {
    Event::types().collect()
}

/// The file of an example.
fn file(event: &Event, case: Option<&str>) -> String {
    let case = case.map(|case| format!(".{case}")).unwrap_or_default();
    format!(
        "{}.v{}{case}.json",
        event.event_type(),
        event.schema_version()
    )
}

#[test]
fn events_are_written_and_read_as_frozen() {
    let mut missing = vec![];
    for (case, event) in examples::all() {
        let name = file(&event, case);
        let written = String::from_utf8(event.encode()).unwrap();
        let Ok(frozen) = fs::read_to_string(golden().join(&name)) else {
            missing.push(format!("{name}: {written}"));
            continue;
        };
        let frozen = frozen.trim_end();
        assert_eq!(written, frozen, "what is written differs from {name}");
        let read = Event::decode(
            event.event_type(),
            event.schema_version(),
            frozen.as_bytes(),
        );
        assert_eq!(read.unwrap(), event, "what is read differs from {name}");
    }
    assert!(
        missing.is_empty(),
        "no golden for these:\n{}",
        missing.join("\n")
    );
}

#[test]
fn every_type_has_an_example_and_every_golden_is_one() {
    let examples = examples::all();
    let exemplified: BTreeSet<&str> = examples
        .iter()
        .map(|(_, event)| event.event_type())
        .collect();
    assert_eq!(exemplified, types().into_iter().collect());
    let named: BTreeSet<String> = examples
        .iter()
        .map(|(case, event)| file(event, *case))
        .collect();
    assert_eq!(named.len(), examples.len(), "two examples share a golden");
    let there: BTreeSet<String> = fs::read_dir(golden())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let former: BTreeSet<String> = former().into_iter().map(|(name, ..)| name.into()).collect();
    assert!(former.is_disjoint(&named));
    assert_eq!(there, &named | &former);
}

/// Events as they once were stored, and what they say today.
fn former() -> Vec<(&'static str, Event)> {
    let mut placements = examples::all()
        .into_iter()
        .filter_map(|(_, event)| match event {
            Event::Order(OrderEvent::OrderPlaced(placed)) => Some(placed),
            _ => None,
        });
    let mut whole = placements.next().expect("the whole one is first");
    let smallest = placements.next().expect("then the smallest");
    let mut country = smallest.clone();
    let plain = |base64: &str| {
        let text = format!("sealed:0:{base64}");
        Some(Sealed::parse(text).expect("it is base64"))
    };
    let (whole_v2, smallest_v2) = (whole.clone(), smallest.clone());
    whole.shipping_address = plain(
        "eyJuYW1lIjoiWm_DqyBNw7xsbGVyIiwibGluZXMiOlsiSGludGVyaG9mIDIiLCJTdHJhw59lIDEiXSwiY2l0eSI6\
         IkvDtmxuIiwicG9zdGFsX2NvZGUiOiI1MDY2NyIsImNvdW50cnkiOiJHZXJtYW55In0",
    );
    country.shipping_address = plain("eyJjb3VudHJ5IjoiVW5pdGVkIEtpbmdkb20ifQ");
    vec![
        ("OrderPlaced.v1.json", whole.into()),
        ("OrderPlaced.v1.smallest.json", smallest.into()),
        ("OrderPlaced.v1.country.json", country.into()),
        ("OrderPlaced.v2.json", whole_v2.into()),
        ("OrderPlaced.v2.smallest.json", smallest_v2.into()),
    ]
    .into_iter()
    .map(|(name, event): (_, OrderEvent)| (name, event.into()))
    .chain([("ReturnRequested.v1.json", requested())])
    .chain([("PaymentAuthorized.v1.json", authorized())])
    .chain([("StockShipped.v1.json", shipped())])
    .chain([("StockReserved.v1.json", first("StockReserved"))])
    .chain([("ShipmentCreated.v1.json", first("ShipmentCreated"))])
    .chain([("ShipmentCancelled.v1.json", first("ShipmentCancelled"))])
    .chain([(
        "PaymentCaptureRequested.v1.json",
        first("PaymentCaptureRequested"),
    )])
    .chain([("PaymentCaptureRequested.v1.shipment.json", taken())])
    .collect()
}

/// A return of goods that were not discounted: each is worth its price.
fn requested() -> Event {
    let mut examples = examples::all().into_iter().map(|(_, event)| event);
    let is_it = |event: &Event| event.event_type() == "ReturnRequested";
    examples.find(is_it).expect("there is one")
}

/// What is set aside, of which nobody was told until when.
fn authorized() -> Event {
    let mut all = examples::all().into_iter().map(|(_, event)| event);
    let authorized = all.find(|event| event.event_type() == "PaymentAuthorized");
    authorized.expect("there is an example of every type")
}

/// The first example of a type, which says nothing that came later.
fn first(event_type: &str) -> Event {
    let mut all = examples::all().into_iter().map(|(_, event)| event);
    let first = all.find(|event| event.event_type() == event_type);
    first.expect("there is an example of every type")
}

/// What is to be taken for a shipment, after which nothing more is taken.
fn taken() -> Event {
    let mut all = examples::all().into_iter();
    let taken = all.find(|(case, event)| {
        event.event_type() == "PaymentCaptureRequested" && *case == Some("shipment")
    });
    taken.expect("there is one").1
}

/// What has left, of which nobody was told what had been kept beyond it.
fn shipped() -> Event {
    let mut all = examples::all().into_iter().map(|(_, event)| event);
    let shipped = all.find(|event| event.event_type() == "StockShipped");
    shipped.expect("there is an example of every type")
}

#[test]
fn what_was_stored_in_former_shapes_is_read_as_what_it_says_today() {
    let mut seen = BTreeSet::new();
    for (name, event) in former() {
        let frozen = fs::read_to_string(golden().join(name)).unwrap();
        let mut parts = name.split('.');
        let event_type = parts.next().unwrap();
        let version: i16 = parts.next().unwrap()[1..].parse().unwrap();
        let read = Event::decode(event_type, version, frozen.trim_end().as_bytes());
        assert_eq!(read.unwrap(), event, "{name}");
        seen.insert((event_type.to_owned(), version));

        let half = &frozen.as_bytes()[..frozen.len() / 2];
        let error = Event::decode(event_type, version, half).unwrap_err();
        let text = format!("event {event_type} v{version} has a payload of another shape");
        assert_eq!(error.to_string(), text);
    }
    let all = Event::former().map(|(event_type, version)| (event_type.to_owned(), version));
    assert_eq!(seen, all.collect());
}

#[test]
fn type_names_are_unique() {
    let unique: BTreeSet<&str> = types().into_iter().collect();
    assert_eq!(unique.len(), types().len());
}

#[test]
fn unknown_types_and_versions_are_named() {
    let unknown = |event_type: &str, version| match Event::decode(event_type, version, b"{}") {
        Err(DecodeError::Unknown {
            event_type,
            schema_version,
        }) => (event_type, schema_version),
        other => panic!("{other:?}"),
    };
    for event_type in ["", "Orderplaced", "OrderPlaced ", "OrderDispatched"] {
        assert_eq!(unknown(event_type, 1), (event_type.to_owned(), 1));
    }
    for (_, event) in examples::all() {
        let event_type = event.event_type();
        for version in [i16::MIN, 0, event.schema_version() + 1, i16::MAX] {
            assert_eq!(
                unknown(event_type, version),
                (event_type.to_owned(), version)
            );
        }
    }
    let error = Event::decode("OrderDispatched", 3, b"{}").unwrap_err();
    assert_eq!(error.to_string(), "unknown event OrderDispatched v3");
}

#[test]
fn broken_payloads_name_type_and_version() {
    for (_, event) in examples::all() {
        let whole = event.encode();
        let half = &whole[..whole.len() / 2];
        for payload in [b"".as_slice(), b"{}", b"[1]", b"null", b"\xff\xfe", half] {
            let (event_type, version) = (event.event_type(), event.schema_version());
            let error = Event::decode(event_type, version, payload).unwrap_err();
            let text = format!("event {event_type} v{version} has a payload of another shape");
            assert!(matches!(error, DecodeError::Payload { .. }));
            assert_eq!(error.to_string(), text);
        }
    }
}

#[test]
fn values_that_no_command_lets_in_are_not_read_either() {
    let swap = |from: &str, to: &str| {
        let (_, event) = examples::all().remove(0);
        let text = String::from_utf8(event.encode()).unwrap();
        assert!(text.contains(from), "{text}");
        let changed = text.replace(from, to);
        Event::decode(
            event.event_type(),
            event.schema_version(),
            changed.as_bytes(),
        )
    };
    assert!(swap("\"EUR\"", "\"EUR\"").is_ok());
    for (from, to) in [
        ("\"EUR\"", "\"eur\""),
        ("\"EUR\"", "\"XXX\""),
        ("\"85123A\"", "\"a/b\""),
        ("\"85123A\"", "\"\""),
        ("\"17850\"", "\"a b\""),
        ("\"quantity\":6", "\"quantity\":6.5"),
        ("\"quantity\":6", "\"quantity\":9223372036854775808"),
        ("\"line\":1", "\"line\":-1"),
        ("\"sealed:1:3q2", "\"Hinterhof 3q2"),
        ("2026-01-02T03:04:05Z", "yesterday"),
    ] {
        assert!(swap(from, to).is_err(), "{from} -> {to}");
    }
}

use super::*;
use crate::testing::{self, History, fold_all};
use domain::{Decider, StreamId, shipment::Shipments};

fn row(history: &History) -> ShipmentSummaryRow {
    let rows = fold_all::<ShipmentSummary>(history.events()).unwrap();
    rows.into_values().next().unwrap()
}

#[test]
fn a_shipment_says_where_it_is_and_what_went_wrong() {
    let mut history = History::default();
    let order = history.confirmed_order("17850", &[("A", 2, 500), ("B", 1, 5)]);
    history.pack(order);
    let packed = row(&history);
    assert_eq!(packed.order_id, order);
    assert_eq!(
        (packed.status, packed.amount),
        (ShipmentStatus::Ready, 1_005)
    );
    assert_eq!(packed.lines.0.len(), 2);
    assert!(packed.packed_at > Some(packed.created_at));
    history.refuse(order);
    let refused = row(&history);
    assert_eq!(
        (refused.status, refused.attempts),
        (ShipmentStatus::Refused, 1)
    );
    assert_eq!(refused.problem.as_deref(), Some("no such street"));
    history.dispatch(order, 2);
    let dispatched = row(&history);
    assert_eq!((dispatched.attempts, dispatched.problem), (2, None));
    assert_eq!(dispatched.tracking_number.as_deref(), Some("T1"));
    assert!(dispatched.dispatched_at > dispatched.packed_at);
    history.fail(order);
    let failed = row(&history);
    assert_eq!(
        (failed.status, failed.inquiries),
        (ShipmentStatus::Failed, 2)
    );
    assert_eq!(failed.problem.as_deref(), Some("nobody opened"));
    history.deliver(order);
    let delivered = row(&history);
    assert_eq!(delivered.status, ShipmentStatus::Delivered);
    assert_eq!(
        delivered.delivered_at,
        Some(testing::time("2026-01-05T09:00:00Z"))
    );
    assert_eq!(delivered.problem, None);
}

#[test]
fn rows_are_what_the_domain_makes_of_the_streams() {
    let history = History::of(0..600);
    let rows = fold_all::<ShipmentSummary>(history.events()).unwrap();
    assert!(rows.len() > 10, "{}", rows.len());
    for row in rows.values() {
        let stream = StreamId::shipment(&row.tenant, row.shipment_id);
        let events = history
            .events()
            .iter()
            .filter_map(|event| match &event.event {
                Event::Shipment(shipment) if event.envelope.stream == stream => Some(shipment),
                _ => None,
            });
        let state = Shipments::fold(events);
        let parcel = state.created().unwrap();
        assert_eq!(row.status, parcel.status);
        assert_eq!(row.attempts, i32::try_from(parcel.attempt).unwrap());
        assert_eq!(row.inquiries, i32::try_from(parcel.inquiries).unwrap());
        assert_eq!(row.tracking_number, parcel.tracking_number);
        assert_eq!(row.lines.0, parcel.lines.to_vec());
    }
}

#[test]
fn what_was_kept_before_it_was_created_is_nothing() {
    let mut history = History::default();
    let order = history.confirmed_order("17850", &[("A", 2, 500)]);
    let location = Location::default();
    let shipment_id = ShipmentId::of(order, &location);
    let cancelled = domain::shipment::ShipmentCancelled {
        order_id: order,
        shipment_id,
        location,
        reason: "changed my mind".into(),
        amount: None,
    };
    history.shipment(shipment_id, cancelled);
    let rows = fold_all::<ShipmentSummary>(history.events()).unwrap();
    assert!(rows.is_empty());
}

#[test]
fn a_missing_event_is_noticed() {
    let mut history = History::default();
    let order = history.confirmed_order("17850", &[("A", 2, 500)]);
    history.pack(order);
    let mut events = history.events().to_vec();
    let packed = |event: &Recorded| event.event.event_type() == "ShipmentPacked";
    let at = events.iter().position(packed).unwrap();
    events.remove(at);
    let error = fold_all::<ShipmentSummary>(&events).unwrap_err();
    assert!(
        error.to_string().contains("follows on version 2"),
        "{error}"
    );
    assert!(fold_all::<ShipmentSummary>(&events[at..]).is_err());
}

#[test]
fn types_are_those_that_have_a_key() {
    testing::types_are_those_that_have_a_key::<ShipmentSummary>();
}

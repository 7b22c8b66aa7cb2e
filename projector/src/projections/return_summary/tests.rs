use super::*;
use crate::testing::{self, History, fold_all};
use domain::{Decider, StreamId, returns::Returns};

fn delivered(history: &mut History) -> OrderId {
    let order = history.confirmed_order("17850", &[("A", 2, 500), ("B", 1, 5)]);
    history.pack(order);
    history.dispatch(order, 1);
    history.deliver(order);
    order
}

fn row(history: &History) -> ReturnSummaryRow {
    let rows = fold_all::<ReturnSummary>(history.events()).unwrap();
    rows.into_values().next().unwrap()
}

#[test]
fn a_return_says_where_it_is_and_what_it_was_like() {
    let mut history = History::default();
    let order = delivered(&mut history);
    let id = history.request_return(order);
    let requested = row(&history);
    assert_eq!((requested.order_id, requested.return_id), (order, id));
    assert_eq!(requested.status, ReturnStatus::Requested);
    assert_eq!((requested.amount, requested.location), (500, None));
    assert_eq!(requested.lines.as_ref().unwrap().0.len(), 1);
    history.approve_return(id);
    assert_eq!(row(&history).location, Some(Location::default()));
    history.send_return(id);
    let sent = row(&history);
    assert_eq!(sent.status, ReturnStatus::InTransit);
    assert_eq!(sent.tracking_number.as_deref(), Some("R1"));
    history.receive_return(id);
    let received = row(&history);
    assert_eq!(received.status, ReturnStatus::Received);
    assert_eq!(received.received.0, BTreeMap::from([(1, 1)]));
    assert!(received.received_at > Some(received.requested_at));
    history.inspect_return(id, order, [0, 1, 0]);
    let inspected = row(&history);
    assert_eq!(inspected.status, ReturnStatus::Inspected);
    assert_eq!((inspected.refund, inspected.refunded_at), (Some(500), None));
    assert_eq!(inspected.inspected.unwrap().0[0].quarantined, 1);
    let (sku, amount) = history.first_line(order);
    history.settle_return(id, order, sku, amount);
    let closed = row(&history);
    assert_eq!(closed.status, ReturnStatus::Closed);
    assert!(closed.refunded_at.is_some() && closed.ended_at.is_some());
}

#[test]
fn a_return_says_why_it_does_not_come() {
    let mut history = History::default();
    let order = delivered(&mut history);
    let id = history.request_return(order);
    history.decline_return(id, order);
    let declined = row(&history);
    assert_eq!(declined.status, ReturnStatus::Declined);
    assert_eq!(declined.problem.as_deref(), Some("worn"));
    assert!(declined.ended_at.is_some());
    let mut history = History::default();
    let order = delivered(&mut history);
    let id = history.request_return(order);
    history.cancel_return(id, order);
    let cancelled = row(&history);
    assert_eq!(cancelled.status, ReturnStatus::Cancelled);
    assert!(cancelled.problem.is_some() && cancelled.ended_at.is_some());
}

#[test]
fn rows_are_what_the_domain_makes_of_the_streams() {
    let history = History::of(0..1_500);
    let rows = fold_all::<ReturnSummary>(history.events()).unwrap();
    assert!(rows.len() > 1, "{}", rows.len());
    for row in rows.values() {
        let stream = StreamId::of_return(&row.tenant, row.return_id);
        let events = history.events().iter();
        let events = events.filter_map(|event| match &event.event {
            Event::Return(returned) if event.envelope.stream == stream => Some(returned),
            _ => None,
        });
        let state = Returns::fold(events);
        let case = state.requested().unwrap();
        assert_eq!(row.status, case.status);
        assert_eq!(row.amount, case.amount.amount);
        assert_eq!(row.refund, case.refund.map(|refund| refund.amount));
        assert_eq!(row.received.0, case.received);
        assert_eq!(row.lines.as_ref().unwrap().0, case.lines.to_vec());
        let inspected = row.inspected.as_ref().map(|lines| lines.0.as_slice());
        assert_eq!(inspected, case.inspected.as_deref());
    }
}

#[test]
fn a_missing_event_is_noticed() {
    let mut history = History::default();
    let order = delivered(&mut history);
    history.give_back(order, [1, 0, 0]);
    let mut events = history.events().to_vec();
    let approved = |event: &Recorded| event.event.event_type() == "ReturnApproved";
    let at = events.iter().position(approved).unwrap();
    events.remove(at);
    let error = fold_all::<ReturnSummary>(&events).unwrap_err();
    let error = error.to_string();
    assert!(error.contains("follows on version 2"), "{error}");
    assert!(fold_all::<ReturnSummary>(&events[at..]).is_err());
}

#[test]
fn types_are_those_that_have_a_key() {
    testing::types_are_those_that_have_a_key::<ReturnSummary>();
}

use super::*;
use crate::{
    row::Row,
    testing::{self, History, fold_all, time},
};
use domain::{
    Money, Recorded, ShipmentId,
    order::{
        CancellationRejected, CancellationRequested, HoldPlaced, HoldReleased, LineProgress,
        OrderRejected, OrderReturnStatus,
    },
    payment::{
        DisputeLost, DisputeOpened, DisputeWon, LatePaymentReversed, PaymentActionRequired,
        PaymentAuthorizationExpired, PaymentCaptureFailed, PaymentCaptureRequested,
        PaymentCaptured, PaymentDeclined, PaymentIntegrityMismatch, PaymentOutcomeUnknown,
        PaymentParked, PaymentReauthorized, PaymentRefundDeferred, PaymentRefundFailed,
        PaymentRefundRequested, PaymentRefundReversed, PaymentVoidDeferred, PaymentVoidRequested,
        PaymentVoided, Payments,
    },
};

fn row(history: &History) -> OrderSummaryRow {
    let rows = fold_all::<OrderSummary>(history.events()).unwrap();
    rows.into_values().next().unwrap()
}

fn brief(row: &OrderSummaryRow) -> domain::order::OrderBrief {
    domain::order::OrderBrief {
        order_id: row.order_id,
        customer_id: row.customer_id.clone(),
        currency: row.currency,
        total: row.total,
        placed_at: row.placed_at,
    }
}

#[test]
fn a_placed_order_is_all_there() {
    let mut history = History::default();
    history.place("17850", &[("A", 2, 500), ("B", 3, 10)]);
    let row = row(&history);
    assert_eq!((row.total, row.line_count, row.unit_count), (1_030, 2, 5));
    assert_eq!(row.status, Status::Placed);
    assert_eq!(row.payment_status, PaymentStatus::Pending);
    assert_eq!(row.fulfilment_status, FulfilmentStatus::Unfulfilled);
    assert_eq!((row.settlement, row.fulfilment), (None, None));
    assert_eq!(row.reference.as_deref(), Some("ref-1"));
    let address = row.shipping_address.unwrap();
    assert_eq!(address.as_str(), "sealed:1:U3RyYcOfZSAx");
    assert_eq!(row.placed_at, time("2026-01-02T03:04:05Z"));
    assert_eq!(row.updated_at, time("2026-01-01T00:00:01Z"));
    assert_eq!((row.version, row.position), (1, 1));
    assert_eq!(row.lines.unwrap().0.len(), 2);
}

#[test]
fn status_and_payment_follow_their_streams() {
    let mut history = History::default();
    let order = history.confirmed_order("17850", &[("A", 2, 500)]);
    let confirmed = row(&history);
    assert_eq!(confirmed.status, Status::Confirmed);
    assert_eq!(confirmed.payment_status, PaymentStatus::Authorized);
    assert_eq!(confirmed.version, 2, "payments have versions of their own");
    assert_eq!(confirmed.position, 5, "the stock's events change nothing");
    history.cancel(order, true);
    let cancelled = row(&history);
    assert_eq!(cancelled.status, Status::Cancelled);
    assert_eq!(
        cancelled.cancellation_reason.as_deref(),
        Some("changed my mind")
    );
}

#[test]
fn a_rejected_order_says_why() {
    let mut history = History::default();
    let order = history.place("17850", &[("A", 2, 500)]);
    let rejected = OrderRejected {
        order: brief(&row(&history)),
        reason: RejectionReason::PaymentDeclined,
        detail: "the payment was declined: no_funds".into(),
    };
    history.order(order, rejected);
    let row = row(&history);
    assert_eq!(row.status, Status::Rejected);
    assert_eq!(row.rejection_reason.as_deref(), Some("payment_declined"));
    assert_eq!(
        row.rejection_detail.as_deref(),
        Some("the payment was declined: no_funds")
    );
    for word in [
        RejectionReason::OutOfStock,
        RejectionReason::PaymentDeclined,
        RejectionReason::PaymentIntegrity,
    ] {
        assert_eq!(serde_json::to_value(word).unwrap(), reason(word));
    }
}

#[test]
fn a_refused_cancellation_leaves_no_trace_but_in_the_timeline() {
    let mut history = History::default();
    let order = history.confirmed_order("17850", &[("A", 2, 500)]);
    let requested = CancellationRequested {
        order: brief(&row(&history)),
        confirmed: true,
        request: 0,
        reason: "too late".into(),
    };
    history.order(order, requested);
    assert_eq!(row(&history).status, Status::Cancelling);
    for (confirmed, status) in [(true, Status::Confirmed), (false, Status::Placed)] {
        let rejected = CancellationRejected {
            order: brief(&row(&history)),
            confirmed,
            reason: "it has left".into(),
        };
        history.order(order, rejected);
        let row = row(&history);
        assert_eq!((row.status, row.cancellation_reason), (status, None));
    }
}

#[test]
fn holds_are_counted_and_named() {
    let mut history = History::default();
    let order_id = history.place("17850", &[("A", 2, 500)]);
    for hold in ["fraud", "address"] {
        let placed = HoldPlaced {
            order_id,
            hold: hold.into(),
            reason: format!("{hold}?"),
        };
        history.order(order_id, placed);
    }
    let held = row(&history);
    assert_eq!(held.hold_count, 2);
    assert_eq!(held.holds.0[1].reason, "address?");
    let hold = "fraud".to_owned();
    history.order(order_id, HoldReleased { order_id, hold });
    let held = row(&history);
    assert_eq!(
        (held.hold_count, held.holds.0[0].hold.as_str()),
        (1, "address")
    );
}

/// Every event of a payment but its refunds, in an order that could be.
fn payment_events(history: &History) -> Vec<PaymentEvent> {
    let row = row(history);
    let order_id = row.order_id;
    let amount = Money::new(row.total, row.currency);
    let key = || "main:1:authorize:1".to_owned();
    let id = || "auth_1".to_owned();
    let capture = |attempt| -> PaymentEvent {
        PaymentCaptureRequested {
            order_id,
            shipment_id: None,
            authorization_id: id(),
            amount,
            attempt,
            max_attempts: 4,
            idempotency_key: key(),
            more: false,
        }
        .into()
    };
    vec![
        PaymentDeclined {
            order_id,
            attempt: 1,
            attempts_left: 2,
            code: "no_funds".into(),
        }
        .into(),
        PaymentActionRequired {
            order_id,
            attempt: 2,
            authorization_id: id(),
            url: "https://provider.example/actions/1".into(),
            until: None,
        }
        .into(),
        PaymentOutcomeUnknown {
            order_id,
            attempt: 2,
            idempotency_key: key(),
            inquiries: 0,
            detail: "timed out".into(),
        }
        .into(),
        PaymentParked {
            order_id,
            attempt: 2,
            detail: "nobody knows".into(),
        }
        .into(),
        PaymentVoidDeferred {
            order_id,
            idempotency_key: key(),
            reason: "cancelled".into(),
        }
        .into(),
        PaymentIntegrityMismatch {
            order_id,
            attempt: 2,
            authorization_id: id(),
            expected: amount,
            actual: amount,
        }
        .into(),
        capture(1),
        PaymentCaptureFailed {
            order_id,
            shipment_id: None,
            authorization_id: id(),
            amount: None,
            attempt: 0,
            attempts_left: 0,
            code: "later".into(),
        }
        .into(),
        capture(2),
        PaymentCaptured {
            order_id,
            shipment_id: None,
            authorization_id: id(),
            amount,
        }
        .into(),
        PaymentVoidRequested {
            order_id,
            authorization_id: id(),
            idempotency_key: key(),
            reason: "cancelled".into(),
        }
        .into(),
        PaymentVoided {
            order_id,
            authorization_id: Some(id()),
        }
        .into(),
        LatePaymentReversed {
            order_id,
            authorization_id: id(),
            amount,
        }
        .into(),
    ]
}

#[test]
fn payment_status_is_what_the_domain_says() {
    use domain::Decider;
    let mut history = History::default();
    let order = history.place("17850", &[("A", 2, 500)]);
    history.authorize(order);
    let mut payment = Payments::fold(history.events().iter().filter_map(of_payment));
    for event in payment_events(&history) {
        payment = Payments::evolve(payment, &event);
        history.payment(order, event.clone());
        assert_eq!(row(&history).payment_status, payment.status, "{event:?}");
    }
}

/// A shipment's share of a payment is taken, and another's is given back.
#[test]
fn payment_status_of_several_shipments_is_what_the_domain_says() {
    let mut history = History::default();
    let order = history.place("17850", &[("A", 2, 500)]);
    history.authorize(order);
    let shipments = [1, 2].map(|n| ShipmentId::new(uuid::Uuid::from_u128(n)));
    let euros = |amount| Money::new(amount, row(&history).currency);
    let (whole, part) = (euros(1_000), euros(400));
    let ask = |shipment, amount| -> PaymentEvent {
        PaymentCaptureRequested {
            order_id: order,
            shipment_id: Some(shipment),
            authorization_id: "auth_1".into(),
            amount,
            attempt: 1,
            max_attempts: 4,
            idempotency_key: "key".into(),
            more: false,
        }
        .into()
    };
    let take = |shipment, amount| -> PaymentEvent {
        PaymentCaptured {
            order_id: order,
            shipment_id: Some(shipment),
            authorization_id: "auth_1".into(),
            amount,
        }
        .into()
    };
    let rest = euros(600);
    let [ask_back, give_back] = testing::refund(order, Some(shipments[0]), part);
    let [_, give_rest_back] = testing::refund(order, Some(shipments[1]), rest);
    let mut said = vec![];
    for event in [
        ask(shipments[0], part),
        ask(shipments[1], rest),
        take(shipments[0], part),
        take(shipments[1], rest),
        ask_back,
        give_back,
        ask(shipments[0], euros(0)),
        take(shipments[0], euros(0)),
        give_rest_back,
    ] {
        history.payment(order, event);
        said.push(row(&history).payment_status.as_str());
    }
    assert_eq!(
        said,
        [
            "capturing",
            "capturing",
            "capturing",
            "captured",
            "refunding",
            "partially_refunded",
            "capturing",
            "partially_refunded",
            "refunded",
        ]
    );
    let settlement = row(&history).settlement.unwrap().0;
    assert_eq!(
        (settlement.captured, settlement.refunded),
        (whole.amount, whole.amount)
    );
}

/// Whatever a dispute leads to, or the end of what is set aside, the row is where the payment is.
#[test]
fn disputes_and_ends_leave_the_row_where_the_payment_is() {
    use domain::Decider;
    let mut history = History::default();
    let order = history.place("17850", &[("A", 2, 500)]);
    history.authorize(order);
    let shipment = ShipmentId::new(uuid::Uuid::from_u128(5));
    let euros = |amount| Money::new(amount, row(&history).currency);
    let (whole, part) = (euros(1_000), euros(400));
    let [ask_back, give_back] = testing::refund(order, Some(shipment), part);
    let dispute = |dispute_id: &str| DisputeOpened {
        order_id: order,
        dispute_id: dispute_id.into(),
        authorization_id: "auth_1".into(),
        amount: part,
        reason: "fraudulent".into(),
    };
    let deferred = PaymentRefundDeferred {
        order_id: order,
        shipment_id: Some(shipment),
        return_id: None,
        amount: part,
        idempotency_key: "key".into(),
        reason: "it is lost".into(),
    };
    let another: PaymentEvent = PaymentRefundRequested {
        order_id: order,
        shipment_id: None,
        return_id: None,
        authorization_id: "auth_2".into(),
        refund: 2,
        amount: part,
        idempotency_key: "key".into(),
        reason: "another".into(),
    }
    .into();
    let events: Vec<PaymentEvent> = vec![
        PaymentAuthorizationExpired {
            order_id: order,
            authorization_id: "auth_1".into(),
        }
        .into(),
        PaymentReauthorized {
            order_id: order,
            former_authorization_id: "auth_1".into(),
            authorization_id: "auth_2".into(),
            amount: whole,
            expires_at: None,
            void_key: "key".into(),
        }
        .into(),
        PaymentCaptureRequested {
            order_id: order,
            shipment_id: Some(shipment),
            authorization_id: "auth_2".into(),
            amount: whole,
            attempt: 1,
            max_attempts: 4,
            idempotency_key: "key".into(),
            more: false,
        }
        .into(),
        PaymentCaptured {
            order_id: order,
            shipment_id: Some(shipment),
            authorization_id: "auth_2".into(),
            amount: whole,
        }
        .into(),
        dispute("won").into(),
        deferred.into(),
        DisputeWon {
            order_id: order,
            dispute_id: "won".into(),
            amount: part,
            still_open: 0,
        }
        .into(),
        ask_back,
        give_back.clone(),
        PaymentRefundReversed {
            order_id: order,
            shipment_id: Some(shipment),
            return_id: None,
            refund: 1,
            amount: part,
            reason: "it is lost".into(),
            code: "closed".into(),
        }
        .into(),
        // People have given it back in another way, while another is asked for.
        another,
        give_back,
        PaymentRefundFailed {
            order_id: order,
            shipment_id: None,
            return_id: None,
            refund: 2,
            amount: part,
            reason: "another".into(),
            code: "closed".into(),
        }
        .into(),
        dispute("lost").into(),
        DisputeLost {
            order_id: order,
            dispute_id: "lost".into(),
            amount: part,
            still_open: 0,
        }
        .into(),
    ];
    for event in events {
        history.payment(order, event);
        let payments = history.events().iter().filter_map(of_payment);
        let folded = Payments::fold(payments);
        assert_eq!(row(&history).payment_status, folded.status);
    }
    assert_eq!(row(&history).settlement.unwrap().0.lost, 400);
}

#[test]
fn a_row_is_what_the_domain_makes_of_the_streams() {
    use domain::{Decider, order::Orders};
    let history = History::of(0..600);
    let rows = fold_all::<OrderSummary>(history.events()).unwrap();
    let mut words = std::collections::BTreeSet::new();
    for row in rows.values() {
        let of_row = |event: &&Recorded| OrderSummary::key(event) == Some(row.key());
        let events: Vec<_> = history.events().iter().filter(of_row).collect();
        let payment = Payments::fold(events.iter().filter_map(|event| of_payment(event)));
        assert_eq!(row.payment_status, payment.status, "{}", row.order_id);
        let of_order = events.iter().filter_map(|event| match &event.event {
            Event::Order(event) => Some(event),
            _ => None,
        });
        let order = Orders::fold(of_order);
        let order = order.placed().unwrap();
        assert_eq!(row.status, order.status, "{}", row.order_id);
        assert_eq!(row.fulfilment_status, order.fulfilment_status());
        assert_eq!(row.return_status, order.return_status());
        words.insert(row.return_status.as_str());
        let known = row.fulfilment.clone().unwrap_or_default().0;
        for line in order.lines() {
            let known = known.0.get(&line.line).copied().unwrap_or_default();
            assert_eq!(LineProgress::from(known), order.progress(line.line));
        }
        words.insert(row.fulfilment_status.as_str());
        words.insert(row.payment_status.as_str());
    }
    let seen = ["unfulfilled", "shipped", "delivered", "lost", "refunded"];
    assert!(seen.iter().all(|word| words.contains(word)), "{words:?}");
}

#[test]
fn what_has_left_shows_by_line() {
    let mut history = History::default();
    let order = history.confirmed_order("17850", &[("A", 2, 500), ("B", 1, 5)]);
    history.pack(order);
    let before = row(&history);
    assert_eq!(before.fulfilment_status, FulfilmentStatus::Unfulfilled);
    assert_eq!(before.fulfilment, None);
    history.dispatch(order, 1);
    let shipped = row(&history);
    assert_eq!(shipped.fulfilment_status, FulfilmentStatus::Shipped);
    let json = serde_json::to_string(&shipped.fulfilment.unwrap().0).unwrap();
    assert_eq!(json, r#"{"1":[2,0,0,0,0],"2":[1,0,0,0,0]}"#);
    history.deliver(order);
    let delivered = row(&history);
    assert_eq!(delivered.fulfilment_status, FulfilmentStatus::Delivered);
    assert_eq!(delivered.status, Status::Completed);
    assert_eq!(delivered.settlement.unwrap().0.captured, 1_005);
    assert_eq!(delivered.return_status, OrderReturnStatus::None);
}

#[test]
fn what_has_come_back_shows_by_line() {
    let mut history = History::default();
    let order = history.confirmed_order("17850", &[("A", 2, 500), ("B", 1, 5)]);
    history.pack(order);
    history.dispatch(order, 1);
    history.deliver(order);
    assert_eq!(row(&history).open_returns, None);
    let id = history.request_return(order);
    let open = row(&history);
    assert_eq!(open.return_status, OrderReturnStatus::Open);
    let returning = open.open_returns.unwrap().0;
    assert_eq!((returning.opened, &returning.open[&id]), (1, &vec![(1, 1)]));
    history.decline_return(id, order);
    let none = row(&history);
    assert_eq!(none.return_status, OrderReturnStatus::None);
    let returning = none.open_returns.unwrap().0;
    assert_eq!((returning.opened, returning.open.len()), (1, 0));
    history.give_back(order, [1, 0, 0]);
    let returned = row(&history);
    assert_eq!(returned.return_status, OrderReturnStatus::PartiallyReturned);
    assert_eq!(returned.payment_status, PaymentStatus::PartiallyRefunded);
    let settlement = returned.settlement.unwrap().0;
    assert_eq!((settlement.captured, settlement.refunded), (1_005, 500));
    let json = serde_json::to_string(&returned.fulfilment.unwrap().0).unwrap();
    assert_eq!(json, r#"{"1":[2,2,0,1,0],"2":[1,1,0,0,0]}"#);
    assert_eq!(returned.status, Status::Completed);
}

const fn of_payment(event: &Recorded) -> Option<&PaymentEvent> {
    match &event.event {
        Event::Payment(event) => Some(event),
        _ => None,
    }
}

#[test]
fn what_cannot_be_is_refused() {
    let mut history = History::default();
    history.confirmed_order("17850", &[("A", 2, 500)]);
    let events = history.events();
    let without_placement = fold_all::<OrderSummary>(&events[1..]).unwrap_err();
    assert!(without_placement.to_string().contains("no row"));
    let first = OrderSummary::apply(None, &events[0]).unwrap();
    assert!(OrderSummary::apply(first, &events[0]).is_err());
}

#[test]
fn types_are_those_that_have_a_key() {
    testing::types_are_those_that_have_a_key::<OrderSummary>();
}

#[test]
fn an_amendment_shows_while_it_is_open_and_then_what_it_made() {
    let mut history = History::default();
    let order = history.confirmed_order("17850", &[("A", 2, 100), ("B", 1, 50)]);
    let before = row(&history);
    history.amend(order);
    let row = row(&history);
    // The next one is open.
    let open = row.amendment.unwrap().0;
    assert_eq!(
        (open.total_before, open.total, open.lines.len()),
        (250, 300, 2)
    );
    assert_eq!(open.expires_at, chrono::DateTime::UNIX_EPOCH);
    assert_eq!((before.unit_count, row.unit_count), (3, 4));
    assert_eq!((before.total, row.total), (250, 250), "as it was placed");
    let json = serde_json::to_string(&row.fulfilment.unwrap().0).unwrap();
    assert_eq!(json, r#"{"1":[0,0,0,0,0],"2":[0,0,0,0,1]}"#);
    let amended = row.amended.unwrap().0;
    assert_eq!((amended.len(), amended[&1].quantity), (1, 3));
    assert_eq!(row.tags.unwrap().0, ["gift"]);
    assert!(row.moved_to.is_some() && row.shipping_address.is_some());
}

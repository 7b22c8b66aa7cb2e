use super::*;
use crate::testing::{self, History, fold_all, time};
use domain::{
    Money, Recorded,
    order::{CancellationRejected, CancellationRequested, HoldPlaced, HoldReleased, OrderRejected},
    payment::{
        LatePaymentReversed, PaymentCaptureFailed, PaymentCaptureRequested, PaymentCaptured,
        PaymentDeclined, PaymentIntegrityMismatch, PaymentOutcomeUnknown, PaymentParked,
        PaymentVoidDeferred, PaymentVoidRequested, PaymentVoided, Payments,
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
    assert_eq!(row.fulfilment_status, "unfulfilled");
    assert_eq!(row.reference.as_deref(), Some("ref-1"));
    assert_eq!(row.shipping_country.as_deref(), Some("Germany"));
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

/// Every event of a payment, in an order that could be.
fn payment_events(history: &History) -> Vec<PaymentEvent> {
    let row = row(history);
    let order_id = row.order_id;
    let amount = Money::new(row.total, row.currency);
    let key = || "main:1:authorize:1".to_owned();
    let id = || "auth_1".to_owned();
    vec![
        PaymentDeclined {
            order_id,
            attempt: 1,
            attempts_left: 2,
            code: "no_funds".into(),
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
        PaymentCaptureRequested {
            order_id,
            authorization_id: id(),
            amount,
            idempotency_key: key(),
        }
        .into(),
        PaymentCaptureFailed {
            order_id,
            authorization_id: id(),
            code: "later".into(),
        }
        .into(),
        PaymentCaptured {
            order_id,
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

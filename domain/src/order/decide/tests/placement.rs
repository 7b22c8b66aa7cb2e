//! given / when / then of placing an order.

use super::*;
use crate::order::decide::{
    FIRST_PLACED, MAX_LINES, MAX_QUANTITY, MAX_TOTAL, decide, pricing::too_much,
};

#[test]
fn an_order_is_placed_with_totals_and_numbered_lines() {
    on(vec![], OrderCommand::Place(placement())).then([placed()]);
}

#[test]
fn the_same_placement_is_nothing_and_another_is_refused_in_every_state() {
    for status in ALL {
        on(history(status), OrderCommand::Place(placement())).then_nothing();
        let other = PlaceOrder {
            reference: None,
            ..placement()
        };
        on(history(status), OrderCommand::Place(other)).then_refused(OrderError::AlreadyPlaced);
    }
}

#[track_caller]
fn refused(change: impl FnOnce(&mut PlaceOrder), error: OrderError) {
    let mut placement = placement();
    placement.total = None;
    change(&mut placement);
    on(vec![], OrderCommand::Place(placement)).then_refused(error);
}

#[test]
fn placements_that_break_a_rule_are_refused() {
    use OrderError as E;
    let first = chrono::DateTime::from_timestamp_secs(FIRST_PLACED).unwrap();
    assert_eq!(first.to_rfc3339(), "1900-01-01T00:00:00+00:00");
    for early in [
        first - chrono::TimeDelta::nanoseconds(1),
        chrono::DateTime::<chrono::Utc>::MIN_UTC,
    ] {
        refused(|order| order.placed_at = early, E::PlacedTooEarly);
    }
    refused(|order| order.lines.clear(), E::NoLines);
    refused(
        |order| order.lines = vec![line("A", 1, 1); MAX_LINES + 1],
        E::TooManyLines {
            count: MAX_LINES + 1,
            max: MAX_LINES,
        },
    );
    for quantity in [0, -1, i64::MIN, MAX_QUANTITY + 1, i64::MAX] {
        refused(
            |order| order.lines[1].quantity = quantity,
            E::Quantity {
                line: 2,
                max: MAX_QUANTITY,
            },
        );
    }
    for price in [-1, i64::MIN] {
        refused(
            |order| order.lines[2].unit_price = price,
            E::Price { line: 3 },
        );
    }
    refused(
        |order| order.lines[1].currency = Some(currency("GBP")),
        E::MixedCurrencies { line: 2 },
    );
    refused(|order| order.lines[0].unit_price = i64::MAX, too_much(1));
    refused(
        |order| order.lines = vec![line("A", 1, MAX_TOTAL), line("B", 1, 1)],
        too_much(2),
    );
    let mismatch = E::TotalMismatch {
        said: 4_299,
        sum: 4_298,
    };
    refused(|order| order.total = Some(4_299), mismatch);
}

#[test]
fn texts_of_a_placement_are_bounded_and_plain() {
    let length = |field: &'static str, max| {
        let field = field.into();
        OrderError::Text(TextError::Length { field, max })
    };
    let control = |field: &'static str| {
        let field = field.into();
        OrderError::Text(TextError::Control { field })
    };
    refused(
        |order| order.payment_method = " ".into(),
        length("payment_method", 128),
    );
    refused(
        |order| order.payment_method = "a\0".into(),
        control("payment_method"),
    );
    refused(
        |order| order.reference = Some("x".repeat(129)),
        length("reference", 128),
    );
    refused(
        |order| order.reference = Some("1\n2".into()),
        control("reference"),
    );
}

#[test]
fn the_limits_themselves_are_allowed() {
    let order = PlaceOrder {
        lines: vec![line("A", MAX_QUANTITY, 1); MAX_LINES],
        total: None,
        ..placement()
    };
    on(vec![], OrderCommand::Place(order.clone()))
        .then(decide(&Order::Absent, &OrderCommand::Place(order)).unwrap());
}

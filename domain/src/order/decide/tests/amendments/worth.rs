//! What amended lines cost.

use super::*;

/// However few of those that were raised are left, they cost what as many would have cost at once.
#[test]
fn what_is_cancelled_of_more_costs_what_it_added() {
    let discounted = PlaceOrder {
        lines: vec![
            NewLine {
                terms: LineTerms {
                    discount: 1_000,
                    ..Default::default()
                },
                ..line("A", 2, 1_000)
            },
            line("B", 1, 9_000),
        ],
        total: None,
        ..placement()
    };
    let history = || {
        let placed = Orders::decide(&Order::Absent, &OrderCommand::Place(discounted.clone()));
        [placed.unwrap(), vec![confirmed()]].concat()
    };
    let cancel = |n, quantity| {
        OrderCommand::CancelLines(CancelLines {
            cancellation_id: uuid(7, n),
            lines: quantities(&[(1, quantity)]),
            reason: "too many".into(),
        })
    };
    // Five instead of two, where the second line is not wanted.
    let more = OrderCommand::ProposeAmendment(propose(1, &[(1, 5), (2, 0)]));
    let raised = on(history(), more).then_events();
    let raised = {
        let open = raised.placed().unwrap().open_amendment().unwrap();
        let applied = AmendmentApplied {
            order: open.order.clone(),
            amendment_id: open.amendment_id,
            lines: open.lines.clone(),
            total: open.total,
        };
        Orders::evolve(raised, &applied.into())
    };
    let worth = |state: &Order| {
        let order = state.placed().unwrap();
        assert_eq!(order.open_total(), order.worth(&order.all_open()));
        order.open_total()
    };
    assert_eq!(worth(&raised), 4_000);
    let four = on_state(raised, &cancel(1, 1));
    assert_eq!(worth(&four), 3_000);
    let two = on_state(four, &cancel(2, 2));
    assert_eq!(worth(&two), 1_000, "as it was placed");
    let one = on_state(two, &cancel(3, 1));
    assert_eq!(worth(&one), 500);
}

/// What is had for nothing was taxed with nothing: by no rate, nobody knows what more of it is taxed with.
#[test]
fn more_of_what_was_free_is_not_taxed_at_a_guess() {
    let free = |tax, tax_rate| PlaceOrder {
        lines: vec![
            NewLine {
                terms: LineTerms {
                    discount: 2_000,
                    tax_rate,
                    ..Default::default()
                },
                ..line("A", 2, 1_000)
            },
            line("B", 1, 9_000),
        ],
        terms: OrderTerms {
            tax,
            ..Default::default()
        },
        total: None,
        ..placement()
    };
    let propose = |place: PlaceOrder| {
        let placed = Orders::decide(&Order::Absent, &OrderCommand::Place(place)).unwrap();
        let history = [placed, vec![confirmed()]].concat();
        let more = propose(1, &[(2, 0), (1, 3)]);
        Orders::decide(
            &Orders::fold(&history),
            &OrderCommand::ProposeAmendment(more),
        )
    };
    let unknown = OrderError::TaxUnknown { line: 1, index: 1 };
    assert_eq!(propose(free(Some(900), None)), Err(unknown));
    let total = |decided: Result<Vec<OrderEvent>, OrderError>| match decided.as_deref() {
        Ok([OrderEvent::AmendmentProposed(event)]) => event.total,
        _ => panic!("{decided:?}"),
    };
    assert_eq!(total(propose(free(None, None))), 1_000, "nothing is taxed");
    let rate = crate::TaxRate::parse("19").ok();
    assert_eq!(total(propose(free(None, rate))), 1_190);
}

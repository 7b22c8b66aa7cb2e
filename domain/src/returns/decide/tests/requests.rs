//! given / when / then of what is asked for: no more than the customer has.

use super::*;

#[test]
fn what_has_arrived_may_be_sent_back() {
    // In whatever order the lines are named.
    let command = request(1, &[(2, 1), (1, 2)]);
    let order = all_delivered();
    let (events, told) = over_order(&Return::Absent, &command, &order).unwrap();
    assert_eq!(events, [asked()]);
    let OrderEvent::ReturnOpened(told) = &told[0] else {
        panic!("{told:?}");
    };
    assert_eq!(told.return_status, OrderReturnStatus::Open);
    on_order(&[], &request(1, &[(1, 2), (2, 1)]), &order).then_both([asked()], [opens()]);
    for status in ALL {
        on(&history(status), &command).then_nothing();
        let another = request(1, &[(1, 1)]);
        on(&history(status), &another).then_refused(ReturnError::AlreadyRequested);
    }
}

#[test]
fn no_more_is_sent_back_than_the_customer_has() {
    let more = |line, open, quantity| OrderError::MoreThanDelivered {
        line,
        open,
        quantity,
        index: 0,
    };
    on_order(&[], &request(2, &[(1, 1)]), &Order::Absent).then_refused(OrderError::NotFound);
    let nothing = on_order(&[], &request(2, &[(2, 1)]), &delivered(&[(1, 3)]));
    nothing.then_refused(more(2, 0, 1));
    on_order(&[], &request(2, &[(9, 1)]), &all_delivered()).then_refused(more(9, 0, 1));
    on_order(&[], &request(2, &[(0, 1)]), &all_delivered()).then_refused(more(0, 0, 1));
    // What another return is to bring counts.
    on(&[], &request(2, &[(1, 2)])).then_refused(more(1, 1, 2));
    assert!(on(&[], &request(2, &[(1, 1), (2, 1), (3, 1)])).0.is_ok());
    // So does what has come back; what was not accepted is the customer's.
    let returned = LinesReturned {
        order: all_delivered().placed().unwrap().brief(),
        return_id: return_id(1),
        lines: quantities(&[(1, 1)]),
        return_status: OrderReturnStatus::PartiallyReturned,
    };
    let order = told(opened(), &[returned.into()]);
    on_order(&[], &request(2, &[(1, 3)]), &order).then_refused(more(1, 2, 3));
    assert!(
        on_order(&[], &request(2, &[(1, 2), (2, 2)]), &order)
            .0
            .is_ok()
    );
    let order = told(opened(), &[drops()]);
    assert!(
        on_order(&[], &request(2, &[(1, 3), (2, 2)]), &order)
            .0
            .is_ok()
    );
}

#[test]
fn an_order_has_so_many_returns() {
    let max = crate::order::MAX_RETURNS;
    let all: Vec<_> = (0..max).flat_map(|_| [opens(), drops()]).collect();
    let order = told(all_delivered(), &all);
    let when = on_order(&[], &request(2, &[(1, 1)]), &order);
    when.then_refused(OrderError::TooManyReturns { max });
    let max = crate::order::MAX_OPEN_RETURNS;
    let open = |n: usize| {
        ReturnOpened {
            order: all_delivered().placed().unwrap().brief(),
            return_id: return_id(100 + n as u64),
            lines: vec![],
            return_status: OrderReturnStatus::Open,
        }
        .into()
    };
    let all: Vec<OrderEvent> = (0..max).map(open).collect();
    let order = told(all_delivered(), &all);
    let when = on_order(&[], &request(2, &[(1, 1)]), &order);
    when.then_refused(OrderError::TooManyOpenReturns { max });
}

#[test]
fn lines_that_are_none() {
    let lines = |min, at| ReturnError::Lines {
        min,
        max: 1_000,
        quantity: 10_000_000,
        at,
    };
    let many: Vec<_> = (1..=1_001).map(|line| (line, 1)).collect();
    for (of, at) in [
        (&[] as &[_], None),
        (&[(1, 0)], Some((0, "quantity"))),
        (&[(1, 1), (2, -1)], Some((1, "quantity"))),
        (&[(1, 1), (1, 1)], Some((1, "line"))),
        (&[(1, 10_000_001)], Some((0, "quantity"))),
        (&many, None),
    ] {
        on(&[], &request(2, of)).then_refused(lines(1, at));
        if !of.is_empty() {
            on(&history(S::Approved), &receive(1, of)).then_refused(lines(0, at));
        }
    }
    let command = ReturnCommand::Request(RequestReturn {
        return_id: return_id(2),
        order_id: order_id(1),
        lines: quantities(&[(1, 1)]),
        reason: " ".into(),
    });
    on(&[], &command).then_refused(TextError::Length {
        field: "reason".into(),
        max: 500,
    });
}

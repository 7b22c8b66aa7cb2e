//! given / when / then of what has come back: what it is like, where it goes, and what is paid back.

use super::{super::book_in, *};
use crate::stock::{StockEvent, StockQuarantined, StockRestocked};

fn seen(line: u32, restocked: i64, quarantined: i64, refused: i64) -> InspectedLine {
    InspectedLine {
        line,
        restocked,
        quarantined,
        refused,
        reason: (quarantined + refused > 0).then(|| "scratched".into()),
    }
}

fn inspect(lines: &[InspectedLine]) -> ReturnCommand {
    ReturnCommand::Inspect(InspectReturn {
        order_id: order_id(1),
        lines: lines.to_vec(),
    })
}

fn inspected(lines: &[InspectedLine], skus: &[&str], refund: i64) -> ReturnEvent {
    ReturnInspected {
        order_id: order_id(1),
        return_id: return_id(1),
        location: Location::parse("back").unwrap(),
        lines: lines.to_vec(),
        skus: skus.iter().map(|name| sku(name)).collect(),
        refund: eur(refund),
    }
    .into()
}

/// One A can be sold again and one cannot; the B is not accepted.
pub(super) fn looked_at() -> ReturnEvent {
    inspected(&[seen(1, 1, 1, 0), seen(2, 0, 0, 1)], &["A"], 2_000)
}

pub(super) fn stocked() -> ReturnEvent {
    ReturnBookedIn {
        order_id: order_id(1),
        return_id: return_id(1),
        location: Location::parse("back").unwrap(),
    }
    .into()
}

pub(super) fn paid_back() -> ReturnEvent {
    ReturnRefunded {
        order_id: order_id(1),
        return_id: return_id(1),
        amount: eur(2_000),
    }
    .into()
}

pub(super) fn ended() -> ReturnEvent {
    ReturnClosed {
        order_id: order_id(1),
        return_id: return_id(1),
    }
    .into()
}

fn comes_back(of: &[(u32, i64)]) -> OrderEvent {
    LinesReturned {
        order: all_delivered().placed().unwrap().brief(),
        return_id: return_id(1),
        lines: quantities(of),
        return_status: OrderReturnStatus::PartiallyReturned,
    }
    .into()
}

#[test]
fn inspecting() {
    let command = inspect(&[seen(2, 0, 0, 1), seen(1, 1, 1, 0)]);
    let allowed = [(
        S::Received,
        (vec![looked_at()], vec![comes_back(&[(1, 2)])]),
    )];
    let done = [S::Inspected, S::Closed];
    let others = ALL.iter().filter(|status| **status != S::PartiallyReceived);
    for status in others {
        let when = on(&history(*status), &command);
        match allowed.iter().find(|(known, _)| known == status) {
            Some((_, (events, told))) => when.then_both(events.clone(), told.clone()),
            None if done.contains(status) => when.then_nothing(),
            None => when.then_refused(refusal(*status, "inspect it")),
        }
    }
    on(&[], &command).then_refused(ReturnError::NotFound);
    // It was something else the first time.
    let other = inspect(&[seen(1, 2, 0, 0), seen(2, 0, 0, 1)]);
    on(&history(S::Inspected), &other).then_refused(refusal(S::Inspected, "inspect it"));
}

#[test]
fn what_has_not_come_is_not_returned() {
    let part = history(S::PartiallyReceived);
    let event = inspected(&[seen(1, 1, 0, 0)], &["A"], 1_000);
    on(&part, &inspect(&[seen(1, 1, 0, 0)])).then_both([event], [comes_back(&[(1, 1)])]);
}

#[test]
fn just_what_has_come_is_inspected() {
    let wrong = |line, received, inspected, index| ReturnError::NotWhatCame {
        line,
        received,
        inspected,
        index,
    };
    let all = history(S::Received);
    on(&all, &inspect(&[seen(1, 2, 0, 0)])).then_refused(wrong(2, 1, 0, None));
    let more = inspect(&[seen(1, 1, 1, 1), seen(2, 1, 0, 0)]);
    on(&all, &more).then_refused(wrong(1, 2, 3, Some(0)));
    let other = inspect(&[seen(1, 2, 0, 0), seen(2, 1, 0, 0), seen(3, 1, 0, 0)]);
    on(&all, &other).then_refused(wrong(3, 0, 1, Some(2)));
}

#[test]
fn what_is_said_of_goods() {
    let all = history(S::Received);
    let wrong = |line| ReturnError::Inspected {
        line,
        quantity: 10_000_000,
        index: 1,
    };
    for line in [
        seen(2, 0, 0, 0),
        seen(2, -1, 2, 0),
        seen(2, 10_000_000, 1, 0),
        seen(2, i64::MAX, i64::MAX, 0),
    ] {
        on(&all, &inspect(&[seen(1, 2, 0, 0), line])).then_refused(wrong(2));
    }
    let twice = inspect(&[seen(1, 1, 0, 0), seen(1, 1, 0, 0)]);
    assert!(matches!(on(&all, &twice).0, Err(ReturnError::Lines { .. })));
    let without = |reason: Option<&str>| {
        let reason = reason.map(Into::into);
        let odd = InspectedLine {
            reason,
            ..seen(2, 0, 0, 1)
        };
        inspect(&[seen(1, 2, 0, 0), odd])
    };
    let error = ReturnError::NoReason { line: 2, index: 1 };
    on(&all, &without(None)).then_refused(error);
    on(&all, &without(Some("\0"))).then_refused(TextError::Control {
        field: "lines/1/reason".into(),
    });
}

#[test]
fn nothing_accepted_is_the_end_of_it() {
    let lines = [seen(1, 0, 0, 2), seen(2, 0, 0, 1)];
    let events = [inspected(&lines, &[], 0), ended()];
    on(&history(S::Received), &inspect(&lines)).then_both(events, [drops()]);
}

fn goods(location: &str, skus: &[&str]) -> BookIn {
    BookIn {
        location: Location::parse(location).unwrap(),
        skus: skus.iter().map(|name| sku(name)).collect(),
    }
}

#[test]
fn what_was_accepted_goes_into_the_stock_once() {
    let location = || Location::parse("back").unwrap();
    let restocked = StockEvent::from(StockRestocked {
        order_id: order_id(1),
        return_id: return_id(1),
        location: location(),
        sku: sku("A"),
        quantity: 1,
    });
    let quarantined = StockEvent::from(StockQuarantined {
        order_id: order_id(1),
        return_id: return_id(1),
        location: location(),
        sku: sku("A"),
        quantity: 1,
    });
    let put = |history: &[ReturnEvent]| book_in(&Returns::fold(history), &goods("back", &["A"]));
    let history_of = |status| history(status);
    let inspected = history(S::Inspected);
    let stock = || vec![vec![restocked.clone(), quarantined.clone()]];
    assert_eq!(put(&inspected), Ok((vec![stocked()], stock())));
    let paid = [history(S::Inspected), vec![paid_back()]].concat();
    assert_eq!(put(&paid), Ok((vec![stocked(), ended()], stock())));
    let booked = [history(S::Inspected), vec![stocked()]].concat();
    for done in [booked, history(S::Closed)] {
        assert_eq!(put(&done), Ok((vec![], vec![vec![]])));
    }
    assert_eq!(put(&[]), Err(ReturnError::NotFound));
    for status in ALL {
        if !matches!(status, S::Inspected | S::Closed) {
            let refused = refusal(status, "book it in");
            assert_eq!(put(&history_of(status)), Err(refused));
        }
    }
    for other in [
        goods("back", &["A", "B"]),
        goods("back", &[]),
        goods("main", &["A"]),
    ] {
        let outcome = book_in(&Returns::fold(&inspected), &other);
        assert_eq!(outcome, Err(ReturnError::OtherGoods));
    }
}

#[test]
fn a_return_ends_once_it_is_paid_back_too() {
    let record = |amount: Money| ReturnCommand::RecordRefunded(RecordRefunded { amount });
    let allowed = [(S::Inspected, (vec![paid_back()], vec![]))];
    let command = record(eur(2_000));
    in_each_status(&command, "record its refund", &allowed, &[S::Closed]);
    let booked = [history(S::Inspected), vec![stocked()]].concat();
    on(&booked, &command).then([paid_back(), ended()]);
    for amount in [eur(2_001), eur(-1)] {
        let refund = eur(2_000);
        let error = ReturnError::OtherAmount { refund, amount };
        on(&history(S::Inspected), &record(amount)).then_refused(error);
    }
    // What a lost dispute has taken is not paid back as well.
    for amount in [eur(0), eur(1_999)] {
        let less = ReturnRefunded {
            order_id: order_id(1),
            return_id: return_id(1),
            amount,
        };
        on(&history(S::Inspected), &record(amount)).then([less.into()]);
    }
}

#[test]
fn what_cost_nothing_is_only_booked_in() {
    let free = [
        ReturnRequested {
            order_id: order_id(1),
            return_id: return_id(1),
            lines: vec![ReturnLine {
                line: 3,
                sku: sku("A"),
                quantity: 1,
                unit_price: 0,
                amount: 0,
            }],
            amount: eur(0),
            reason: "too small".into(),
        }
        .into(),
        may_come(),
        came(1, &[(3, 1)], true),
        inspected(&[seen(3, 1, 0, 0)], &["A"], 0),
    ];
    let (events, _) = book_in(&Returns::fold(&free), &goods("back", &["A"])).unwrap();
    assert_eq!(events, [stocked(), ended()]);
}

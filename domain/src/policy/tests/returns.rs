//! What follows from what customers send back.

use super::*;
use crate::{
    ReturnId,
    payment::RefundReturn,
    returns::{
        self, BookIn, GiveUpReturn, InspectedLine, ReturnApproved, ReturnBookedIn, ReturnCancelled,
        ReturnClosed, ReturnCommand, ReturnDeclined, ReturnEvent, ReturnInTransit, ReturnInspected,
        ReturnLine, ReturnReceived, ReturnRefunded, ReturnRequested,
    },
};

fn return_id() -> ReturnId {
    ReturnId::new(uuid(8, 1))
}

fn back<P>(payload: P) -> Event
where
    P: Into<ReturnEvent>,
{
    payload.into().into()
}

fn put(command: ReturnCommand) -> Reaction {
    Reaction::Execute(Command::Return(return_id(), command))
}

fn inspected(skus: &[&str], refund: i64) -> Event {
    back(ReturnInspected {
        order_id: order_id(1),
        return_id: return_id(),
        location: Location::default(),
        lines: vec![InspectedLine {
            line: 1,
            restocked: 1,
            quarantined: 0,
            refused: 0,
            reason: None,
        }],
        skus: skus.iter().map(|name| sku(name)).collect(),
        refund: eur(refund),
    })
}

fn approved() -> Event {
    back(ReturnApproved {
        order_id: order_id(1),
        return_id: return_id(),
        location: Location::default(),
    })
}

fn under_way() -> Event {
    back(ReturnInTransit {
        order_id: order_id(1),
        return_id: return_id(),
        tracking_number: None,
    })
}

fn received() -> Event {
    back(ReturnReceived {
        order_id: order_id(1),
        return_id: return_id(),
        receipt_id: uuid(9, 1),
        lines: vec![],
        all: false,
    })
}

fn cancelled() -> Event {
    back(ReturnCancelled {
        order_id: order_id(1),
        return_id: return_id(),
        reason: "no more".into(),
    })
}

/// What no policy does anything about.
fn others() -> Vec<Event> {
    let (order_id, return_id) = (order_id(1), return_id());
    vec![
        back(ReturnRequested {
            order_id,
            return_id,
            lines: vec![ReturnLine {
                line: 1,
                sku: sku("A"),
                quantity: 1,
                unit_price: 100,
                amount: 100,
            }],
            amount: eur(100),
            reason: "too small".into(),
        }),
        back(ReturnDeclined {
            order_id,
            return_id,
            reason: "worn".into(),
        }),
        back(ReturnBookedIn {
            order_id,
            return_id,
            location: Location::default(),
        }),
        back(ReturnRefunded {
            order_id,
            return_id,
            amount: eur(100),
        }),
        back(ReturnClosed {
            order_id,
            return_id,
        }),
    ]
}

#[test]
fn what_was_accepted_goes_into_the_stock() {
    let book_in = put(ReturnCommand::BookIn(BookIn {
        location: Location::default(),
        skus: vec![sku("A"), sku("B")],
    }));
    let then = |event| after_all::<Inventory>(&[event]);
    assert_eq!(then(inspected(&["A", "B"], 0)), [book_in]);
    assert_eq!(then(inspected(&[], 0)), []);
}

#[test]
fn what_was_accepted_is_paid_back_and_the_return_is_told() {
    let then = |event| after_all::<PaymentPolicy>(&[event]);
    let (order_id, return_id) = (order_id(1), return_id());
    let refund = PaymentCommand::RefundReturn(RefundReturn {
        order_id,
        return_id,
        amount: eur(100),
        idempotency_key: format!("main:{order_id}:return:{return_id}:1"),
    });
    assert_eq!(then(inspected(&["A"], 100)), [payment(refund)]);
    assert_eq!(then(inspected(&["A"], 0)), []);
    let refunded = |return_id| {
        let event = PaymentRefunded {
            order_id,
            shipment_id: None,
            return_id,
            authorization_id: "auth".into(),
            refund: 1,
            amount: eur(100),
        };
        Event::Payment(event.into())
    };
    let amount = eur(100);
    let tell = put(ReturnCommand::RecordRefunded(returns::RecordRefunded {
        amount,
    }));
    assert_eq!(then(refunded(Some(return_id))), [tell]);
    assert_eq!(then(refunded(None)), []);
    // To an order that is being cancelled, a return is not all that was taken.
    let key = OrderPolicy::key(&recorded(refunded(Some(return_id)), 1));
    assert_eq!(key, None);
}

#[test]
fn a_return_that_does_not_arrive_is_given_up() {
    // The command says what was waited for, so that the return can tell whether it still is.
    let later = |seconds, sent| {
        let give_up = ReturnCommand::GiveUp(GiveUpReturn {
            order_id: order_id(1),
            sent,
            reason: "it did not arrive in time".into(),
        });
        let timer = Reaction::Schedule(Timer {
            name: TimerName::Return(return_id()),
            due: at(seconds),
            task: Task::Execute(Command::Return(return_id(), give_up)),
        });
        [timer, said(Awaited::Arrival, return_id(), seconds)]
    };
    let month = 30 * 24 * 3_600;
    let then = |events: &[Event]| after_all::<Shipping>(events);
    assert_eq!(then(&[approved()]), later(month, false));
    // Once it is under way it has its time anew.
    assert_eq!(then(&[approved(), under_way()]), later(month + 1, true));
    let call_off = [Reaction::Unschedule(TimerName::Return(return_id()))];
    assert_eq!(then(&[approved(), received()]), call_off);
    assert_eq!(then(&[approved(), cancelled()]), call_off);
    let impatient = Limits {
        returns: Duration::days(1),
        ..Limits::default()
    };
    let soon = with::<Shipping>(&impatient, &[approved()]);
    assert_eq!(soon, later(24 * 3_600, false));
}

#[test]
fn nothing_else_follows_from_returns() {
    for event in others() {
        let event = recorded(event, 1);
        assert_eq!(Inventory::key(&event), None);
        assert_eq!(PaymentPolicy::key(&event), None);
        assert_eq!(Shipping::key(&event), None);
    }
    for event in others().into_iter().chain([approved(), under_way()]) {
        assert_eq!(OrderPolicy::key(&recorded(event, 1)), None);
    }
    for event in [approved(), under_way(), received(), cancelled()] {
        assert_eq!(Inventory::key(&recorded(event.clone(), 1)), None);
        assert_eq!(PaymentPolicy::key(&recorded(event, 1)), None);
    }
}

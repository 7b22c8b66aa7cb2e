//! What of an order waits for an operator.

use super::*;
use crate::{
    Refusal, RefusalKind, ReturnId,
    order::{
        Awaited, DeadlineSet, NoteAdded, OrderReturnStatus, ParkTask, ResumeTask, ReturnOpened,
        SetDeadline, SettleContradiction,
    },
};

fn park(n: u64) -> OrderCommand {
    OrderCommand::ParkTask(ParkTask {
        task_id: uuid(7, n),
        task: "refund".into(),
        of: Some("1".into()),
        done: false,
        problem: "it was refused:\u{0} card_closed".into(),
    })
}

fn resume(n: u64) -> OrderCommand {
    let task_id = uuid(7, n);
    OrderCommand::ResumeTask(ResumeTask { task_id })
}

fn parked(n: u64) -> OrderEvent {
    TaskParked {
        order_id: order_id(1),
        task_id: uuid(7, n),
        task: "refund".into(),
        of: Some("1".into()),
        done: false,
        problem: "it was refused:  card_closed".into(),
    }
    .into()
}

fn resumed(n: u64) -> OrderEvent {
    TaskResumed {
        order_id: order_id(1),
        task_id: uuid(7, n),
    }
    .into()
}

#[test]
fn what_was_given_up_waits_for_an_operator_whatever_the_order_is() {
    for history in [
        vec![placed()],
        vec![placed(), confirmed(), completed()],
        vec![placed(), expired()],
    ] {
        let order = on(history, park(1)).then([parked(1)]);
        let waiting = &order.placed().unwrap().parked;
        assert!(waiting.contains(&uuid(7, 1)));
    }
    on(vec![], park(1)).then_refused(OrderError::NotFound);
}

#[test]
fn what_an_operator_has_done_waits_no_more() {
    let order = on(vec![placed(), parked(1), parked(2)], resume(1)).then([resumed(1)]);
    assert_eq!(order.placed().unwrap().parked.len(), 1);
    on(vec![placed(), parked(2)], resume(1)).then_nothing();
    // It may be given up once more.
    on(vec![placed(), parked(1), resumed(1)], park(1)).then([parked(1)]);
}

#[test]
fn no_more_waits_than_people_can_look_at() {
    let history = std::iter::once(placed()).chain((0..256).map(parked));
    on(history.collect(), park(256)).then_refused(OrderError::TooManyParked { max: 256 });
}

fn set_deadline(of: &str, seconds: i64) -> OrderCommand {
    OrderCommand::SetDeadline(SetDeadline {
        what: Awaited::Dispatch,
        of: of.into(),
        until: at(seconds),
    })
}

fn deadline_set(of: &str, seconds: i64) -> OrderEvent {
    DeadlineSet {
        order_id: order_id(1),
        what: Awaited::Dispatch,
        of: of.into(),
        until: at(seconds),
    }
    .into()
}

#[test]
fn time_limits_only_move_on() {
    on(vec![], set_deadline("r", 5)).then_refused(OrderError::NotFound);
    on(vec![placed()], set_deadline("r", 5)).then([deadline_set("r", 5)]);
    let known = || vec![placed(), expired(), deadline_set("r", 5)];
    on(known(), set_deadline("r", 6)).then([deadline_set("r", 6)]);
    on(known(), set_deadline("r", 5)).then_nothing();
    // It was said before, and is said again.
    on(known(), set_deadline("r", 4)).then_nothing();
    on(known(), set_deadline("other", 4)).then([deadline_set("other", 4)]);
}

#[test]
fn what_does_not_come_back_has_no_time_limit() {
    let command = OrderCommand::SetDeadline(SetDeadline {
        what: Awaited::Arrival,
        of: uuid(8, 1).to_string(),
        until: at(5),
    });
    on(vec![placed()], command.clone()).then_nothing();
    let opened = ReturnOpened {
        order: brief(),
        return_id: ReturnId::new(uuid(8, 1)),
        lines: vec![],
        return_status: OrderReturnStatus::Open,
    };
    let order = on(vec![placed(), opened.into()], command);
    let set = DeadlineSet {
        order_id: order_id(1),
        what: Awaited::Arrival,
        of: uuid(8, 1).to_string(),
        until: at(5),
    };
    order.then([set.into()]);
}

#[test]
fn time_limits_that_are_long_over_are_forgotten() {
    let many = (1..=65).map(|n| deadline_set(&n.to_string(), n));
    let history = || std::iter::once(placed()).chain(many.clone()).collect();
    on(history(), set_deadline("1", 1)).then([deadline_set("1", 1)]);
    on(history(), set_deadline("2", 2)).then_nothing();
}

#[test]
fn only_what_is_to_leave_has_a_time_limit_for_stock() {
    let command = || {
        OrderCommand::SetDeadline(SetDeadline {
            what: Awaited::Stock,
            of: "main".into(),
            until: at(5),
        })
    };
    let set = DeadlineSet {
        order_id: order_id(1),
        what: Awaited::Stock,
        of: "main".into(),
        until: at(5),
    };
    on(vec![placed()], command()).then_nothing();
    on(vec![placed(), expired()], command()).then_nothing();
    let confirmed = || OrderEvent::from(OrderConfirmed { order: brief() });
    on(vec![placed(), confirmed()], command()).then([set.into()]);
    let cancelling = CancellationRequested {
        order: brief(),
        confirmed: true,
        request: 0,
        reason: "changed my mind".into(),
    };
    on(vec![placed(), confirmed(), cancelling.into()], command()).then_nothing();
}

fn contradiction(n: u64) -> ParkTask {
    let refusal = Refusal::new(RefusalKind::State, "OTHER_AMOUNT", "it is another amount");
    ParkTask::contradiction(uuid(7, n), "evt_1", &refusal)
}

fn contradicted(n: u64) -> OrderEvent {
    TaskParked {
        order_id: order_id(1),
        task_id: contradiction(n).task_id,
        task: "contradiction".into(),
        of: Some("evt_1".into()),
        done: true,
        problem: "it is another amount (OTHER_AMOUNT)".into(),
    }
    .into()
}

fn settle_task(task_id: uuid::Uuid) -> OrderCommand {
    OrderCommand::SettleContradiction(SettleContradiction {
        task_id,
        note_id: uuid(8, 1),
        reason: "given back by hand".into(),
    })
}

fn settle(n: u64) -> OrderCommand {
    settle_task(contradiction(n).task_id)
}

/// It waits no more, and the order says how it was set right.
fn settled(n: u64) -> [OrderEvent; 2] {
    let note = NoteAdded {
        order_id: order_id(1),
        note_id: uuid(8, 1),
        text: "given back by hand".into(),
    };
    let resumed = TaskResumed {
        order_id: order_id(1),
        task_id: contradiction(n).task_id,
    };
    [resumed.into(), note.into()]
}

#[test]
fn what_a_participant_said_against_the_books_waits_until_people_have_settled_it() {
    let (first, second) = (contradiction(1).task_id, contradiction(2).task_id);
    for history in [vec![placed()], vec![placed(), confirmed(), completed()]] {
        let park = OrderCommand::ParkTask(contradiction(1));
        let order = on(history.clone(), park).then([contradicted(1)]);
        let order = order.placed().unwrap();
        assert!(order.parked.contains(&first) && order.is_contradiction(first));
        let history = [history, vec![contradicted(1), contradicted(2)]].concat();
        let order = on(history, settle(1)).then(settled(1));
        let order = order.placed().unwrap();
        assert!(!order.is_contradiction(first) && order.is_contradiction(second));
    }
    // It does not wait any more; or it never did.
    let once = [vec![placed(), contradicted(1)], settled(1).into()].concat();
    on(once.clone(), settle(1)).then_nothing();
    on(once.clone(), settle(2)).then_refused(OrderError::NoSuchContradiction);
    on(vec![placed()], settle(1)).then_refused(OrderError::NoSuchContradiction);
    on(vec![], settle(1)).then_refused(OrderError::NotFound);
    // It is said again, by another event.
    let again = OrderCommand::ParkTask(contradiction(1));
    on(once, again).then([contradicted(1)]);
    let silent = OrderCommand::SettleContradiction(SettleContradiction {
        task_id: first,
        note_id: uuid(8, 1),
        reason: " ".into(),
    });
    let refused = Orders::decide(&Orders::fold(&[placed(), contradicted(1)]), &silent);
    assert!(matches!(refused, Err(OrderError::Text(_))), "{refused:?}");
}

/// The same is said in many events, of one thing or of another.
#[test]
fn the_same_word_waits_once_and_other_words_wait_so_many_at_most() {
    let said = |of: &str| ParkTask {
        of: Some(of.into()),
        ..contradiction(1)
    };
    let once = vec![placed(), contradicted(1)];
    on(once, OrderCommand::ParkTask(said("evt_2"))).then_nothing();
    assert_ne!(contradiction(1).task_id, contradiction(2).task_id);
    let many: Vec<_> = std::iter::once(placed())
        .chain((0..32).map(contradicted))
        .collect();
    let one_more = OrderCommand::ParkTask(contradiction(32));
    on(many.clone(), one_more).then_refused(OrderError::TooManyParked { max: 32 });
    // What the sagas give up is told all the same.
    on(many, park(1)).then([parked(1)]);
}

#[test]
fn what_the_sagas_have_given_up_is_settled_by_them_alone() {
    let given_up = vec![placed(), parked(1)];
    on(given_up, settle_task(uuid(7, 1))).then_refused(OrderError::NotAContradiction);
    let refusal = Refusal::from(OrderError::NotAContradiction);
    assert_eq!(refusal.code, "NOT_A_CONTRADICTION");
    assert_eq!(refusal.kind, RefusalKind::State);
}

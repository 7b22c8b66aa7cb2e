//! given / when / then of what leaves, arrives and is lost.

use super::{super::fulfilment::MAX_SHIPMENTS, *};
use crate::{
    Location, ShipmentId,
    order::decide::{MAX_LINES, MAX_QUANTITY},
};

/// All that was ordered.
const ALL_OF_IT: [(u32, i64); 3] = [(1, 2), (2, 1), (3, 3)];

fn shipment(n: u64) -> ShipmentId {
    match n {
        1 => ShipmentId::of(order_id(1), &Location::default()),
        n => ShipmentId::new(uuid(7, n)),
    }
}

fn lines(of: &[(u32, i64)]) -> Vec<LineQuantity> {
    let lines = of.iter();
    lines
        .map(|(line, quantity)| LineQuantity {
            line: *line,
            quantity: *quantity,
        })
        .collect()
}

fn left(n: u64, of: &[(u32, i64)], all: bool) -> OrderEvent {
    LinesShipped {
        order: brief(),
        shipment_id: shipment(n),
        lines: lines(of),
        all,
    }
    .into()
}

fn arrived(n: u64, of: &[(u32, i64)], all: bool) -> OrderEvent {
    LinesDelivered {
        order: brief(),
        shipment_id: shipment(n),
        lines: lines(of),
        all,
    }
    .into()
}

fn lost(n: u64, of: &[(u32, i64)], returned: bool) -> OrderEvent {
    LinesLost {
        order: brief(),
        shipment_id: shipment(n),
        lines: lines(of),
        returned,
    }
    .into()
}

/// All of it has left at once.
pub(super) fn shipped() -> OrderEvent {
    left(1, &ALL_OF_IT, true)
}

/// All of it has arrived at once.
pub(super) fn delivered() -> OrderEvent {
    arrived(1, &ALL_OF_IT, true)
}

fn ship(n: u64, of: &[(u32, i64)]) -> OrderCommand {
    OrderCommand::RecordShipped(RecordShipped {
        shipment_id: shipment(n),
        lines: lines(of),
    })
}

fn deliver(n: u64, of: &[(u32, i64)]) -> OrderCommand {
    OrderCommand::RecordDelivered(RecordDelivered {
        shipment_id: shipment(n),
        lines: lines(of),
    })
}

fn lose(n: u64, of: &[(u32, i64)], returned: bool) -> OrderCommand {
    OrderCommand::RecordLost(RecordLost {
        shipment_id: shipment(n),
        lines: lines(of),
        returned,
    })
}

fn complete() -> OrderCommand {
    OrderCommand::Complete(CompleteOrder)
}

fn after(events: &[OrderEvent]) -> Vec<OrderEvent> {
    [history(Status::Confirmed), events.to_vec()].concat()
}

#[test]
fn what_has_left_is_recorded() {
    in_each_state(
        &ship(1, &ALL_OF_IT),
        "ship",
        &[(Status::Confirmed, shipped())],
        &[Status::Completed],
    );
    let state = on(after(&[]), ship(1, &ALL_OF_IT)).then([shipped()]);
    let progress = state.placed().unwrap().progress(3);
    assert_eq!((progress.shipped, progress.under_way()), (3, 3));
}

#[test]
fn what_has_left_is_recorded_while_somebody_wants_it_back() {
    let history = after(&[asked(true, 0)]);
    on(history.clone(), ship(1, &ALL_OF_IT)).then([shipped()]);
    let under_way = [history, vec![shipped()]].concat();
    on(under_way.clone(), deliver(1, &ALL_OF_IT)).then([delivered()]);
    on(under_way, lose(1, &ALL_OF_IT, false)).then([lost(1, &ALL_OF_IT, false)]);
}

#[test]
fn shipments_may_take_an_order_in_parts() {
    let first = after(&[left(1, &[(1, 1), (3, 3)], false)]);
    on(first.clone(), ship(2, &[(1, 1), (2, 1)])).then([left(2, &[(1, 1), (2, 1)], true)]);
    let both = [first.clone(), vec![left(2, &[(1, 1), (2, 1)], true)]].concat();
    on(both.clone(), deliver(2, &[(1, 1), (2, 1)])).then([arrived(2, &[(1, 1), (2, 1)], false)]);
    let one_lost = [both, vec![lost(1, &[(1, 1), (3, 3)], true)]].concat();
    on(one_lost, deliver(2, &[(1, 1), (2, 1)])).then([arrived(2, &[(1, 1), (2, 1)], true)]);
    // The first once more, whatever it is said to hold.
    on(first, ship(1, &ALL_OF_IT)).then_nothing();
}

#[test]
fn no_more_leaves_than_is_open() {
    let refused = |history: Vec<OrderEvent>, of: &[(u32, i64)], line, open, quantity| {
        on(history, ship(2, of)).then_refused(OrderError::MoreThanLeft {
            line,
            open,
            quantity,
            command: "ship",
        });
    };
    refused(after(&[]), &[(1, 3)], 1, 2, 3);
    // A line may be named twice, and counts as often.
    refused(after(&[]), &[(1, 1), (2, 1), (1, 2)], 1, 2, 3);
    refused(after(&[left(1, &[(3, 2)], false)]), &[(3, 2)], 3, 1, 2);
    for line in [0, 4, u32::MAX] {
        refused(after(&[]), &[(line, 1)], line, 0, 1);
    }
}

#[test]
fn what_leaves_is_told_in_lines_that_mean_something() {
    let meaningless = OrderError::ShippedLines {
        max: MAX_LINES,
        quantity: MAX_QUANTITY,
    };
    let too_many = vec![(1, 1); MAX_LINES + 1];
    for of in [
        &[][..],
        &[(1, 0)],
        &[(1, 1), (2, -1)],
        &[(1, MAX_QUANTITY + 1)],
        &too_many,
    ] {
        for command in [ship(1, of), deliver(1, of), lose(1, of, false)] {
            on(after(&[]), command.clone()).then_refused(meaningless.clone());
            on(vec![], command).then_refused(meaningless.clone());
        }
    }
}

#[test]
fn an_order_has_so_many_shipments_and_no_more() {
    let mut history = after(&[]);
    history.extend((0..MAX_SHIPMENTS as u64).map(|n| left(n + 10, &[(1, 0)], false)));
    let max = MAX_SHIPMENTS;
    let refusal = OrderError::TooManyShipments { max };
    on(history, ship(2, &[(1, 1)])).then_refused(refusal);
}

#[test]
fn what_has_left_arrives_or_is_lost_and_not_both() {
    let under_way = after(&[shipped()]);
    on(under_way.clone(), deliver(1, &ALL_OF_IT)).then([delivered()]);
    for returned in [true, false] {
        let event = lost(1, &ALL_OF_IT, returned);
        let state = on(under_way.clone(), lose(1, &ALL_OF_IT, returned)).then([event.clone()]);
        assert_eq!(state.placed().unwrap().progress(3).lost, 3);
        let ended = [under_way.clone(), vec![event]].concat();
        on(ended.clone(), lose(1, &ALL_OF_IT, !returned)).then_nothing();
        on(ended, deliver(1, &ALL_OF_IT)).then_refused(OrderError::ShipmentEnded {
            command: "record its delivery",
        });
    }
    let ended = after(&[shipped(), delivered()]);
    on(ended, lose(1, &ALL_OF_IT, false)).then_refused(OrderError::ShipmentEnded {
        command: "record its loss",
    });
}

#[test]
fn no_more_arrives_than_has_left() {
    let under_way = after(&[left(1, &[(1, 1)], false), left(2, &[(3, 1)], false)]);
    for (command, name) in [
        (deliver(1, &[(1, 2)]), "record its delivery"),
        (lose(1, &[(1, 2)], false), "record its loss"),
    ] {
        on(under_way.clone(), command).then_refused(OrderError::MoreThanLeft {
            line: 1,
            open: 1,
            quantity: 2,
            command: name,
        });
    }
}

/// News may overtake each other.
#[test]
fn what_has_arrived_or_is_lost_has_left() {
    on(after(&[]), deliver(1, &ALL_OF_IT)).then([shipped(), delivered()]);
    on(after(&[]), lose(1, &ALL_OF_IT, true)).then([shipped(), lost(1, &ALL_OF_IT, true)]);
    let overtaken = after(&[shipped(), delivered()]);
    on(overtaken, ship(1, &ALL_OF_IT)).then_nothing();
    for status in [Status::Placed, Status::Expired, Status::Cancelled] {
        let refusal = OrderError::State {
            status,
            command: "ship",
        };
        on(history(status), deliver(1, &ALL_OF_IT)).then_refused(refusal.clone());
        on(history(status), lose(1, &ALL_OF_IT, true)).then_refused(refusal);
    }
}

#[test]
fn an_order_is_complete_once_nothing_is_to_come() {
    on(vec![], complete()).then_refused(OrderError::NotFound);
    for status in ALL {
        let when = on(history(status), complete());
        match status {
            Status::Completed => when.then_nothing(),
            Status::Confirmed => when.then_refused(OrderError::StillToArrive { line: 1, open: 2 }),
            status => when.then_refused(OrderError::State {
                status,
                command: "complete it",
            }),
        };
    }
    on(after(&[shipped(), delivered()]), complete()).then([completed()]);
    on(after(&[shipped(), lost(1, &ALL_OF_IT, false)]), complete()).then([completed()]);
    let parts = [left(1, &[(1, 2)], false), left(2, &[(2, 1), (3, 3)], true)];
    let ends = [
        arrived(1, &[(1, 2)], false),
        lost(2, &[(2, 1), (3, 3)], true),
    ];
    let one_left = [&parts[..], &ends[..1]].concat();
    on(after(&one_left), complete()).then_refused(OrderError::StillToArrive { line: 2, open: 1 });
    on(after(&[parts, ends].concat()), complete()).then([completed()]);
}

#[test]
fn a_hold_keeps_no_order_from_its_end() {
    let held_at_last = after(&[shipped(), held("fraud"), delivered()]);
    on(held_at_last, complete()).then([completed()]);
}

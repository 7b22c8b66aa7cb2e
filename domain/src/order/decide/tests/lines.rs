//! given / when / then of lines that are not wanted any more.

use super::*;
use crate::{
    Location, Money, ShipmentId,
    order::{CancelLines, LineQuantity, LinesCancelled, cancel_lines},
    shipment::{
        Shipment, ShipmentCreated, ShipmentEvent, ShipmentLine, ShipmentPacked, ShipmentRefitted,
        Shipments,
    },
};

fn quantities(of: &[(u32, i64)]) -> Vec<LineQuantity> {
    let quantity = |(line, quantity): &(u32, i64)| LineQuantity {
        line: *line,
        quantity: *quantity,
    };
    of.iter().map(quantity).collect()
}

fn cancel(n: u64, of: &[(u32, i64)]) -> CancelLines {
    CancelLines {
        cancellation_id: uuid(7, n),
        lines: quantities(of),
        reason: "too many".into(),
    }
}

fn cancelled(n: u64, of: &[(u32, i64)], amount: i64, all: bool) -> OrderEvent {
    LinesCancelled {
        order: brief(),
        cancellation_id: uuid(7, n),
        lines: quantities(of),
        amount,
        all,
        reason: "too many".into(),
    }
    .into()
}

fn goods(of: &[(u32, &str, i64)]) -> Vec<ShipmentLine> {
    let line = |(line, name, quantity): &(u32, &str, i64)| ShipmentLine {
        line: *line,
        sku: sku(name),
        quantity: *quantity,
    };
    of.iter().map(line).collect()
}

fn eur(amount: i64) -> Money {
    Money::new(amount, currency("EUR"))
}

fn shipment_id() -> ShipmentId {
    ShipmentId::of(order_id(1), &Location::default())
}

fn created() -> ShipmentEvent {
    ShipmentCreated {
        order_id: order_id(1),
        shipment_id: shipment_id(),
        location: Location::default(),
        lines: goods(&[(1, "A", 2), (2, "B", 1), (3, "A", 3)]),
        amount: eur(4_298),
        parcels: 1,
    }
    .into()
}

fn packed() -> ShipmentEvent {
    ShipmentPacked {
        order_id: order_id(1),
        shipment_id: shipment_id(),
        amount: eur(4_298),
    }
    .into()
}

type Decided = Result<(Vec<OrderEvent>, Vec<Option<ShipmentEvent>>), OrderError>;

/// Puts it once, and once more: the second time leads to nothing.
#[track_caller]
fn on_both(history: &[OrderEvent], shipment: &[ShipmentEvent], command: &CancelLines) -> Decided {
    let (order, parcel) = (Orders::fold(history), Shipments::fold(shipment));
    let decided = cancel_lines(&order, command, &[&parcel]);
    if let Ok((events, told)) = &decided {
        let order = events.iter().fold(order, Orders::evolve);
        let parcel = told.iter().flatten().fold(parcel, Shipments::evolve);
        let again = cancel_lines(&order, command, &[&parcel]);
        assert_eq!(
            again,
            Ok((vec![], vec![None])),
            "put again, it leads to nothing"
        );
    }
    decided
}

fn history() -> Vec<OrderEvent> {
    vec![placed(), confirmed()]
}

#[test]
fn what_is_cancelled_before_anything_is_to_be_packed() {
    let command = cancel(1, &[(3, 2), (1, 1)]);
    let happened = cancelled(1, &[(3, 2), (1, 1)], 2_199, false);
    let decided = on_both(&history(), &[], &command);
    assert_eq!(decided, Ok((vec![happened.clone()], vec![None])));
    on(history(), OrderCommand::CancelLines(command)).then([happened.clone()]);
    let order = Orders::fold(&[history(), vec![happened]].concat());
    let order = order.placed().unwrap();
    let open: Vec<_> = order.all_open().iter().map(|line| line.quantity).collect();
    assert_eq!(open, [1, 1, 1]);
    assert_eq!(order.worth(&order.all_open()), 2_099);
}

#[test]
fn what_is_to_be_packed_is_what_is_left() {
    let decided = on_both(&history(), &[created()], &cancel(1, &[(2, 1), (1, 1)]));
    let refitted = ShipmentRefitted {
        order_id: order_id(1),
        shipment_id: shipment_id(),
        lines: goods(&[(1, "A", 1), (3, "A", 3)]),
        amount: eur(2_299),
    };
    let told = vec![Some(refitted.into())];
    let happened = cancelled(1, &[(2, 1), (1, 1)], 1_999, false);
    assert_eq!(decided, Ok((vec![happened], told)));
}

#[test]
fn what_is_packed_is_not_cancelled_any_more() {
    let command = cancel(1, &[(1, 1)]);
    let decided = on_both(&history(), &[created(), packed()], &command);
    assert_eq!(decided, Err(OrderError::AlreadyPacked));
    let decided = cancel_lines(
        &Orders::fold(&history()),
        &command,
        &[&Shipment::Forestalled],
    );
    assert_eq!(decided, Err(OrderError::AlreadyPacked));
}

#[test]
fn an_order_of_which_nothing_is_left_is_being_cancelled() {
    let history = [history(), vec![cancelled(1, &[(1, 2)], 3_998, false)]].concat();
    let (events, told) = on_both(&history, &[created()], &cancel(2, &[(2, 1), (3, 3)])).unwrap();
    assert_eq!(told, [None]);
    let requested = CancellationRequested {
        order: brief(),
        confirmed: true,
        request: 0,
        reason: "too many".into(),
    };
    let happened = cancelled(2, &[(2, 1), (3, 3)], 300, true);
    assert_eq!(events, [happened, requested.into()]);
}

#[test]
fn no_more_is_cancelled_than_is_open() {
    let more = |line, open, quantity, index| OrderError::MoreThanOpen {
        line,
        open,
        quantity,
        index,
    };
    let refused = |history: &[OrderEvent], of: &[(u32, i64)]| {
        on_both(history, &[created()], &cancel(2, of)).unwrap_err()
    };
    let before = [history(), vec![cancelled(1, &[(1, 1)], 1_999, false)]].concat();
    assert_eq!(refused(&before, &[(3, 1), (1, 2)]), more(1, 1, 2, 1));
    assert_eq!(refused(&before, &[(9, 1)]), more(9, 0, 1, 0));
    // What would be left costs nothing, and money is set aside.
    assert_eq!(
        refused(&history(), &[(1, 2), (3, 3)]),
        OrderError::RestIsFree
    );
    for status in ALL {
        if status == Status::Confirmed {
            continue;
        }
        let command = "cancel lines of it";
        on(
            super::history(status),
            OrderCommand::CancelLines(cancel(9, &[(1, 1)])),
        )
        .then_refused(OrderError::State { status, command });
    }
    on(vec![], OrderCommand::CancelLines(cancel(1, &[(1, 1)]))).then_refused(OrderError::NotFound);
}

#[test]
fn lines_are_told_as_they_must_be() {
    let wrong = |at| OrderError::CancelledLines {
        max: 1_000,
        quantity: 10_000_000,
        at,
    };
    for (of, at) in [
        (&[] as &[_], None),
        (&[(1, 1), (2, 0)], Some((1, "quantity"))),
        (&[(1, 1), (1, 1)], Some((1, "line"))),
    ] {
        let command = OrderCommand::CancelLines(cancel(1, of));
        on(history(), command).then_refused(wrong(at));
    }
    let blank = CancelLines {
        reason: " ".into(),
        ..cancel(1, &[(1, 1)])
    };
    let reason = TextError::Length {
        field: "reason".into(),
        max: 500,
    };
    on(history(), OrderCommand::CancelLines(blank)).then_refused(OrderError::Text(reason));
}

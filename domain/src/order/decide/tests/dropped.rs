//! given / when / then of an order that leaves in several parcels, of which one cannot leave.

use super::*;
use crate::{
    Location, Money, ShipmentId,
    order::{
        CancelLines, CancellationRequested, DropShipment, LineQuantity, LinesCancelled,
        LinesDelivered, LinesShipped, OrderCompleted, cancel_lines, drop_shipment,
        propose_amendment,
    },
    shipment::{
        Shipment, ShipmentCancelled, ShipmentCreated, ShipmentEvent, ShipmentLine, ShipmentPacked,
        ShipmentReady, ShipmentRefitted, Shipments,
    },
};

fn eur(amount: i64) -> Money {
    Money::new(amount, currency("EUR"))
}

fn parcel(n: usize) -> ShipmentId {
    ShipmentId::parcel(order_id(1), n)
}

fn lines(of: &[(u32, i64)]) -> Vec<LineQuantity> {
    let quantity = |(line, quantity): &(u32, i64)| LineQuantity {
        line: *line,
        quantity: *quantity,
    };
    of.iter().map(quantity).collect()
}

fn goods(of: &[(u32, &str, i64)]) -> Vec<ShipmentLine> {
    let line = |(line, name, quantity): &(u32, &str, i64)| ShipmentLine {
        line: *line,
        sku: sku(name),
        quantity: *quantity,
    };
    of.iter().map(line).collect()
}

/// Lines 1 and 3 leave in the first parcel, line 2 in the second.
fn created(n: usize) -> ShipmentEvent {
    let (lines, amount) = match n {
        1 => (goods(&[(1, "A", 2), (3, "A", 3)]), 4_298),
        _ => (goods(&[(2, "B", 1)]), 0),
    };
    ShipmentCreated {
        order_id: order_id(1),
        shipment_id: parcel(n),
        location: Location::default(),
        lines,
        amount: eur(amount),
        parcels: 2,
    }
    .into()
}

fn packed(n: usize) -> ShipmentEvent {
    ShipmentPacked {
        order_id: order_id(1),
        shipment_id: parcel(n),
        amount: eur(0),
    }
    .into()
}

fn kept(n: usize, amount: i64, reason: &str) -> ShipmentEvent {
    ShipmentCancelled {
        order_id: order_id(1),
        shipment_id: parcel(n),
        location: Location::default(),
        reason: reason.into(),
        amount: Some(eur(amount)),
    }
    .into()
}

fn cancelled(n: usize, of: &[(u32, i64)], amount: i64, all: bool) -> OrderEvent {
    LinesCancelled {
        order: brief(),
        cancellation_id: parcel(n).uuid(),
        lines: lines(of),
        amount,
        all,
        reason: "no money".into(),
    }
    .into()
}

fn shipped(n: usize, of: &[(u32, i64)]) -> OrderEvent {
    LinesShipped {
        order: brief(),
        shipment_id: parcel(n),
        lines: lines(of),
        all: false,
    }
    .into()
}

fn requested(request: u32) -> OrderEvent {
    CancellationRequested {
        order: brief(),
        confirmed: true,
        request,
        reason: "no money".into(),
    }
    .into()
}

/// Puts it once, and, if it was accepted, once more: that leads to nothing.
#[track_caller]
fn drop(
    history: &[OrderEvent],
    shipment: &[ShipmentEvent],
    n: usize,
) -> Result<(Vec<OrderEvent>, Option<ShipmentEvent>), OrderError> {
    let command = DropShipment {
        shipment_id: parcel(n),
        even_packed: true,
        reason: "no money".into(),
    };
    let (order, state) = (Orders::fold(history), Shipments::fold(shipment));
    let decided = drop_shipment(&order, &command, &state)?;
    let order = decided.0.iter().fold(order, Orders::evolve);
    let state = decided.1.iter().fold(state, Shipments::evolve);
    let again = drop_shipment(&order, &command, &state);
    assert_eq!(again, Ok((vec![], None)), "put again, it leads to nothing");
    Ok(decided)
}

#[test]
fn what_cannot_leave_is_not_wanted_and_the_rest_is() {
    let history = [placed(), confirmed()];
    let decided = drop(&history, &[created(2), packed(2)], 2);
    let told = (
        vec![cancelled(2, &[(2, 1)], 0, false)],
        Some(kept(2, 0, "no money")),
    );
    assert_eq!(decided, Ok(told));
    // What was cancelled of it before is not cancelled once more.
    let fewer = CancelLines {
        cancellation_id: uuid(7, 1),
        lines: lines(&[(1, 1), (3, 3)]),
        reason: "x".into(),
    };
    let states = [1, 2].map(|n| Shipments::fold(&[created(n)]));
    let order = Orders::fold(&history);
    let (events, refitted) = cancel_lines(&order, &fewer, &[&states[0], &states[1]]).unwrap();
    let fitted = ShipmentRefitted {
        order_id: order_id(1),
        shipment_id: parcel(1),
        lines: goods(&[(1, "A", 1)]),
        amount: eur(1_999),
    };
    assert_eq!(refitted, [Some(fitted.clone().into()), None]);
    let history = [history.to_vec(), events].concat();
    let decided = drop(&history, &[created(1), fitted.into(), packed(1)], 1).unwrap();
    let told = [cancelled(1, &[(1, 1)], 1_999, false), requested(0)];
    assert_eq!(decided.0, told, "what is left is free");
}

/// Money that is being taken for it comes, or does not, before it is known what is to be given back.
#[test]
fn what_is_being_paid_is_not_dropped_unless_that_is_known() {
    let order = Orders::fold(&[placed(), confirmed()]);
    let command = DropShipment {
        shipment_id: parcel(2),
        even_packed: false,
        reason: "no money".into(),
    };
    let pending = vec![created(2)];
    let is_packed = [pending.clone(), vec![packed(2)]].concat();
    let ready = ShipmentReady {
        order_id: order_id(1),
        shipment_id: parcel(2),
    };
    let ready = [is_packed.clone(), vec![ready.into()]].concat();
    let decided = |history: &[ShipmentEvent]| {
        let shipment = Shipments::fold(history);
        drop_shipment(&order, &command, &shipment).unwrap()
    };
    assert_eq!(decided(&is_packed), (vec![], None));
    for history in [pending, ready] {
        let told = vec![cancelled(2, &[(2, 1)], 0, false)];
        assert_eq!(decided(&history), (told, Some(kept(2, 0, "no money"))));
    }
}

#[test]
fn where_nothing_else_leaves_all_is_being_cancelled() {
    let one_gone = [placed(), confirmed(), cancelled(2, &[(2, 1)], 0, false)];
    let both = [(1, 2), (3, 3)];
    let decided = drop(&one_gone, &[created(1), packed(1)], 1);
    let told = vec![cancelled(1, &both, 4_298, true), requested(0)];
    assert_eq!(decided, Ok((told, None)));
    // Also where that is under way already, and was asked for when more might have left.
    let asked = [one_gone.to_vec(), vec![requested(0)]].concat();
    let decided = drop(&asked, &[created(1), packed(1)], 1);
    let told = vec![cancelled(1, &both, 4_298, true), requested(1)];
    assert_eq!(decided, Ok((told.clone(), None)));
    let late = OrderCommand::RejectCancellation(RejectCancellation {
        request: 0,
        reason: "x".into(),
    });
    on([asked.clone(), told.clone()].concat(), late).then([]);
    let last = OrderCommand::RejectCancellation(RejectCancellation {
        request: 1,
        reason: "x".into(),
    });
    let rejected = CancellationRejected {
        order: brief(),
        confirmed: true,
        reason: "x".into(),
    };
    on([asked, told].concat(), last).then([rejected.into()]);
}

/// Nothing is sent of an order of which nothing is paid, unless all of it is free.
#[test]
fn what_is_free_does_not_leave_alone() {
    let both = [(1, 2), (3, 3)];
    let decided = drop(&[placed(), confirmed()], &[created(1), packed(1)], 1);
    let told = vec![cancelled(1, &both, 4_298, false), requested(0)];
    let gone = Some(kept(1, 4_298, "no money"));
    assert_eq!(decided, Ok((told, gone.clone())));
    // That is under way already.
    let asked = [placed(), confirmed(), requested(0)];
    let decided = drop(&asked, &[created(1), packed(1)], 1);
    let told = vec![cancelled(1, &both, 4_298, false)];
    assert_eq!(decided, Ok((told.clone(), gone)));
    // With what is paid it goes, and by itself where that has left.
    let paid_left = [placed(), confirmed(), shipped(2, &[(3, 3)])];
    let decided = drop(&paid_left, &[created(1), packed(1)], 1).unwrap();
    assert_eq!(decided.0, [cancelled(1, &[(1, 2)], 3_998, false)]);
}

#[test]
fn with_the_last_that_is_waited_for_the_order_is_completed() {
    let both = [(1, 2), (3, 3)];
    let delivered = LinesDelivered {
        order: brief(),
        shipment_id: parcel(1),
        lines: lines(&both),
        all: false,
    };
    let arrived = [
        placed(),
        confirmed(),
        shipped(1, &both),
        delivered.clone().into(),
    ];
    let decided = drop(&arrived, &[created(2), packed(2)], 2).unwrap();
    let completed = OrderCompleted { order: brief() };
    let told = [cancelled(2, &[(2, 1)], 0, false), completed.into()];
    assert_eq!(decided.0, told);
    // Not before: what is under way is waited for.
    let decided = drop(&arrived[..3], &[created(2), packed(2)], 2).unwrap();
    assert_eq!(decided.0, [cancelled(2, &[(2, 1)], 0, false)]);
}

#[test]
fn what_has_left_or_is_unknown_is_not_dropped() {
    let history = [placed(), confirmed()];
    assert_eq!(drop(&history, &[], 2), Err(OrderError::NoSuchShipment));
    let other = drop(&history, &[created(1)], 2);
    assert_eq!(other, Err(OrderError::NoSuchShipment));
    assert_eq!(drop(&[], &[created(2)], 2), Err(OrderError::NotFound));
    let refused = drop(&[placed()], &[created(2)], 2).unwrap_err();
    assert!(matches!(refused, OrderError::State { .. }), "{refused}");
    let kept = drop(&history, &[created(2), kept(2, 0, "x")], 2);
    assert_eq!(kept, Ok((vec![], None)));
}

/// Lines are cancelled until anything is packed; a parcel of which none is left is kept.
#[test]
fn lines_of_parcels_are_cancelled_until_one_is_packed() {
    let order = Orders::fold(&[placed(), confirmed()]);
    let command = |of: &[(u32, i64)]| CancelLines {
        cancellation_id: uuid(7, 1),
        lines: lines(of),
        reason: "x".into(),
    };
    let waits = |n: usize| Shipments::fold(&[created(n)]);
    let is_packed = |n: usize| Shipments::fold(&[created(n), packed(n)]);
    let (_, told) = cancel_lines(&order, &command(&[(2, 1)]), &[&waits(1), &waits(2)]).unwrap();
    let nothing = kept(2, 0, "nothing of it is wanted any more");
    assert_eq!(told, [None, Some(nothing)]);
    let decided = cancel_lines(&order, &command(&[(3, 1)]), &[&waits(1), &is_packed(2)]);
    assert_eq!(decided.unwrap_err(), OrderError::AlreadyPacked);
}

#[test]
fn it_is_not_amended() {
    let order = Orders::fold(&[placed(), confirmed()]);
    let propose = crate::order::ProposeAmendment {
        amendment_id: uuid(10, 1),
        lines: lines(&[(1, 1)]),
        at: at(0),
        until: at(900),
        reason: "x".into(),
    };
    let parcels = [1, 2].map(|n| Shipments::fold(&[created(n)]));
    let all: Vec<&Shipment> = parcels.iter().collect();
    let decided = propose_amendment(&order, &propose, &all);
    assert_eq!(decided, Err(OrderError::Split));
}

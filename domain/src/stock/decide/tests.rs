//! given / when / then of what comes in and is counted.

use super::{super::*, MAX_MOVE, MAX_ON_HAND};
use crate::{
    Decider, Location, TextError,
    testing::{at, given, order_id, sku, uuid},
};

fn receive(n: u64, quantity: i64) -> StockCommand {
    StockCommand::Receive(ReceiveStock {
        receipt_id: uuid(1, n),
        location: Location::default(),
        sku: sku("A"),
        quantity,
        reference: Some("D-1".into()),
    })
}

fn adjust(n: u64, delta: i64) -> StockCommand {
    StockCommand::Adjust(AdjustStock {
        adjustment_id: uuid(2, n),
        location: Location::default(),
        sku: sku("A"),
        delta,
        reason: "counted\nagain".into(),
    })
}

fn received(n: u64, quantity: i64) -> StockEvent {
    StockReceived {
        receipt_id: uuid(1, n),
        location: Location::default(),
        sku: sku("A"),
        quantity,
        reference: Some("D-1".into()),
    }
    .into()
}

fn adjusted(n: u64, delta: i64) -> StockEvent {
    StockAdjusted {
        adjustment_id: uuid(2, n),
        location: Location::default(),
        sku: sku("A"),
        delta,
        reason: "counted\nagain".into(),
    }
    .into()
}

fn reserved(quantity: i64) -> StockEvent {
    StockReserved {
        order_id: order_id(1),
        epoch: 1,
        location: Location::default(),
        sku: sku("A"),
        quantity,
        lines: vec![ReservationLine { line: 1, quantity }],
        until: at(900),
        part: 1,
        parts: 1,
        parcels: 1,
    }
    .into()
}

#[test]
fn deliveries_are_booked_in_and_each_once() {
    let state = given::<Stocks>([])
        .when(receive(1, 5))
        .then([received(1, 5)]);
    assert_eq!((state.on_hand, state.available()), (5, 5));
    let twice = [received(1, 5), received(2, 1)];
    given::<Stocks>(twice.clone())
        .when(receive(1, 5))
        .then_nothing();
    given::<Stocks>(twice)
        .when(receive(3, MAX_MOVE))
        .then([received(3, MAX_MOVE)]);
}

#[test]
fn deliveries_that_cannot_be_counted_are_refused() {
    for quantity in [0, -1, i64::MIN, MAX_MOVE + 1, i64::MAX] {
        given::<Stocks>([])
            .when(receive(1, quantity))
            .then_refused(StockError::Quantity { max: MAX_MOVE });
    }
    for on_hand in [MAX_ON_HAND, i64::MAX] {
        given::<Stocks>([received(1, on_hand)])
            .when(receive(2, 1))
            .then_refused(StockError::Overflow);
        given::<Stocks>([received(1, on_hand)])
            .when(adjust(2, 1))
            .then_refused(StockError::Overflow);
    }
    let StockCommand::Receive(command) = receive(1, 1) else {
        unreachable!("it receives")
    };
    let odd = StockCommand::Receive(ReceiveStock {
        reference: Some("a\0".into()),
        ..command
    });
    let control = TextError::Control {
        field: "reference".into(),
    };
    given::<Stocks>([]).when(odd).then_refused(control.into());
}

#[test]
fn counts_are_corrected_up_and_down_and_each_once() {
    given::<Stocks>([])
        .when(adjust(1, 3))
        .then([adjusted(1, 3)]);
    let history = [received(1, 5), adjusted(1, -2)];
    given::<Stocks>(history.clone())
        .when(adjust(1, -2))
        .then_nothing();
    let state = given::<Stocks>(history)
        .when(adjust(2, -3))
        .then([adjusted(2, -3)]);
    assert_eq!(state.on_hand, 0);
}

#[test]
fn counts_never_fall_below_what_is_promised() {
    let history = [received(1, 5), reserved(3)];
    given::<Stocks>(history.clone())
        .when(adjust(1, -2))
        .then([adjusted(1, -2)]);
    given::<Stocks>(history)
        .when(adjust(1, -3))
        .then_refused(StockError::Promised {
            available: 2,
            by: 3,
        });
}

#[test]
fn a_count_that_fell_short_can_be_mended() {
    // No decision leads there; a store that was mended by hand might.
    let short = [received(1, 2), reserved(5)];
    given::<Stocks>(short)
        .when(adjust(1, 1))
        .then([adjusted(1, 1)]);
}

#[test]
fn corrections_without_meaning_are_refused() {
    for delta in [0, MAX_MOVE + 1, -MAX_MOVE - 1, i64::MIN, i64::MAX] {
        given::<Stocks>([])
            .when(adjust(1, delta))
            .then_refused(StockError::Delta { max: MAX_MOVE });
    }
    let blank = StockCommand::Adjust(AdjustStock {
        adjustment_id: uuid(2, 1),
        location: Location::default(),
        sku: sku("A"),
        delta: 1,
        reason: " ".into(),
    });
    let length = TextError::Length {
        field: "reason".into(),
        max: 500,
    };
    given::<Stocks>([]).when(blank).then_refused(length.into());
}

#[test]
fn hostile_histories_saturate() {
    let state = Stocks::fold(&[
        received(1, i64::MAX),
        received(2, i64::MAX),
        reserved(i64::MIN),
        adjusted(1, i64::MAX),
    ]);
    assert_eq!((state.on_hand, state.reserved), (i64::MAX, i64::MIN));
    assert_eq!(state.available(), i64::MAX);
}

fn quarantined(quantity: i64) -> StockEvent {
    StockQuarantined {
        order_id: order_id(1),
        return_id: crate::ReturnId::new(uuid(5, 1)),
        location: Location::default(),
        sku: sku("A"),
        quantity,
    }
    .into()
}

fn clear(n: u64, restocked: i64, written_off: i64) -> StockCommand {
    StockCommand::Clear(ClearQuarantine {
        clearance_id: uuid(3, n),
        location: Location::default(),
        sku: sku("A"),
        restocked,
        written_off,
        reason: "cleaned".into(),
    })
}

fn cleared(n: u64, restocked: i64, written_off: i64) -> StockEvent {
    QuarantineCleared {
        clearance_id: uuid(3, n),
        location: Location::default(),
        sku: sku("A"),
        restocked,
        written_off,
        reason: "cleaned".into(),
    }
    .into()
}

#[test]
fn quarantine_is_cleared_and_no_more_of_it_than_there_is() {
    let history = || vec![received(1, 1), quarantined(5)];
    let state = given::<Stocks>(history())
        .when(clear(1, 2, 1))
        .then([cleared(1, 2, 1)]);
    assert_eq!(
        (state.on_hand, state.quarantined, state.available()),
        (3, 2, 3)
    );
    let again = [history(), vec![cleared(1, 2, 1)]].concat();
    given::<Stocks>(again.clone())
        .when(clear(1, 2, 1))
        .then_nothing();
    let more = StockError::MoreThanQuarantined {
        quarantined: 2,
        cleared: 3,
    };
    given::<Stocks>(again)
        .when(clear(2, 0, 3))
        .then_refused(more);
    for (restocked, written_off) in [
        (0, 0),
        (-1, 2),
        (2, -1),
        (MAX_MOVE, 1),
        (i64::MAX, i64::MAX),
    ] {
        given::<Stocks>(history())
            .when(clear(3, restocked, written_off))
            .then_refused(StockError::Cleared { max: MAX_MOVE });
    }
    let full = vec![received(1, MAX_ON_HAND), quarantined(1)];
    given::<Stocks>(full.clone())
        .when(clear(4, 1, 0))
        .then_refused(StockError::Overflow);
    given::<Stocks>(full)
        .when(clear(4, 0, 1))
        .then([cleared(4, 0, 1)]);
}

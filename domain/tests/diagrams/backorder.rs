//! What becomes of what is still to come for an order.

use crate::{
    lives::{BEGINNING, drawn},
    samples::{order_id, place, time},
};
use domain::{
    Decider, Sku,
    stock::{
        Ended, ReceiveStock, ReleaseReason, ReservationCommand, ReservationItem, ReservationLine,
        ReservationStep, SetBackorderLimit, Stock, StockCommand, Stocks, for_order,
    },
};
use uuid::Uuid;

/// What becomes of three pieces of which none is there.
pub fn life() -> String {
    let (order_id, location) = (order_id(), place("main"));
    let sku = Sku::parse("85123A").expect("samples are valid");
    let limit = Stocks::decide(
        &Stock::default(),
        &StockCommand::SetBackorderLimit(SetBackorderLimit {
            location: location.clone(),
            sku: sku.clone(),
            limit: 3,
        }),
    );
    let limited = Stocks::fold(&limit.expect("samples are valid"));
    let receive = |n: u128| {
        StockCommand::Receive(ReceiveStock {
            receipt_id: Uuid::from_u128(n),
            location: location.clone(),
            sku: sku.clone(),
            quantity: 2,
            reference: None,
        })
    };
    let receipts = [receive(1), receive(2)];
    let step = |quantity, step| ReservationCommand {
        order_id,
        epoch: 1,
        location: location.clone(),
        further: vec![],
        items: vec![ReservationItem {
            sku: sku.clone(),
            lines: vec![ReservationLine { line: 1, quantity }],
        }],
        step,
    };
    let commands = [
        step(
            3,
            ReservationStep::Reserve {
                until: time(900),
                split: false,
            },
        ),
        step(3, ReservationStep::Commit),
        step(3, ReservationStep::Ship),
        step(1, ReservationStep::Reduce),
        step(3, ReservationStep::GiveUp),
        step(3, ReservationStep::Release(ReleaseReason::Cancelled)),
    ];
    let decide = |stock: &Stock| {
        let put = |command| for_order(&[stock], command, None).ok();
        let steps = commands.iter().filter_map(put).map(|all| all.concat());
        let received = receipts.iter();
        let received = received.filter_map(|command| Stocks::decide(stock, command).ok());
        let events = steps.chain(received);
        events.filter(|events| !events.is_empty()).collect()
    };
    let key = (order_id, 1);
    let status = move |stock: &Stock| match (stock.reservations.get(&key), stock.ended(&key)) {
        (Some(held), _) if held.waits_for == 0 => "there",
        (Some(held), _) if held.overdue => "overdue",
        (Some(_), _) => "waited_for",
        (None, Some(Ended::Shipped)) => "shipped",
        (None, Some(Ended::Released | Ended::Rejected)) => "given_back",
        (None, None) => BEGINNING,
    };
    drawn(limited, decide, Stocks::evolve, status, |event| {
        event.event_type()
    })
}

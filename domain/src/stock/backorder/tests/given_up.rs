//! given / when / then of what has not come in time.

use super::*;
use crate::{
    Currency, CustomerId,
    order::{NewLine, Order, OrderCommand, Orders, PlaceOrder},
};

fn give_up(order: u64) -> ReservationCommand {
    let mut command = of(order, 1, ReservationStep::GiveUp);
    command.items[0].lines = vec![];
    command
}

#[test]
fn what_has_not_come_in_time_is_told_once() {
    let (state, decided) = step(&waiting(), &give_up(2));
    let expired = BackorderExpired {
        order_id: order_id(2),
        epoch: 1,
        location: main(),
        sku: sku("A"),
        quantity: 2,
        part: 1,
        parts: 1,
    };
    assert_eq!(decided, Ok(vec![expired.into()]));
    assert_eq!((state.backordered, state.reserved), (2, 5), "it is kept");
    let nothing = |order| {
        let (_, decided) = step(&waiting(), &give_up(order));
        assert_eq!(decided, Ok(vec![]), "{order}");
    };
    nothing(1);
    nothing(3);
    let come = [waiting(), vec![received(2, 2), covered(2, 2, 0)]].concat();
    assert_eq!(step(&come, &give_up(2)).1, Ok(vec![]), "it has come");
}

/// Whoever gives back what is not wanted any more may come late.
#[test]
fn what_is_not_wanted_any_more_is_not_overdue() {
    let stock = Stocks::fold(&waiting());
    let wants = |quantity| {
        let placed = OrderCommand::Place(PlaceOrder {
            order_id: order_id(2),
            customer_id: CustomerId::parse("c").unwrap(),
            currency: Currency::parse("EUR").unwrap(),
            lines: vec![NewLine {
                sku: sku("A"),
                quantity,
                unit_price: 1,
                currency: None,
                terms: Default::default(),
            }],
            terms: Default::default(),
            total: None,
            shipping_address: None,
            payment_method: "tok".into(),
            reference: None,
            placed_at: at(0),
        });
        let placed = Orders::decide(&Order::Absent, &placed).unwrap();
        Orders::fold(&placed)
    };
    let overdue = |wanted| {
        let order = wants(wanted);
        let decided = for_order(&[&stock], &give_up(2), Some(&order)).unwrap();
        match decided.concat().as_slice() {
            [] => 0,
            [StockEvent::BackorderExpired(event)] => event.quantity,
            other => panic!("{other:?}"),
        }
    };
    // Three are kept for it, of which two are still to come.
    assert_eq!([4, 3, 2, 1].map(overdue), [2, 2, 1, 0]);
    // Decided over an order that is not there, all of it is.
    let decided = for_order(&[&stock], &give_up(2), Some(&Order::Absent));
    assert_eq!(decided.unwrap().concat().len(), 1);
}

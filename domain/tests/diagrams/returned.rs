//! The life of a return.

use crate::{
    drawing::{BEGINNING, Drawing, drawn},
    samples::{eur, order_id, placement, shipment_id},
};
use domain::{
    Decider, Location, ReturnId, Sku,
    order::{ConfirmOrder, LineQuantity, Order, OrderCommand, Orders, RecordDelivered},
    returns::{
        ApproveReturn, BookIn, CancelReturn, DeclineReturn, GiveUpReturn, InspectReturn,
        InspectedLine, MarkInTransit, ReceiveReturn, RecordRefunded, RequestReturn, Return,
        ReturnCommand, Returns, over_order,
    },
};
use uuid::Uuid;

/// What becomes of a return of two pieces.
pub fn life() -> Drawing<Return> {
    let (order_id, location) = (order_id(), Location::default());
    let return_id = ReturnId::new(Uuid::from_u128(7));
    let lines = |quantity| vec![LineQuantity { line: 1, quantity }];
    let looked_at = |accepted, refused| {
        let line = InspectedLine {
            line: 1,
            restocked: accepted,
            quarantined: 0,
            refused,
            reason: Some("used".into()),
        };
        let lines = vec![line];
        ReturnCommand::Inspect(InspectReturn { order_id, lines })
    };
    let reason = || "no more".to_owned();
    let mut commands = vec![
        ReturnCommand::Request(RequestReturn {
            return_id,
            order_id,
            lines: lines(2),
            reason: reason(),
        }),
        ReturnCommand::Approve(ApproveReturn {
            location: location.clone(),
        }),
        ReturnCommand::Decline(DeclineReturn {
            order_id,
            reason: reason(),
        }),
        ReturnCommand::MarkInTransit(MarkInTransit {
            tracking_number: None,
        }),
        looked_at(1, 0),
        looked_at(2, 0),
        looked_at(0, 2),
        ReturnCommand::Cancel(CancelReturn {
            order_id,
            reason: reason(),
        }),
        ReturnCommand::BookIn(BookIn {
            location,
            skus: vec![Sku::parse("85123A").expect("samples are valid")],
        }),
    ];
    for sent in [false, true] {
        commands.push(ReturnCommand::GiveUp(GiveUpReturn {
            order_id,
            sent,
            reason: reason(),
        }));
    }
    for receipt in [1, 2] {
        commands.push(ReturnCommand::Receive(ReceiveReturn {
            receipt_id: Uuid::from_u128(receipt),
            lines: lines(1),
        }));
    }
    commands.push(ReturnCommand::Receive(ReceiveReturn {
        receipt_id: Uuid::from_u128(3),
        lines: vec![],
    }));
    for amount in [200, 400] {
        let amount = eur(amount);
        commands.push(ReturnCommand::RecordRefunded(RecordRefunded { amount }));
    }
    let arrived = OrderCommand::RecordDelivered(RecordDelivered {
        shipment_id: shipment_id("main"),
        lines: lines(3),
    });
    let delivered = [
        OrderCommand::Place(placement()),
        OrderCommand::Confirm(ConfirmOrder),
        arrived,
    ];
    let order = delivered.iter().fold(Order::Absent, |order, command| {
        let events = Orders::decide(&order, command).expect("samples are valid");
        events.iter().fold(order, Orders::evolve)
    });
    let decide = |state: &Return| {
        let decided = commands
            .iter()
            .filter_map(|command| over_order(state, command, &order).ok());
        let events = decided.map(|(events, _)| events);
        events.filter(|events| !events.is_empty()).collect()
    };
    drawn(
        Return::Absent,
        decide,
        Returns::evolve,
        |state| state.status().map_or(BEGINNING, |status| status.as_str()),
        |event| event.event_type(),
    )
    .by(&commands)
}

//! Rules that hold whatever is asked of an order, in whatever order.

mod amended;

use super::*;
use crate::{
    Currency, CustomerId, Decider, Sealed, ShipmentId, TaxRate,
    testing::{at, meaning_knows_no_state, order_id, sku, uuid},
};
use proptest::prelude::*;

fn line() -> impl Strategy<Value = NewLine> {
    let quantity = prop_oneof![8 => 1..10_i64, 1 => any::<i64>()];
    let price = prop_oneof![8 => 0..10_000_i64, 1 => any::<i64>()];
    let amount = || prop_oneof![4 => Just(0), 8 => 0..10_000_i64, 1 => any::<i64>()];
    let tax = prop_oneof![
        4 => Just((None, None)),
        2 => proptest::sample::select(vec!["0", "7", "19", "8.875"])
            .prop_map(|text| (Some(TaxRate::parse(text).unwrap()), None)),
        1 => amount().prop_map(|tax| (None, Some(tax))),
    ];
    let terms = (amount(), tax).prop_map(|(discount, (tax_rate, tax))| LineTerms {
        discount,
        tax_rate,
        tax,
    });
    let line = ("[A-C]", quantity, price, terms);
    line.prop_map(|(name, quantity, unit_price, terms)| NewLine {
        sku: sku(&name),
        quantity,
        unit_price,
        currency: None,
        terms,
    })
}

fn placement() -> impl Strategy<Value = PlaceOrder> {
    let lines = proptest::collection::vec(line(), 0..5);
    let discount = prop_oneof![2 => Just(0), 1 => 0..5_000_i64];
    let tax = proptest::option::weighted(0.2, 0..5_000_i64);
    let terms = (discount, tax, any::<bool>());
    let terms = terms.prop_map(|(discount, tax, tax_included)| OrderTerms {
        discount,
        tax,
        tax_included,
    });
    let total = proptest::option::weighted(0.2, 0..50_000_i64);
    (lines, terms, total).prop_map(|(lines, terms, total)| PlaceOrder {
        order_id: order_id(1),
        customer_id: CustomerId::parse("c").unwrap(),
        currency: Currency::parse("EUR").unwrap(),
        lines,
        terms,
        total,
        shipping_address: None,
        payment_method: "tok".into(),
        reference: None,
        placed_at: at(0),
    })
}

/// One of three shipments, with some of the order's first lines, or hostile ones.
fn shipped() -> impl Strategy<Value = (ShipmentId, Vec<LineQuantity>)> {
    let quantity = prop_oneof![8 => 1..4_i64, 1 => any::<i64>()];
    let line = (0..4_u32, quantity).prop_map(|(line, quantity)| LineQuantity { line, quantity });
    let shipment = (0..3_u64).prop_map(|n| ShipmentId::new(uuid(2, n)));
    (shipment, proptest::collection::vec(line, 0..3))
}

/// What is asked of one of two amendments; those that are applied name no stock.
fn amendment() -> impl Strategy<Value = OrderCommand> {
    let quantity = prop_oneof![8 => 0..12_i64, 1 => any::<i64>()];
    let line = (0..4_u32, quantity).prop_map(|(line, quantity)| LineQuantity { line, quantity });
    let lines = proptest::collection::vec(line, 0..3);
    (0..2_u64, lines, 0..5_u8, "[A-C]{0,1}").prop_map(|(n, lines, what, name)| {
        let amendment_id = uuid(10, n);
        match what {
            0 | 1 => OrderCommand::ProposeAmendment(ProposeAmendment {
                amendment_id,
                lines,
                at: at(0),
                until: at(900),
                reason: "rather so".into(),
            }),
            2 => OrderCommand::WithdrawAmendment(WithdrawAmendment { amendment_id }),
            3 => OrderCommand::ExpireAmendment(ExpireAmendment { amendment_id }),
            _ => OrderCommand::ApplyAmendment(ApplyAmendment {
                amendment_id,
                at: at(0),
                stock: Some(name)
                    .filter(|name| !name.is_empty())
                    .map(|name| ConcernedStock {
                        location: crate::Location::default(),
                        skus: vec![sku(&name)],
                    }),
            }),
        }
    })
}

fn command() -> impl Strategy<Value = OrderCommand> {
    let hold = || "[abA]";
    let text = || "[x\0]{0,3}";
    prop_oneof![
        placement().prop_map(OrderCommand::Place),
        Just(OrderCommand::Confirm(ConfirmOrder)),
        Just(OrderCommand::Expire(ExpireOrder)),
        Just(OrderCommand::Cancel(CancelOrder)),
        text().prop_map(|detail| OrderCommand::Reject(RejectOrder {
            reason: RejectionReason::PaymentDeclined,
            detail,
        })),
        text().prop_map(|reason| {
            OrderCommand::RequestCancellation(RequestCancellation { reason })
        }),
        (0..3_u32, text()).prop_map(|(request, reason)| {
            OrderCommand::RejectCancellation(RejectCancellation { request, reason })
        }),
        shipped().prop_map(|(shipment_id, lines)| {
            OrderCommand::RecordShipped(RecordShipped { shipment_id, lines })
        }),
        shipped().prop_map(|(shipment_id, lines)| {
            OrderCommand::RecordDelivered(RecordDelivered { shipment_id, lines })
        }),
        (shipped(), any::<bool>()).prop_map(|((shipment_id, lines), returned)| {
            OrderCommand::RecordLost(RecordLost {
                shipment_id,
                lines,
                returned,
            })
        }),
        Just(OrderCommand::Complete(CompleteOrder)),
        (0..3_u64, text()).prop_map(|(n, text)| OrderCommand::AddNote(AddNote {
            note_id: uuid(1, n),
            text,
        })),
        (hold(), text())
            .prop_map(|(hold, reason)| OrderCommand::PlaceHold(PlaceHold { hold, reason })),
        hold().prop_map(|hold| OrderCommand::ReleaseHold(ReleaseHold { hold })),
        amendment(),
        (0..3_u64, any::<bool>()).prop_map(|(n, contradicts)| {
            OrderCommand::ParkTask(ParkTask {
                task_id: uuid(2, n),
                task: if contradicts { CONTRADICTION } else { "refund" }.into(),
                of: None,
                done: true,
                problem: "x".into(),
            })
        }),
        (0..3_u64).prop_map(|n| OrderCommand::SettleContradiction(SettleContradiction {
            task_id: uuid(2, n),
            note_id: uuid(3, n),
            reason: "x".into(),
        })),
        proptest::collection::vec("[abA]{1,2}", 0..3)
            .prop_map(|tags| OrderCommand::SetTags(SetTags { tags })),
        "[ab]{4}".prop_map(|to| {
            let shipping_address = Sealed::of_base64(&to).unwrap();
            OrderCommand::ChangeShippingAddress(ChangeShippingAddress {
                shipping_address: Some(shipping_address),
            })
        }),
    ]
}

/// Whether an order may go from one status to another by one event.
fn may_follow(from: Status, to: Status) -> bool {
    use Status as S;
    let next: &[Status] = match from {
        S::Placed => &[
            S::Placed,
            S::Confirmed,
            S::Rejected,
            S::Expired,
            S::Cancelling,
        ],
        S::Confirmed => &[S::Confirmed, S::Cancelling, S::Completed],
        S::Cancelling => &[S::Cancelling, S::Cancelled, S::Confirmed, S::Placed],
        S::Rejected | S::Expired | S::Cancelled | S::Completed => &[from],
    };
    next.contains(&to)
}

fn check_step(before: &Order, event: &OrderEvent, after: &Order) {
    let after = after.placed().expect("after any event it is placed");
    let Some(before) = before.placed() else {
        assert!(matches!(event, OrderEvent::OrderPlaced(_)));
        let placed = &after.placed;
        let sum: i64 = placed.lines.iter().map(|line| line.total).sum();
        assert_eq!(placed.total, sum);
        for line in &placed.lines {
            let base = line.subtotal() - line.discounts();
            let added = if placed.tax_included { 0 } else { line.tax };
            assert_eq!(line.total, base + added);
            assert!(base >= 0 && (0..=base).contains(&line.tax));
            assert!(line.quantity > 0 && line.unit_price >= 0);
        }
        return;
    };
    assert!(
        may_follow(before.status, after.status),
        "{before:?} {event:?}"
    );
    assert_eq!(before.placed, after.placed, "a placement never changes");
    let confirmed_now = matches!(event, OrderEvent::OrderConfirmed(_));
    assert!(
        !confirmed_now || after.holds.is_empty(),
        "confirmed under a hold"
    );
    if let OrderEvent::CancellationRejected(event) = event {
        assert_eq!(event.confirmed, after.status == Status::Confirmed);
    }
    check_lines(event, after);
}

/// No more leaves than was ordered, no more ends than has left, and an order that is complete has
/// nothing left to come.
fn check_lines(event: &OrderEvent, after: &Placed) {
    // No more is wanted than is set aside for it.
    assert!(after.worth(&after.all_open()) <= after.placed.total);
    let (mut open, mut missing) = (0, 0);
    for line in after.lines() {
        // What all of a line comes to is the same by its number and by itself.
        assert_eq!(after.worth_of(line.line, line.quantity), line.total);
        let progress = after.progress(line.line);
        let gone = progress.shipped + progress.cancelled;
        assert!((0..=line.quantity).contains(&gone) && progress.cancelled >= 0);
        assert!(progress.delivered >= 0 && progress.lost >= 0 && progress.under_way() >= 0);
        assert_eq!(after.open(line.line), line.quantity - gone);
        open += line.quantity - gone;
        missing += line.quantity - progress.cancelled - progress.delivered - progress.lost;
    }
    match event {
        OrderEvent::LinesShipped(event) => assert_eq!(event.all, open == 0),
        OrderEvent::LinesDelivered(event) => assert_eq!(event.all, missing == 0),
        _ => {}
    }
    assert!(after.status != Status::Completed || missing == 0);
}

#[test]
fn an_amendment_does_not_have_leave_once_more_what_has_left_since() {
    let new_line = |quantity| NewLine {
        sku: sku("A"),
        quantity,
        unit_price: 100,
        currency: None,
        terms: LineTerms::default(),
    };
    let placement = PlaceOrder {
        order_id: order_id(1),
        customer_id: CustomerId::parse("c").unwrap(),
        currency: Currency::parse("EUR").unwrap(),
        lines: vec![new_line(1), new_line(5)],
        terms: OrderTerms::default(),
        total: None,
        shipping_address: None,
        payment_method: "tok".into(),
        reference: None,
        placed_at: at(0),
    };
    let three = || {
        vec![LineQuantity {
            line: 2,
            quantity: 3,
        }]
    };
    let before = [
        OrderCommand::Place(placement),
        OrderCommand::Confirm(ConfirmOrder),
        OrderCommand::ProposeAmendment(ProposeAmendment {
            amendment_id: uuid(10, 0),
            lines: three(),
            at: at(0),
            until: at(900),
            reason: "rather so".into(),
        }),
        OrderCommand::RecordShipped(RecordShipped {
            shipment_id: ShipmentId::new(uuid(2, 0)),
            lines: three(),
        }),
    ];
    let order = before.iter().fold(Order::default(), |order, command| {
        let events = Orders::decide(&order, command).unwrap();
        events.iter().fold(order, Orders::evolve)
    });
    let apply = OrderCommand::ApplyAmendment(ApplyAmendment {
        amendment_id: uuid(10, 0),
        at: at(0),
        stock: None,
    });
    let refused = Err(OrderError::AlreadyPacked);
    assert_eq!(Orders::decide(&order, &apply), refused);
}

proptest! {
    #[test]
    fn orders_keep_their_rules(
        first in placement(),
        commands in proptest::collection::vec(command(), 0..40),
    ) {
        let mut state = Order::default();
        let mut history = vec![];
        for command in std::iter::once(OrderCommand::Place(first)).chain(commands) {
            meaning_knows_no_state::<Orders>(&state, &command);
            let Ok(events) = Orders::decide(&state, &command) else {
                continue;
            };
            // What is lost or arrives has left, which may have to be said first.
            // Of what nothing is left, all is being cancelled. How something was set right is a note.
            let first = events.first();
            prop_assert!(events.len() <= 1 || matches!(first, Some(
                OrderEvent::LinesShipped(_)
                    | OrderEvent::LinesCancelled(_)
                    | OrderEvent::CancellationRequested(_)
                    | OrderEvent::TaskResumed(_)
            )));
            for event in events {
                let after = Orders::evolve(state.clone(), &event);
                check_step(&state, &event, &after);
                state = after;
                history.push(event);
            }
            prop_assert_eq!(Orders::decide(&state, &command), Ok(vec![]));
        }
        let stored = history.iter().map(|event| {
            OrderEvent::decode(event.event_type(), event.schema_version(), &event.encode())
                .unwrap()
                .unwrap()
        });
        prop_assert_eq!(Orders::fold(&stored.collect::<Vec<_>>()), state);
    }
}

//! However it came to be that a customer has so many, that is what is paid for them.

use super::*;
use crate::order::{
    AmendmentApplied, CancelLines, OrderError, OrderEvent, Placed, ProposeAmendment,
};

/// What becomes of a line before anything of the order is packed.
#[derive(Debug, Clone)]
enum Wish {
    /// So many are wanted in all.
    Amended(u32, i64),
    /// So many are not wanted.
    Cancelled(u32, i64),
}

fn wish() -> impl Strategy<Value = Wish> {
    prop_oneof![
        3 => (1..4_u32, 0..8_i64).prop_map(|(line, quantity)| Wish::Amended(line, quantity)),
        2 => (1..4_u32, 1..4_i64).prop_map(|(line, quantity)| Wish::Cancelled(line, quantity)),
    ]
}

/// A return of so many of a line, of which so many are accepted, if it is not cancelled.
#[derive(Debug, Clone)]
struct Back {
    line: u32,
    quantity: i64,
    accepted: Option<i64>,
}

fn back() -> impl Strategy<Value = Back> {
    let accepted = proptest::option::weighted(0.8, 0..4_i64);
    (1..4_u32, 1..4_i64, accepted).prop_map(|(line, quantity, accepted)| Back {
        line,
        quantity,
        accepted: accepted.map(|accepted| accepted.min(quantity)),
    })
}

/// An order of 2 A for 5.00, 3 B for 0.01 and 4 C for 20.00, which is confirmed.
fn confirmed((terms, [of_a, of_b, of_c]): (OrderTerms, [LineTerms; 3])) -> Order {
    let line = |name, quantity, unit_price, terms| NewLine {
        sku: sku(name),
        quantity,
        unit_price,
        currency: None,
        terms,
    };
    let place = PlaceOrder {
        order_id: order_id(1),
        customer_id: CustomerId::parse("c").unwrap(),
        currency: Currency::parse("EUR").unwrap(),
        lines: vec![
            line("A", 2, 500, of_a),
            line("B", 3, 1, of_b),
            line("C", 4, 2_000, of_c),
        ],
        terms,
        total: None,
        shipping_address: None,
        payment_method: "tok".into(),
        reference: None,
        placed_at: at(0),
    };
    let placed = after(&Order::Absent, &OrderCommand::Place(place)).unwrap();
    after(&placed, &OrderCommand::Confirm(ConfirmOrder)).unwrap()
}

/// Discounts that take up to all of a line, and tax by rates, or by none.
fn terms() -> impl Strategy<Value = (OrderTerms, [LineTerms; 3])> {
    let of_line = |price: i64| {
        let rate = proptest::sample::select(vec![None, Some("19"), Some("8.875")]);
        let discount = prop_oneof![2 => Just(0), 2 => 0..=price, 1 => Just(price)];
        (discount, rate).prop_map(|(discount, rate)| LineTerms {
            discount,
            tax_rate: rate.map(|text| TaxRate::parse(text).unwrap()),
            tax: None,
        })
    };
    let of_order = (0..900_i64, any::<bool>()).prop_map(|(discount, tax_included)| OrderTerms {
        discount,
        tax: None,
        tax_included,
    });
    let of_lines = (of_line(1_000), of_line(3), of_line(7_000));
    (of_order, of_lines).prop_map(|(terms, (a, b, c))| (terms, [a, b, c]))
}

/// The order after `command`, if it is accepted.
fn after(order: &Order, command: &OrderCommand) -> Option<Order> {
    let events = Orders::decide(order, command).ok()?;
    Some(events.iter().fold(order.clone(), Orders::evolve))
}

fn placed(order: &Order) -> &Placed {
    order.placed().unwrap()
}

fn propose(n: u64, lines: Vec<LineQuantity>) -> OrderCommand {
    OrderCommand::ProposeAmendment(ProposeAmendment {
        amendment_id: uuid(10, n),
        lines,
        at: at(0),
        until: at(900),
        reason: "rather so".into(),
    })
}

fn cancel(n: u64, lines: Vec<LineQuantity>) -> OrderCommand {
    OrderCommand::CancelLines(CancelLines {
        cancellation_id: uuid(7, n),
        lines,
        reason: "too many".into(),
    })
}

/// The order once what it was amended to is applied.
fn applied(order: Order) -> Order {
    let Some(open) = placed(&order).open_amendment() else {
        return order;
    };
    let event = AmendmentApplied {
        order: open.order.clone(),
        amendment_id: open.amendment_id,
        lines: open.lines.clone(),
        total: open.total,
    };
    Orders::evolve(order, &event.into())
}

/// The order as somebody would have it, if that may be, and leaves something of it.
fn granted(order: &Order, n: u64, wish: &Wish) -> Option<Order> {
    let of = |line, quantity| vec![LineQuantity { line, quantity }];
    let command = match *wish {
        Wish::Amended(line, quantity) => propose(n, of(line, quantity)),
        Wish::Cancelled(line, quantity) => cancel(n, of(line, quantity)),
    };
    let wanted = applied(after(order, &command)?);
    (!placed(&wanted).all_open().is_empty()).then_some(wanted)
}

/// All of the order that is wanted has arrived.
fn arrived(order: &Order) -> Order {
    let command = OrderCommand::RecordDelivered(RecordDelivered {
        shipment_id: ShipmentId::whole(order_id(1)),
        lines: placed(order).all_open(),
    });
    after(order, &command).unwrap()
}

/// What `order`, which is as it was placed, comes to where so many of each of its lines are wanted.
fn at_once(order: &Order, wanted: Vec<LineQuantity>) -> i64 {
    if wanted.iter().all(|line| line.quantity == 0) {
        return 0;
    }
    match Orders::decide(order, &propose(99, wanted)).as_deref() {
        Ok([OrderEvent::AmendmentProposed(event)]) => event.total,
        Err(OrderError::NothingAmended) => placed(order).placed.total,
        // Nobody may have it so, who would: but it is what comes of it.
        Err(OrderError::RestIsFree) => 0,
        other => panic!("{other:?}"),
    }
}

/// What happens to a return and its order, one command after the other.
fn all_of(order: &Order, state: Return, commands: &[ReturnCommand]) -> Option<(Order, Return)> {
    let (mut order, mut state) = (order.clone(), state);
    for command in commands {
        let (events, told) = over_order(&state, command, &order).ok()?;
        state = events.iter().fold(state, Returns::evolve);
        order = told.iter().fold(order, Orders::evolve);
    }
    Some((order, state))
}

/// Asks for a return, which is on its way then, if so many may come back.
fn on_its_way(order: &Order, n: u64, back: &Back) -> Option<(Order, Return)> {
    let request = RequestReturn {
        return_id: return_id(n),
        order_id: order_id(1),
        lines: vec![LineQuantity {
            line: back.line,
            quantity: back.quantity,
        }],
        reason: "x".into(),
    };
    let location = Location::default();
    let commands = [
        ReturnCommand::Request(request),
        ReturnCommand::Approve(ApproveReturn { location }),
    ];
    all_of(order, Return::Absent, &commands)
}

/// The return ends, and so much is given back.
fn ended(order: &Order, n: u64, state: Return, back: &Back) -> (Order, i64) {
    let Some(accepted) = back.accepted else {
        let cancel = ReturnCommand::Cancel(CancelReturn {
            order_id: order_id(1),
            reason: "x".into(),
        });
        return (all_of(order, state, &[cancel]).unwrap().0, 0);
    };
    let seen = InspectedLine {
        line: back.line,
        restocked: accepted,
        quarantined: 0,
        refused: back.quantity - accepted,
        reason: Some("x".into()),
    };
    let commands = [
        ReturnCommand::Receive(ReceiveReturn {
            receipt_id: uuid(9, n),
            lines: vec![],
        }),
        ReturnCommand::Inspect(InspectReturn {
            order_id: order_id(1),
            lines: vec![seen],
        }),
    ];
    let (order, state) = all_of(order, state, &commands).unwrap();
    let refund = state.requested().unwrap().refund.unwrap();
    (order, refund.amount)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn whoever_has_so_many_has_paid_what_they_cost_at_once(
        terms in terms(),
        wishes in proptest::collection::vec(wish(), 0..8),
        backs in proptest::collection::vec(back(), 0..8),
        together: bool,
    ) {
        let first = confirmed(terms);
        let wanted = wishes.iter().enumerate().fold(first.clone(), |order, (n, wish)| {
            granted(&order, n as u64, wish).unwrap_or(order)
        });
        // It is taken when it is packed.
        let mut paid = placed(&wanted).open_total();
        let mut order = arrived(&wanted);
        let mut open = vec![];
        for (n, back) in backs.iter().enumerate() {
            let Some((then, state)) = on_its_way(&order, n as u64, back) else {
                continue;
            };
            order = then;
            open.push((n as u64, state, back));
            if together {
                continue;
            }
            for (n, state, back) in open.drain(..) {
                let (then, refund) = ended(&order, n, state, back);
                prop_assert!(refund >= 0);
                (order, paid) = (then, paid - refund);
            }
        }
        // Those that were asked for last may come first.
        for (n, state, back) in open.into_iter().rev() {
            let (then, refund) = ended(&order, n, state, back);
            prop_assert!(refund >= 0);
            (order, paid) = (then, paid - refund);
        }
        let last = placed(&order);
        prop_assert_eq!(paid, last.worth_kept());
        let kept = last.lines().iter().map(|line| LineQuantity {
            line: line.line,
            quantity: last.progress(line.line).kept(),
        });
        prop_assert_eq!(paid, at_once(&first, kept.collect()));
    }
}

/// Whoever raises a line, and sends back what was more, has paid what was placed.
#[test]
fn more_that_comes_back_is_paid_back_as_more() {
    let none = LineTerms::default;
    let discounted = |discount| LineTerms { discount, ..none() };
    // Two for 5.00, and two for nothing.
    for (discount, cost) in [(500, 500), (1_000, 0)] {
        let first = confirmed((
            OrderTerms::default(),
            [discounted(discount), none(), none()],
        ));
        let fewer = granted(&first, 1, &Wish::Cancelled(3, 2)).unwrap();
        let raised = granted(&fewer, 2, &Wish::Amended(1, 4)).unwrap();
        let others = 4_003;
        assert_eq!(placed(&raised).open_total(), cost + 1_000 + others);
        let cancelled = granted(&raised, 3, &Wish::Cancelled(1, 2)).unwrap();
        assert_eq!(placed(&cancelled).open_total(), cost + others);
        let (after, refund) = sent_back(&arrived(&raised), 1, 1, 2);
        assert_eq!(
            (refund, placed(&after).worth_kept()),
            (1_000, cost + others)
        );
    }
}

//! Rules that hold whatever is asked of an order's returns, in whatever order.

mod kept;

use super::*;
use crate::{
    Currency, CustomerId, Decider, Location, Refusal, RefusalKind, ReturnId, ShipmentId, TaxRate,
    order::{
        ConfirmOrder, LineQuantity, LineTerms, NewLine, Order, OrderCommand, OrderReturnStatus,
        OrderTerms, Orders, PlaceOrder, RecordDelivered,
    },
    stock::StockEvent,
    testing::{at, eur, order_id, sku, uuid},
};
use ReturnStatus as S;
use proptest::prelude::*;
use std::collections::BTreeMap;

const RETURNS: u64 = 3;

fn return_id(n: u64) -> ReturnId {
    ReturnId::new(uuid(8, n))
}

/// An order of 3 A for 10.00 and 2 B for 0.01, less its discounts and with its tax, which has arrived.
fn delivered(terms: OrderTerms, of_lines: [LineTerms; 2]) -> Order {
    let line = |name, quantity, unit_price, terms| NewLine {
        sku: sku(name),
        quantity,
        unit_price,
        currency: None,
        terms,
    };
    let [of_a, of_b] = of_lines;
    let place = OrderCommand::Place(PlaceOrder {
        order_id: order_id(1),
        customer_id: CustomerId::parse("c").unwrap(),
        currency: Currency::parse("EUR").unwrap(),
        lines: vec![line("A", 3, 1_000, of_a), line("B", 2, 1, of_b)],
        terms,
        total: None,
        shipping_address: None,
        payment_method: "tok".into(),
        reference: None,
        placed_at: at(0),
    });
    let arrived = OrderCommand::RecordDelivered(RecordDelivered {
        shipment_id: ShipmentId::of(order_id(1), &Location::default()),
        lines: [(1, 3), (2, 2)]
            .map(|(line, quantity)| LineQuantity { line, quantity })
            .into(),
    });
    let commands = [place, OrderCommand::Confirm(ConfirmOrder), arrived];
    commands.iter().fold(Order::Absent, |order, command| {
        let events = Orders::decide(&order, command).unwrap();
        events.iter().fold(order, Orders::evolve)
    })
}

/// Discounts and tax that leave something odd of a line.
fn terms() -> impl Strategy<Value = (OrderTerms, [LineTerms; 2])> {
    let rates = vec![None, Some("19"), Some("8.875")];
    let rate = || {
        let rate = proptest::sample::select(rates.clone());
        rate.prop_map(|text| text.map(|text| TaxRate::parse(text).unwrap()))
    };
    let of_line = |discount: std::ops::Range<i64>| {
        (discount, rate()).prop_map(|(discount, tax_rate)| LineTerms {
            discount,
            tax_rate,
            tax: None,
        })
    };
    let of_order = (0..900_i64, any::<bool>()).prop_map(|(discount, tax_included)| OrderTerms {
        discount,
        tax: None,
        tax_included,
    });
    let of_lines = (of_line(0..2_000), of_line(0..2));
    (of_order, of_lines).prop_map(|(terms, (of_a, of_b))| (terms, [of_a, of_b]))
}

fn quantities() -> impl Strategy<Value = Vec<LineQuantity>> {
    let of = |line, quantity| LineQuantity { line, quantity };
    proptest::collection::vec((1..=3_u32, 0..=3_i64), 0..=3)
        .prop_map(move |all| all.into_iter().map(|(line, n)| of(line, n)).collect())
}

fn looked_at() -> impl Strategy<Value = Vec<InspectedLine>> {
    let line = (1..=2_u32, 0..=2_i64, 0..=2_i64, 0..=2_i64, any::<bool>());
    let line = line.prop_map(
        |(line, restocked, quarantined, refused, said)| InspectedLine {
            line,
            restocked,
            quarantined,
            refused,
            reason: said.then(|| "x".into()),
        },
    );
    proptest::collection::vec(line, 1..=2)
}

fn command(n: u64) -> impl Strategy<Value = ReturnCommand> {
    let order = || prop_oneof![9 => Just(order_id(1)), 1 => Just(order_id(2))];
    let text = || "[x\0]{0,3}";
    let skus = || proptest::sample::subsequence(vec![sku("A"), sku("B")], 0..=2);
    prop_oneof![
        3 => (quantities(), text()).prop_map(move |(lines, reason)| {
            let (return_id, order_id) = (return_id(n), order_id(1));
            ReturnCommand::Request(RequestReturn { return_id, order_id, lines, reason })
        }),
        3 => Just(ReturnCommand::Approve(ApproveReturn { location: Location::default() })),
        1 => (order(), text()).prop_map(|(order_id, reason)| {
            ReturnCommand::Decline(DeclineReturn { order_id, reason })
        }),
        1 => proptest::option::of(text()).prop_map(|tracking_number| {
            ReturnCommand::MarkInTransit(MarkInTransit { tracking_number })
        }),
        4 => (0..4_u64, quantities()).prop_map(|(receipt, lines)| {
            let receipt_id = uuid(9, receipt);
            ReturnCommand::Receive(ReceiveReturn { receipt_id, lines })
        }),
        3 => (order(), looked_at()).prop_map(|(order_id, lines)| {
            ReturnCommand::Inspect(InspectReturn { order_id, lines })
        }),
        1 => (order(), text()).prop_map(|(order_id, reason)| {
            ReturnCommand::Cancel(CancelReturn { order_id, reason })
        }),
        1 => (order(), any::<bool>(), text()).prop_map(|(order_id, sent, reason)| {
            ReturnCommand::GiveUp(GiveUpReturn { order_id, sent, reason })
        }),
        2 => skus().prop_map(|skus| {
            ReturnCommand::BookIn(BookIn { location: Location::default(), skus })
        }),
    ]
}

/// What is asked: of a return, or, in place of the provider, that it be told what was paid back.
fn asked() -> impl Strategy<Value = (u64, Option<ReturnCommand>)> {
    (0..RETURNS).prop_flat_map(|n| {
        let command = proptest::option::weighted(0.9, command(n));
        command.prop_map(move |command| (n, command))
    })
}

/// Whether a return may go from one status to another by one event.
fn may_follow(from: Option<S>, to: S) -> bool {
    let next: &[S] = match from {
        None => &[S::Requested],
        Some(S::Requested) => &[S::Approved, S::Declined, S::Cancelled],
        Some(S::Approved) => &[
            S::InTransit,
            S::PartiallyReceived,
            S::Received,
            S::Cancelled,
        ],
        Some(S::InTransit) => &[S::PartiallyReceived, S::Received, S::Cancelled],
        Some(S::PartiallyReceived) => &[S::PartiallyReceived, S::Received, S::Inspected],
        Some(S::Received) => &[S::Inspected],
        Some(S::Inspected) => &[S::Inspected, S::Closed],
        Some(S::Closed | S::Declined | S::Cancelled) => &[],
    };
    next.contains(&to)
}

/// What the histories of all returns say.
#[derive(Debug, Default)]
struct Books {
    stocked: i64,
    paid_back: BTreeMap<u64, i64>,
}

fn check(order: &Order, returns: &BTreeMap<u64, Return>, books: &Books) {
    let placed = order.placed().unwrap();
    let (mut worth, mut accepted, mut open) = (0, 0, 0);
    for line in placed.lines() {
        let progress = placed.progress(line.line);
        let live = returns.values().filter_map(Return::requested);
        let to_come: i64 = live
            .filter(|case| case.inspected.is_none())
            .filter(|case| !matches!(case.status, S::Declined | S::Cancelled))
            .flat_map(|case| case.lines.iter())
            .filter(|known| known.line == line.line)
            .map(|known| known.quantity)
            .sum();
        assert!(
            progress.returned + to_come <= progress.delivered,
            "{line:?}"
        );
        worth += line.total - placed.worth_of(line.line, line.quantity - progress.returned);
        accepted += progress.returned;
        open += to_come;
    }
    let cases = returns.values().filter_map(Return::requested);
    let refunds = cases.filter_map(|case| case.refund);
    let refunds: i64 = refunds.map(|refund| refund.amount).sum();
    assert_eq!(
        refunds, worth,
        "what is given back is what has come back is worth"
    );
    assert!(books.stocked <= accepted, "booked in what never came");
    let status = match placed.return_status() {
        _ if open > 0 => OrderReturnStatus::Open,
        _ if accepted == 0 => OrderReturnStatus::None,
        _ if accepted == 5 => OrderReturnStatus::Returned,
        _ => OrderReturnStatus::PartiallyReturned,
    };
    assert_eq!(placed.return_status(), status);
    for (n, state) in returns {
        let Some(case) = state.requested().filter(|case| case.status == S::Closed) else {
            continue;
        };
        let refund = case.refund.unwrap();
        assert_eq!(
            books.paid_back.get(n).copied().unwrap_or_default(),
            refund.amount
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn what_comes_back_has_arrived_and_is_paid_back_once(
        asked in proptest::collection::vec(asked(), 0..120),
        (terms, of_lines) in terms(),
    ) {
        let mut order = delivered(terms, of_lines);
        let mut returns: BTreeMap<u64, Return> = BTreeMap::new();
        let mut history: BTreeMap<u64, Vec<ReturnEvent>> = BTreeMap::new();
        let mut books = Books::default();
        for (n, command) in asked {
            let state = returns.entry(n).or_default();
            let command = command.unwrap_or_else(|| {
                let refund = state.requested().and_then(|case| case.refund);
                let amount = refund.unwrap_or(eur(1));
                ReturnCommand::RecordRefunded(RecordRefunded { amount })
            });
            meaning_knows_nothing_else(state, &command, &order);
            let Ok((events, told)) = over_order(state, &command, &order) else {
                continue;
            };
            if let ReturnCommand::BookIn(command) = &command {
                let (_, stocks) = book_in(state, command).unwrap();
                books.stocked += stocks.iter().flatten().map(quantity).sum::<i64>();
            }
            for event in events {
                let after = Returns::evolve(state.clone(), &event);
                prop_assert!(may_follow(state.status(), after.status().unwrap()), "{:?}", event);
                if let ReturnEvent::ReturnRefunded(event) = &event {
                    let paid = books.paid_back.insert(n, event.amount.amount);
                    prop_assert_eq!(paid, None, "paid back twice");
                }
                *state = after;
                history.entry(n).or_default().push(event);
            }
            order = told.iter().fold(order, Orders::evolve);
            prop_assert_eq!(over_order(state, &command, &order), Ok((vec![], vec![])));
            check(&order, &returns, &books);
        }
        for (n, history) in history {
            let stored = history.iter().map(|event| {
                ReturnEvent::decode(event.event_type(), event.schema_version(), &event.encode())
                    .unwrap()
                    .unwrap()
            });
            prop_assert_eq!(&Returns::fold(&stored.collect::<Vec<_>>()), &returns[&n]);
        }
    }
}

/// Sends back `quantity` of a line by a return of its own, and says what is given back for it.
fn sent_back(order: &Order, n: u64, line: u32, quantity: i64) -> (Order, i64) {
    let goods = || vec![LineQuantity { line, quantity }];
    let commands = [
        ReturnCommand::Request(RequestReturn {
            return_id: return_id(n),
            order_id: order_id(1),
            lines: goods(),
            reason: "x".into(),
        }),
        ReturnCommand::Approve(ApproveReturn {
            location: Location::default(),
        }),
        ReturnCommand::Receive(ReceiveReturn {
            receipt_id: uuid(9, n),
            lines: vec![],
        }),
        ReturnCommand::Inspect(InspectReturn {
            order_id: order_id(1),
            lines: vec![InspectedLine {
                line,
                restocked: quantity,
                quarantined: 0,
                refused: 0,
                reason: None,
            }],
        }),
    ];
    let (mut state, mut order) = (Return::Absent, order.clone());
    for command in commands {
        let (events, told) = over_order(&state, &command, &order).unwrap();
        state = events.iter().fold(state, Returns::evolve);
        order = told.iter().fold(order, Orders::evolve);
    }
    let case = state.requested().unwrap();
    let refund = case.refund.unwrap();
    assert_eq!(refund, case.amount, "what was asked for came, and alone");
    (order, refund.amount)
}

proptest! {
    #[test]
    fn whoever_sends_everything_back_has_all_of_it_paid_back(
        (terms, of_lines) in terms(),
        order_of_pieces in Just(vec![(1, 1), (1, 1), (1, 1), (2, 1), (2, 1)]).prop_shuffle(),
    ) {
        let mut order = delivered(terms, of_lines);
        let paid = order.placed().unwrap().placed.total;
        let mut refunds = 0;
        for (n, (line, quantity)) in order_of_pieces.into_iter().enumerate() {
            let (after, refund) = sent_back(&order, n as u64, line, quantity);
            prop_assert!(refund >= 0);
            refunds += refund;
            order = after;
        }
        prop_assert_eq!(refunds, paid);
    }
}

fn quantity(event: &StockEvent) -> i64 {
    match event {
        StockEvent::StockRestocked(event) => event.quantity,
        StockEvent::StockQuarantined(event) => event.quantity,
        other => panic!("no goods that came back: {other:?}"),
    }
}

/// What breaks a rule of meaning does so whatever has happened to return and order.
fn meaning_knows_nothing_else(state: &Return, command: &ReturnCommand, order: &Order) {
    let meaningless = |state: &Return, order: &Order| {
        let refusal = over_order(state, command, order).err().map(Refusal::from);
        refusal.filter(|refusal| refusal.kind == RefusalKind::Meaning)
    };
    let nowhere = (&Return::Absent, &Order::Absent);
    assert_eq!(meaningless(state, order), meaningless(nowhere.0, nowhere.1));
}

//! given / when / then of amendments: proposed, applied, withdrawn and overtaken.

use super::*;
use crate::{
    Location, Money, ShipmentId,
    order::{
        AmendedLine, AmendedStock, AmendmentApplied, AmendmentEnd, AmendmentExpired,
        AmendmentProposed, AmendmentRejected, AmendmentWithdrawn, ApplyAmendment, CancelLines,
        ConcernedStock, ExpireAmendment, LineQuantity, ProposeAmendment, RejectAmendment,
        WithdrawAmendment, apply_amendment, propose_amendment,
    },
    shipment::{
        Shipment, ShipmentCreated, ShipmentEvent, ShipmentLine, ShipmentPacked, ShipmentRefitted,
        Shipments,
    },
    stock::{
        ReservationCommitted, ReservationLine, ReservationRaised, ReservationReduced, StockEvent,
        StockReceived, StockReserved, Stocks,
    },
};

fn quantities(of: &[(u32, i64)]) -> Vec<LineQuantity> {
    let quantity = |(line, quantity): &(u32, i64)| LineQuantity {
        line: *line,
        quantity: *quantity,
    };
    of.iter().map(quantity).collect()
}

fn propose(n: u64, of: &[(u32, i64)]) -> ProposeAmendment {
    ProposeAmendment {
        amendment_id: uuid(10, n),
        lines: quantities(of),
        until: at(900),
        reason: "rather so".into(),
    }
}

fn apply(n: u64, skus: &[&str]) -> ApplyAmendment {
    ApplyAmendment {
        amendment_id: uuid(10, n),
        at: at(899),
        stock: Some(ConcernedStock {
            location: Location::default(),
            skus: skus.iter().map(|name| sku(name)).collect(),
        }),
    }
}

fn withdraw(n: u64) -> OrderCommand {
    OrderCommand::WithdrawAmendment(WithdrawAmendment {
        amendment_id: uuid(10, n),
    })
}

fn a_line(line: u32, quantity: i64, unit_price: i64) -> Line {
    Line {
        line,
        sku: sku("A"),
        quantity,
        unit_price,
        discount: 0,
        order_discount: 0,
        tax_rate: None,
        tax: 0,
        total: quantity * unit_price,
    }
}

/// One of two of the first line, and ten of the third, of which there were three.
fn changes() -> Vec<AmendedLine> {
    let first = AmendedLine {
        line: 1,
        sku: sku("A"),
        before: 2,
        after: 1,
        ordered_before: 2,
        ordered: 2,
        unit_price: 1_999,
        discount: 0,
        tax: 0,
        total: 1_999,
        total_before: 3_998,
        anew: None,
    };
    let third = AmendedLine {
        line: 3,
        sku: sku("A"),
        before: 3,
        after: 10,
        ordered_before: 3,
        ordered: 10,
        unit_price: 100,
        discount: 0,
        tax: 0,
        total: 1_000,
        total_before: 300,
        anew: Some(a_line(3, 10, 100)),
    };
    vec![first, third]
}

fn proposed(n: u64) -> OrderEvent {
    AmendmentProposed {
        order: brief(),
        amendment_id: uuid(10, n),
        lines: changes(),
        stock: vec![AmendedStock {
            sku: sku("A"),
            difference: 6,
            wanted: 11,
        }],
        total_before: 4_298,
        total: 2_999,
        authorized: 4_298,
        until: at(900),
        reason: "rather so".into(),
    }
    .into()
}

fn applied(n: u64) -> OrderEvent {
    AmendmentApplied {
        order: brief(),
        amendment_id: uuid(10, n),
        lines: changes(),
        total: 2_999,
    }
    .into()
}

fn withdrawn(n: u64) -> OrderEvent {
    AmendmentWithdrawn {
        order_id: order_id(1),
        amendment_id: uuid(10, n),
    }
    .into()
}

fn overtaken(n: u64, reason: &str) -> OrderEvent {
    AmendmentRejected {
        order_id: order_id(1),
        amendment_id: uuid(10, n),
        reason: reason.into(),
    }
    .into()
}

fn expired(n: u64) -> OrderEvent {
    AmendmentExpired {
        order_id: order_id(1),
        amendment_id: uuid(10, n),
    }
    .into()
}

fn history() -> Vec<OrderEvent> {
    vec![placed(), confirmed()]
}

fn open() -> Vec<OrderEvent> {
    [history(), vec![proposed(1)]].concat()
}

fn shipment_id() -> ShipmentId {
    ShipmentId::of(order_id(1), &Location::default())
}

fn goods(of: &[(u32, &str, i64)]) -> Vec<ShipmentLine> {
    let line = |(line, name, quantity): &(u32, &str, i64)| ShipmentLine {
        line: *line,
        sku: sku(name),
        quantity: *quantity,
    };
    of.iter().map(line).collect()
}

fn created() -> ShipmentEvent {
    ShipmentCreated {
        order_id: order_id(1),
        shipment_id: shipment_id(),
        location: Location::default(),
        lines: goods(&[(1, "A", 2), (2, "B", 1), (3, "A", 3)]),
        amount: Money::new(4_298, currency("EUR")),
        parcels: 1,
    }
    .into()
}

fn packed() -> ShipmentEvent {
    ShipmentPacked {
        order_id: order_id(1),
        shipment_id: shipment_id(),
        amount: Money::new(4_298, currency("EUR")),
    }
    .into()
}

/// So many of A are there, of which five are kept for the order.
fn stock(on_hand: i64) -> Vec<StockEvent> {
    let location = Location::default;
    vec![
        StockReceived {
            receipt_id: uuid(4, 1),
            location: location(),
            sku: sku("A"),
            quantity: on_hand,
            reference: None,
        }
        .into(),
        StockReserved {
            order_id: order_id(1),
            epoch: 1,
            location: location(),
            sku: sku("A"),
            quantity: 5,
            lines: vec![ReservationLine {
                line: 1,
                quantity: 5,
            }],
            until: at(900),
            part: 1,
            parts: 2,
            parcels: 1,
        }
        .into(),
        ReservationCommitted {
            order_id: order_id(1),
            epoch: 1,
            location: location(),
            sku: sku("A"),
            quantity: 5,
            part: 1,
            parts: 2,
        }
        .into(),
    ]
}

type Told = (
    Vec<OrderEvent>,
    Vec<Option<ShipmentEvent>>,
    Vec<Option<StockEvent>>,
);

/// Applies it once, and once more: the second time leads to nothing.
#[track_caller]
fn on_all(
    history: &[OrderEvent],
    shipment: &[ShipmentEvent],
    stock: &[StockEvent],
    command: &ApplyAmendment,
) -> Result<Told, OrderError> {
    let order = Orders::fold(history);
    let (parcel, stock) = (Shipments::fold(shipment), Stocks::fold(stock));
    let stocks = vec![&stock; command.skus()];
    let decided = apply_amendment(&order, command, &[&parcel], &stocks);
    if let Ok((events, parcels, kept)) = &decided {
        let order = events.iter().fold(order, Orders::evolve);
        let parcel = parcels.iter().flatten().fold(parcel, Shipments::evolve);
        let stock = kept.iter().flatten().fold(stock.clone(), Stocks::evolve);
        let stocks = vec![&stock; command.skus()];
        let again = apply_amendment(&order, command, &[&parcel], &stocks);
        let nothing = (vec![], vec![None], vec![None; stocks.len()]);
        assert_eq!(again, Ok(nothing), "put again, it leads to nothing");
    }
    decided
}

#[test]
fn a_proposal_says_what_the_order_would_be_and_changes_nothing() {
    let command = || OrderCommand::ProposeAmendment(propose(1, &[(1, 1), (2, 1), (3, 10)]));
    let state = on(history(), command()).then([proposed(1)]);
    let order = state.placed().unwrap();
    assert_eq!(order.lines(), order.placed.lines);
    assert_eq!(order.all_open(), quantities(&[(1, 2), (2, 1), (3, 3)]));
    // Nobody proposes it again once it has ended.
    let ended = [open(), vec![withdrawn(1)]].concat();
    on(ended.clone(), command()).then_nothing();
    let next = OrderCommand::ProposeAmendment(propose(2, &[(1, 1), (3, 10)]));
    on(ended, next.clone()).then([proposed(2)]);
    on(open(), next).then_refused(OrderError::AmendmentOpen {
        amendment_id: uuid(10, 1),
    });
}

#[test]
fn what_cannot_be_is_not_proposed() {
    let refused = |of: &[(u32, i64)], error| {
        on(history(), OrderCommand::ProposeAmendment(propose(1, of))).then_refused(error);
    };
    let not_covered = || OrderError::NotCovered { authorized: 4_298 };
    refused(&[(1, 3)], not_covered());
    refused(&[(1, 10_000_000), (3, 10_000_000)], not_covered());
    refused(&[(3, 4)], not_covered());
    refused(
        &[(3, 1), (9, 1)],
        OrderError::NoSuchLine { line: 9, index: 1 },
    );
    refused(&[(0, 1)], OrderError::NoSuchLine { line: 0, index: 0 });
    refused(&[(1, 2), (3, 3)], OrderError::NothingAmended);
    refused(&[(1, 0), (2, 0), (3, 0)], OrderError::AmendmentOfAll);
    refused(&[(1, 0), (3, 0)], OrderError::RestIsFree);
    let wrong = |at| OrderError::AmendedLines {
        max: 1_000,
        quantity: 10_000_000,
        at,
    };
    refused(&[], wrong(None));
    refused(&[(1, 1), (2, -1)], wrong(Some((1, "quantity"))));
    refused(&[(1, 1), (1, 2)], wrong(Some((1, "line"))));
    for status in ALL {
        if status != Status::Confirmed {
            let command = OrderCommand::ProposeAmendment(propose(1, &[(1, 1)]));
            let doing = "amend it";
            on(super::history(status), command).then_refused(OrderError::State {
                status,
                command: doing,
            });
        }
    }
    let parcel = Shipments::fold(&[created(), packed()]);
    let order = Orders::fold(&history());
    for shipment in [parcel, Shipment::Forestalled] {
        let decided = propose_amendment(&order, &propose(1, &[(1, 1)]), &[&shipment]);
        assert_eq!(decided, Err(OrderError::AlreadyPacked));
    }
}

#[test]
fn an_amendment_is_applied_to_order_shipment_and_stock_at_once() {
    let decided = on_all(&open(), &[created()], &stock(11), &apply(1, &["A"]));
    let refitted = ShipmentRefitted {
        order_id: order_id(1),
        shipment_id: shipment_id(),
        lines: goods(&[(1, "A", 1), (2, "B", 1), (3, "A", 10)]),
        amount: Money::new(2_999, currency("EUR")),
    };
    let raised = ReservationRaised {
        order_id: order_id(1),
        epoch: 1,
        location: Location::default(),
        sku: sku("A"),
        quantity: 6,
        kept: 11,
        committed: true,
        part: 1,
        parts: 1,
    };
    let expected = (
        vec![applied(1)],
        vec![Some(refitted.into())],
        vec![Some(raised.into())],
    );
    assert_eq!(decided, Ok(expected));
    let order = Orders::fold(&[open(), vec![applied(1)]].concat());
    let order = order.placed().unwrap();
    assert_eq!(order.all_open(), quantities(&[(1, 1), (2, 1), (3, 10)]));
    assert_eq!(order.worth(&order.all_open()), 2_999);
    assert_eq!(order.lines()[2], a_line(3, 10, 100));
    assert_eq!(
        (order.progress(1).cancelled, order.progress(3).cancelled),
        (1, 0)
    );
    assert_eq!(
        order.amendment_end(uuid(10, 1)),
        Some(AmendmentEnd::Applied)
    );
}

/// However often it is amended, it costs what it costs as it is.
#[test]
fn what_is_amended_back_is_as_it_was_placed() {
    let history = [open(), vec![applied(1)]].concat();
    let back = OrderCommand::ProposeAmendment(propose(2, &[(1, 2), (3, 3)]));
    let state = on(history, back).then_events();
    let state = on_state(state, &OrderCommand::ApplyAmendment(apply(2, &["A"])));
    let order = state.placed().unwrap();
    assert_eq!(order.lines(), order.placed.lines);
    assert_eq!(order.all_open(), quantities(&[(1, 2), (2, 1), (3, 3)]));
    assert_eq!(order.worth(&order.all_open()), 4_298);
}

/// The state after `command`, which must be accepted.
fn on_state(state: Order, command: &OrderCommand) -> Order {
    let events = Orders::decide(&state, command).unwrap();
    events.iter().fold(state, Orders::evolve)
}

#[test]
fn all_that_is_wanted_is_kept_or_nothing_is_otherwise() {
    let refused = |history: &[OrderEvent], shipment: &[ShipmentEvent], there, command| {
        on_all(history, shipment, &stock(there), &command).unwrap_err()
    };
    assert_eq!(
        refused(&open(), &[created()], 10, apply(1, &["A"])),
        OrderError::NotEnoughStock {
            sku: sku("A"),
            wanted: 6,
            available: 5
        }
    );
    // More is kept only of what is kept for good.
    assert_eq!(
        refused(&open(), &[], 11, apply(1, &["A"])),
        OrderError::StillAllocating
    );
    assert_eq!(
        refused(&open(), &[created(), packed()], 11, apply(1, &["A"])),
        OrderError::AlreadyPacked
    );
    assert_eq!(
        refused(&open(), &[created()], 11, apply(1, &["B"])),
        OrderError::OtherStock
    );
    let elsewhere = |mut command: ApplyAmendment| {
        let stock = command.stock.as_mut().unwrap();
        stock.location = Location::parse("east").unwrap();
        command
    };
    assert_eq!(
        refused(&open(), &[created()], 11, elsewhere(apply(1, &["A"]))),
        OrderError::OtherStock
    );
    // Nobody knew from where it leaves.
    let unknown = ApplyAmendment {
        stock: None,
        ..apply(1, &[])
    };
    assert_eq!(
        refused(&open(), &[created()], 11, unknown),
        OrderError::StillAllocating
    );
    // Whoever has it expire may come late.
    let late = ApplyAmendment {
        at: at(900),
        ..apply(1, &["A"])
    };
    assert_eq!(
        refused(&open(), &[created()], 11, late),
        OrderError::AmendmentEnded {
            end: AmendmentEnd::Expired
        }
    );
    assert_eq!(
        refused(&open(), &[created()], 11, apply(2, &["A"])),
        OrderError::NoSuchAmendment
    );
    for (event, end) in [
        (withdrawn(1), AmendmentEnd::Withdrawn),
        (expired(1), AmendmentEnd::Expired),
        (overtaken(1, "so"), AmendmentEnd::Rejected),
    ] {
        let history = [open(), vec![event]].concat();
        let error = refused(&history, &[created()], 11, apply(1, &["A"]));
        assert_eq!(error, OrderError::AmendmentEnded { end });
    }
}

#[test]
fn less_is_given_back_at_once() {
    let fewer = OrderCommand::ProposeAmendment(propose(1, &[(3, 1)]));
    let state = on(history(), fewer).then_events();
    let (parcel, stock) = (Shipments::fold(&[created()]), Stocks::fold(&stock(11)));
    let decided = apply_amendment(&state, &apply(1, &["A"]), &[&parcel], &[&stock]);
    let (events, parcels, kept) = decided.unwrap();
    assert_eq!((events.len(), parcels.iter().flatten().count()), (1, 1));
    let reduced = ReservationReduced {
        order_id: order_id(1),
        epoch: 1,
        location: Location::default(),
        sku: sku("A"),
        quantity: 2,
        left: 3,
        committed: true,
        part: 1,
        parts: 1,
    };
    assert_eq!(kept, [Some(reduced.into())]);
}

#[test]
fn a_proposal_is_withdrawn_expires_or_is_overtaken() {
    on(open(), withdraw(1)).then([withdrawn(1)]);
    on(history(), withdraw(1)).then_refused(OrderError::NoSuchAmendment);
    let end = AmendmentEnd::Applied;
    let done = [open(), vec![applied(1)]].concat();
    on(done.clone(), withdraw(1)).then_refused(OrderError::AmendmentEnded { end });
    let expire = OrderCommand::ExpireAmendment(ExpireAmendment {
        amendment_id: uuid(10, 1),
    });
    on(open(), expire.clone()).then([expired(1)]);
    on(history(), expire.clone()).then_nothing();
    on(done.clone(), expire).then_nothing();
    let reject = OrderCommand::RejectAmendment(RejectAmendment {
        amendment_id: uuid(10, 1),
        reason: "the order is packed".into(),
    });
    on(open(), reject.clone()).then([overtaken(1, "the order is packed")]);
    on(done, reject).then_nothing();
}

#[test]
fn whatever_else_becomes_of_the_order_overtakes_the_proposal() {
    on(open(), request_cancellation())
        .then([asked(true, 0), overtaken(1, "the order is being cancelled")]);
    let fewer = OrderCommand::CancelLines(CancelLines {
        cancellation_id: uuid(7, 1),
        lines: quantities(&[(1, 1)]),
        reason: "too many".into(),
    });
    let state = on(open(), fewer).then_events();
    let order = state.placed().unwrap();
    assert!(order.open_amendment().is_none());
    assert_eq!(
        order.amendment_end(uuid(10, 1)),
        Some(AmendmentEnd::Rejected)
    );
}

/// What is cancelled is wanted again if an amendment says so.
#[test]
fn cancelled_pieces_are_had_again() {
    let fewer = OrderCommand::CancelLines(CancelLines {
        cancellation_id: uuid(7, 1),
        lines: quantities(&[(1, 2)]),
        reason: "too many".into(),
    });
    let state = on(history(), fewer).then_events();
    let more = OrderCommand::ProposeAmendment(propose(1, &[(1, 1)]));
    let state = on_state(state, &more);
    let open = state.placed().unwrap().open_amendment().unwrap().clone();
    assert_eq!((open.total_before, open.total), (300, 2_299));
    assert_eq!(open.stock[0].difference, 1);
    let state = on_state(state, &OrderCommand::ApplyAmendment(apply(1, &["A"])));
    assert_eq!(state.placed().unwrap().progress(1).cancelled, 1);
}

/// While nobody knows from where it leaves, the order and its shipment are told; what is not wanted is given
/// back after it.
#[test]
fn fewer_are_wanted_before_it_is_known_from_where_they_leave() {
    let fewer = OrderCommand::ProposeAmendment(propose(1, &[(1, 1), (3, 1)]));
    let proposed = on(history(), fewer).then_events();
    let proposed = proposed.placed().unwrap().open_amendment().unwrap().clone();
    let history = [history(), vec![proposed.into()]].concat();
    let command = ApplyAmendment {
        stock: None,
        ..apply(1, &[])
    };
    for shipment in [vec![], vec![created()]] {
        let (events, refitted, told) = on_all(&history, &shipment, &stock(5), &command).unwrap();
        let order = Orders::fold(&[history.clone(), events].concat());
        let open = order.placed().unwrap().all_open();
        assert_eq!(open, quantities(&[(1, 1), (2, 1), (3, 1)]));
        assert_eq!(refitted.iter().flatten().count(), shipment.len());
        assert_eq!(told, []);
    }
}

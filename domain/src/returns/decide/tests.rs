//! given / when / then of every command to a return.

mod goods;
mod requests;

use super::{super::*, over_order};
use crate::{
    Currency, CustomerId, Decider, Location, Money, OrderId, ReturnId, ShipmentId, TextError,
    order::{
        ConfirmOrder, LineQuantity, LinesReturned, NewLine, Order, OrderCommand, OrderError,
        OrderEvent, OrderReturnStatus, Orders, PlaceOrder, RecordDelivered, ReturnDropped,
        ReturnOpened,
    },
    testing::{at, eur, order_id, sku, uuid},
};
use ReturnStatus as S;

fn return_id(n: u64) -> ReturnId {
    ReturnId::new(uuid(8, n))
}

fn quantities(of: &[(u32, i64)]) -> Vec<LineQuantity> {
    let quantity = |(line, quantity): &(u32, i64)| LineQuantity {
        line: *line,
        quantity: *quantity,
    };
    of.iter().map(quantity).collect()
}

/// An order of 3 A for 10.00, 2 B for 0.50 and 1 A for nothing, of which `of` has arrived.
fn delivered(of: &[(u32, i64)]) -> Order {
    let line = |name, quantity, unit_price| NewLine {
        sku: sku(name),
        quantity,
        unit_price,
        currency: None,
        terms: Default::default(),
    };
    let place = OrderCommand::Place(PlaceOrder {
        order_id: order_id(1),
        customer_id: CustomerId::parse("c").unwrap(),
        currency: Currency::parse("EUR").unwrap(),
        lines: vec![line("A", 3, 1_000), line("B", 2, 50), line("A", 1, 0)],
        terms: Default::default(),
        total: None,
        shipping_address: None,
        payment_method: "tok".into(),
        reference: None,
        placed_at: at(0),
    });
    let arrived = OrderCommand::RecordDelivered(RecordDelivered {
        shipment_id: ShipmentId::of(order_id(1), &Location::default()),
        lines: quantities(of),
    });
    let commands = [place, OrderCommand::Confirm(ConfirmOrder), arrived];
    commands.iter().fold(Order::Absent, |order, command| {
        let events = Orders::decide(&order, command).unwrap();
        events.iter().fold(order, Orders::evolve)
    })
}

/// All of it has arrived.
fn all_delivered() -> Order {
    delivered(&[(1, 3), (2, 2), (3, 1)])
}

/// The order once `return_id(1)` is open, of 2 A and 1 B.
fn opened() -> Order {
    told(all_delivered(), &[opens()])
}

fn told(order: Order, events: &[OrderEvent]) -> Order {
    events.iter().fold(order, Orders::evolve)
}

fn opens() -> OrderEvent {
    ReturnOpened {
        order: all_delivered().placed().unwrap().brief(),
        return_id: return_id(1),
        lines: quantities(&[(1, 2), (2, 1)]),
        return_status: OrderReturnStatus::Open,
    }
    .into()
}

fn drops() -> OrderEvent {
    ReturnDropped {
        order: all_delivered().placed().unwrap().brief(),
        return_id: return_id(1),
        return_status: OrderReturnStatus::None,
    }
    .into()
}

fn asked() -> ReturnEvent {
    let line = |line, name, quantity, unit_price| ReturnLine {
        line,
        sku: sku(name),
        quantity,
        unit_price,
        amount: quantity * unit_price,
    };
    ReturnRequested {
        order_id: order_id(1),
        return_id: return_id(1),
        lines: vec![line(1, "A", 2, 1_000), line(2, "B", 1, 50)],
        amount: eur(2_050),
        reason: "too small".into(),
    }
    .into()
}

fn may_come() -> ReturnEvent {
    ReturnApproved {
        order_id: order_id(1),
        return_id: return_id(1),
        location: Location::parse("back").unwrap(),
    }
    .into()
}

fn may_not_come() -> ReturnEvent {
    ReturnDeclined {
        order_id: order_id(1),
        return_id: return_id(1),
        reason: "worn".into(),
    }
    .into()
}

fn under_way() -> ReturnEvent {
    ReturnInTransit {
        order_id: order_id(1),
        return_id: return_id(1),
        tracking_number: Some("T1".into()),
    }
    .into()
}

fn came(receipt: u64, of: &[(u32, i64)], all: bool) -> ReturnEvent {
    ReturnReceived {
        order_id: order_id(1),
        return_id: return_id(1),
        receipt_id: uuid(9, receipt),
        lines: quantities(of),
        all,
    }
    .into()
}

fn given_up() -> ReturnEvent {
    ReturnCancelled {
        order_id: order_id(1),
        return_id: return_id(1),
        reason: "worn".into(),
    }
    .into()
}

/// A history that brings a return where `status` says.
fn history(status: S) -> Vec<ReturnEvent> {
    let after = |status, event| [history(status), vec![event]].concat();
    match status {
        S::Requested => vec![asked()],
        S::Approved => after(S::Requested, may_come()),
        S::Declined => after(S::Requested, may_not_come()),
        S::InTransit => after(S::Approved, under_way()),
        S::PartiallyReceived => after(S::InTransit, came(1, &[(1, 1)], false)),
        S::Received => after(S::InTransit, came(1, &[(1, 2), (2, 1)], true)),
        S::Inspected => after(S::Received, goods::looked_at()),
        S::Closed => [
            history(S::Inspected),
            vec![goods::stocked(), goods::paid_back(), goods::ended()],
        ]
        .concat(),
        S::Cancelled => after(S::Requested, given_up()),
    }
}

const ALL: [S; 9] = [
    S::Requested,
    S::Approved,
    S::Declined,
    S::InTransit,
    S::PartiallyReceived,
    S::Received,
    S::Inspected,
    S::Closed,
    S::Cancelled,
];

type Happened = (Vec<ReturnEvent>, Vec<OrderEvent>);

/// What came of a command.
struct When(Result<Happened, ReturnError>);

/// Puts `command` once, and, if it was accepted, once more: the second time leads to nothing.
#[track_caller]
fn on_order(history: &[ReturnEvent], command: &ReturnCommand, order: &Order) -> When {
    let state = Returns::fold(history);
    let outcome = over_order(&state, command, order);
    if let Ok((events, tells)) = &outcome {
        let state = events.iter().fold(state, Returns::evolve);
        let again = over_order(&state, command, &told(order.clone(), tells));
        assert_eq!(
            again,
            Ok((vec![], vec![])),
            "put again, it leads to nothing"
        );
    }
    When(outcome)
}

/// The same, with the order that waits for the return.
#[track_caller]
fn on(history: &[ReturnEvent], command: &ReturnCommand) -> When {
    on_order(history, command, &opened())
}

impl When {
    #[track_caller]
    fn then(self, events: impl IntoIterator<Item = ReturnEvent>) {
        self.then_both(events, []);
    }

    #[track_caller]
    fn then_both(
        self,
        events: impl IntoIterator<Item = ReturnEvent>,
        told: impl IntoIterator<Item = OrderEvent>,
    ) {
        let expected = (events.into_iter().collect(), told.into_iter().collect());
        assert_eq!(self.0, Ok(expected));
    }

    #[track_caller]
    fn then_nothing(self) {
        self.then([]);
    }

    #[track_caller]
    fn then_refused(self, error: impl Into<ReturnError>) {
        assert_eq!(self.0, Err(error.into()));
    }
}

fn refusal(status: S, command: &'static str) -> ReturnError {
    ReturnError::State { status, command }
}

/// Puts `command` to a return in each status: what it leads to where it is allowed, nothing where it
/// has been done, and a refusal everywhere else.
#[track_caller]
fn in_each_status(
    command: &ReturnCommand,
    refused_as: &'static str,
    allowed: &[(S, Happened)],
    done: &[S],
) {
    on(&[], command).then_refused(ReturnError::NotFound);
    for status in ALL {
        let when = on(&history(status), command);
        if let Some((_, (events, told))) = allowed.iter().find(|(known, _)| *known == status) {
            when.then_both(events.clone(), told.clone());
        } else if done.contains(&status) {
            when.then_nothing();
        } else {
            when.then_refused(refusal(status, refused_as));
        }
    }
}

fn request(n: u64, of: &[(u32, i64)]) -> ReturnCommand {
    ReturnCommand::Request(RequestReturn {
        return_id: return_id(n),
        order_id: order_id(1),
        lines: quantities(of),
        reason: "too small".into(),
    })
}

fn decline(order_id: OrderId) -> ReturnCommand {
    let reason = "worn".into();
    ReturnCommand::Decline(DeclineReturn { order_id, reason })
}

fn cancel(order_id: OrderId) -> ReturnCommand {
    let reason = "worn".into();
    ReturnCommand::Cancel(CancelReturn { order_id, reason })
}

fn receive(receipt: u64, of: &[(u32, i64)]) -> ReturnCommand {
    ReturnCommand::Receive(ReceiveReturn {
        receipt_id: uuid(9, receipt),
        lines: quantities(of),
    })
}

#[test]
fn approving() {
    let location = Location::parse("back").unwrap();
    let command = ReturnCommand::Approve(ApproveReturn { location });
    let done = [
        S::Approved,
        S::InTransit,
        S::PartiallyReceived,
        S::Received,
        S::Inspected,
        S::Closed,
    ];
    let allowed = [(S::Requested, (vec![may_come()], vec![]))];
    in_each_status(&command, "approve it", &allowed, &done);
}

#[test]
fn declining() {
    let allowed = [(S::Requested, (vec![may_not_come()], vec![drops()]))];
    in_each_status(
        &decline(order_id(1)),
        "decline it",
        &allowed,
        &[S::Declined],
    );
    on(&history(S::Requested), &decline(order_id(2))).then_refused(ReturnError::NotFound);
}

#[test]
fn giving_up() {
    let happened = || (vec![given_up()], vec![drops()]);
    let allowed = [S::Requested, S::Approved, S::InTransit].map(|status| (status, happened()));
    in_each_status(&cancel(order_id(1)), "cancel it", &allowed, &[S::Cancelled]);
    on(&history(S::Requested), &cancel(order_id(2))).then_refused(ReturnError::NotFound);
}

/// Time was up for a return that had been sent, or had come, by then.
#[test]
fn giving_up_what_is_late() {
    let give_up = |order_id, sent| {
        let reason = "worn".into();
        ReturnCommand::GiveUp(GiveUpReturn {
            order_id,
            sent,
            reason,
        })
    };
    let happened = || (vec![given_up()], vec![drops()]);
    for (sent, waiting) in [(false, S::Approved), (true, S::InTransit)] {
        let others: Vec<S> = ALL.into_iter().filter(|known| *known != waiting).collect();
        let allowed = [(waiting, happened())];
        in_each_status(&give_up(order_id(1), sent), "", &allowed, &others);
        on(&history(waiting), &give_up(order_id(2), sent)).then_refused(ReturnError::NotFound);
    }
}

#[test]
fn sending() {
    let tracking_number = Some("T1".into());
    let command = ReturnCommand::MarkInTransit(MarkInTransit { tracking_number });
    let done = [
        S::InTransit,
        S::PartiallyReceived,
        S::Received,
        S::Inspected,
        S::Closed,
    ];
    let allowed = [(S::Approved, (vec![under_way()], vec![]))];
    in_each_status(&command, "record that it was sent", &allowed, &done);
    let tracking_number = Some("a\nb".into());
    let command = ReturnCommand::MarkInTransit(MarkInTransit { tracking_number });
    let field = "tracking_number".into();
    on(&history(S::Approved), &command).then_refused(TextError::Control { field });
}

#[test]
fn receiving() {
    let rest = came(2, &[(1, 1), (2, 1)], true);
    let all = || (vec![came(2, &[(1, 2), (2, 1)], true)], vec![]);
    let allowed = [
        (S::Approved, all()),
        (S::InTransit, all()),
        (S::PartiallyReceived, (vec![rest], vec![])),
    ];
    // Nothing named is all that is still to come.
    in_each_status(&receive(2, &[]), "receive it", &allowed, &[]);
}

#[test]
fn receiving_some() {
    let some = came(1, &[(1, 1)], false);
    on(&history(S::Approved), &receive(1, &[(1, 1)])).then([some]);
    let part = history(S::PartiallyReceived);
    on(&part, &receive(1, &[(1, 1)])).then_nothing();
    on(&part, &receive(2, &[(2, 1), (1, 1)])).then([came(2, &[(1, 1), (2, 1)], true)]);
    let more = |line, open, quantity| ReturnError::MoreThanRequested {
        line,
        open,
        quantity,
        index: 0,
    };
    on(&part, &receive(2, &[(1, 2)])).then_refused(more(1, 1, 2));
    on(&part, &receive(2, &[(3, 1)])).then_refused(more(3, 0, 1));
    // A receipt that comes again is none, whatever has happened since.
    on(&history(S::Closed), &receive(1, &[(1, 1)])).then_nothing();
}

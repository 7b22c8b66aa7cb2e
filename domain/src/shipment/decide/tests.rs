//! given / when / then of every command to a shipment.

mod booking;
mod carrier;
mod hearing;
mod parcels;

use super::{super::*, over_order};
use crate::{
    Currency, CustomerId, Decider, Location, ShipmentId, TextError,
    order::{
        CancelOrder, ConfirmOrder, NewLine, Order, OrderCommand, Orders, PlaceHold, PlaceOrder,
        RequestCancellation, Status,
    },
    testing::{at, eur, order_id, sku},
};
use ShipmentStatus as S;

fn shipment_id() -> ShipmentId {
    ShipmentId::of(order_id(1), &Location::default())
}

fn lines() -> Vec<ShipmentLine> {
    let line = |line, name, quantity| ShipmentLine {
        line,
        sku: sku(name),
        quantity,
    };
    vec![line(1, "A", 2), line(2, "B", 1)]
}

/// The order after each of `commands`.
fn order_after(commands: &[OrderCommand]) -> Order {
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
        lines: vec![line("A", 2, 1_000), line("B", 1, 50)],
        terms: Default::default(),
        total: None,
        shipping_address: None,
        payment_method: "tok".into(),
        reference: None,
        placed_at: at(0),
    });
    let commands = [&[place], commands].concat();
    commands.iter().fold(Order::Absent, |order, command| {
        let events = Orders::decide(&order, command).unwrap();
        events.iter().fold(order, Orders::evolve)
    })
}

fn confirmed() -> Order {
    order_after(&[OrderCommand::Confirm(ConfirmOrder)])
}

fn held() -> Order {
    let hold = |hold: &str| {
        OrderCommand::PlaceHold(PlaceHold {
            hold: hold.into(),
            reason: "odd".into(),
        })
    };
    let confirm = OrderCommand::Confirm(ConfirmOrder);
    order_after(&[confirm, hold("fraud"), hold("stock")])
}

/// Orders that are not confirmed, or not any more.
fn unconfirmed() -> [(Status, Order); 3] {
    let confirm = OrderCommand::Confirm(ConfirmOrder);
    let ask = OrderCommand::RequestCancellation(RequestCancellation { reason: "x".into() });
    let cancel = OrderCommand::Cancel(CancelOrder);
    [
        (Status::Placed, order_after(&[])),
        (
            Status::Cancelling,
            order_after(&[confirm.clone(), ask.clone()]),
        ),
        (Status::Cancelled, order_after(&[confirm, ask, cancel])),
    ]
}

fn created() -> ShipmentEvent {
    ShipmentCreated {
        order_id: order_id(1),
        shipment_id: shipment_id(),
        location: Location::default(),
        lines: lines(),
        amount: eur(2_050),
        parcels: 1,
    }
    .into()
}

fn packed() -> ShipmentEvent {
    ShipmentPacked {
        order_id: order_id(1),
        shipment_id: shipment_id(),
        amount: eur(2_050),
    }
    .into()
}

fn ready() -> ShipmentEvent {
    ShipmentReady {
        order_id: order_id(1),
        shipment_id: shipment_id(),
    }
    .into()
}

fn asked(attempt: u32) -> ShipmentEvent {
    DispatchRequested {
        order_id: order_id(1),
        shipment_id: shipment_id(),
        attempt,
        idempotency_key: format!("{}:{attempt}", shipment_id()),
    }
    .into()
}

fn kept() -> ShipmentEvent {
    ShipmentCancelled {
        order_id: order_id(1),
        shipment_id: shipment_id(),
        location: Location::default(),
        reason: "no more".into(),
        amount: None,
    }
    .into()
}

fn not_kept(request: u32, status: S) -> ShipmentEvent {
    ShipmentCancellationRefused {
        order_id: order_id(1),
        shipment_id: shipment_id(),
        request,
        reason: format!("the shipment is {}", status.as_str()),
    }
    .into()
}

/// A history that brings a shipment where `status` says, by its first attempt.
fn history(status: S) -> Vec<ShipmentEvent> {
    let after = |status, event| [history(status), vec![event]].concat();
    match status {
        S::Pending => vec![created()],
        S::Packed => after(S::Pending, packed()),
        S::Ready => after(S::Packed, ready()),
        S::Dispatching => after(S::Ready, asked(1)),
        S::Dispatched => after(S::Dispatching, carrier::taken()),
        S::Delivered => after(S::Dispatched, carrier::arrived()),
        S::Cancelled => after(S::Pending, kept()),
        S::Refused => after(S::Dispatching, carrier::refused(1)),
        S::Failed => after(S::Dispatched, carrier::failed(1)),
        S::Lost => after(S::Dispatched, carrier::lost()),
        S::ReturnedToSender => after(S::Dispatched, carrier::returned()),
        S::BookedIn => after(S::ReturnedToSender, booking::all_back()),
    }
}

const ALL: [S; 12] = [
    S::Pending,
    S::Packed,
    S::Ready,
    S::Dispatching,
    S::Dispatched,
    S::Delivered,
    S::Cancelled,
    S::Refused,
    S::Failed,
    S::Lost,
    S::ReturnedToSender,
    S::BookedIn,
];

/// What came of a command.
struct When {
    state: Shipment,
    outcome: Result<Vec<ShipmentEvent>, ShipmentError>,
}

/// Puts `command` once, and, if it was accepted, once more: the second time leads to nothing.
#[track_caller]
fn on_order(history: &[ShipmentEvent], command: &ShipmentCommand, order: &Order) -> When {
    let state = Shipments::fold(history);
    let outcome = over_order(&state, command, order);
    let events = outcome.as_deref().unwrap_or_default();
    let state = events.iter().fold(state, Shipments::evolve);
    if outcome.is_ok() {
        let again = over_order(&state, command, order);
        assert_eq!(again, Ok(vec![]), "put again, it leads to nothing");
    }
    When { state, outcome }
}

/// The same, where the order does not matter.
#[track_caller]
fn on(history: &[ShipmentEvent], command: &ShipmentCommand) -> When {
    on_order(history, command, &Order::Absent)
}

impl When {
    #[track_caller]
    fn then(self, events: impl IntoIterator<Item = ShipmentEvent>) -> Shipment {
        assert_eq!(self.outcome, Ok(events.into_iter().collect()));
        self.state
    }

    #[track_caller]
    fn then_nothing(self) -> Shipment {
        self.then([])
    }

    #[track_caller]
    fn then_refused(self, error: ShipmentError) -> Shipment {
        assert_eq!(self.outcome, Err(error));
        self.state
    }
}

fn refusal(status: S, command: &'static str) -> ShipmentError {
    ShipmentError::State { status, command }
}

/// Puts `command` to a shipment in each status: what it leads to where it is allowed, nothing where
/// it has been done, and a refusal everywhere else.
#[track_caller]
fn in_each_status(
    command: &ShipmentCommand,
    refused_as: &'static str,
    allowed: &[(S, ShipmentEvent)],
    done: &[S],
) {
    on_order(&[], command, &confirmed()).then_refused(ShipmentError::NotFound);
    on_order(&[kept()], command, &confirmed()).then_refused(refusal(S::Cancelled, refused_as));
    for status in ALL {
        let when = on_order(&history(status), command, &confirmed());
        if let Some((_, event)) = allowed.iter().find(|(allowed, _)| *allowed == status) {
            when.then([event.clone()]);
        } else if done.contains(&status) {
            when.then_nothing();
        } else {
            when.then_refused(refusal(status, refused_as));
        }
    }
}

fn create() -> ShipmentCommand {
    ShipmentCommand::Create(CreateShipment {
        order_id: order_id(1),
        location: Location::default(),
        skus: vec![],
        further: vec![],
    })
}

fn cancel(request: u32) -> ShipmentCommand {
    ShipmentCommand::Cancel(CancelShipment {
        order_id: order_id(1),
        location: Location::default(),
        request,
        reason: "no more".into(),
        parcels: 1,
    })
}

fn dispatch(n: u64) -> ShipmentCommand {
    let order_id = order_id(n);
    ShipmentCommand::RequestDispatch(RequestDispatch { order_id })
}

#[test]
fn what_a_confirmed_order_takes_is_packed_once() {
    on_order(&[], &create(), &confirmed()).then([created()]);
    on_order(&[], &create(), &held()).then([created()]);
    for status in ALL {
        let when = on_order(&history(status), &create(), &confirmed());
        match status {
            S::Cancelled => when.then_refused(refusal(S::Cancelled, "create it")),
            _ => when.then_nothing(),
        };
    }
}

#[test]
fn nothing_is_packed_for_an_order_that_is_not_confirmed() {
    on(&[], &create()).then_refused(ShipmentError::NoOrder);
    for (status, order) in unconfirmed() {
        on_order(&[], &create(), &order).then_refused(ShipmentError::NotConfirmed { status });
        on_order(&[created()], &create(), &order).then_nothing();
    }
}

#[test]
fn a_shipment_that_is_cancelled_first_is_never_packed() {
    let state = on(&[], &cancel(0)).then([kept()]);
    assert_eq!(state, Shipment::Forestalled);
    on(&[kept()], &cancel(1)).then_nothing();
    on_order(&[kept()], &create(), &confirmed()).then_refused(refusal(S::Cancelled, "create it"));
}

#[test]
fn packing() {
    let done = [
        S::Packed,
        S::Ready,
        S::Dispatching,
        S::Dispatched,
        S::Delivered,
        S::Refused,
        S::Failed,
        S::Lost,
        S::ReturnedToSender,
        S::BookedIn,
    ];
    let pack = ShipmentCommand::Pack(PackShipment);
    in_each_status(&pack, "pack it", &[(S::Pending, packed())], &done);
    let mark = ShipmentCommand::MarkReady(MarkReady);
    let allowed = [(S::Packed, ready())];
    in_each_status(&mark, "let it leave", &allowed, &done[1..]);
}

#[test]
fn dispatch_once_it_is_paid_or_again_after_a_refusal() {
    in_each_status(
        &dispatch(1),
        "dispatch it",
        &[(S::Ready, asked(1)), (S::Refused, asked(2))],
        &[
            S::Dispatching,
            S::Dispatched,
            S::Delivered,
            S::Failed,
            S::Lost,
            S::ReturnedToSender,
            S::BookedIn,
        ],
    );
    let other = dispatch(2);
    on_order(&history(S::Ready), &other, &confirmed()).then_refused(ShipmentError::NotFound);
}

#[test]
fn nothing_leaves_under_a_hold_or_for_an_order_that_is_not_confirmed() {
    for status in [S::Ready, S::Refused] {
        let history = history(status);
        let hold = "fraud".into();
        on_order(&history, &dispatch(1), &held()).then_refused(ShipmentError::Held { hold });
        for (status, order) in unconfirmed() {
            on_order(&history, &dispatch(1), &order)
                .then_refused(ShipmentError::NotConfirmed { status });
        }
        on(&history, &dispatch(1)).then_refused(ShipmentError::NoOrder);
    }
    // What has been asked for has been.
    on_order(&history(S::Dispatching), &dispatch(1), &held()).then_nothing();
}

#[test]
fn what_has_not_left_is_kept_and_the_rest_is_not() {
    for status in ALL {
        let when = on(&history(status), &cancel(0));
        match status {
            S::Pending | S::Packed | S::Ready | S::Refused => {
                assert_eq!(when.then([kept()]).status(), Some(S::Cancelled));
            }
            S::Cancelled => {
                when.then_nothing();
            }
            status => {
                let state = when.then([not_kept(0, status)]);
                assert_eq!(state.status(), Some(status), "it goes on");
            }
        }
    }
}

#[test]
fn each_cancellation_has_one_answer() {
    let once = [history(S::Dispatching), vec![not_kept(1, S::Dispatching)]].concat();
    on(&once, &cancel(1)).then_nothing();
    on(&once, &cancel(0)).then_nothing();
    on(&once, &cancel(2)).then([not_kept(2, S::Dispatching)]);
    // The carrier did not take it: what was asked for before has had its answer.
    let back = [once, vec![carrier::refused(1)]].concat();
    on(&back, &cancel(1)).then_nothing();
    on(&back, &cancel(2)).then([kept()]);
}

#[test]
fn reasons_are_texts() {
    let blank = ShipmentCommand::Cancel(CancelShipment {
        order_id: order_id(1),
        location: Location::default(),
        request: 0,
        reason: " ".into(),
        parcels: 1,
    });
    let length = TextError::Length {
        field: "reason".into(),
        max: 500,
    };
    on(&[], &blank).then_refused(length.into());
}

#[test]
fn what_is_said_to_be_allowed_is_allowed() {
    let commands = [
        ("pack", ShipmentCommand::Pack(PackShipment)),
        ("dispatch", dispatch(1)),
        ("deliver", carrier::deliver()),
        ("book_in", booking::book_in_all()),
    ];
    for status in ALL {
        let state = Shipments::fold(&history(status));
        let allowed = state.allowed_commands();
        for (name, command) in &commands {
            let decided = over_order(&state, command, &confirmed());
            let leads_on = decided.is_ok_and(|events| !events.is_empty());
            assert_eq!(allowed.contains(name), leads_on, "{name} when {status:?}");
        }
    }
    for state in [Shipment::Absent, Shipment::Forestalled] {
        assert!(state.allowed_commands().is_empty());
    }
}

#[test]
fn nothing_happens_to_a_shipment_before_it_is_created() {
    let state = Shipments::fold(&[packed(), ready(), asked(1), carrier::taken()]);
    assert_eq!(state, Shipment::Absent);
}

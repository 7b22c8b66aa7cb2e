//! given / when / then of every command to an order.

mod amendments;
mod cancellation;
mod details;
mod dropped;
mod fulfilment;
mod lines;
mod parking;
mod placement;
mod pricing;

use super::{super::*, MAX_HOLDS};
use crate::{
    Currency, CustomerId, Decider, Sealed, TextError,
    testing::{When, at, given, order_id, sku, uuid},
};

fn currency(code: &str) -> Currency {
    Currency::parse(code).unwrap()
}

fn line(name: &str, quantity: i64, unit_price: i64) -> NewLine {
    NewLine {
        sku: sku(name),
        quantity,
        unit_price,
        currency: None,
        terms: Default::default(),
    }
}

fn address() -> Sealed {
    Sealed::of_base64("MTIgU3QgSmFtZXMncyBTcXVhcmU").unwrap()
}

fn placement() -> PlaceOrder {
    PlaceOrder {
        order_id: order_id(1),
        customer_id: CustomerId::parse("17850").unwrap(),
        currency: currency("EUR"),
        lines: vec![line("A", 2, 1_999), line("B", 1, 0), line("A", 3, 100)],
        terms: Default::default(),
        total: Some(4_298),
        shipping_address: Some(address()),
        payment_method: "tok_approve".into(),
        reference: Some("536365".into()),
        placed_at: at(0),
    }
}

fn placed() -> OrderEvent {
    let item = |line, name, quantity, unit_price, total| Line {
        line,
        sku: sku(name),
        quantity,
        unit_price,
        discount: 0,
        order_discount: 0,
        tax_rate: None,
        tax: 0,
        total,
    };
    OrderPlaced {
        order_id: order_id(1),
        customer_id: CustomerId::parse("17850").unwrap(),
        currency: currency("EUR"),
        lines: vec![
            item(1, "A", 2, 1_999, 3_998),
            item(2, "B", 1, 0, 0),
            item(3, "A", 3, 100, 300),
        ],
        total: 4_298,
        tax_included: false,
        shipping_address: Some(address()),
        payment_method: "tok_approve".into(),
        reference: Some("536365".into()),
        placed_at: at(0),
    }
    .into()
}

fn brief() -> OrderBrief {
    OrderBrief {
        order_id: order_id(1),
        customer_id: CustomerId::parse("17850").unwrap(),
        currency: currency("EUR"),
        total: 4_298,
        placed_at: at(0),
    }
}

fn confirmed() -> OrderEvent {
    OrderConfirmed { order: brief() }.into()
}

fn rejected() -> OrderEvent {
    OrderRejected {
        order: brief(),
        reason: RejectionReason::OutOfStock,
        detail: "2 of A were wanted, 1 can be had".into(),
    }
    .into()
}

fn expired() -> OrderEvent {
    OrderExpired { order: brief() }.into()
}

fn cancelling() -> OrderEvent {
    asked(false, 0)
}

fn asked(confirmed: bool, request: u32) -> OrderEvent {
    CancellationRequested {
        order: brief(),
        confirmed,
        request,
        reason: "too late".into(),
    }
    .into()
}

fn cancellation_rejected(confirmed: bool) -> OrderEvent {
    CancellationRejected {
        order: brief(),
        confirmed,
        reason: "it has left".into(),
    }
    .into()
}

fn cancelled(confirmed: bool) -> OrderEvent {
    OrderCancelled {
        order: brief(),
        confirmed,
        reason: "too late".into(),
    }
    .into()
}

fn completed() -> OrderEvent {
    OrderCompleted { order: brief() }.into()
}

fn note(n: u64) -> OrderEvent {
    NoteAdded {
        order_id: order_id(1),
        note_id: uuid(9, n),
        text: "rang\ntwice".into(),
    }
    .into()
}

fn held(hold: &str) -> OrderEvent {
    HoldPlaced {
        order_id: order_id(1),
        hold: hold.into(),
        reason: "odd address".into(),
    }
    .into()
}

fn let_go(hold: &str) -> OrderEvent {
    HoldReleased {
        order_id: order_id(1),
        hold: hold.into(),
    }
    .into()
}

/// A history that brings an order where `status` says.
fn history(status: Status) -> Vec<OrderEvent> {
    match status {
        Status::Placed => vec![placed()],
        Status::Confirmed => vec![placed(), confirmed()],
        Status::Rejected => vec![placed(), rejected()],
        Status::Expired => vec![placed(), expired()],
        Status::Cancelling => vec![placed(), cancelling()],
        Status::Cancelled => vec![placed(), cancelling(), cancelled(false)],
        Status::Completed => [
            history(Status::Confirmed),
            vec![fulfilment::shipped(), fulfilment::delivered(), completed()],
        ]
        .concat(),
    }
}

const ALL: [Status; 7] = [
    Status::Placed,
    Status::Confirmed,
    Status::Rejected,
    Status::Expired,
    Status::Cancelling,
    Status::Cancelled,
    Status::Completed,
];

fn reject() -> OrderCommand {
    OrderCommand::Reject(RejectOrder {
        reason: RejectionReason::OutOfStock,
        detail: "2 of A were wanted, 1 can be had".into(),
    })
}

fn request_cancellation() -> OrderCommand {
    OrderCommand::RequestCancellation(RequestCancellation {
        reason: "too late".into(),
    })
}

fn reject_cancellation() -> OrderCommand {
    reject_request(0)
}

fn reject_request(request: u32) -> OrderCommand {
    OrderCommand::RejectCancellation(RejectCancellation {
        request,
        reason: "it has left".into(),
    })
}

fn add_note(n: u64, text: &str) -> OrderCommand {
    OrderCommand::AddNote(AddNote {
        note_id: uuid(9, n),
        text: text.into(),
    })
}

fn place_hold(hold: &str) -> OrderCommand {
    OrderCommand::PlaceHold(PlaceHold {
        hold: hold.into(),
        reason: "odd address".into(),
    })
}

fn release_hold(hold: &str) -> OrderCommand {
    OrderCommand::ReleaseHold(ReleaseHold { hold: hold.into() })
}

fn on(history: Vec<OrderEvent>, command: OrderCommand) -> When<Orders> {
    given::<Orders>(history).when(command)
}

/// Puts `command` to an order in each state: what it leads to where it is allowed, nothing where it
/// has been done, and a refusal everywhere else.
#[track_caller]
fn in_each_state(
    command: &OrderCommand,
    refused_as: &'static str,
    allowed: &[(Status, OrderEvent)],
    done: &[Status],
) {
    on(vec![], command.clone()).then_refused(OrderError::NotFound);
    for status in ALL {
        let when = on(history(status), command.clone());
        if let Some((_, event)) = allowed.iter().find(|(allowed, _)| *allowed == status) {
            when.then([event.clone()]);
        } else if done.contains(&status) {
            when.then_nothing();
        } else {
            when.then_refused(OrderError::State {
                status,
                command: refused_as,
            });
        }
    }
}

#[test]
fn confirmation() {
    in_each_state(
        &OrderCommand::Confirm(ConfirmOrder),
        "confirm it",
        &[(Status::Placed, confirmed())],
        &[Status::Confirmed],
    );
}

#[test]
fn no_confirmation_under_a_hold() {
    let confirm = || OrderCommand::Confirm(ConfirmOrder);
    let holds = vec![placed(), held("fraud"), held("stock")];
    on(holds.clone(), confirm()).then_refused(OrderError::Held {
        hold: "fraud".into(),
    });
    let one_left = [holds.clone(), vec![let_go("fraud")]].concat();
    on(one_left, confirm()).then_refused(OrderError::Held {
        hold: "stock".into(),
    });
    let none_left = [holds, vec![let_go("fraud"), let_go("stock")]].concat();
    on(none_left, confirm()).then([confirmed()]);
}

#[test]
fn rejection() {
    in_each_state(
        &reject(),
        "reject it",
        &[(Status::Placed, rejected())],
        &[Status::Rejected],
    );
    let hostile = OrderCommand::Reject(RejectOrder {
        reason: RejectionReason::PaymentDeclined,
        detail: "code\0".to_owned() + &"x".repeat(1_000),
    });
    let events = super::decide(&Orders::fold(&[placed()]), &hostile).unwrap();
    let [OrderEvent::OrderRejected(event)] = events.as_slice() else {
        panic!("{events:?}");
    };
    assert!(event.detail.starts_with("code x") && event.detail.len() == 500);
}

#[test]
fn expiry() {
    in_each_state(
        &OrderCommand::Expire(ExpireOrder),
        "let it expire",
        &[(Status::Placed, expired())],
        &[Status::Expired],
    );
}

#[test]
fn notes_are_written_in_every_state_and_each_once() {
    on(vec![], add_note(1, "rang\ntwice")).then_refused(OrderError::NotFound);
    for status in ALL {
        let state = on(history(status), add_note(1, "rang\ntwice")).then([note(1)]);
        assert_eq!(state.placed().unwrap().notes, 1);
        let noted = [history(status), vec![note(1)]].concat();
        on(noted, add_note(2, "rang\ntwice")).then([note(2)]);
    }
    let refused = |text: &str, error| {
        on(vec![placed()], add_note(1, text)).then_refused(OrderError::Text(error));
    };
    let field = || "text".into();
    let length = || TextError::Length {
        field: field(),
        max: 2_000,
    };
    refused("\n ", length());
    refused(&"x".repeat(2_001), length());
    refused("a\u{1b}[2J", TextError::Control { field: field() });
}

#[test]
fn holds_are_placed_until_the_order_has_ended() {
    on(vec![], place_hold("fraud")).then_refused(OrderError::NotFound);
    for status in ALL {
        let when = on(history(status), place_hold("fraud"));
        match status {
            Status::Placed | Status::Confirmed | Status::Cancelling => {
                when.then([held("fraud")]);
            }
            Status::Rejected | Status::Expired | Status::Cancelled | Status::Completed => {
                when.then_refused(OrderError::State {
                    status,
                    command: "put a hold on it",
                });
            }
        }
        let held_before = [vec![placed(), held("fraud")], history(status).split_off(1)].concat();
        on(held_before.clone(), place_hold("fraud")).then_nothing();
        on(held_before, release_hold("fraud")).then([let_go("fraud")]);
        on(history(status), release_hold("fraud")).then_nothing();
    }
}

#[test]
fn holds_are_named_by_slugs_and_bounded() {
    let slug = OrderError::Text(TextError::Slug {
        field: "hold".into(),
        max: 64,
    });
    for hold in ["", "Fraud", "a/b", "a b"] {
        on(vec![placed()], place_hold(hold)).then_refused(slug.clone());
        on(vec![placed()], release_hold(hold)).then_refused(slug.clone());
    }
    let holds = (0..MAX_HOLDS).map(|n| held(&format!("hold-{n}")));
    let full: Vec<_> = std::iter::once(placed()).chain(holds).collect();
    on(full, place_hold("one-more")).then_refused(OrderError::TooManyHolds { max: MAX_HOLDS });
}

fn cancel_a_line() -> OrderCommand {
    OrderCommand::CancelLines(CancelLines {
        cancellation_id: uuid(7, 1),
        lines: vec![LineQuantity {
            line: 1,
            quantity: 1,
        }],
        reason: "too many".into(),
    })
}

#[test]
fn what_is_said_to_be_allowed_is_allowed() {
    let commands = [
        ("add_note", add_note(7, "x")),
        (
            "set_tags",
            OrderCommand::SetTags(SetTags {
                tags: vec!["x".into()],
            }),
        ),
        (
            "change_shipping_address",
            OrderCommand::ChangeShippingAddress(ChangeShippingAddress {
                shipping_address: Sealed::of_base64("eHl6").unwrap(),
            }),
        ),
        (
            "propose_amendment",
            OrderCommand::ProposeAmendment(ProposeAmendment {
                amendment_id: uuid(10, 9),
                lines: vec![LineQuantity {
                    line: 1,
                    quantity: 1,
                }],
                until: at(900),
                reason: "fewer".into(),
            }),
        ),
        ("cancel", request_cancellation()),
        ("cancel_lines", cancel_a_line()),
        ("place_hold", place_hold("another")),
        ("release_hold", release_hold("fraud")),
    ];
    for status in ALL {
        for hold in [vec![], vec![held("fraud")]] {
            let history = [vec![placed()], hold, history(status).split_off(1)].concat();
            let state = Orders::fold(&history);
            let allowed = state.placed().unwrap().allowed_commands();
            for (name, command) in &commands {
                let leads_on =
                    super::decide(&state, command).is_ok_and(|events| !events.is_empty());
                assert_eq!(allowed.contains(name), leads_on, "{name} when {status:?}");
            }
        }
    }
}

#[test]
fn nothing_happens_to_an_order_before_it_is_placed() {
    let state = Orders::fold(&[confirmed(), note(1), held("fraud"), cancelling()]);
    assert_eq!(state, Order::Absent);
}

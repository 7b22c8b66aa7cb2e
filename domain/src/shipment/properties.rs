//! Rules that hold whatever is asked of a shipment and its order, in whatever order.

use super::*;
use crate::{
    Currency, CustomerId, Decider, Location, Refusal, RefusalKind, ShipmentId,
    order::{
        CancelOrder, ConfirmOrder, NewLine, Order, OrderCommand, Orders, PlaceHold, PlaceOrder,
        RejectCancellation, ReleaseHold, RequestCancellation, Status,
    },
    testing::{at, order_id, sku},
};
use ShipmentStatus as S;
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Asked {
    Shipment(ShipmentCommand),
    Order(OrderCommand),
}

fn placed() -> Order {
    let line = |name, quantity| NewLine {
        sku: sku(name),
        quantity,
        unit_price: 100,
        currency: None,
        terms: Default::default(),
    };
    let place = OrderCommand::Place(PlaceOrder {
        order_id: order_id(1),
        customer_id: CustomerId::parse("c").unwrap(),
        currency: Currency::parse("EUR").unwrap(),
        lines: vec![line("A", 2), line("B", 1)],
        terms: Default::default(),
        total: None,
        shipping_address: None,
        payment_method: "tok".into(),
        reference: None,
        placed_at: at(0),
    });
    let events = Orders::decide(&Order::Absent, &place).unwrap();
    events.iter().fold(Order::Absent, Orders::evolve)
}

fn of_order() -> impl Strategy<Value = Asked> {
    let hold = || "[ab]";
    let command = prop_oneof![
        3 => Just(OrderCommand::Confirm(ConfirmOrder)),
        1 => Just(OrderCommand::RequestCancellation(RequestCancellation { reason: "x".into() })),
        1 => (0..3_u32).prop_map(|request| {
            let reason = "x".into();
            OrderCommand::RejectCancellation(RejectCancellation { request, reason })
        }),
        1 => Just(OrderCommand::Cancel(CancelOrder)),
        1 => hold().prop_map(|hold| {
            OrderCommand::PlaceHold(PlaceHold { hold, reason: "x".into() })
        }),
        2 => hold().prop_map(|hold| OrderCommand::ReleaseHold(ReleaseHold { hold })),
    ];
    command.prop_map(Asked::Order)
}

/// Where the carrier says that what it has taken is; none, if it has not.
fn heard() -> impl Strategy<Value = Option<Whereabouts>> {
    let whereabouts = prop_oneof![
        Just(Whereabouts::UnderWay),
        "[x\0]{0,3}".prop_map(|reason| Whereabouts::Failed { reason }),
        Just(Whereabouts::Delivered { at: at(5) }),
        Just(Whereabouts::Lost),
        Just(Whereabouts::Returned),
    ];
    proptest::option::weighted(0.8, whereabouts)
}

fn of_shipment() -> impl Strategy<Value = Asked> {
    let attempt = || prop_oneof![3 => Just(1_u32), 2 => 0..4_u32, 1 => any::<u32>()];
    let text = || "[x\0]{0,3}";
    let order = || prop_oneof![9 => Just(order_id(1)), 1 => Just(order_id(2))];
    let command = prop_oneof![
        3 => order().prop_map(|order_id| ShipmentCommand::Create(CreateShipment {
            order_id,
            location: Location::default(),
            skus: vec![],
            further: vec![],
        })),
        3 => Just(ShipmentCommand::Pack(PackShipment)),
        3 => Just(ShipmentCommand::MarkReady(MarkReady)),
        3 => order()
            .prop_map(|order_id| ShipmentCommand::RequestDispatch(RequestDispatch { order_id })),
        2 => (attempt(), text()).prop_map(|(attempt, tracking_number)| {
            let carrier = "PX".into();
            ShipmentCommand::RecordDispatched(RecordDispatched {
                attempt,
                carrier,
                tracking_number,
            })
        }),
        2 => (attempt(), text()).prop_map(|(attempt, code)| {
            ShipmentCommand::RecordRefused(RecordRefused { attempt, code })
        }),
        1 => attempt().prop_map(|inquiries| {
            ShipmentCommand::RecordTracked(RecordTracked { inquiries })
        }),
        1 => (attempt(), text()).prop_map(|(inquiries, reason)| {
            ShipmentCommand::RecordFailed(RecordFailed { inquiries, reason })
        }),
        1 => prop_oneof![Just(5), Just(i64::from(i32::MIN) * 10)].prop_map(|seconds| {
            let delivered_at = at(seconds);
            ShipmentCommand::RecordDelivered(RecordDelivered { delivered_at })
        }),
        1 => (attempt(), text()).prop_map(|(attempt, reason)| {
            ShipmentCommand::GiveUp(GiveUpShipment { attempt, reason })
        }),
        2 => (attempt(), text(), heard()).prop_map(|(attempt, number, whereabouts)| {
            let notice = match whereabouts {
                None => CarrierNotice::Refused { code: number },
                Some(whereabouts) => CarrierNotice::Taken {
                    carrier: "PX".into(),
                    tracking_number: number,
                    whereabouts,
                },
            };
            ShipmentCommand::Hear(HearCarrier { attempt, notice })
        }),
        1 => Just(ShipmentCommand::RecordLost(RecordLost)),
        1 => Just(ShipmentCommand::RecordReturnedToSender(RecordReturnedToSender)),
        1 => (0..4_u32, -1..4_i64, -1..2_i64).prop_map(|(line, restocked, quarantined)| {
            let found = FoundLine { line, restocked, quarantined };
            ShipmentCommand::BookIn(BookInShipment {
                location: Location::default(),
                skus: vec![sku(["A", "A", "B", "C"][line as usize])],
                lines: vec![found],
                reason: None,
            })
        }),
        1 => (0..3_u32, text()).prop_map(|(request, reason)| {
            ShipmentCommand::Cancel(CancelShipment {
                order_id: order_id(1),
                location: Location::default(),
                request,
                reason,
                parcels: 1,
            })
        }),
    ];
    command.prop_map(Asked::Shipment)
}

/// Whether a shipment may go from one status to another by one event.
fn may_follow(from: Option<S>, to: S) -> bool {
    let next: &[S] = match from {
        None => &[S::Pending, S::Cancelled],
        Some(S::Pending) => &[S::Packed, S::Cancelled],
        Some(S::Packed) => &[S::Ready, S::Cancelled],
        Some(S::Ready) => &[S::Dispatching, S::Cancelled],
        Some(S::Dispatching) => &[S::Dispatched, S::Refused],
        Some(S::Refused) => &[S::Dispatching, S::Cancelled],
        Some(S::Dispatched | S::Failed) => &[S::Failed, S::Delivered, S::Lost, S::ReturnedToSender],
        Some(S::Lost | S::ReturnedToSender) => &[S::BookedIn],
        Some(S::Cancelled | S::Delivered | S::BookedIn) => &[],
    };
    from == Some(to) || next.contains(&to)
}

/// What a whole history says.
#[derive(Debug, Default)]
struct Books {
    attempts: u32,
    labels: u32,
    ends: u32,
}

impl Books {
    fn enter(&mut self, before: &Shipment, event: &ShipmentEvent, after: &Shipment, order: &Order) {
        let status = after.status().expect("something has happened");
        assert!(may_follow(before.status(), status), "{before:?} {event:?}");
        match event {
            ShipmentEvent::ShipmentCreated(event) => {
                let order = order.placed().unwrap();
                assert_eq!(order.status, Status::Confirmed);
                assert_eq!(event.amount.amount, order.placed.total);
                assert_eq!(event.lines.len(), order.placed.lines.len());
            }
            ShipmentEvent::DispatchRequested(event) => {
                let order = order.placed().unwrap();
                assert!(order.status == Status::Confirmed && order.holds.is_empty());
                self.attempts += 1;
                assert_eq!(event.attempt, self.attempts, "attempts follow each other");
            }
            ShipmentEvent::ShipmentDispatched(_) => self.labels += 1,
            ShipmentEvent::ShipmentDelivered(_)
            | ShipmentEvent::ShipmentLost(_)
            | ShipmentEvent::ShipmentReturnedToSender(_)
            | ShipmentEvent::ShipmentCancelled(_) => self.ends += 1,
            _ => {}
        }
        assert!(self.labels <= 1, "sent twice");
        assert!(self.ends <= 1, "ended twice");
        assert!(status != S::Cancelled || self.labels == 0, "kept, and sent");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn what_leaves_is_confirmed_and_leaves_once(
        asked in proptest::collection::vec(prop_oneof![3 => of_shipment(), 1 => of_order()], 0..80),
    ) {
        let (mut order, mut state, mut books) = (placed(), Shipment::default(), Books::default());
        let mut history = vec![];
        for asked in &asked {
            let command = match asked {
                Asked::Shipment(command) => command,
                Asked::Order(command) => {
                    let events = Orders::decide(&order, command).unwrap_or_default();
                    order = events.iter().fold(order, Orders::evolve);
                    continue;
                }
            };
            if command.names().is_some_and(|named| named != shipment_id()) {
                continue;
            }
            meaning_knows_nothing_else(&state, command, &order);
            let Ok(events) = over_order(&state, command, &order) else {
                continue;
            };
            // What the carrier says of a parcel says, too, that it has taken it.
            let most = if matches!(command, ShipmentCommand::Hear(_)) { 2 } else { 1 };
            prop_assert!(events.len() <= most);
            for event in events {
                let after = Shipments::evolve(state.clone(), &event);
                books.enter(&state, &event, &after, &order);
                state = after;
                history.push(event);
            }
            prop_assert_eq!(over_order(&state, command, &order), Ok(vec![]));
        }
        let stored = history.iter().map(|event| {
            ShipmentEvent::decode(event.event_type(), event.schema_version(), &event.encode())
                .unwrap()
                .unwrap()
        });
        prop_assert_eq!(Shipments::fold(&stored.collect::<Vec<_>>()), state);
    }
}

fn shipment_id() -> ShipmentId {
    ShipmentId::of(order_id(1), &Location::default())
}

/// What breaks a rule of meaning does so whatever has happened to shipment and order.
fn meaning_knows_nothing_else(state: &Shipment, command: &ShipmentCommand, order: &Order) {
    let meaningless = |state: &Shipment, order: &Order| {
        let refusal = over_order(state, command, order).err().map(Refusal::from);
        refusal.filter(|refusal| refusal.kind == RefusalKind::Meaning)
    };
    assert_eq!(
        meaningless(state, order),
        meaningless(&Shipment::Absent, &Order::Absent)
    );
}

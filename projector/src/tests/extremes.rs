//! Whatever a decider accepts can be written: an event that no read model can hold would halt them
//! for ever, since events are for ever.

use super::harness::{Database, database, table};
use crate::{
    live::Step,
    parking::{Lot, Room},
    projection::Projection,
    projections::{
        CustomerSummary, OrderProcess, OrderSummary, OrderTimeline, ReturnSummary, SalesDaily,
        ShipmentSummary, StockLevel,
    },
    testing::{History, fold_all},
};
use chrono::{DateTime, Utc};
use domain::{
    Command, Currency, CustomerId, Location, Money, OrderId, ReturnId, Sealed, ShipmentId, Sku,
    State, StreamId, TenantId,
    order::{
        AddNote, CancelOrder, ConfirmOrder, LineQuantity, NewLine, OrderCommand, ParkTask,
        PlaceHold, PlaceOrder, RecordDelivered as RecordArrived, RejectOrder, RejectionReason,
        RequestCancellation,
    },
    payment::{PaymentCommand, RecordAuthorized, RecordDeclined, RequestAuthorization},
    returns::{
        ApproveReturn, CancelReturn, DeclineReturn, InspectReturn, InspectedLine, MarkInTransit,
        ReceiveReturn, RequestReturn, ReturnCommand,
    },
    shipment::{
        CancelShipment, CreateShipment, MarkReady, PackShipment, RecordDelivered, RecordDispatched,
        RecordFailed, RecordLost, RecordRefused, RecordTracked, RequestDispatch, ShipmentCommand,
    },
    stock::{
        AdjustStock, ReceiveStock, ReservationCommand, ReservationItem, ReservationLine,
        ReservationStep, StockCommand,
    },
};
use proptest::{prelude::*, sample::select, test_runner::TestCaseResult};
use std::collections::HashMap;
use store::{Bookmark, Delivered};
use uuid::Uuid;

/// Orders and SKUs are few, so that commands meet each other.
fn order_id() -> impl Strategy<Value = OrderId> {
    select(vec![0, 1, 2, u128::MAX]).prop_map(|n| OrderId::new(Uuid::from_u128(n)))
}

fn sku() -> impl Strategy<Value = Sku> {
    let names = ["A".to_owned(), "~\"'\\$1".to_owned(), "x".repeat(64)];
    select(names.to_vec()).prop_map(|name| Sku::parse(&name).unwrap())
}

/// Any number, those that deciders may just take or refuse above all.
fn number() -> impl Strategy<Value = i64> {
    let powers = (0_u32..19, -1_i64..=1).prop_map(|(power, by)| 10_i64.pow(power) + by);
    prop_oneof![3 => powers, 2 => 0..20_i64, 1 => any::<i64>(), 1 => select(vec![i64::MIN, i64::MAX])]
}

/// Any time, to the microsecond, which is what a process's clock and the edge give.
fn time() -> impl Strategy<Value = DateTime<Utc>> {
    let seconds = prop_oneof![
        2 => 1_200_000_000..1_800_000_000_i64,
        1 => any::<i64>(),
        2 => -300_000_000_000..300_000_000_000_i64,
        2 => select(vec![-2_208_988_800, -2_208_988_801, 8_210_266_876_799, -8_334_601_228_800]),
    ];
    (seconds, 0..1_000_000_u32).prop_map(|(seconds, micros)| {
        let nanos = micros * 1_000;
        DateTime::from_timestamp(seconds, nanos).unwrap_or(DateTime::<Utc>::UNIX_EPOCH)
    })
}

fn text() -> impl Strategy<Value = String> {
    let odd = [
        "\\N",
        "\\.",
        "\u{0}",
        "\u{7f}",
        "\u{fffe}\u{10ffff}",
        "\"},{",
        "\t",
    ];
    let length = select(vec![64_usize, 128, 200, 500, 2_000]);
    prop_oneof![
        4 => "[a-z]{1,8}",
        1 => any::<String>(),
        1 => select(odd.to_vec()).prop_map(str::to_owned),
        1 => length.prop_map(|length| "\u{10ffff}".repeat(length)),
    ]
}

/// Sealed values, as long as they may be.
fn sealed() -> impl Strategy<Value = Sealed> {
    prop_oneof![1_usize..40, Just(16_000)]
        .prop_map(|length| Sealed::of_base64(&"-".repeat(length)).unwrap())
}

fn line() -> impl Strategy<Value = NewLine> {
    (sku(), number(), number()).prop_map(|(sku, quantity, unit_price)| NewLine {
        sku,
        quantity,
        unit_price,
        currency: None,
        terms: Default::default(),
    })
}

fn placement() -> impl Strategy<Value = Command> {
    let lines = prop_oneof![
        9 => prop::collection::vec(line(), 0..4),
        1 => line().prop_map(|line| vec![line; 1_000]),
    ];
    let texts = (text(), prop::option::of(text()), prop::option::of(sealed()));
    let currency = select(vec!["EUR", "JPY"]);
    let customer = select(vec!["c".to_owned(), "-".repeat(64)]);
    (order_id(), customer, currency, lines, texts, time()).prop_map(
        |(order_id, customer, currency, lines, texts, placed_at)| {
            let place = PlaceOrder {
                order_id,
                customer_id: CustomerId::parse(&customer).unwrap(),
                currency: Currency::parse(currency).unwrap(),
                lines,
                terms: Default::default(),
                total: None,
                shipping_address: texts.2,
                payment_method: texts.0,
                reference: texts.1,
                placed_at,
            };
            Command::Order(order_id, OrderCommand::Place(place))
        },
    )
}

fn of_order() -> impl Strategy<Value = Command> {
    let command = prop_oneof![
        Just(OrderCommand::Confirm(ConfirmOrder)),
        Just(OrderCommand::Cancel(CancelOrder)),
        text().prop_map(|detail| OrderCommand::Reject(RejectOrder {
            reason: RejectionReason::OutOfStock,
            detail,
        })),
        text().prop_map(|reason| OrderCommand::RequestCancellation(RequestCancellation { reason })),
        (any::<u128>(), text()).prop_map(|(id, text)| OrderCommand::AddNote(AddNote {
            note_id: Uuid::from_u128(id),
            text,
        })),
        ("[a-z]{64}", text())
            .prop_map(|(hold, reason)| OrderCommand::PlaceHold(PlaceHold { hold, reason })),
        (any::<u128>(), text(), text(), text()).prop_map(|(id, task, of, problem)| {
            OrderCommand::ParkTask(ParkTask {
                task_id: Uuid::from_u128(id),
                task,
                of: Some(of),
                done: false,
                problem,
            })
        }),
        number().prop_map(|quantity| OrderCommand::RecordDelivered(RecordArrived {
            shipment_id: ShipmentId::of(OrderId::new(Uuid::from_u128(1)), &Location::default()),
            lines: vec![LineQuantity { line: 1, quantity }],
        })),
    ];
    (order_id(), command).prop_map(|(order, command)| Command::Order(order, command))
}

fn of_payment() -> impl Strategy<Value = Command> {
    let money = || number().prop_map(|n| Money::new(n, Currency::parse("EUR").unwrap()));
    let attempt = || select(vec![0, 1, u32::MAX]);
    let command = (attempt(), attempt(), money(), text(), text(), 0..3).prop_map(
        |(attempt, max_attempts, amount, one, other, which)| match which {
            0 => PaymentCommand::RequestAuthorization(RequestAuthorization {
                order_id: OrderId::new(Uuid::from_u128(1)),
                amount,
                payment_method: one,
                attempt,
                max_attempts,
                idempotency_key: other,
            }),
            1 => PaymentCommand::RecordAuthorized(RecordAuthorized {
                attempt,
                authorization_id: one,
                amount,
                expires_at: None,
            }),
            _ => PaymentCommand::RecordDeclined(RecordDeclined { attempt, code: one }),
        },
    );
    command.prop_map(|command| Command::Payment(OrderId::new(Uuid::from_u128(1)), command))
}

/// Shipments of few orders, so that all that may become of one does.
fn of_shipment() -> impl Strategy<Value = Command> {
    let location = Location::default;
    let number = || select(vec![0, 1, 2, u32::MAX]);
    let command = (order_id(), number(), text(), text(), time(), 0..12);
    command.prop_map(move |(order_id, number, one, other, time, which)| {
        let command = match which {
            0 | 1 => ShipmentCommand::Create(CreateShipment {
                order_id,
                location: location(),
                skus: vec![],
                further: vec![],
            }),
            2 => ShipmentCommand::Pack(PackShipment),
            3 => ShipmentCommand::MarkReady(MarkReady),
            4 => ShipmentCommand::RequestDispatch(RequestDispatch { order_id }),
            5 => ShipmentCommand::RecordDispatched(RecordDispatched {
                attempt: number,
                carrier: one,
                tracking_number: other,
            }),
            6 => ShipmentCommand::RecordRefused(RecordRefused {
                attempt: number,
                code: one,
            }),
            7 => ShipmentCommand::RecordTracked(RecordTracked { inquiries: number }),
            8 => ShipmentCommand::RecordFailed(RecordFailed {
                inquiries: number,
                reason: one,
            }),
            9 => ShipmentCommand::RecordDelivered(RecordDelivered { delivered_at: time }),
            10 => ShipmentCommand::RecordLost(RecordLost),
            _ => ShipmentCommand::Cancel(CancelShipment {
                order_id,
                location: location(),
                request: number,
                reason: one,
                parcels: 1,
            }),
        };
        Command::Shipment(ShipmentId::of(order_id, &location()), command)
    })
}

/// Returns of few orders, so that all that may become of one does.
fn of_return() -> impl Strategy<Value = Command> {
    let command = (order_id(), 0..2_u128, number(), text(), text(), 0..8);
    command.prop_map(|(order_id, id, quantity, one, other, which)| {
        let return_id = ReturnId::new(Uuid::from_u128(id));
        let lines = vec![LineQuantity { line: 1, quantity }];
        let command = match which {
            0 | 1 => ReturnCommand::Request(RequestReturn {
                return_id,
                order_id,
                lines,
                reason: one,
            }),
            2 => ReturnCommand::Approve(ApproveReturn {
                location: Location::default(),
            }),
            3 => ReturnCommand::MarkInTransit(MarkInTransit {
                tracking_number: Some(one),
            }),
            4 => ReturnCommand::Receive(ReceiveReturn {
                receipt_id: Uuid::from_u128(id),
                lines,
            }),
            5 => ReturnCommand::Inspect(InspectReturn {
                order_id,
                lines: vec![InspectedLine {
                    line: 1,
                    restocked: 0,
                    quarantined: 0,
                    refused: quantity,
                    reason: Some(other),
                }],
            }),
            6 => ReturnCommand::Decline(DeclineReturn {
                order_id,
                reason: one,
            }),
            _ => ReturnCommand::Cancel(CancelReturn {
                order_id,
                reason: one,
            }),
        };
        Command::Return(return_id, command)
    })
}

fn of_stock() -> impl Strategy<Value = Command> {
    let location = Location::default;
    let receive = (any::<u128>(), sku(), number(), prop::option::of(text())).prop_map(
        move |(id, sku, quantity, reference)| {
            Command::Stock(StockCommand::Receive(ReceiveStock {
                receipt_id: Uuid::from_u128(id),
                location: location(),
                sku,
                quantity,
                reference,
            }))
        },
    );
    let adjust = (any::<u128>(), sku(), number(), any::<bool>(), text()).prop_map(
        move |(id, sku, by, up, reason)| {
            Command::Stock(StockCommand::Adjust(AdjustStock {
                adjustment_id: Uuid::from_u128(id),
                location: location(),
                sku,
                delta: if up { by } else { by.saturating_neg() },
                reason,
            }))
        },
    );
    let reserve = (
        order_id(),
        select(vec![0, 1, u32::MAX]),
        sku(),
        number(),
        time(),
    )
        .prop_map(move |(order_id, epoch, sku, quantity, until)| {
            let line = ReservationLine { line: 1, quantity };
            Command::Reservation(ReservationCommand {
                order_id,
                epoch,
                location: location(),
                further: vec![],
                items: vec![ReservationItem {
                    sku,
                    lines: vec![line; 3],
                }],
                step: ReservationStep::Reserve {
                    until,
                    split: false,
                },
            })
        });
    prop_oneof![receive, adjust, reserve]
}

fn commands() -> impl Strategy<Value = Vec<Command>> {
    let command = prop_oneof![
        4 => placement(),
        3 => of_order(),
        3 => of_stock(),
        2 => of_payment(),
        4 => of_shipment(),
        3 => of_return(),
    ];
    prop::collection::vec(command, 0..120)
}

/// All that the deciders accept of `commands`.
fn accepted(commands: &[Command]) -> History {
    let mut history = History::default();
    let mut states: HashMap<StreamId, State> = HashMap::new();
    for command in commands {
        let tenant = TenantId::default();
        // Policies ask for payments of orders that there are, and so of no others here.
        if let Command::Payment(order, _) = command
            && !states.contains_key(&StreamId::order(&tenant, *order))
        {
            continue;
        }
        let streams = command.streams(&tenant);
        let of = |stream: &StreamId| {
            let empty = || State::empty(stream.category());
            states.get(stream).cloned().unwrap_or_else(empty)
        };
        let before: Vec<State> = streams.iter().map(of).collect();
        let Ok(events) = command.decide(&before.iter().collect::<Vec<_>>()) else {
            continue;
        };
        for ((stream, mut state), events) in streams.into_iter().zip(before).zip(events) {
            for event in events {
                state = state.evolve(&event);
                history.push(stream.clone(), event);
            }
            if state != State::empty(stream.category()) {
                states.insert(stream, state);
            }
        }
    }
    history
}

/// Folds all of `history` over a real database, in two batches so that rows are loaded too.
async fn write<P: Projection>(database: &Database, history: &History) -> TestCaseResult {
    let models = &database.models;
    let events = history.events().iter();
    let mine: Vec<_> = events.filter(|event| P::key(event).is_some()).collect();
    let lot = Lot::leaving_out(HashMap::new(), Room::of(0));
    let mut step = Step::<P, _>::new(
        models.clone(),
        1,
        Uuid::from_u128(1),
        Bookmark::START,
        0,
        lot,
    );
    crate::ReadModels::take_over::<P>(models, 1).await.unwrap();
    for half in mine.chunks(mine.len().div_ceil(2).max(1)) {
        let events: Vec<Delivered> = half.iter().map(|event| Ok((*event).clone())).collect();
        let from = step.bookmark();
        let written = step.take(events.iter(), from, true).await;
        let poison = written.map(|taken| taken.poison.map(|poison| poison.stop));
        prop_assert!(matches!(poison, Ok(None)), "{}: {poison:?}", P::NAME);
    }
    let expected = fold_all::<P>(history.events()).unwrap();
    let expected: Vec<_> = expected.into_values().collect();
    prop_assert_eq!(table::<P>(models).await, expected);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 100, ..ProptestConfig::default() })]
    #[test]
    fn whatever_a_decider_accepts_can_be_written(commands in commands()) {
        let history = accepted(&commands);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let database = database().await;
            write::<OrderSummary>(&database, &history).await?;
            write::<OrderTimeline>(&database, &history).await?;
            write::<OrderProcess>(&database, &history).await?;
            write::<ShipmentSummary>(&database, &history).await?;
            write::<ReturnSummary>(&database, &history).await?;
            write::<StockLevel>(&database, &history).await?;
            write::<CustomerSummary>(&database, &history).await?;
            write::<SalesDaily>(&database, &history).await
        })?;
    }
}

#[tokio::test]
async fn sums_go_on_where_64_bits_end() {
    let mut history = History::default();
    for _ in 0..3 {
        let order = history.place("17850", &[("A", 1, i64::MAX)]);
        history.confirm(order);
    }
    let database = database().await;
    write::<CustomerSummary>(&database, &history).await.unwrap();
    write::<SalesDaily>(&database, &history).await.unwrap();
    let customers = table::<CustomerSummary>(&database.models).await;
    assert_eq!(customers[0].amount, 3 * i128::from(i64::MAX));
}

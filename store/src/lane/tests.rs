//! The lane over the memory store, and over stores that misbehave.

mod meanwhile;
mod spans;

use super::{Executed, Lane, LaneError, LaneOptions, Outcome};
use crate::{
    Answer, Append, AppendOutcome, CommandRecord, EventReader, EventStore, Head, HeadSignal,
    MemoryStore, NewEvent, StoreError, StoredEvent, StreamAppend, SystemClock,
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    Actor, Command, CommandEnvelope, CommandId, Currency, CustomerId, EventId, Location, OrderId,
    Position, Sku, State, StreamId, TenantId, Version,
    order::{AddNote, NewLine, OrderCommand, PlaceOrder, RequestCancellation, Status},
    stock::{
        ReceiveStock, ReleaseReason, ReservationCommand, ReservationItem, ReservationLine,
        ReservationStep, StockCommand,
    },
};
use futures::future::join_all;
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

fn uuid(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn order(number: u128) -> OrderId {
    OrderId::new(uuid(number))
}

fn put(id: u128, command: Command) -> CommandEnvelope {
    CommandEnvelope {
        id: CommandId::new(uuid(id)),
        fingerprint: Some([id as u8; 32]),
        tenant: TenantId::default(),
        actor: Actor::parse("test").expect("a word"),
        correlation_id: uuid(id),
        causation_id: None,
        traceparent: None,
        occurred_at: DateTime::UNIX_EPOCH,
        expected: None,
        command,
    }
}

fn place(number: u128) -> Command {
    let order_id = order(number);
    let line = NewLine {
        sku: Sku::parse("A").expect("a sku"),
        quantity: 1,
        unit_price: 100,
        currency: None,
        terms: Default::default(),
    };
    let command = PlaceOrder {
        order_id,
        customer_id: CustomerId::parse("c").expect("a customer"),
        currency: Currency::parse("EUR").expect("a currency"),
        lines: vec![line],
        terms: Default::default(),
        total: None,
        shipping_address: None,
        payment_method: "tok_approve".into(),
        reference: None,
        placed_at: DateTime::UNIX_EPOCH,
    };
    Command::Order(order_id, OrderCommand::Place(command))
}

fn note(number: u128, note: u128) -> Command {
    let command = AddNote {
        note_id: uuid(note),
        text: "x".into(),
    };
    Command::Order(order(number), OrderCommand::AddNote(command))
}

fn cancel(number: u128) -> Command {
    let command = RequestCancellation { reason: "x".into() };
    Command::Order(order(number), OrderCommand::RequestCancellation(command))
}

fn receive(sku: &str, receipt: u128, quantity: i64) -> Command {
    Command::Stock(StockCommand::Receive(ReceiveStock {
        receipt_id: uuid(receipt),
        location: Location::default(),
        sku: Sku::parse(sku).expect("a sku"),
        quantity,
        reference: None,
    }))
}

fn reserve(number: u128, items: &[(&str, i64)]) -> Command {
    let item = |(sku, quantity): &(&str, i64)| ReservationItem {
        sku: Sku::parse(sku).expect("a sku"),
        lines: vec![ReservationLine {
            line: 1,
            quantity: *quantity,
        }],
    };
    Command::Reservation(ReservationCommand {
        order_id: order(number),
        epoch: 1,
        location: Location::default(),
        further: vec![],
        items: items.iter().map(item).collect(),
        step: ReservationStep::Reserve {
            until: DateTime::UNIX_EPOCH,
            split: false,
        },
    })
}

fn memory() -> MemoryStore {
    MemoryStore::new(Arc::new(SystemClock), uuid(1))
}

fn start(store: impl EventStore) -> Lane {
    start_with(store, LaneOptions::default())
}

fn start_with(store: impl EventStore, options: LaneOptions) -> Lane {
    let (lane, work) = Lane::new(Arc::new(store), options);
    tokio::spawn(work.run(CancellationToken::new()));
    lane
}

async fn accepted(lane: &Lane, command: CommandEnvelope) -> Executed {
    let executed = lane
        .execute_for_state(command)
        .await
        .expect("it is executed");
    assert_eq!(executed.outcome, Outcome::Accepted);
    executed
}

/// A store that misbehaves.
struct Faulty {
    store: MemoryStore,
    /// Answers every other append as if the connection had broken, after doing it.
    forgets: bool,
    /// How long an append takes.
    takes: Duration,
    /// How many reads of streams fail, as if it could not be reached.
    unreachable: AtomicUsize,
    /// No read succeeds that asks for such a stream.
    unreadable: fn(&StreamId) -> bool,
    /// No batch is taken that writes to such a stream.
    unwritable: fn(&StreamId) -> bool,
    /// How often it was asked to append.
    appends: AtomicUsize,
    /// How many events of streams were read.
    read: AtomicUsize,
}

impl Faulty {
    fn new(store: &MemoryStore) -> Self {
        Self {
            store: store.clone(),
            forgets: false,
            takes: Duration::ZERO,
            unreachable: AtomicUsize::new(0),
            unreadable: |_| false,
            unwritable: |_| false,
            appends: AtomicUsize::new(0),
            read: AtomicUsize::new(0),
        }
    }
}

#[async_trait]
impl EventReader for Faulty {
    async fn read_streams(
        &self,
        from: &[(StreamId, Version)],
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        if from.iter().any(|(stream, _)| (self.unreadable)(stream)) {
            return Err(StoreError::Corrupt {
                table: "events",
                column: "recorded_at",
                row: "one".into(),
                detail: "no time".into(),
            });
        }
        let fewer = |left: usize| left.checked_sub(1);
        let left = &self.unreachable;
        if left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, fewer)
            .is_ok()
        {
            return Err(StoreError::Unavailable("away".into()));
        }
        let events = self.store.read_streams(from, limit).await?;
        self.read.fetch_add(events.len(), Ordering::SeqCst);
        Ok(events)
    }

    async fn read_all(
        &self,
        after: Position,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        self.store.read_all(after, limit).await
    }

    async fn head(&self) -> Result<Head, StoreError> {
        self.store.head().await
    }

    async fn find_commands(&self, ids: &[CommandId]) -> Result<Vec<CommandRecord>, StoreError> {
        self.store.find_commands(ids).await
    }

    fn signal(&self) -> HeadSignal {
        self.store.signal()
    }
}

#[async_trait]
impl EventStore for Faulty {
    fn epoch(&self) -> Option<Uuid> {
        self.store.epoch()
    }

    async fn append(&self, batch: &[Append]) -> Result<Vec<AppendOutcome>, StoreError> {
        let nr = self.appends.fetch_add(1, Ordering::SeqCst);
        let mut written = batch.iter().flat_map(|append| &append.streams);
        if written.any(|stream| (self.unwritable)(&stream.stream)) {
            return Err(StoreError::Misuse("it is not JSON".into()));
        }
        if !self.takes.is_zero() {
            sleep(self.takes).await;
        }
        let outcome = self.store.append(batch).await?;
        match nr % 2 {
            0 if self.forgets => Err(StoreError::OutcomeUnknown("cut".into())),
            _ => Ok(outcome),
        }
    }

    async fn now(&self) -> Result<DateTime<Utc>, StoreError> {
        self.store.now().await
    }

    async fn forget_commands(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        self.store.forget_commands(before).await
    }
}

#[tokio::test]
async fn a_command_is_executed_once_however_often_it_is_put() {
    let store = memory();
    let lane = start(store.clone());
    let first = accepted(&lane, put(1, place(1))).await;
    assert!(!first.replayed);
    let again = lane
        .execute(put(1, place(2)))
        .await
        .expect("it is answered");
    assert!(again.replayed);
    assert_eq!(
        (again.stream, again.version, again.position),
        (first.stream, first.version, first.position)
    );
    assert_eq!(
        store.head().await.expect("there is a head").position,
        Position::new(1)
    );
}

#[tokio::test]
async fn one_id_put_by_many_at_once_has_one_effect_and_one_answer() {
    let store = memory();
    let lanes = [start(store.clone()), start(store.clone())];
    let calls = (0..32).map(|at| lanes[at % 2].execute(put(7, place(at as u128 + 1))));
    let answers: Vec<_> = join_all(calls)
        .await
        .into_iter()
        .map(|answer| answer.expect("it is answered"))
        .collect();
    assert_eq!(answers.iter().filter(|answer| !answer.replayed).count(), 1);
    assert!(
        answers
            .windows(2)
            .all(|pair| pair[0].stream == pair[1].stream)
    );
    assert_eq!(
        store.head().await.expect("there is a head").position,
        Position::new(1)
    );
}

#[tokio::test]
async fn another_command_under_the_same_id_is_told_apart() {
    let lane = start(memory());
    accepted(&lane, put(1, place(1))).await;
    let mut other = put(1, place(2));
    other.fingerprint = Some([9; 32]);
    assert!(matches!(
        lane.execute(other).await,
        Err(LaneError::KeyReused)
    ));
}

#[tokio::test]
async fn a_hot_stream_is_a_batch_and_not_a_storm_of_conflicts() {
    let store = memory();
    let lane = start(store.clone());
    accepted(&lane, put(1, place(1))).await;
    let notes = (0..500_u128).map(|at| lane.execute(put(100 + at, note(1, at))));
    let mut versions: Vec<_> = join_all(notes)
        .await
        .into_iter()
        .map(|executed| executed.expect("it is executed").version.get())
        .collect();
    versions.sort_unstable();
    assert_eq!(versions, (2..=501).collect::<Vec<_>>());
}

#[tokio::test]
async fn lanes_of_several_processes_decide_again_when_they_lose_a_race() {
    let store = memory();
    let lanes: Vec<_> = (0..4).map(|_| start(store.clone())).collect();
    accepted(&lanes[0], put(1, place(1))).await;
    let notes = (0..200_u128).map(|at| lanes[at as usize % 4].execute(put(100 + at, note(1, at))));
    for executed in join_all(notes).await {
        assert_eq!(executed.expect("it is executed").outcome, Outcome::Accepted);
    }
    assert_eq!(
        store.head().await.expect("there is a head").position,
        Position::new(201)
    );
}

#[tokio::test]
async fn a_stale_state_never_refuses() {
    let store = memory();
    let (one, two) = (start(store.clone()), start(store.clone()));
    // The first lane believes that there is no such order, and keeps that.
    let missing = one
        .execute(put(1, note(1, 1)))
        .await
        .expect("it is answered");
    assert!(matches!(missing.outcome, Outcome::Refused(_)));
    accepted(&two, put(2, place(1))).await;
    accepted(&one, put(3, note(1, 1))).await;
    // And it believes that it is placed; the second cancels it.
    accepted(&two, put(4, cancel(1))).await;
    let again = accepted(&one, put(5, cancel(1))).await;
    let Some(State::Order(state)) = again.state.as_deref() else {
        panic!("an order's state")
    };
    assert_eq!(
        state.placed().expect("it was placed").status,
        Status::Cancelling
    );
    assert_eq!(again.version, Version::new(3), "it led to nothing");
}

#[tokio::test]
async fn refusals_are_remembered_but_for_those_of_meaning() {
    let lane = start(memory());
    let refused = lane
        .execute(put(1, cancel(1)))
        .await
        .expect("it is answered");
    assert!(matches!(refused.outcome, Outcome::Refused(_)));
    accepted(&lane, put(2, place(1))).await;
    let again = lane
        .execute(put(1, cancel(1)))
        .await
        .expect("it is answered");
    assert!(again.replayed);
    assert_eq!(again.outcome, refused.outcome);

    let mut bad = place(3);
    if let Command::Order(_, OrderCommand::Place(command)) = &mut bad {
        command.lines.clear();
    }
    let refused = lane.execute(put(3, bad)).await.expect("it is answered");
    assert!(matches!(refused.outcome, Outcome::Refused(_)));
    accepted(&lane, put(3, place(3))).await;
}

#[tokio::test]
async fn what_begins_a_stream_is_told_as_repeated_when_its_record_is_forgotten() {
    let store = memory();
    let lane = start(store.clone());
    let first = accepted(&lane, put(1, place(1))).await;
    accepted(&lane, put(2, note(1, 1))).await;
    let forgotten = store
        .forget_commands(Utc::now() + chrono::TimeDelta::days(1))
        .await;
    assert_eq!(forgotten.expect("they are forgotten"), 2);
    // The lane knows the stream; another has to find out.
    for lane in [lane, start(store.clone())] {
        let again = accepted(&lane, put(1, place(1))).await;
        assert!(again.replayed);
        assert_eq!(again.stream, first.stream);
    }
    let head = store.head().await.expect("there is a head");
    assert_eq!(head.position, Position::new(2), "nothing was added");
}

/// The order that `place` places, paid otherwise.
fn place_otherwise(number: u128) -> Command {
    let mut command = place(number);
    if let Command::Order(_, OrderCommand::Place(command)) = &mut command {
        command.payment_method = "tok_decline".into();
    }
    command
}

#[tokio::test]
async fn what_would_begin_a_stream_otherwise_does_not_stand_in_the_way_of_what_began_it() {
    let store = memory();
    let lane = start(store.clone());
    accepted(&lane, put(1, place(1))).await;
    let wrong = CommandEnvelope {
        fingerprint: Some([9; 32]),
        ..put(1, place_otherwise(1))
    };
    // While the first is on record, it is another command under the same id.
    for lane in [&lane, &start(store.clone())] {
        let answer = lane.execute(wrong.clone()).await;
        assert!(matches!(answer, Err(LaneError::KeyReused)), "{answer:?}");
    }
    let forgotten = store
        .forget_commands(Utc::now() + chrono::TimeDelta::days(1))
        .await;
    assert_eq!(forgotten.expect("it is forgotten"), 1);
    // The lane knows the stream; another has to find out.
    for lane in [lane, start(store.clone())] {
        for _ in 0..2 {
            let refused = lane.execute(wrong.clone()).await.expect("it is answered");
            let Outcome::Refused(refusal) = refused.outcome else {
                panic!("another order is placed under that id")
            };
            assert_eq!(refusal.code, "ORDER_ALREADY_PLACED");
            assert_eq!(refused.version, Version::new(1));
        }
    }
    let again = accepted(&start(store.clone()), put(1, place(1))).await;
    assert!(again.replayed);
    // Which is on record again.
    let answer = start(store.clone()).execute(wrong).await;
    assert!(matches!(answer, Err(LaneError::KeyReused)), "{answer:?}");
    let head = store.head().await.expect("there is a head");
    assert_eq!(head.position, Position::new(1), "nothing was added");
}

/// Gives back nothing: that is over no stream.
fn release_nothing(number: u128) -> Command {
    let mut command = reserve(number, &[]);
    if let Command::Reservation(command) = &mut command {
        command.step = ReservationStep::Release(ReleaseReason::Expired);
    }
    command
}

#[tokio::test]
async fn a_command_over_no_stream_is_refused_and_the_others_go_on() {
    let lane = start(memory());
    let (nothing, something) = tokio::join!(
        lane.execute(put(1, release_nothing(1))),
        lane.execute(put(2, place(2)))
    );
    assert!(matches!(nothing, Err(LaneError::NoStreams)), "{nothing:?}");
    assert_eq!(something.expect("executed").outcome, Outcome::Accepted);
    let seen = CommandEnvelope {
        expected: Some(Version::ZERO),
        ..put(3, release_nothing(1))
    };
    let nothing = lane.execute(seen).await;
    assert!(matches!(nothing, Err(LaneError::NoStreams)), "{nothing:?}");
    accepted(&lane, put(4, place(4))).await;
}

#[tokio::test]
async fn a_version_that_was_seen_must_still_be_there() {
    let store = memory();
    let (one, two) = (start(store.clone()), start(store.clone()));
    accepted(&one, put(1, place(1))).await;
    accepted(&two, put(2, note(1, 1))).await;
    // The first lane's state is older than what the client saw.
    let seen = CommandEnvelope {
        expected: Some(Version::new(2)),
        ..put(3, note(1, 2))
    };
    assert_eq!(accepted(&one, seen).await.version, Version::new(3));
    let stale = CommandEnvelope {
        expected: Some(Version::new(2)),
        ..put(4, note(1, 3))
    };
    match one.execute(stale).await {
        Err(LaneError::VersionMismatch { current, .. }) => assert_eq!(current, Version::new(3)),
        other => panic!("expected a mismatch, got {other:?}"),
    }
}

#[tokio::test]
async fn a_repeated_command_is_answered_again_though_its_version_has_passed() {
    let store = memory();
    let (one, two) = (start(store.clone()), start(store.clone()));
    accepted(&one, put(1, place(1))).await;
    let seen = CommandEnvelope {
        expected: Some(Version::new(1)),
        ..put(2, note(1, 1))
    };
    let first = accepted(&one, seen.clone()).await;
    for lane in [&one, &two] {
        let again = accepted(lane, seen.clone()).await;
        assert!(again.replayed);
        assert_eq!(
            (again.version, again.position),
            (first.version, first.position)
        );
    }
    let other = CommandEnvelope {
        expected: Some(Version::new(1)),
        fingerprint: Some([9; 32]),
        ..put(2, note(1, 2))
    };
    let reused = one.execute(other).await;
    assert!(matches!(reused, Err(LaneError::KeyReused)), "{reused:?}");
}

#[tokio::test]
async fn all_streams_of_a_command_or_none() {
    let store = memory();
    let lane = start(store.clone());
    accepted(&lane, put(1, receive("A", 1, 5))).await;
    accepted(&lane, put(2, receive("B", 2, 1))).await;
    accepted(&lane, put(3, reserve(1, &[("A", 2), ("B", 1)]))).await;
    let head = store.head().await.expect("there is a head").position;
    assert_eq!(head, Position::new(4));
    // B is gone: only its rejection is recorded, and A keeps what it has.
    accepted(&lane, put(4, reserve(2, &[("A", 2), ("B", 1)]))).await;
    let events = store.read_all(head, 10).await.expect("they are read");
    let types: Vec<_> = events
        .iter()
        .map(|event| event.event_type.as_str())
        .collect();
    assert_eq!(types, ["StockReservationRejected"]);
    let third = accepted(&lane, put(5, reserve(3, &[("A", 3)]))).await;
    let Some(State::Stock(stock)) = third.state.as_deref() else {
        panic!("a stock's state")
    };
    assert_eq!(
        (stock.on_hand, stock.reserved, stock.available()),
        (5, 5, 0)
    );
}

#[tokio::test(start_paused = true)]
async fn an_append_of_unknown_outcome_is_done_once() {
    let store = memory();
    let lane = start(Faulty {
        forgets: true,
        ..Faulty::new(&store)
    });
    let orders = (1..=50_u128).map(|at| lane.execute(put(at, place(at))));
    for executed in join_all(orders).await {
        assert_eq!(executed.expect("it is executed").outcome, Outcome::Accepted);
    }
    let receipts = (1..=50_u128).map(|at| lane.execute(put(100 + at, receive("A", at, 1))));
    for executed in join_all(receipts).await {
        assert_eq!(executed.expect("it is executed").outcome, Outcome::Accepted);
    }
    assert_eq!(
        store.head().await.expect("there is a head").position,
        Position::new(100)
    );
}

fn is_broken(answer: &Result<Executed, LaneError>) -> bool {
    matches!(answer, Err(LaneError::Broken(_)))
}

/// Notes on orders 1 to 50, put at once: those on order 7 alone fail.
async fn only_the_seventh_fails(store: &MemoryStore, faulty: impl EventStore) {
    let good = start(store.clone());
    for at in (1..=50_u128).filter(|at| *at != 7) {
        accepted(&good, put(at, place(at))).await;
    }
    let lane = start(faulty);
    let notes = (0..100_u128).map(|at| lane.execute(put(1_000 + at, note(at % 50 + 1, at))));
    let answers = join_all(notes).await;
    for (at, answer) in answers.iter().enumerate() {
        if at % 50 + 1 == 7 {
            assert!(is_broken(answer), "{answer:?}");
        } else {
            let outcome = answer.as_ref().map(|executed| &executed.outcome);
            assert!(matches!(outcome, Ok(Outcome::Accepted)), "{answer:?}");
        }
    }
}

fn seventh() -> StreamId {
    StreamId::order(&TenantId::default(), order(7))
}

#[tokio::test]
async fn a_stream_that_cannot_be_decoded_fails_its_own_commands_alone() {
    let store = memory();
    let id = CommandId::new(uuid(7));
    let mystery = Append {
        command_id: id,
        fingerprint: None,
        tenant: TenantId::default(),
        actor: Actor::parse("test").expect("a word"),
        correlation_id: uuid(7),
        causation_id: None,
        traceparent: None,
        occurred_at: DateTime::UNIX_EPOCH,
        streams: vec![StreamAppend {
            stream: seventh(),
            expected: Version::ZERO,
            events: vec![NewEvent {
                id: EventId::of(id, 0),
                event_type: "OrderOfTheFuture",
                schema_version: 1,
                payload: b"{}".to_vec(),
            }],
        }],
        answer: Answer::Accepted,
    };
    store.append(&[mystery]).await.expect("it is appended");
    only_the_seventh_fails(&store, store.clone()).await;
}

#[tokio::test]
async fn a_stream_that_cannot_be_read_fails_its_own_commands_alone() {
    let store = memory();
    let faulty = Faulty {
        unreadable: |stream| *stream == seventh(),
        ..Faulty::new(&store)
    };
    only_the_seventh_fails(&store, faulty).await;
}

#[tokio::test]
async fn an_append_that_the_store_refuses_fails_alone() {
    let store = memory();
    accepted(&start(store.clone()), put(7, place(7))).await;
    let faulty = Faulty {
        unwritable: |stream| *stream == seventh(),
        ..Faulty::new(&store)
    };
    only_the_seventh_fails(&store, faulty).await;
}

#[tokio::test]
async fn what_was_decided_on_a_refused_append_is_decided_again() {
    let store = memory();
    let good = start(store.clone());
    accepted(&good, put(1, receive("A", 1, 5))).await;
    accepted(&good, put(2, receive("B", 2, 5))).await;
    let lane = start(Faulty {
        unwritable: |stream| stream.key().ends_with(".B"),
        ..Faulty::new(&store)
    });
    // All in one batch: the first takes what the second needs, and comes to nothing.
    let (first, second, third) = tokio::join!(
        lane.execute(put(3, reserve(1, &[("A", 5), ("B", 1)]))),
        lane.execute(put(4, reserve(2, &[("A", 5)]))),
        lane.execute(put(5, receive("C", 3, 1))),
    );
    assert!(is_broken(&first), "{first:?}");
    assert!(second.is_ok() && third.is_ok(), "{second:?} {third:?}");
    let events = store.read_all(Position::new(2), 10).await;
    let events = events.expect("they are read");
    let mut types: Vec<_> = events
        .iter()
        .map(|event| event.event_type.as_str())
        .collect();
    types.sort_unstable();
    assert_eq!(types, ["StockReceived", "StockReserved"]);
}

#[tokio::test]
async fn a_store_that_refuses_everything_is_not_asked_for_each_command() {
    let store = memory();
    let faulty = Arc::new(Faulty {
        unwritable: |_| true,
        ..Faulty::new(&store)
    });
    let (lane, work) = Lane::new(faulty.clone(), LaneOptions::default());
    let mut calls: Vec<_> = (1..=200_u128)
        .map(|at| Box::pin(lane.execute(put(at, place(at)))))
        .collect();
    for call in &mut calls {
        assert!(futures::poll!(call).is_pending());
    }
    tokio::spawn(work.run(CancellationToken::new()));
    assert!(join_all(calls).await.iter().all(is_broken));
    let asked = faulty.appends.load(Ordering::SeqCst);
    assert!(asked < 20, "asked {asked} times");
}

#[tokio::test]
async fn more_than_may_wait_is_refused_at_once() {
    let options = LaneOptions {
        queue: 2,
        ..LaneOptions::default()
    };
    let (lane, work) = Lane::new(Arc::new(memory()), options);
    // Nothing works on it yet.
    let mut waiting: Vec<_> = (1..=2_u128)
        .map(|at| Box::pin(lane.execute(put(at, place(at)))))
        .collect();
    for call in &mut waiting {
        assert!(futures::poll!(call).is_pending());
    }
    assert!(matches!(
        lane.execute(put(3, place(3))).await,
        Err(LaneError::Overloaded)
    ));
    tokio::spawn(work.run(CancellationToken::new()));
    for executed in join_all(waiting).await {
        assert_eq!(executed.expect("it is executed").outcome, Outcome::Accepted);
    }
}

#[tokio::test]
async fn it_knows_how_many_wait_for_an_answer() {
    let (lane, work) = Lane::new(Arc::new(memory()), LaneOptions::default());
    // Nothing works on it yet.
    let mut in_turn = Box::pin(lane.execute_in_turn(put(1, place(1))));
    let mut waits = Box::pin(lane.execute(put(2, place(2))));
    let mut hangs_up = Box::pin(lane.execute_for_state(put(3, place(3))));
    assert!(futures::poll!(&mut in_turn).is_pending());
    assert_eq!(lane.callers(), 0);
    assert!(futures::poll!(&mut waits).is_pending());
    assert!(futures::poll!(&mut hangs_up).is_pending());
    assert_eq!(lane.clone().callers(), 2);
    drop(hangs_up);
    assert_eq!(lane.callers(), 1);
    tokio::spawn(work.run(CancellationToken::new()));
    waits.await.expect("it is executed");
    assert_eq!(lane.callers(), 0);
    in_turn.await.expect("it is executed");
}

#[tokio::test]
async fn a_stopped_lane_finishes_what_is_queued() {
    let store = memory();
    let (lane, work) = Lane::new(Arc::new(store.clone()), LaneOptions::default());
    let mut calls: Vec<_> = (1..=300_u128)
        .map(|at| Box::pin(lane.execute(put(at, place(at)))))
        .collect();
    for call in &mut calls {
        assert!(futures::poll!(call).is_pending());
    }
    let stop = CancellationToken::new();
    stop.cancel();
    work.run(stop).await;
    for executed in join_all(calls).await {
        assert_eq!(executed.expect("it is executed").outcome, Outcome::Accepted);
    }
    assert!(matches!(
        lane.execute(put(999, place(999))).await,
        Err(LaneError::Stopped)
    ));
}

#[tokio::test]
async fn few_cached_states_are_enough() {
    let options = LaneOptions {
        cached_streams: std::num::NonZeroUsize::MIN,
        max_batch_streams: 2,
        ..LaneOptions::default()
    };
    let store = memory();
    let lane = start_with(store.clone(), options);
    for sku in ["A", "B", "C"] {
        accepted(&lane, put(sku.as_bytes()[0].into(), receive(sku, 1, 10))).await;
    }
    let orders = (1..=10_u128)
        .map(|at| lane.execute(put(100 + at, reserve(at, &[("A", 1), ("B", 1), ("C", 1)]))));
    for executed in join_all(orders).await {
        assert_eq!(executed.expect("it is executed").outcome, Outcome::Accepted);
    }
    assert_eq!(
        store.head().await.expect("there is a head").position,
        Position::new(33)
    );
}

#[tokio::test]
async fn who_saw_another_version_does_not_have_the_whole_stream_read_again() {
    let store = memory();
    let counting = Arc::new(Faulty::new(&store));
    let (lane, work) = Lane::new(counting.clone(), LaneOptions::default());
    tokio::spawn(work.run(CancellationToken::new()));
    accepted(&lane, put(1, place(1))).await;
    for at in 2..=50 {
        accepted(&lane, put(at, note(1, at))).await;
    }
    // Another process writes.
    accepted(&start(store.clone()), put(51, note(1, 51))).await;

    let seen = |id, version| CommandEnvelope {
        expected: Some(Version::new(version)),
        ..put(id, note(1, id))
    };
    for id in 60..70 {
        let refused = lane.execute(seen(id, 7)).await;
        let Err(LaneError::VersionMismatch { current, .. }) = refused else {
            panic!("it was at another version: {refused:?}")
        };
        assert_eq!(current, Version::new(51), "what another has written counts");
    }
    let read = counting.read.load(Ordering::SeqCst);
    assert!(read <= 20, "{read} events were read");
    // Who is right is right also about what the lane had not seen.
    accepted(&start(store.clone()), put(70, note(1, 70))).await;
    let done = accepted(&lane, seen(71, 52)).await;
    assert_eq!(done.version, Version::new(53));
}

//! What the sagas' storage promises, in memory and in PostgreSQL.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    Command, Currency, EventId, Location, Money, OrderId, Position, ShipmentId, TenantId,
    order::{ExpireOrder, OrderCommand},
    policy::{Call, Task, TimerName},
};
use saga::storage::{
    Backlog, Checkpoint, Commit, Context, MemorySagaStore, ParkedTask, PostgresSagaStore,
    SagaStore, SagaStoreError, StoredTask, Work,
};
use servers::{SharedPostgres, TestDatabase};
use sqlx::{Connection, PgConnection};
use std::sync::Arc;
use store::Bookmark;
use uuid::Uuid;

type Storage = Arc<dyn SagaStore>;

macro_rules! contract {
    ($($name:ident),* $(,)?) => {
        mod memory {
            $(#[tokio::test]
            async fn $name() {
                super::$name(std::sync::Arc::new(super::MemorySagaStore::default())).await;
            })*
        }

        mod postgres {
            $(#[tokio::test]
            async fn $name() {
                let (storage, _database) = super::postgres().await;
                super::$name(storage).await;
            })*
        }
    };
}

contract!(
    leaders_take_over_in_order,
    a_commit_is_all_or_nothing,
    one_of_two_commits_from_the_same_place_is_done,
    states_are_kept_by_policy_and_order,
    states_are_told_to_the_leader_at_its_checkpoint,
    a_timer_replaces_the_one_of_its_name,
    an_order_has_a_timer_for_each_of_its_shipments,
    timers_are_called_off_by_name,
    a_call_is_scheduled_once,
    tasks_come_back_as_they_were,
    the_longest_due_comes_first,
    who_is_not_called_does_not_stand_behind_who_is,
    what_is_deferred_counts_as_no_attempt,
    a_command_can_be_left_to_an_operator,
    tasks_are_put_off_given_up_and_forgotten,
    what_was_given_up_is_told_by_who_was_called,
    what_is_left_to_an_operator_waits_until_it_is_called_off,
    what_was_given_up_is_done_again_under_another_id,
    many_hands_do_not_wait_in_a_circle,
);

async fn postgres() -> (Storage, TestDatabase) {
    let database = SharedPostgres::database().await.unwrap();
    let storage = PostgresSagaStore::connect(database.url(), 4).await.unwrap();
    (Arc::new(storage), database)
}

const POLICY: &str = "order";
const EPOCH: Uuid = Uuid::from_u128(0xE);

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_760_000_000 + seconds, 0).unwrap()
}

fn order(n: u128) -> OrderId {
    OrderId::new(Uuid::from_u128(n))
}

fn id(n: u128) -> Uuid {
    Uuid::from_u128(0x7_0000 + n)
}

fn expire(order_id: OrderId) -> Task {
    Task::Execute(Command::Order(order_id, OrderCommand::Expire(ExpireOrder)))
}

fn call(n: u128, due_at: DateTime<Utc>) -> StoredTask {
    let void = Call::Void {
        order_id: order(n),
        authorization_id: format!("auth-{n}"),
        idempotency_key: format!("key-{n}"),
        rest: false,
    };
    StoredTask {
        id: id(n),
        order_id: order(n),
        name: None,
        due_at,
        attempts: 0,
        parked: None,
        resumes: None,
        task: Task::Call(void),
        context: Context {
            tenant: TenantId::default(),
            correlation_id: id(100 + n),
            causation_id: EventId::new(id(200 + n)),
            traceparent: None,
        },
    }
}

fn shipment(n: u128) -> ShipmentId {
    ShipmentId::of(order(n), &Location::default())
}

fn dispatch(n: u128) -> Call {
    Call::Dispatch {
        order_id: order(n),
        shipment_id: shipment(n),
        attempt: 1,
        idempotency_key: format!("{}:1", shipment(n)),
    }
}

fn timer(n: u128, of: u128, name: TimerName, due_at: DateTime<Utc>) -> StoredTask {
    StoredTask {
        order_id: order(of),
        name: Some(name),
        task: expire(order(of)),
        ..call(n, due_at)
    }
}

/// What is committed next.
struct Next<'a> {
    storage: &'a dyn SagaStore,
    epoch: i64,
    at: i64,
}

impl<'a> Next<'a> {
    async fn lead(storage: &'a Storage) -> Self {
        storage.take_over(POLICY, 1).await.unwrap();
        Self {
            storage: storage.as_ref(),
            epoch: 1,
            at: 0,
        }
    }

    async fn commit(&mut self, schedule: Vec<StoredTask>, unschedule: Vec<(OrderId, TimerName)>) {
        let commit = Commit {
            schedule,
            unschedule,
            ..empty(self.epoch, self.at, self.at + 1)
        };
        self.storage.commit(commit).await.unwrap();
        self.at += 1;
    }
}

fn empty(leader_epoch: i64, from: i64, to: i64) -> Commit<'static> {
    Commit {
        policy: POLICY,
        leader_epoch,
        from: Position::new(from),
        to: bookmark(to),
        store_epoch: EPOCH,
        states: vec![],
        schedule: vec![],
        unschedule: vec![],
    }
}

async fn states(
    storage: &Storage,
    policy: &str,
    leader_epoch: i64,
    from: i64,
    orders: &[OrderId],
) -> Result<Vec<(OrderId, String)>, SagaStoreError> {
    let from = Position::new(from);
    storage.states(policy, leader_epoch, from, orders).await
}

fn bookmark(position: i64) -> Bookmark {
    Bookmark {
        position: Position::new(position),
        event_id: Some(EventId::new(Uuid::from_u128(position as u128))),
    }
}

fn is_fenced<T>(result: &Result<T, SagaStoreError>) -> bool {
    matches!(result, Err(SagaStoreError::Fenced(_)))
}

/// All that is due, the longest due first.
async fn all_due(storage: &Storage, now: DateTime<Utc>) -> Vec<StoredTask> {
    let mut due = storage.due(now, Work::Inside, &[], 100).await.unwrap();
    for work in [Work::Provider, Work::Carrier] {
        due.extend(storage.due(now, work, &[], 100).await.unwrap());
    }
    due.sort_by_key(|task| (task.due_at, task.id));
    due
}

async fn due(storage: &Storage, now: DateTime<Utc>) -> Vec<Uuid> {
    let due = all_due(storage, now).await;
    due.into_iter().map(|task| task.id).collect()
}

async fn leaders_take_over_in_order(storage: Storage) {
    let start = Checkpoint {
        at: Bookmark::START,
        store_epoch: None,
    };
    assert_eq!(storage.take_over(POLICY, 3).await.unwrap(), start);
    assert!(is_fenced(&storage.take_over(POLICY, 2).await));
    assert_eq!(storage.take_over(POLICY, 3).await.unwrap(), start);
    storage.commit(empty(3, 0, 10)).await.unwrap();
    assert!(is_fenced(&storage.take_over(POLICY, 1).await));
    let there = Checkpoint {
        at: bookmark(10),
        store_epoch: Some(EPOCH),
    };
    assert_eq!(storage.take_over(POLICY, 8).await.unwrap(), there);
    assert!(is_fenced(&storage.commit(empty(3, 10, 20)).await));
    assert!(
        is_fenced(&storage.commit(empty(9, 10, 20)).await),
        "not given yet"
    );
    storage.commit(empty(8, 10, 20)).await.unwrap();
    // Another policy has its own leader.
    assert_eq!(storage.take_over("payment", 1).await.unwrap(), start);
}

async fn a_commit_is_all_or_nothing(storage: Storage) {
    let full = |epoch, from| Commit {
        states: vec![(order(1), Some(r#"{"new":true}"#.into()))],
        schedule: vec![call(2, at(0)), timer(3, 1, TimerName::Reservation, at(0))],
        unschedule: vec![(order(1), TimerName::Inquiry)],
        ..empty(epoch, from, 99)
    };
    let nobody = full(1, 0);
    assert!(is_fenced(&storage.commit(nobody).await), "nobody leads");

    storage.take_over(POLICY, 5).await.unwrap();
    let first = Commit {
        states: vec![(order(1), Some(r#"{"new":false}"#.into()))],
        schedule: vec![
            timer(1, 1, TimerName::Reservation, at(0)),
            timer(4, 1, TimerName::Inquiry, at(0)),
        ],
        ..empty(5, 0, 10)
    };
    storage.commit(first).await.unwrap();
    storage.take_over(POLICY, 6).await.unwrap();

    let older_leader = full(5, 10);
    let from_behind = full(6, 9);
    let from_ahead = full(6, 11);
    let other_policy = Commit {
        policy: "inventory",
        ..full(6, 10)
    };
    for wrong in [older_leader, from_behind, from_ahead, other_policy] {
        assert!(is_fenced(&storage.commit(wrong).await));
        let told = states(&storage, POLICY, 6, 10, &[order(1)]).await.unwrap();
        assert_eq!(told, [(order(1), r#"{"new":false}"#.to_owned())]);
        assert_eq!(due(&storage, at(0)).await, [id(1), id(4)]);
    }
    let there = storage.take_over(POLICY, 6).await.unwrap();
    assert_eq!(there.at, bookmark(10));

    storage.commit(full(6, 10)).await.unwrap();
    let told = states(&storage, POLICY, 6, 99, &[order(1)]).await.unwrap();
    assert_eq!(told, [(order(1), r#"{"new":true}"#.to_owned())]);
    assert_eq!(due(&storage, at(0)).await, [id(2), id(3)]);
    let there = storage.take_over(POLICY, 6).await.unwrap();
    assert_eq!(there.at, bookmark(99));
}

async fn one_of_two_commits_from_the_same_place_is_done(storage: Storage) {
    storage.take_over(POLICY, 1).await.unwrap();
    for round in 0..20 {
        let commit = |n: u128| {
            let storage = storage.clone();
            let commit = Commit {
                schedule: vec![call(round as u128 * 10 + n, at(0))],
                ..empty(1, round, round + 1)
            };
            tokio::spawn(async move { storage.commit(commit).await })
        };
        let (first, second) = tokio::join!(commit(1), commit(2));
        let (first, second) = (first.unwrap(), second.unwrap());
        assert!(first.is_ok() != second.is_ok(), "{first:?} {second:?}");
        assert!(is_fenced(&first) || is_fenced(&second));
        assert_eq!(due(&storage, at(0)).await.len() as i64, round + 1);
    }
}

async fn states_are_kept_by_policy_and_order(storage: Storage) {
    storage.take_over(POLICY, 1).await.unwrap();
    storage.take_over("payment", 1).await.unwrap();
    let json = |n: i64| format!(r#"{{"n":{n},"text":"ä\u0000\"\\ 漢"}}"#);
    let write = |policy, from, states| Commit {
        policy,
        states,
        ..empty(1, from, from + 1)
    };
    let kept = |n, state| (order(n), Some(json(state)));
    let written = vec![kept(1, 1), kept(2, 2), kept(5, 6)];
    storage.commit(write(POLICY, 0, written)).await.unwrap();
    let written = vec![kept(1, 3), kept(5, 6)];
    storage.commit(write("payment", 0, written)).await.unwrap();
    // Of the fifth one nothing is remembered any more; of the sixth nothing was.
    let written = vec![kept(2, 4), kept(4, 5), (order(5), None), (order(6), None)];
    storage.commit(write(POLICY, 1, written)).await.unwrap();

    let asked = [4, 1, 2, 3, 5].map(order);
    let mut found = states(&storage, POLICY, 1, 2, &asked).await.unwrap();
    found.sort();
    let expected = [(1, 1), (2, 4), (4, 5)];
    assert_eq!(found, expected.map(|(n, state)| (order(n), json(state))));
    let found = states(&storage, "payment", 1, 1, &asked[..4]).await;
    assert_eq!(found.unwrap(), [(order(1), json(3))]);
    assert_eq!(states(&storage, POLICY, 1, 2, &[]).await.unwrap(), []);
    let unknown = states(&storage, POLICY, 1, 2, &[order(9)]).await;
    assert_eq!(unknown.unwrap(), []);
}

async fn states_are_told_to_the_leader_at_its_checkpoint(storage: Storage) {
    storage.take_over(POLICY, 5).await.unwrap();
    let kept = Commit {
        states: vec![(order(1), Some("1".into()))],
        ..empty(5, 0, 10)
    };
    storage.commit(kept).await.unwrap();
    storage.take_over(POLICY, 6).await.unwrap();
    for (policy, epoch, from) in [
        (POLICY, 5, 10),
        (POLICY, 7, 10),
        (POLICY, 6, 0),
        (POLICY, 6, 11),
        ("inventory", 6, 10),
    ] {
        for orders in [&[order(1)][..], &[]] {
            let told = states(&storage, policy, epoch, from, orders).await;
            assert!(is_fenced(&told), "{policy} {epoch} {from}: {told:?}");
        }
    }
    let told = states(&storage, POLICY, 6, 10, &[order(1)]).await;
    assert_eq!(told.unwrap(), [(order(1), "1".to_owned())]);
}

async fn a_timer_replaces_the_one_of_its_name(storage: Storage) {
    let mut next = Next::lead(&storage).await;
    let reservation = TimerName::Reservation;
    let others = vec![
        timer(10, 1, TimerName::Inquiry, at(5)),
        timer(11, 2, reservation, at(5)),
        call(12, at(5)),
    ];
    next.commit(others, vec![]).await;
    next.commit(vec![timer(1, 1, reservation, at(10))], vec![])
        .await;
    next.commit(vec![timer(2, 1, reservation, at(20))], vec![])
        .await;
    assert_eq!(due(&storage, at(19)).await, [id(10), id(11), id(12)]);
    assert_eq!(due(&storage, at(20)).await.last(), Some(&id(2)));

    // What becomes of the one before does not touch it.
    storage.finish(&[id(1)]).await.unwrap();
    storage.park(id(1), at(0), "x").await.unwrap();
    storage.postpone(id(1), at(99), "x").await.unwrap();
    assert_eq!(due(&storage, at(20)).await.last(), Some(&id(2)));

    // One that was put off and given up does not pass that on.
    storage.postpone(id(2), at(25), "x").await.unwrap();
    storage.park(id(2), at(25), "x").await.unwrap();
    next.commit(vec![timer(3, 1, reservation, at(30))], vec![])
        .await;
    let tasks = all_due(&storage, at(30)).await;
    assert_eq!(tasks.last(), Some(&timer(3, 1, reservation, at(30))));
    assert_eq!(storage.backlog(at(30)).await.unwrap().parked(), 0);

    // The same again is the same.
    next.commit(vec![timer(3, 1, reservation, at(31))], vec![])
        .await;
    assert_eq!(due(&storage, at(31)).await.len(), 4);
}

async fn an_order_has_a_timer_for_each_of_its_shipments(storage: Storage) {
    let mut next = Next::lead(&storage).await;
    let (first, second) = (shipment(1), shipment(2));
    let tracking = |n, of, due| timer(n, 1, TimerName::Tracking(of), at(due));
    let shipping = timer(3, 1, TimerName::Shipping(first), at(3));
    next.commit(
        vec![tracking(1, first, 1), tracking(2, second, 2), shipping],
        vec![],
    )
    .await;
    assert_eq!(due(&storage, at(9)).await, [id(1), id(2), id(3)]);
    let off = vec![(order(1), TimerName::Tracking(second))];
    next.commit(vec![tracking(4, first, 4)], off).await;
    assert_eq!(due(&storage, at(9)).await, [id(3), id(4)]);
}

async fn timers_are_called_off_by_name(storage: Storage) {
    let mut next = Next::lead(&storage).await;
    let tasks = vec![
        timer(1, 1, TimerName::Reservation, at(0)),
        timer(2, 1, TimerName::Inquiry, at(0)),
        timer(3, 2, TimerName::Reservation, at(0)),
        StoredTask {
            order_id: order(1),
            ..call(4, at(0))
        },
        timer(5, 3, TimerName::Reservation, at(0)),
    ];
    next.commit(tasks, vec![]).await;
    storage.park(id(5), at(0), "x").await.unwrap();
    let off = vec![
        (order(1), TimerName::Reservation),
        (order(3), TimerName::Reservation),
        (order(9), TimerName::Inquiry),
    ];
    next.commit(vec![], off).await;
    assert_eq!(due(&storage, at(0)).await, [id(2), id(3), id(4)]);
    let backlog = storage.backlog(at(0)).await.unwrap();
    assert_eq!((backlog.due, backlog.parked()), (3, 0));
}

async fn a_call_is_scheduled_once(storage: Storage) {
    let mut next = Next::lead(&storage).await;
    next.commit(vec![call(1, at(0))], vec![]).await;
    storage.postpone(id(1), at(50), "x").await.unwrap();
    let again = StoredTask {
        due_at: at(1),
        ..call(1, at(0))
    };
    next.commit(vec![again, call(2, at(1))], vec![]).await;
    assert_eq!(due(&storage, at(10)).await, [id(2)]);
    let tasks = storage
        .due(at(50), Work::Provider, &[id(2)], 10)
        .await
        .unwrap();
    assert_eq!(
        tasks,
        [StoredTask {
            attempts: 1,
            due_at: at(50),
            ..call(1, at(0))
        }]
    );
}

async fn tasks_come_back_as_they_were(storage: Storage) {
    let mut next = Next::lead(&storage).await;
    let money = Money::new(i64::MAX, Currency::parse("JPY").unwrap());
    let text = || "ä\"\\ 漢 \u{1F980}\n\u{0}".to_owned();
    let calls = [
        Call::Authorize {
            order_id: order(1),
            attempt: u32::MAX,
            amount: money,
            payment_method: text(),
            idempotency_key: text(),
        },
        Call::Inquire {
            order_id: order(1),
            attempt: 1,
            idempotency_key: text(),
            inquiries: 4,
            last: true,
        },
        Call::Void {
            order_id: order(1),
            authorization_id: text(),
            idempotency_key: text(),
            rest: false,
        },
        Call::Capture {
            order_id: order(1),
            shipment_id: Some(shipment(1)),
            authorization_id: text(),
            amount: money,
            attempt: 2,
            idempotency_key: text(),
            more: false,
        },
        Call::Refund {
            order_id: order(1),
            authorization_id: text(),
            refund: 3,
            amount: money,
            idempotency_key: text(),
        },
        dispatch(1),
        Call::Track {
            order_id: order(1),
            shipment_id: shipment(1),
            tracking_number: text(),
            inquiries: u32::MAX,
        },
    ];
    let mut tasks: Vec<StoredTask> = calls
        .into_iter()
        .enumerate()
        .map(|(n, of)| StoredTask {
            task: Task::Call(of),
            ..call(n as u128, at(n as i64))
        })
        .collect();
    tasks.push(StoredTask {
        context: Context {
            tenant: TenantId::parse("shop-2").unwrap(),
            traceparent: Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".into()),
            ..call(1, at(0)).context
        },
        due_at: at(60) + TimeDelta::microseconds(123_457),
        ..timer(9, 7, TimerName::Inquiry, at(0))
    });
    tasks.push(timer(10, 7, TimerName::Tracking(shipment(2)), at(61)));
    next.commit(tasks.clone(), vec![]).await;
    assert_eq!(all_due(&storage, at(61)).await, tasks);
}

async fn the_longest_due_comes_first(storage: Storage) {
    let mut next = Next::lead(&storage).await;
    let seconds = [30, 10, 50, 20, 40, 20];
    let tasks = seconds.iter().enumerate();
    let tasks = tasks.map(|(n, seconds)| call(n as u128, at(*seconds)));
    next.commit(tasks.collect(), vec![]).await;
    let ids = async |now, except: &[Uuid], limit| {
        let due = storage
            .due(at(now), Work::Provider, except, limit)
            .await
            .unwrap();
        due.into_iter().map(|task| task.id).collect::<Vec<_>>()
    };
    assert!(ids(9, &[], 9).await.is_empty());
    assert_eq!(ids(10, &[], 9).await, [id(1)]);
    assert_eq!(ids(40, &[], 9).await, [id(1), id(3), id(5), id(0), id(4)]);
    assert_eq!(ids(40, &[], 3).await, [id(1), id(3), id(5)]);
    assert_eq!(ids(40, &[id(3), id(1)], 2).await, [id(5), id(0)]);
    assert!(ids(40, &[], 0).await.is_empty());
}

async fn who_is_not_called_does_not_stand_behind_who_is(storage: Storage) {
    let mut next = Next::lead(&storage).await;
    let mut tasks: Vec<_> = (1..=5).map(|n| call(n, at(0))).collect();
    tasks.push(timer(6, 6, TimerName::Reservation, at(1)));
    tasks.push(StoredTask {
        task: Task::Call(dispatch(7)),
        ..call(7, at(1))
    });
    next.commit(tasks.clone(), vec![]).await;
    let due = async |work| storage.due(at(1), work, &[], 5).await.unwrap();
    assert_eq!(due(Work::Provider).await, tasks[..5]);
    assert_eq!(due(Work::Inside).await, tasks[5..6]);
    assert_eq!(due(Work::Carrier).await, tasks[6..]);
}

/// What is of no use yet is no attempt, however often that is so.
async fn what_is_deferred_counts_as_no_attempt(storage: Storage) {
    let mut next = Next::lead(&storage).await;
    next.commit((1..=2).map(|n| call(n, at(0))).collect(), vec![])
        .await;
    storage.postpone(id(1), at(10), "broken").await.unwrap();
    for seconds in [20, 30] {
        storage.defer(id(1), at(seconds), "wait").await.unwrap();
    }
    storage.defer(id(2), at(5), "wait").await.unwrap();
    storage.defer(id(9), at(5), "wait").await.unwrap();
    assert!(due(&storage, at(4)).await.is_empty());
    assert_eq!(due(&storage, at(29)).await, [id(2)]);
    let tasks = all_due(&storage, at(30)).await;
    let attempts: Vec<_> = tasks.iter().map(|task| (task.id, task.attempts)).collect();
    assert_eq!(attempts, [(id(2), 0), (id(1), 1)]);
    // One that waits for an operator goes on waiting.
    storage.park(id(1), at(30), "hopeless").await.unwrap();
    storage.defer(id(1), at(0), "wait").await.unwrap();
    assert_eq!(due(&storage, at(30)).await, [id(2)]);
}

/// One that no timer puts.
async fn a_command_can_be_left_to_an_operator(storage: Storage) {
    let mut next = Next::lead(&storage).await;
    let command = StoredTask {
        name: None,
        parked: Some("it makes no sense".into()),
        ..timer(1, 1, TimerName::Reservation, at(0))
    };
    next.commit(vec![command], vec![]).await;
    assert_eq!(all_due(&storage, at(9)).await, []);
    let parked = storage.parked(10).await.unwrap();
    assert_eq!((parked.len(), parked[0].what()), (1, "expire_order"));
    assert_eq!(parked[0].problem, "it makes no sense");
}

async fn tasks_are_put_off_given_up_and_forgotten(storage: Storage) {
    let mut next = Next::lead(&storage).await;
    next.commit((1..=5).map(|n| call(n, at(0))).collect(), vec![])
        .await;
    storage.postpone(id(1), at(100), "broken").await.unwrap();
    storage.postpone(id(2), at(0), "broken").await.unwrap();
    storage.postpone(id(2), at(0), "broken").await.unwrap();
    storage.park(id(3), at(1), "hopeless").await.unwrap();
    storage.finish(&[id(4), id(77)]).await.unwrap();
    storage.finish(&[]).await.unwrap();
    assert_eq!(due(&storage, at(1)).await, [id(2), id(5)]);
    let tasks = storage.due(at(1), Work::Provider, &[], 1).await.unwrap();
    assert_eq!(tasks[0].attempts, 2);
    let backlog = Backlog {
        due: 2,
        first_due: Some(at(0)),
        parked_payments: 1,
        ..Backlog::default()
    };
    assert_eq!(storage.backlog(at(1)).await.unwrap(), backlog);
    // What is not there any more is not made again.
    storage.postpone(id(4), at(0), "x").await.unwrap();
    storage.park(id(4), at(0), "x").await.unwrap();
    assert_eq!(storage.backlog(at(1)).await.unwrap(), backlog);
}

async fn what_was_given_up_is_told_by_who_was_called(storage: Storage) {
    assert_eq!(storage.backlog(at(9)).await.unwrap(), Backlog::default());
    let mut next = Next::lead(&storage).await;
    let to_carrier = |n: u128| StoredTask {
        task: Task::Call(dispatch(n)),
        ..call(n, at(2))
    };
    let command = |n| timer(n, n, TimerName::Reservation, at(7));
    let tasks = vec![
        call(1, at(1)),
        call(2, at(1)),
        to_carrier(3),
        to_carrier(4),
        to_carrier(5),
        command(6),
    ];
    next.commit(tasks, vec![]).await;
    let all_well = Backlog {
        due: 5,
        first_due: Some(at(1)),
        ..Backlog::default()
    };
    assert_eq!(storage.backlog(at(2)).await.unwrap(), all_well);
    for n in 1..=5 {
        storage.park(id(n), at(3), "hopeless").await.unwrap();
    }
    let backlog = Backlog {
        due: 0,
        first_due: Some(at(7)),
        parked_commands: 0,
        parked_payments: 2,
        parked_shipments: 3,
    };
    assert_eq!(storage.backlog(at(2)).await.unwrap(), backlog);
    storage.park(id(6), at(3), "hopeless").await.unwrap();
    let backlog = storage.backlog(at(8)).await.unwrap();
    assert_eq!((backlog.parked(), backlog.parked_commands), (6, 1));
    assert_eq!(backlog.first_due, None);
}

async fn what_is_left_to_an_operator_waits_until_it_is_called_off(storage: Storage) {
    let mut next = Next::lead(&storage).await;
    let inquiry = TimerName::Inquiry;
    next.commit(vec![timer(1, 1, inquiry, at(0))], vec![]).await;
    let left = StoredTask {
        parked: Some("nobody knows".into()),
        ..timer(2, 1, inquiry, at(0))
    };
    next.commit(vec![left], vec![]).await;
    assert!(due(&storage, at(9)).await.is_empty());
    let backlog = storage.backlog(at(9)).await.unwrap();
    assert_eq!((backlog.parked(), backlog.parked_commands), (1, 1));
    let parked = storage.parked(10).await.unwrap();
    assert_eq!((parked.len(), parked[0].id), (1, id(2)));
    assert_eq!(parked[0].problem, "nobody knows");
    assert_eq!(parked[0].task, Some(expire(order(1))));
    next.commit(vec![], vec![(order(1), inquiry)]).await;
    assert_eq!(storage.parked(10).await.unwrap(), []);
}

async fn what_was_given_up_is_done_again_under_another_id(storage: Storage) {
    let mut next = Next::lead(&storage).await;
    next.commit((1..=3).map(|n| call(n, at(0))).collect(), vec![])
        .await;
    storage.postpone(id(1), at(0), "broken").await.unwrap();
    for (n, since) in [(2, 5), (1, 6)] {
        storage.park(id(n), at(since), "hopeless").await.unwrap();
    }
    let parked = storage.parked(10).await.unwrap();
    let ids = |tasks: &[ParkedTask]| tasks.iter().map(|task| task.id).collect::<Vec<_>>();
    assert_eq!(ids(&parked), [id(2), id(1)], "the longest waiting first");
    assert_eq!(ids(&storage.parked(1).await.unwrap()), [id(2)]);
    assert_eq!((parked[0].what(), parked[0].parked_at), ("void", at(5)));
    let found = storage.find_parked(id(1)).await.unwrap();
    assert_eq!(found.as_ref(), Some(&parked[1]));
    for nothing in [id(3), id(9)] {
        assert_eq!(storage.find_parked(nothing).await.unwrap(), None);
        let resumed = storage.resume(nothing, None, at(10)).await.unwrap();
        assert!(!resumed, "only what waits is done again");
    }
    assert!(storage.resume(id(1), None, at(10)).await.unwrap());
    let instead = expire(order(2));
    let resumed = storage.resume(id(2), Some(&instead), at(11)).await;
    assert!(resumed.unwrap());
    let again = storage.resume(id(2), None, at(12)).await.unwrap();
    assert!(!again, "it is not there any more");
    let mut tasks = all_due(&storage, at(11)).await;
    assert_eq!(tasks.remove(0).id, id(3));
    assert_eq!(tasks.len(), 2);
    // Done instead is what calls nobody.
    let inside = storage.due(at(11), Work::Inside, &[], 10).await.unwrap();
    assert_eq!(inside, tasks[1..]);
    let expected = StoredTask {
        id: tasks[0].id,
        resumes: Some(id(1)),
        ..call(1, at(10))
    };
    assert_eq!(tasks[0], expected);
    assert_eq!((&tasks[1].task, tasks[1].due_at), (&instead, at(11)));
    assert!(tasks.iter().all(|task| ![id(1), id(2)].contains(&task.id)));
    assert_eq!(storage.parked(10).await.unwrap(), []);
}

/// One row that cannot be read, as of a release that knows more, does not keep the others from being
/// done.
#[tokio::test]
async fn what_cannot_be_read_is_given_up_alone() {
    let database = SharedPostgres::database().await.unwrap();
    let storage: Storage = Arc::new(PostgresSagaStore::connect(database.url(), 2).await.unwrap());
    let mut next = Next::lead(&storage).await;
    next.commit((1..=3).map(|n| call(n, at(0))).collect(), vec![])
        .await;
    let mut connection = PgConnection::connect(database.url()).await.unwrap();
    let sql = r#"UPDATE saga.task SET task = '{"call":{"dance":{}}}' WHERE id = $1"#;
    sqlx::query(sql)
        .bind(id(2))
        .execute(&mut connection)
        .await
        .unwrap();
    assert_eq!(due(&storage, at(1)).await, [id(1), id(3)]);
    let parked = storage.parked(10).await.unwrap();
    assert_eq!((parked.len(), parked[0].id), (1, id(2)));
    assert_eq!(parked[0].what(), "unreadable");
    let problem = &parked[0].problem;
    assert!(
        problem.contains("saga.task.task") && problem.contains("dance"),
        "{problem}"
    );
    assert_eq!(storage.backlog(at(1)).await.unwrap().parked(), 1);
    assert_eq!(due(&storage, at(1)).await, [id(1), id(3)]);
}

/// Policies call off and replace timers while the task runner forgets the same ones, each many at
/// once and in an order of its own.
async fn many_hands_do_not_wait_in_a_circle(storage: Storage) {
    const TIMERS: u128 = 60;
    const ROUNDS: u128 = 30;
    let policies = [("a", TimerName::Reservation), ("b", TimerName::Inquiry)];
    let ids = |round: u128, base: u128| (0..TIMERS).map(move |n| base + round * TIMERS + n);
    let mut hands = vec![];
    for (at_policy, (policy, name)) in policies.into_iter().enumerate() {
        storage.take_over(policy, 1).await.unwrap();
        let base = 0x10_0000 * (at_policy as u128 + 1);
        let writer = storage.clone();
        hands.push(tokio::spawn(async move {
            for round in 0..ROUNDS {
                let mut schedule: Vec<_> = ids(round, base)
                    .zip(0..)
                    .map(|(n, of)| timer(n, of, name, at(0)))
                    .collect();
                let off = schedule.split_off(TIMERS as usize / 2);
                let off = off.into_iter().rev().map(|task| (task.order_id, name));
                let commit = Commit {
                    policy,
                    schedule,
                    unschedule: off.collect(),
                    ..empty(1, round as i64, round as i64 + 1)
                };
                writer.commit(commit).await.unwrap();
            }
        }));
        for backwards in [false, true] {
            let finisher = storage.clone();
            hands.push(tokio::spawn(async move {
                for round in 0..ROUNDS {
                    let mut done: Vec<_> = ids(round, base).map(id).collect();
                    if backwards {
                        done.reverse();
                    }
                    finisher.finish(&done).await.unwrap();
                }
            }));
        }
    }
    for hand in hands {
        hand.await.unwrap();
    }
}

#[tokio::test]
async fn what_postgres_keeps_is_there_for_the_next_process() {
    let database = SharedPostgres::database().await.unwrap();
    let first: Storage = Arc::new(PostgresSagaStore::connect(database.url(), 2).await.unwrap());
    let mut next = Next::lead(&first).await;
    next.commit(vec![call(1, at(0))], vec![]).await;
    let second: Storage = Arc::new(PostgresSagaStore::connect(database.url(), 2).await.unwrap());
    assert_eq!(due(&second, at(0)).await, [id(1)]);
    let there = second.take_over(POLICY, 2).await.unwrap();
    assert_eq!(there.at.position, Position::new(1));
    assert!(is_fenced(&first.commit(empty(1, 1, 2)).await));
}

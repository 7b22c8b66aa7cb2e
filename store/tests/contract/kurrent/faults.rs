//! Connections that break, servers that are busy, silent or refuse, and stores that are restored.

use crate::{build::*, follow::Follower, world::connect_kurrentdb};
use chrono::TimeDelta;
use domain::{Location, Position, Sku, StreamId, TenantId, Version};
use kurrent_double::{Fake, Fault};
use std::{sync::Arc, sync::atomic::Ordering, time::Duration};
use store::{
    AppendOutcome, Bookmark, EventReader, EventStore, KurrentOptions, KurrentStore, StoreError,
    lease::Leases,
};
use tokio::{
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};
use uuid::Uuid;

async fn connect(fake: &Fake) -> KurrentStore {
    connect_kurrentdb(&fake.url(), "orders").await
}

/// Appends into a fault; then again.
async fn append_into(fault: Fault) -> (&'static str, usize) {
    let fake = Fake::start().await;
    let options = KurrentOptions::parse(&fake.url()).unwrap();
    let options = options.append_timeout(Duration::from_secs(2));
    let store = KurrentStore::connect(options).await.unwrap();
    let stream = new_stream();
    done(&store, &append(&[(&stream, 0, 1)])).await;
    let lost = append(&[(&stream, 1, 2)]);
    fake.next(fault);
    let error = store.append(std::slice::from_ref(&lost)).await.unwrap_err();
    assert!(matches!(error, StoreError::OutcomeUnknown(_)), "{error:?}");
    assert!(error.is_transient());
    let outcome = kind(&put(&store, &lost).await);
    assert_eq!(
        kind(&put(&store, &lost).await),
        "duplicate",
        "and so it stays"
    );
    (outcome, length(&store, &stream).await)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_append_whose_connection_breaks_before_it_is_done_by_the_next() {
    assert_eq!(append_into(Fault::CutBefore).await, ("done", 3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_append_whose_connection_breaks_after_it_was_done_once() {
    assert_eq!(append_into(Fault::CutAfter).await, ("duplicate", 3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_append_without_an_answer_is_given_up_in_time_and_was_done_once() {
    let began = Instant::now();
    assert_eq!(append_into(Fault::Silence).await, ("duplicate", 3));
    assert!(began.elapsed() < Duration::from_secs(20));
}

/// The server takes what it has already for done, and fails where it has only some of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_of_which_some_was_done_is_done_to_its_end() {
    let fake = Fake::start().await;
    let store = connect(&fake).await;
    let streams: Vec<_> = (0..4).map(|_| new_stream()).collect();
    let batch: Vec<_> = streams
        .iter()
        .map(|stream| append(&[(stream, 0, 2)]))
        .collect();
    kinds(&store, &batch[..2]).await;
    assert_eq!(
        kinds(&store, &batch).await,
        ["duplicate", "duplicate", "done", "done"]
    );
    for stream in &streams {
        assert_eq!(length(&store, stream).await, 2);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_busy_server_has_done_nothing() {
    let fake = Fake::start().await;
    let store = connect(&fake).await;
    let stream = new_stream();
    let append = append(&[(&stream, 0, 1)]);
    fake.next(Fault::Overload);
    let refused = store.append(std::slice::from_ref(&append)).await;
    assert!(
        matches!(refused, Err(StoreError::Unavailable(_))),
        "{refused:?}"
    );
    assert_eq!(kind(&put(&store, &append).await), "done");
}

/// Appends what is never answered; it has reached the server.
async fn append_in_vain(
    fake: &Fake,
    store: &Arc<KurrentStore>,
) -> JoinHandle<Result<Vec<AppendOutcome>, StoreError>> {
    fake.next(Fault::Silence);
    let (store, append) = (store.clone(), append(&[(&new_stream(), 0, 1)]));
    let before = fake.appends();
    let waiting = tokio::spawn(async move { store.append(&[append]).await });
    let reached = async {
        while fake.appends() == before {
            sleep(Duration::from_millis(10)).await;
        }
    };
    let reached = timeout(Duration::from_secs(20), reached).await;
    reached.expect("the append has not come to the server");
    waiting
}

/// What others do over a connection that was made since is not disturbed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waited_in_vain_gives_up_the_connection_that_did_not_answer_and_no_other() {
    let fake = Fake::cluster(2).await;
    let options = KurrentOptions::parse(&fake.url()).unwrap();
    let options = options.append_timeout(Duration::from_secs(4));
    let store = Arc::new(KurrentStore::connect(options).await.unwrap());
    let append_one = async || done(store.as_ref(), &append(&[(&new_stream(), 0, 1)])).await;
    append_one().await;

    // Nobody else has noticed: the next asks over another connection.
    let before = fake.connections();
    let in_vain = append_in_vain(&fake, &store).await;
    in_vain.await.unwrap().unwrap_err();
    append_one().await;
    let after = fake.connections();
    assert!(after > before, "the same connection was asked again");

    // It first has to connect to the other node, so that its own time is over before that of its call
    // is; and when it is, all others have long been with the first node again.
    fake.lead(1);
    fake.shared.says_late_ms.store(1_000, Ordering::SeqCst);
    let in_vain = append_in_vain(&fake, &store).await;
    fake.shared.says_late_ms.store(0, Ordering::SeqCst);
    fake.lead(0);
    append_one().await;
    let before = fake.connections();
    in_vain.await.unwrap().unwrap_err();
    append_one().await;
    assert_eq!(fake.connections(), before, "a good connection was given up");
}

/// A platform where little happens: what is behind the last record takes the server for ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_forgotten_is_found_without_looking_through_what_is_not_old_yet() {
    let fake = Fake::start().await;
    let options = KurrentOptions::parse(&fake.url()).unwrap();
    let options = options.read_timeout(Duration::from_secs(5));
    let store = KurrentStore::connect(options).await.unwrap();
    let (old, young) = (
        append(&[(&new_stream(), 0, 1)]),
        append(&[(&new_stream(), 0, 1)]),
    );
    done(&store, &old).await;
    let recorded = store.find_commands(&[old.command_id]).await.unwrap();
    let old_at = recorded[0].recorded_at;
    // The clock has ticked when the next is recorded.
    while store.now().await.unwrap() <= old_at + TimeDelta::milliseconds(1) {}
    done(&store, &young).await;
    fake.shared.is_endless.store(true, Ordering::SeqCst);
    let before = old_at + TimeDelta::milliseconds(1);
    assert_eq!(store.forget_commands(before).await.unwrap(), 1);
    assert_eq!(store.forget_commands(before).await.unwrap(), 0);
    fake.shared.is_endless.store(false, Ordering::SeqCst);
    let ids = [old.command_id, young.command_id];
    let kept = store.find_commands(&ids).await.unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].id, young.command_id);
}

/// Leases are prolonged all the time, and an idle log grows: its last event is far from its end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_event_of_an_idle_log_is_found_without_looking_through_all_of_it_again() {
    let fake = Fake::start().await;
    let store = connect(&fake).await;
    let last = done(&store, &append(&[(&new_stream(), 0, 3)])).await;
    let (leases, ttl) = (store.leases(), Duration::from_secs(600));
    let lease = leases.acquire("idle", Uuid::new_v4(), ttl).await;
    let lease = lease.unwrap().expect("nobody has it");
    assert_eq!(store.head().await.unwrap().position, last);
    for _ in 0..8 {
        for _ in 0..50 {
            assert!(leases.renew(&lease, ttl).await.unwrap());
        }
        let before = fake.scanned();
        assert_eq!(store.head().await.unwrap().position, last);
        let scanned = fake.scanned() - before;
        assert!(scanned < 100, "{scanned} records are looked at");
    }
    // More than is looked at, and what others append, is found as well; and so is its loss.
    for _ in 0..300 {
        assert!(leases.renew(&lease, ttl).await.unwrap());
    }
    assert_eq!(store.head().await.unwrap().position, last);
    let others = done(&connect(&fake).await, &append(&[(&new_stream(), 0, 1)])).await;
    assert!(leases.renew(&lease, ttl).await.unwrap());
    assert_eq!(store.head().await.unwrap().position, others);
    fake.log().lose_from(others.get().unsigned_abs());
    assert_eq!(store.head().await.unwrap().position, last);
}

/// After the last event that was asked for the server looks for one more before it ends its answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_ends_with_what_it_asked_for() {
    let fake = Fake::start().await;
    fake.shared.looks_on.store(true, Ordering::SeqCst);
    let options = KurrentOptions::parse(&fake.url()).unwrap();
    let options = options.read_timeout(Duration::from_secs(5));
    let store = KurrentStore::connect(options).await.unwrap();
    let end = done(&store, &append(&[(&new_stream(), 0, 3)])).await;
    assert_eq!(store.head().await.unwrap().position, end);
    let read = store.read_all(Position::ZERO, 2).await.unwrap();
    assert_eq!(read.len(), 2);
    let first = Bookmark::at(&read[0].envelope);
    assert!(store.still_has(first).await.unwrap());
    assert_eq!(store.read_on(first, 1).await.unwrap().events, read[1..]);
    assert_eq!(store.read_all(Position::ZERO, 0).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_too_large_is_refused_with_the_setting_that_says_so() {
    let fake = Fake::start().await;
    fake.shared.max_append.store(1 << 20, Ordering::SeqCst);
    let store = connect(&fake).await;
    let stream = new_stream();
    let mut large = append(&[(&stream, 0, 1)]);
    large.streams[0].events[0].payload = vec![b' '; 2 << 20];
    let refused = store.append(&[large]).await;
    let Err(StoreError::Misuse(reason)) = refused else {
        panic!("{refused:?}");
    };
    assert!(reason.contains("MaxAppendSize"), "{reason}");
    // Many that are not are appended in parts, and in order.
    let before = fake.appends();
    let mut batch: Vec<_> = (0..6).map(|at| append(&[(&stream, at, 1)])).collect();
    for append in &mut batch {
        append.streams[0].events[0].payload = format!("\"{}\"", "x".repeat(300 << 10)).into();
    }
    batch.push(append(&[(&stream, 0, 1)]));
    batch.push(append(&[(&stream, 1, 1)]));
    batch.push(append(&[(&stream, 6, 0)]));
    let mut expected = vec!["done"; 6];
    expected.extend(["conflict", "conflict", "done"]);
    assert_eq!(kinds(&store, &batch).await, expected);
    assert!(fake.appends() > before + 2);
    let head = store.head().await.unwrap().position;
    let record = store.find_commands(&[batch[8].command_id]).await.unwrap();
    assert_eq!(record[0].position, head);
}

/// What one of its parts has missed is missed by those after it, too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_builds_on_a_conflict_in_an_earlier_part_conflicts() {
    let fake = Fake::start().await;
    let options = KurrentOptions::parse(&fake.url()).unwrap();
    let store = KurrentStore::connect(options.append_bytes(1))
        .await
        .unwrap();
    let (a, b) = (new_stream(), new_stream());
    done(&store, &append(&[(&a, 0, 1)])).await;
    let batch = [
        append(&[(&a, 0, 1), (&b, 0, 1)]),
        append(&[(&b, 1, 1)]),
        append(&[(&b, 0, 1)]),
    ];
    assert_eq!(
        kinds(&store, &batch).await,
        ["conflict", "conflict", "done"]
    );
    assert_eq!(length(&store, &b).await, 1);
}

/// In one append the server takes names that differ in case alone for the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_that_differ_in_case_alone_are_two() {
    let fake = Fake::start().await;
    let store = connect(&fake).await;
    let stream = |sku: &str| {
        let sku = Sku::parse(sku).unwrap();
        StreamId::stock(&TenantId::default(), &Location::default(), &sku)
    };
    let (one, other) = (stream("85123A"), stream("85123a"));
    done(&store, &append(&[(&one, 0, 2), (&other, 0, 1)])).await;
    let read = store.read_all(Position::ZERO, 10).await.unwrap();
    let streams: Vec<_> = read.iter().map(|event| &event.envelope.stream).collect();
    assert_eq!(streams, [&one, &one, &other]);
    assert_eq!(length(&store, &other).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_that_has_expired_is_no_record() {
    let fake = Fake::start().await;
    let options = KurrentOptions::parse(&fake.url()).unwrap();
    let options = options.keep_commands(Duration::from_secs(1));
    let store = KurrentStore::connect(options).await.unwrap();
    let stream = new_stream();
    let old = append(&[(&stream, 0, 1)]);
    done(&store, &old).await;
    let deadline = Instant::now() + Duration::from_secs(30);
    while !store
        .find_commands(&[old.command_id])
        .await
        .unwrap()
        .is_empty()
    {
        assert!(Instant::now() < deadline, "it does not expire");
        sleep(Duration::from_millis(50)).await;
    }
    // Its stream is still there, and where it was.
    assert_eq!(kind(&put(&store, &old).await), "conflict");
    let again = append_as(old.command_id, &[(&stream, 1, 1)]);
    assert_eq!(kind(&put(&store, &again).await), "done");
    assert_eq!(kind(&put(&store, &again).await), "duplicate");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_append_of_another_process_is_heard_of_also_after_the_subscription_was_dropped() {
    let fake = Fake::start().await;
    let writer = connect(&fake).await;
    let options = KurrentOptions::parse(&fake.url())
        .unwrap()
        .follow_others(true);
    let store = KurrentStore::connect_to_read(options).await.unwrap();
    let hears = async |position: Position| {
        let mut signal = store.signal();
        let hearing = async {
            while signal.latest() < position {
                signal
                    .after(Position::new(position.get() - 1), Duration::from_secs(1))
                    .await;
            }
        };
        timeout(Duration::from_secs(20), hearing)
            .await
            .expect("a hint");
    };
    let subscribed = async |count: usize| {
        let subscribing = async {
            while fake.subscriptions() < count {
                sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(Duration::from_secs(20), subscribing)
            .await
            .expect("a subscription");
    };
    subscribed(1).await;
    hears(done(&writer, &append(&[(&new_stream(), 0, 1)])).await).await;
    fake.drop_subscriptions();
    // Nobody listens now; it is heard of once somebody does again.
    let meanwhile = done(&writer, &append(&[(&new_stream(), 0, 1)])).await;
    subscribed(2).await;
    hears(meanwhile).await;
    hears(done(&writer, &append(&[(&new_stream(), 0, 1)])).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_goes_on_while_subscriptions_are_dropped() {
    let fake = Fake::start().await;
    let options = KurrentOptions::parse(&fake.url())
        .unwrap()
        .follow_others(true);
    let store = Arc::new(KurrentStore::connect(options).await.unwrap());
    let follower = Follower::start(store.clone());
    let stream = new_stream();
    for at in 0..50 {
        done(store.as_ref(), &append(&[(&stream, at, 1)])).await;
        if at % 10 == 0 {
            fake.drop_subscriptions();
        }
    }
    assert_eq!(follower.finish().await.len(), 50);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_lost_its_tail_is_told_from_one_that_grew() {
    let fake = Fake::start().await;
    let store = connect(&fake).await;
    let stream = new_stream();
    done(&store, &append(&[(&stream, 0, 5)])).await;
    let events = store.read_all(Position::ZERO, 10).await.unwrap();
    let at = |nr: usize| Bookmark::at(&events[nr].envelope);
    fake.log().lose_from(at(3).position.get().unsigned_abs());
    for nr in 0..3 {
        assert_eq!(
            store.read_on(at(nr), 10).await.unwrap().events,
            events[nr + 1..3]
        );
    }
    // Beyond the end, then at another event, and in the middle of one.
    let rewound = async |nr: usize| {
        let read = store.read_on(at(nr), 10).await;
        assert!(matches!(read, Err(StoreError::Rewound { .. })), "{read:?}");
        assert!(!store.still_has(at(nr)).await.unwrap());
    };
    rewound(3).await;
    rewound(4).await;
    let mut other = append(&[(&stream, 3, 4)]);
    for event in &mut other.streams[0].events {
        event.payload = br#"{"another":"history"}"#.to_vec();
    }
    done(&store, &other).await;
    rewound(3).await;
    rewound(4).await;
    let read = store
        .read_streams(&[(stream, Version::new(3))], 10)
        .await
        .unwrap();
    assert_eq!(read.len(), 4);
}

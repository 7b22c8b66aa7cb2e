//! The feed over the store alone.

use crate::harness::{Bent, Reader, Tasks, Writer, position, regrown, tail_options, until, within};
use bus::{Feed, StoreFeed, TailOptions};
use domain::Position;
use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};
use store::{Bookmark, EventReader, Head, StoreError};
use tokio::time::Instant;
use uuid::Uuid;

fn start(store: &Arc<Bent>, options: TailOptions, tasks: &Tasks) -> Arc<dyn Feed> {
    let reader: Arc<dyn EventReader> = Arc::clone(store) as _;
    StoreFeed::start(reader, options, &tasks.tracker, tasks.stop.clone()).0
}

/// Waits until the feed has seen the store.
async fn started(store: &Bent) {
    until("the first look at the head", async || {
        store.heads.load(Relaxed) > 0
    })
    .await;
    tokio::task::yield_now().await;
}

#[tokio::test(start_paused = true)]
async fn many_readers_at_the_tail_cost_one() {
    let (store, tasks) = (Bent::new(1), Tasks::default());
    let mut writer = Writer::new(store.clone(), "A");
    writer.append(10).await;
    let feed = start(&store, tail_options(), &tasks);
    started(&store).await;
    let readers: Vec<_> = (0..50)
        .map(|_| Reader::new(&feed, 10, 1).spawn_to(2_010))
        .collect();
    for _ in 0..200 {
        writer.append(10).await;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    for reader in readers {
        reader.await.unwrap();
    }
    let reads = store.reads.load(Relaxed);
    assert!(reads <= 400, "50 readers of 200 appends cost {reads} reads");
}

#[tokio::test(start_paused = true)]
async fn a_reader_far_behind_the_ring_reads_the_store_and_catches_up() {
    for step in [1, 10] {
        let (store, tasks) = (Bent::new(step), Tasks::default());
        let mut writer = Writer::new(store.clone(), "A");
        writer.append(3_000).await;
        let options = TailOptions {
            events: 100,
            page: 64,
            ..tail_options()
        };
        let feed = start(&store, options, &tasks);
        started(&store).await;
        let at_tail = Reader::new(&feed, 3_000, step).spawn_to(4_000);
        let behind: Vec<_> = [0, 1, 2_950]
            .map(|at| Reader::new(&feed, at, step).spawn_to(4_000))
            .into();
        let writer = writer.append_steadily(1_000, Duration::from_millis(1));
        for reader in behind.into_iter().chain([at_tail]) {
            reader.await.unwrap();
        }
        writer.await.unwrap();
        // Whoever comes back within the ring costs nothing, whoever comes back from before it does.
        let reads = store.reads.load(Relaxed);
        Reader::new(&feed, 3_900, step).read_to(4_000).await;
        assert_eq!(store.reads.load(Relaxed), reads);
        Reader::new(&feed, 3_899, step).read_to(4_000).await;
        assert!(store.reads.load(Relaxed) > reads);
    }
}

#[tokio::test(start_paused = true)]
async fn the_ring_is_bounded_by_memory_too() {
    let (store, tasks) = (Bent::new(1), Tasks::default());
    let options = TailOptions {
        bytes: 64 << 10,
        ..tail_options()
    };
    let feed = start(&store, options, &tasks);
    started(&store).await;
    let mut writer = Writer::new(store.clone(), "A");
    for _ in 0..20 {
        writer.append_large(16 << 10).await;
    }
    Reader::new(&feed, 10, 1).read_to(20).await;
    let reads = store.reads.load(Relaxed);
    Reader::new(&feed, 17, 1).read_to(20).await;
    assert_eq!(store.reads.load(Relaxed), reads, "three of them fit");
    Reader::new(&feed, 15, 1).read_to(20).await;
    assert!(store.reads.load(Relaxed) > reads, "five of them do not");
    // One that is larger than the bound still reaches those who wait for it.
    writer.append_large(200 << 10).await;
    Reader::new(&feed, 20, 1).read_to(21).await;
}

#[tokio::test(start_paused = true)]
async fn slow_appends_arrive_without_hints() {
    let (store, tasks) = (Bent::new(1), Tasks::default());
    store.mute.store(true, Relaxed);
    let feed = start(&store, tail_options(), &tasks);
    let mut writer = Writer::new(store.clone(), "A");
    let mut reader = Reader::new(&feed, 0, 1);
    for count in 1..=20 {
        writer.append(1).await;
        let appended = Instant::now();
        reader.read_to(count).await;
        assert!(
            appended.elapsed() <= Duration::from_millis(60),
            "within one poll"
        );
        tokio::time::sleep(Duration::from_millis(700)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_said_only_after_patience() {
    let (store, tasks) = (Bent::new(1), Tasks::default());
    let feed = start(&store, tail_options(), &tasks);
    let began = Instant::now();
    let events = feed
        .next(Position::ZERO.into(), 10, Duration::from_secs(3))
        .await;
    assert!(events.unwrap().is_empty());
    assert_eq!(began.elapsed().as_secs(), 3);
}

#[tokio::test(start_paused = true)]
async fn an_idle_feed_is_cheap() {
    let (store, tasks) = (Bent::new(1), Tasks::default());
    let feed = start(&store, TailOptions::default(), &tasks);
    // A hint that is not true does not make it busy.
    Writer::new(store.clone(), "A").append(1).await;
    Reader::new(&feed, 0, 1).read_to(1).await;
    let head = store.head().await.unwrap();
    *store.told.lock().unwrap() = Some(head);
    let before = store.heads.load(Relaxed) + store.reads.load(Relaxed);
    let idle = feed
        .next(Position::new(1).into(), 10, Duration::from_secs(60))
        .await;
    assert!(idle.unwrap().is_empty());
    let looks = store.heads.load(Relaxed) + store.reads.load(Relaxed) - before;
    assert!(looks <= 5 * 60 + 10, "{looks} looks in a minute");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_keeps_its_place() {
    let (store, tasks) = (Bent::new(1), Tasks::default());
    let feed = start(&store, tail_options(), &tasks);
    started(&store).await;
    let mut writer = Writer::new(store.clone(), "A");
    writer.append(1).await;
    writer.append_unknown().await;
    writer.append(1).await;
    let mut seen = vec![];
    while seen.len() < 3 {
        let after = seen
            .last()
            .map_or(Position::ZERO, |event: &Arc<_>| position(event));
        seen.extend(
            feed.next(after.into(), 10, Duration::from_secs(5))
                .await
                .unwrap(),
        );
    }
    let readable: Vec<bool> = seen.iter().map(|event| event.is_ok()).collect();
    assert_eq!(readable, [true, false, true]);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_cannot_be_reached_is_told_and_healed() {
    let (store, tasks) = (Bent::new(1), Tasks::default());
    let mut writer = Writer::new(store.clone(), "A");
    let feed = start(&store, tail_options(), &tasks);
    started(&store).await;
    writer.append(5).await;
    let mut reader = Reader::new(&feed, 0, 1);
    reader.read_to(5).await;
    store.down.store(true, Relaxed);
    let error = feed
        .next(reader.at.into(), 10, Duration::from_secs(2))
        .await
        .unwrap_err();
    assert!(error.is_transient(), "{error}");
    store.down.store(false, Relaxed);
    writer.append(5).await;
    reader.read_to(10).await;
    until("the trouble to be over", async || {
        let idle = feed
            .next(Position::new(10).into(), 10, Duration::from_millis(10))
            .await;
        idle.is_ok_and(|events| events.is_empty())
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn another_life_of_the_store_stops_every_reader() {
    let (store, tasks) = (Bent::new(1), Tasks::default());
    let mut writer = Writer::new(store.clone(), "A");
    let feed = start(&store, tail_options(), &tasks);
    started(&store).await;
    writer.append(5).await;
    Reader::new(&feed, 0, 1).read_to(5).await;
    *store.told.lock().unwrap() = Some(Head {
        position: Position::new(9),
        epoch: Uuid::from_u128(0xE1),
    });
    let waiting = feed
        .next(Position::new(5).into(), 10, Duration::from_secs(5))
        .await;
    assert!(
        matches!(waiting, Err(StoreError::Rewound { .. })),
        "{waiting:?}"
    );
    let behind = feed
        .next(Position::ZERO.into(), 10, Duration::from_secs(5))
        .await;
    assert!(
        matches!(behind, Err(StoreError::Rewound { .. })),
        "{behind:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_store_behind_its_reader_stops_the_reader() {
    let (store, tasks) = (Bent::new(1), Tasks::default());
    let mut writer = Writer::new(store.clone(), "A");
    writer.append(5).await;
    let feed = start(&store, tail_options(), &tasks);
    let ahead = feed
        .next(Position::new(6).into(), 10, Duration::from_secs(1))
        .await;
    let Err(StoreError::Rewound { checkpoint, head }) = ahead else {
        panic!("{ahead:?}");
    };
    assert_eq!((checkpoint.get(), head.get()), (6, 5));
    // The others go on.
    Reader::new(&feed, 0, 1).read_to(5).await;
    let lost = Head {
        position: Position::new(3),
        ..store.head().await.unwrap()
    };
    *store.told.lock().unwrap() = Some(lost);
    let at_end = feed
        .next(Position::new(5).into(), 10, Duration::from_secs(5))
        .await;
    assert!(
        matches!(at_end, Err(StoreError::Rewound { .. })),
        "{at_end:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn readers_outlive_the_task_that_helps_them() {
    let (store, tasks) = (Bent::new(1), Tasks::default());
    let mut writer = Writer::new(store.clone(), "A");
    let feed = start(&store, tail_options(), &tasks);
    writer.append(5).await;
    let mut reader = Reader::new(&feed, 0, 1);
    reader.read_to(5).await;
    tasks.stop.cancel();
    tasks.tracker.close();
    within("the task to end", tasks.tracker.wait()).await;
    writer.append(5).await;
    reader.read_to(10).await;
}

fn is_rewound<T>(result: &Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::Rewound { .. }))
}

#[tokio::test(start_paused = true)]
async fn a_store_that_has_grown_past_its_lost_tail_stops_those_who_read_the_tail() {
    // Behind what was read, level with it, and far beyond it.
    for total in [4, 5, 9, 3_000] {
        let (store, tasks) = (regrown(5, 5).await, Tasks::default());
        let feed = start(&store, tail_options(), &tasks);
        started(&store).await;
        let mut reader = Reader::new(&feed, 0, 1);
        reader.read_to(5).await;
        store.become_copy_of(&*regrown(3, total).await);
        let waiting = feed
            .next(reader.bookmark(), 10, Duration::from_secs(5))
            .await;
        assert!(is_rewound(&waiting), "{total}: {waiting:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_bookmark_of_a_lost_tail_is_refused_and_one_from_before_it_is_good() {
    let lost = regrown(5, 5)
        .await
        .bookmark(Position::new(5))
        .await
        .unwrap();
    let (store, tasks) = (regrown(3, 9).await, Tasks::default());
    let kept = store.bookmark(Position::new(3)).await.unwrap();
    let feed = start(&store, tail_options(), &tasks);
    started(&store).await;
    let refused = feed.next(lost, 10, Duration::from_secs(1)).await;
    assert!(is_rewound(&refused), "{refused:?}");
    let good = feed.next(kept, 10, Duration::from_secs(1)).await.unwrap();
    assert_eq!(position(&good[0]).get(), 4);
    let trusted = feed
        .next(lost.position.into(), 10, Duration::from_secs(1))
        .await;
    assert_eq!(position(&trusted.unwrap()[0]).get(), 6);
    // From the ring, too: within it, and at its end.
    let mut writer = Writer::new(store.clone(), "B");
    writer.append(2).await;
    within("the ring to have them", async {
        let nine = Position::new(9).into();
        while feed
            .next(nine, 10, Duration::from_secs(1))
            .await
            .unwrap()
            .len()
            < 2
        {}
    })
    .await;
    for at in [10, 11] {
        let elsewhere = Bookmark {
            position: Position::new(at),
            ..lost
        };
        let refused = feed.next(elsewhere, 10, Duration::from_secs(1)).await;
        assert!(is_rewound(&refused), "{refused:?}");
        let there = store.bookmark(elsewhere.position).await.unwrap();
        let good = feed.next(there, 10, Duration::from_secs(1)).await.unwrap();
        assert_eq!(good.len(), 11 - usize::try_from(at).unwrap());
    }
}

#[tokio::test(start_paused = true)]
async fn whatever_is_wrong_with_the_store_the_feed_goes_on_when_it_is_put_right() {
    let (store, tasks) = (Bent::new(1), Tasks::default());
    let reader: Arc<dyn EventReader> = Arc::clone(&store) as _;
    let (tracker, stop) = (&tasks.tracker, tasks.stop.clone());
    let (feed, running) = StoreFeed::start(reader, tail_options(), tracker, stop);
    started(&store).await;
    let mut writer = Writer::new(store.clone(), "A");
    writer.append(5).await;
    Reader::new(&feed, 0, 1).read_to(5).await;
    // As when somebody has taken a right away.
    store.broken.store(true, Relaxed);
    let error = feed
        .next(Position::new(5).into(), 10, Duration::from_secs(60))
        .await
        .unwrap_err();
    assert!(error.is_transient(), "it may be put right: {error}");
    assert!(!running.is_finished());
    store.broken.store(false, Relaxed);
    writer.append(5).await;
    Reader::new(&feed, 5, 1).read_to(10).await;
    let reads = store.reads.load(Relaxed);
    Reader::new(&feed, 5, 1).read_to(10).await;
    assert_eq!(store.reads.load(Relaxed), reads, "the task reads for all");
}

#[tokio::test(start_paused = true)]
async fn a_rewound_store_ends_the_task_with_the_reason() {
    let (store, tasks) = (regrown(5, 5).await, Tasks::default());
    let reader: Arc<dyn EventReader> = Arc::clone(&store) as _;
    let (tracker, stop) = (&tasks.tracker, tasks.stop.clone());
    let (_feed, running) = StoreFeed::start(reader, tail_options(), tracker, stop);
    started(&store).await;
    store.become_copy_of(&*regrown(3, 9).await);
    let ended = within("the task to end", running).await.unwrap();
    assert!(is_rewound(&ended), "{ended:?}");
}

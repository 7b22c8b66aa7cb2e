//! Reading.

use crate::{build::*, follow::check_order, world::World};
use domain::{Position, StreamId, Version};
use std::time::Duration;
use store::StoredEvent;

fn places(events: &[StoredEvent]) -> Vec<(&StreamId, i64)> {
    let envelopes = events.iter().map(|event| &event.envelope);
    envelopes
        .map(|envelope| (&envelope.stream, envelope.version.get()))
        .collect()
}

pub async fn streams_are_read_in_the_order_asked(world: World) {
    let store = world.store().await;
    let streams = [new_stream(), new_stream(), new_stream()];
    let [a, b, c] = &streams;
    let batch = [
        append(&[(a, 0, 2), (b, 0, 3), (c, 0, 1)]),
        append(&[(c, 1, 1)]),
        append(&[(a, 2, 1)]),
    ];
    kinds(store.as_ref(), &batch).await;
    let from = [
        (c.clone(), Version::ZERO),
        (new_stream(), Version::ZERO),
        (a.clone(), Version::new(1)),
        (b.clone(), Version::new(3)),
    ];
    let events = store.read_streams(&from, 100).await.unwrap();
    assert_eq!(places(&events), [(c, 1), (c, 2), (a, 2), (a, 3)]);
    let one = store
        .read_streams(&[(b.clone(), Version::new(1))], 100)
        .await
        .unwrap();
    assert_eq!(places(&one), [(b, 2), (b, 3)]);
}

pub async fn streams_are_paged(world: World) {
    let store = world.store().await;
    let streams: Vec<_> = (0..7).map(|_| new_stream()).collect();
    let mut all = Vec::new();
    for (nr, stream) in streams.iter().enumerate() {
        if nr > 0 {
            done(store.as_ref(), &append(&[(stream, 0, nr)])).await;
        }
        all.extend((1..=nr).map(|version| (stream, version as i64)));
    }
    for limit in [1, 2, 3, 5, 20, 21, 22] {
        let mut from: Vec<_> = streams
            .iter()
            .cloned()
            .map(|it| (it, Version::ZERO))
            .collect();
        let mut paged = Vec::new();
        loop {
            let page = store.read_streams(&from, limit).await.unwrap();
            assert!(page.len() <= limit);
            let full = page.len() == limit;
            if let Some(last) = page.last() {
                let stream = &last.envelope.stream;
                let at = from.iter().position(|(asked, _)| asked == stream).unwrap();
                from.drain(..at);
                from[0].1 = last.envelope.version;
            }
            paged.extend(page);
            if !full {
                break;
            }
        }
        assert_eq!(places(&paged), all, "by {limit}");
    }
    let from = [
        (streams[3].clone(), Version::ZERO),
        (streams[2].clone(), Version::ZERO),
    ];
    assert_eq!(store.read_streams(&from, 0).await.unwrap(), []);
}

pub async fn all_events_are_paged_in_order(world: World) {
    let store = world.store().await;
    let streams: Vec<_> = (0..10).map(|_| new_stream()).collect();
    for round in 0..5 {
        let batch: Vec<_> = streams
            .iter()
            .map(|stream| append(&[(stream, round, 1)]))
            .collect();
        kinds(store.as_ref(), &batch).await;
    }
    let all = store.read_all(Position::ZERO, 1_000).await.unwrap();
    assert_eq!(all.len(), 50);
    check_order(&all);
    for limit in [1, 7, 10, 49, 50, 51] {
        let mut paged = Vec::new();
        let mut after = Position::ZERO;
        loop {
            let page = store.read_all(after, limit).await.unwrap();
            assert!(page.len() <= limit);
            let Some(last) = page.last() else { break };
            after = last.envelope.position;
            paged.extend(page);
        }
        assert!(paged == all, "by {limit}");
    }
    let middle = all[24].envelope.position;
    let rest = store.read_all(middle, 1_000).await.unwrap();
    assert!(rest == all[25..], "from the middle");
}

pub async fn nothing_is_read_of_what_is_not_there(world: World) {
    let store = world.store().await;
    let stream = new_stream();
    assert_eq!(store.read_all(Position::ZERO, 10).await.unwrap(), []);
    assert_eq!(store.read_streams(&[], 10).await.unwrap(), []);
    done(store.as_ref(), &append(&[(&stream, 0, 1)])).await;
    let beyond = [(stream, Version::new(7)), (new_stream(), Version::ZERO)];
    assert_eq!(store.read_streams(&beyond, 10).await.unwrap(), []);
    assert_eq!(store.read_all(Position::new(1_000), 10).await.unwrap(), []);
}

pub async fn the_head_moves_and_the_epoch_stays(world: World) {
    let store = world.store().await;
    let stream = new_stream();
    let empty = store.head().await.unwrap();
    assert_eq!(empty.position, Position::ZERO);
    let last = done(store.as_ref(), &append(&[(&stream, 0, 3)])).await;
    // Another process sees the same.
    let head = world.store().await.head().await.unwrap();
    assert_eq!(head.position, last);
    assert_eq!(head.epoch, empty.epoch);
    let elsewhere = match world {
        World::Memory(..) => World::memory(),
        World::Postgres(_) => World::postgres().await,
    };
    let other = elsewhere.store().await.head().await.unwrap();
    assert_ne!(other.epoch, head.epoch, "another store is another epoch");
}

pub async fn an_append_hints_at_the_new_head(world: World) {
    let store = world.store().await;
    let mut signal = store.signal();
    let waiting = tokio::spawn(async move {
        signal.after(Position::ZERO, Duration::from_secs(30)).await;
        signal.latest()
    });
    let position = done(store.as_ref(), &append(&[(&new_stream(), 0, 2)])).await;
    let hinted = tokio::time::timeout(Duration::from_secs(10), waiting).await;
    assert_eq!(
        hinted.expect("a hint, long before patience ends").unwrap(),
        position
    );
}

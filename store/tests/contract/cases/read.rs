//! Reading.

use crate::{build::*, follow::check_order, world::World};
use domain::{Event, EventId, Position, StreamId, Version};
use std::time::Duration;
use store::{
    Bookmark, HISTORY_PAGE_BYTES, PAGE_BYTES, StoreError, StoredEvent, is_full, is_full_of_history,
};

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

pub async fn a_page_is_bounded_by_its_bytes(world: World) {
    let store = world.store().await;
    let stream = new_stream();
    // Nothing that a store could make smaller.
    let noise = |seed: usize| -> String {
        let ids = (0..10_000).map(|nr| EventId::of(new_id(), seed + nr).to_string());
        ids.collect()
    };
    let mut large = append(&[(&stream, 0, 20)]);
    for (nr, event) in large.streams[0].events.iter_mut().enumerate() {
        event.payload = format!(r#"{{"x":"{}"}}"#, noise(nr)).into_bytes();
    }
    done(store.as_ref(), &large).await;
    let mut huge = append(&[(&stream, 20, 3)]);
    let text: String = (0..12).map(noise).collect();
    assert!(text.len() > 2 * PAGE_BYTES);
    huge.streams[0].events[1].payload = format!(r#"{{"x":"{text}"}}"#).into_bytes();
    done(store.as_ref(), &huge).await;

    let mut pages = vec![];
    let mut at = Bookmark::START;
    loop {
        let page = store.read_on(at, 1_000).await.unwrap();
        if let Some(last) = page.events.last() {
            at = Bookmark::at(&last.envelope);
            pages.push(page.events);
        }
        if !page.is_full {
            break;
        }
    }
    let versions = pages.iter().flatten();
    let versions = versions.map(|event| event.envelope.version.get());
    assert!(versions.eq(1..=23), "each once and in order");
    for page in &pages {
        let bytes: usize = page.iter().map(|event| event.payload.len()).sum();
        let last = page.last().map_or(0, |event| event.payload.len());
        // However well the store makes them smaller.
        assert!(bytes - last < 2 * PAGE_BYTES, "a page of {bytes} bytes");
    }
    let first = store.read_all(Position::ZERO, 1_000).await.unwrap();
    assert!(first.len() < 20 && is_full(&first, 1_000));
    let last_but_one = pages.iter().flatten().nth(21).unwrap();
    let end = store
        .read_all(last_but_one.envelope.position, 1_000)
        .await
        .unwrap();
    assert!(end.len() == 1 && !is_full(&end, 1_000));
}

pub async fn a_page_of_history_is_bounded_by_its_bytes(world: World) {
    let store = world.store().await;
    let stream = new_stream();
    let small = 1_100;
    done(store.as_ref(), &append(&[(&stream, 0, small)])).await;
    // Nothing that a store could make smaller.
    let noise: String = (0..170)
        .map(|nr| EventId::of(new_id(), nr).to_string())
        .collect();
    let mut all = small;
    while all < small + 2_600 {
        let mut large = append(&[(&stream, all as i64, 200)]);
        for event in &mut large.streams[0].events {
            event.payload = format!(r#"{{"x":"{noise}"}}"#).into_bytes();
        }
        done(store.as_ref(), &large).await;
        all += 200;
    }
    let types: Vec<_> = Event::types().collect();
    let until = store.head().await.unwrap().position;
    let (mut versions, mut pages) = (vec![], 0);
    // The first page holds small ones alone: what comes next is much more than it lets expect.
    let (mut after, mut limit) = (Position::ZERO, small);
    loop {
        let page = store.read_types(&types, after, until, limit).await.unwrap();
        let bytes: usize = page.iter().map(|event| event.payload.len()).sum();
        let last = page.last().map_or(0, |event| event.payload.len());
        let most = HISTORY_PAGE_BYTES + PAGE_BYTES;
        assert!(bytes - last < most, "a page of {bytes} bytes");
        after = page.last().map_or(after, |last| last.envelope.position);
        versions.extend(page.iter().map(|event| event.envelope.version.get()));
        pages += 1;
        if !is_full_of_history(&page, limit) {
            break;
        }
        limit = 8_192;
    }
    assert!(
        versions.into_iter().eq(1..=all as i64),
        "each once and in order"
    );
    assert!(pages >= 3, "{pages} pages");
}

pub async fn a_bookmark_tells_one_history_from_another(world: World) {
    let store = world.store().await;
    let stream = new_stream();
    done(store.as_ref(), &append(&[(&stream, 0, 5)])).await;
    let events = store.read_all(Position::ZERO, 10).await.unwrap();
    for (nr, event) in events.iter().enumerate() {
        let at = Bookmark::at(&event.envelope);
        let known = store.bookmark(event.envelope.position).await.unwrap();
        assert_eq!(known, at);
        assert!(store.still_has(at).await.unwrap());
        let page = store.read_on(at, 2).await.unwrap();
        let rest = &events[nr + 1..];
        assert_eq!(page.events, rest[..rest.len().min(2)]);
        assert_eq!(page.is_full, rest.len() >= 2);

        let other = Bookmark {
            event_id: Some(EventId::of(new_id(), 0)),
            ..at
        };
        assert!(!store.still_has(other).await.unwrap());
        let refused = store.read_on(other, 2).await;
        assert!(
            matches!(refused, Err(StoreError::Rewound { checkpoint, head })
                if checkpoint == at.position && head == events[4].envelope.position),
            "{refused:?}"
        );
        // A position alone is taken on trust.
        let trusted = store.read_on(at.position.into(), 2).await.unwrap();
        assert_eq!(trusted, page);
    }
    let beyond = Bookmark {
        position: events[4].envelope.position.plus(1_000),
        event_id: Some(events[0].envelope.event_id),
    };
    assert!(!store.still_has(beyond).await.unwrap());
    let refused = store.read_on(beyond, 2).await;
    assert!(matches!(refused, Err(StoreError::Rewound { .. })));
    let unknown = store.bookmark(beyond.position).await.unwrap();
    assert_eq!(unknown.event_id, None);
    let start = store.read_on(Bookmark::START, 10).await.unwrap();
    assert_eq!(start.events, events);
}

pub async fn nothing_is_read_of_what_is_not_there(world: World) {
    let store = world.store().await;
    let stream = new_stream();
    assert_eq!(store.read_all(Position::ZERO, 10).await.unwrap(), []);
    assert_eq!(store.read_streams(&[], 10).await.unwrap(), []);
    let last = done(store.as_ref(), &append(&[(&stream, 0, 1)])).await;
    let beyond = [(stream, Version::new(7)), (new_stream(), Version::ZERO)];
    assert_eq!(store.read_streams(&beyond, 10).await.unwrap(), []);
    assert_eq!(store.read_all(last, 10).await.unwrap(), []);
    assert_eq!(store.read_all(last.plus(100_000), 10).await.unwrap(), []);
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
    let elsewhere = world.another().await;
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

//! What an append does, and when it does nothing.

use crate::{build::*, follow::check_order, world::World};
use domain::{Actor, EventId, Position, StreamId, TenantId, Version};
use store::{AppendOutcome, StoreError};
use uuid::Uuid;

pub async fn an_event_comes_back_as_it_was_appended(world: World) {
    let store = world.store().await;
    let before = now() - chrono::TimeDelta::seconds(5);
    let tenant = TenantId::parse("other-shop").unwrap();
    let sku = domain::Sku::parse("A 1:b").unwrap();
    let stream = StreamId::stock(&tenant, &domain::Location::default(), &sku);
    let mut append = append(&[(&stream, 0, 1)]);
    append.tenant = tenant.clone();
    append.actor = Actor::parse("key:somebody@example").unwrap();
    append.causation_id = Some(EventId::new(Uuid::new_v4()));
    append.traceparent = Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into());
    append.occurred_at = "2010-12-01T08:26:00.000001Z".parse().unwrap();
    append.streams[0].events[0].schema_version = 3;

    let position = done(store.as_ref(), &append).await;

    let events = store.read_all(Position::ZERO, 10).await.unwrap();
    let [event] = events.try_into().unwrap();
    let (new, envelope) = (&append.streams[0].events[0], &event.envelope);
    assert_eq!(event.event_type, new.event_type);
    assert_eq!(event.schema_version, 3);
    assert_eq!(event.payload, new.payload);
    assert_eq!(envelope.event_id, new.id);
    assert_eq!(envelope.stream, stream);
    assert_eq!(envelope.stream.category(), domain::Category::Stock);
    assert_eq!(envelope.version, Version::new(1));
    assert_eq!(envelope.position, position);
    assert_eq!(envelope.occurred_at, append.occurred_at);
    assert!(envelope.recorded_at >= before && envelope.recorded_at <= now() + (now() - before));
    assert_eq!(envelope.tenant, tenant);
    assert_eq!(envelope.actor, append.actor);
    assert_eq!(envelope.command_id, append.command_id);
    assert_eq!(envelope.correlation_id, append.correlation_id);
    assert_eq!(envelope.causation_id, append.causation_id);
    assert_eq!(envelope.traceparent, append.traceparent);
}

pub async fn payloads_are_kept_byte_for_byte(world: World) {
    let store = world.store().await;
    let stream = new_stream();
    let large = format!(r#"{{"text":"{}"}}"#, "é".repeat(1_000_000));
    let payloads = [
        r#"{ "b" : 1.00, "a":[ ] , "b": 2}"#,
        r#"{"text":"line\nquote\"\\ zażółć \ud83d\ude00 😀","big":123456789012345678901234567890}"#,
        "null",
        &large,
    ];
    let mut append = append(&[(&stream, 0, payloads.len())]);
    for (event, payload) in append.streams[0].events.iter_mut().zip(payloads) {
        event.payload = payload.into();
    }
    done(store.as_ref(), &append).await;
    let events = store.read_all(Position::ZERO, 10).await.unwrap();
    let read: Vec<_> = events.iter().map(|event| event.payload.as_ref()).collect();
    let written = payloads.map(str::as_bytes);
    assert!(read == written, "a payload was changed");
}

pub async fn versions_are_contiguous_from_one(world: World) {
    let store = world.store().await;
    let (one, other) = (new_stream(), new_stream());
    done(store.as_ref(), &append(&[(&one, 0, 2)])).await;
    done(store.as_ref(), &append(&[(&other, 0, 1)])).await;
    let last = done(store.as_ref(), &append(&[(&one, 2, 3)])).await;
    let events = store.read_all(Position::ZERO, 10).await.unwrap();
    assert_eq!(events.len(), 6);
    assert_eq!(events[5].envelope.position, last);
    assert_eq!(events[5].envelope.version, Version::new(5));
    check_order(&events);
}

pub async fn an_expectation_that_is_too_low_conflicts(world: World) {
    let store = world.store().await;
    let stream = new_stream();
    done(store.as_ref(), &append(&[(&stream, 0, 2)])).await;
    for expected in [0, 1] {
        let outcome = put(store.as_ref(), &append(&[(&stream, expected, 1)])).await;
        let stream = stream.clone();
        assert_eq!(outcome, AppendOutcome::Conflict { stream });
    }
    assert_eq!(length(store.as_ref(), &stream).await, 2);
}

pub async fn an_expectation_that_is_too_high_conflicts(world: World) {
    let store = world.store().await;
    let stream = new_stream();
    let early = append(&[(&stream, 1, 1)]);
    assert_eq!(kind(&put(store.as_ref(), &early).await), "conflict");
    done(store.as_ref(), &append(&[(&stream, 0, 1)])).await;
    let skipping = append(&[(&stream, 2, 1)]);
    assert_eq!(kind(&put(store.as_ref(), &skipping).await), "conflict");
    // A conflict is no record: the same command may come again.
    done(store.as_ref(), &early).await;
    assert_eq!(length(store.as_ref(), &stream).await, 2);
}

pub async fn an_append_without_events_is_a_condition(world: World) {
    let store = world.store().await;
    let stream = new_stream();
    assert_eq!(
        done(store.as_ref(), &append(&[(&stream, 0, 0)])).await,
        Position::ZERO
    );
    let head = done(store.as_ref(), &append(&[(&stream, 0, 2)])).await;
    let met = append(&[(&stream, 2, 0)]);
    assert_eq!(
        done(store.as_ref(), &met).await,
        head,
        "it is as late as the head"
    );
    for expected in [0, 1, 3] {
        let missed = append(&[(&stream, expected, 0)]);
        assert_eq!(kind(&put(store.as_ref(), &missed).await), "conflict");
        assert_eq!(store.find_commands(&[missed.command_id]).await.unwrap(), []);
    }
    let records = store.find_commands(&[met.command_id]).await.unwrap();
    assert_eq!(records[0].version, Version::new(2));
    assert_eq!(records[0].position, head);
    assert_eq!(store.head().await.unwrap().position, head);
}

pub async fn several_streams_get_all_or_nothing(world: World) {
    let store = world.store().await;
    let streams = [new_stream(), new_stream(), new_stream()];
    let [a, b, c] = &streams;
    let position = done(store.as_ref(), &append(&[(a, 0, 1), (b, 0, 2), (c, 0, 1)])).await;
    assert_eq!(store.head().await.unwrap().position, position);
    let refused = append(&[(a, 1, 1), (b, 1, 1), (c, 1, 1)]);
    let outcome = put(store.as_ref(), &refused).await;
    assert_eq!(outcome, AppendOutcome::Conflict { stream: b.clone() });
    assert_eq!(
        store.find_commands(&[refused.command_id]).await.unwrap(),
        []
    );
    let events = store.read_all(Position::ZERO, 10).await.unwrap();
    let order: Vec<_> = events.iter().map(|event| &event.envelope.stream).collect();
    assert_eq!(order, [a, b, b, c], "in the order of the append");
    check_order(&events);
}

pub async fn a_stream_may_only_be_required(world: World) {
    let store = world.store().await;
    let (written, required) = (new_stream(), new_stream());
    done(store.as_ref(), &append(&[(&required, 0, 1)])).await;
    let met = append(&[(&written, 0, 1), (&required, 1, 0)]);
    done(store.as_ref(), &met).await;
    let missed = append(&[(&written, 1, 1), (&required, 0, 0)]);
    let outcome = put(store.as_ref(), &missed).await;
    let stream = required.clone();
    assert_eq!(outcome, AppendOutcome::Conflict { stream });
    assert_eq!(length(store.as_ref(), &written).await, 1);
    assert_eq!(length(store.as_ref(), &required).await, 1);
}

pub async fn ten_thousand_versions_in_one_stream(world: World) {
    let store = world.store().await;
    let stream = new_stream();
    for start in (0..10_000).step_by(250) {
        let batch: Vec<_> = (start..start + 250)
            .map(|at| append(&[(&stream, at, 1)]))
            .collect();
        assert!(
            kinds(store.as_ref(), &batch)
                .await
                .iter()
                .all(|kind| *kind == "done")
        );
    }
    assert_eq!(
        kind(&put(store.as_ref(), &append(&[(&stream, 9_999, 1)])).await),
        "conflict"
    );
    let mut after = Version::ZERO;
    let mut events = Vec::new();
    loop {
        let page = store
            .read_streams(&[(stream.clone(), after)], 999)
            .await
            .unwrap();
        let Some(last) = page.last() else { break };
        after = last.envelope.version;
        events.extend(page);
    }
    assert_eq!(events.len(), 10_000);
    check_order(&events);
}

pub async fn an_empty_batch_is_nothing(world: World) {
    let store = world.store().await;
    assert_eq!(store.append(&[]).await.unwrap(), []);
    assert_eq!(store.head().await.unwrap().position, Position::ZERO);
}

pub async fn what_breaks_the_rules_is_refused_whole(world: World) {
    let store = world.store().await;
    let stream = new_stream();
    let good = append(&[(&stream, 0, 1)]);
    for bad in [
        append(&[]),
        append(&[(&stream, 1, 1), (&stream, 2, 1)]),
        append(&[(&stream, i64::MAX, 1)]),
    ] {
        let refused = store.append(&[good.clone(), bad]).await;
        assert!(matches!(refused, Err(StoreError::Misuse(_))), "{refused:?}");
    }
    assert_eq!(length(store.as_ref(), &stream).await, 0);
}

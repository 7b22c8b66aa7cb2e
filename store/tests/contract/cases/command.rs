//! What is remembered of commands.

use crate::{build::*, world::World};
use chrono::TimeDelta;
use domain::{Position, Refusal, RefusalKind, Version};
use futures::future::join_all;
use store::{Answer, AppendOutcome};

pub async fn a_duplicate_returns_the_first_record(world: World) {
    let store = world.store().await;
    let (stream, other) = (new_stream(), new_stream());
    done(store.as_ref(), &append(&[(&stream, 0, 3)])).await;
    let mut first = append(&[(&stream, 3, 2), (&other, 0, 1)]);
    first.fingerprint = Some([9; 32]);
    let position = done(store.as_ref(), &first).await;
    done(store.as_ref(), &append(&[(&stream, 5, 1)])).await;
    // Another payload, other expectations: the id alone counts.
    for again in [
        first.clone(),
        append_as(first.command_id, &[(&new_stream(), 0, 1)]),
        append_as(first.command_id, &[(&stream, 17, 0)]),
    ] {
        let AppendOutcome::Duplicate(record) = put(store.as_ref(), &again).await else {
            panic!("it was recorded before");
        };
        assert_eq!(record.id, first.command_id);
        assert_eq!(record.fingerprint, Some([9; 32]));
        assert_eq!(record.stream, stream);
        assert_eq!(record.version, Version::new(5));
        assert_eq!(record.position, position);
        assert_eq!(record.refusal, None);
    }
    assert_eq!(length(store.as_ref(), &stream).await, 6);
}

pub async fn a_refusal_is_remembered(world: World) {
    let store = world.store().await;
    let stream = new_stream();
    let refusal = Refusal::new(RefusalKind::State, "ORDER_HELD", "it is \"held\" – still")
        .at("/lines/0/quantity");
    let mut refused = append(&[(&stream, 0, 0)]);
    refused.answer = Answer::Refused(refusal.clone());
    done(store.as_ref(), &refused).await;
    let AppendOutcome::Duplicate(record) = put(store.as_ref(), &refused).await else {
        panic!("a refusal is an answer, too");
    };
    assert_eq!(record.refusal, Some(refusal));
    assert_eq!(record.version, Version::ZERO);
    assert_eq!(record.fingerprint, None);
}

pub async fn recorded_commands_are_found(world: World) {
    let store = world.store().await;
    let stream = new_stream();
    let batch: Vec<_> = (0..5).map(|at| append(&[(&stream, at, 1)])).collect();
    kinds(store.as_ref(), &batch).await;
    let mut asked: Vec<_> = batch.iter().map(|append| append.command_id).collect();
    asked.push(new_id());
    let records = store.find_commands(&asked).await.unwrap();
    let mut versions: Vec<_> = records.iter().map(|record| record.version.get()).collect();
    versions.sort_unstable();
    assert_eq!(versions, [1, 2, 3, 4, 5]);
    let events = store.read_all(Position::ZERO, 10).await.unwrap();
    for event in &events {
        let id = event.envelope.command_id;
        let record = records.iter().find(|record| record.id == id).unwrap();
        let later = record.recorded_at - event.envelope.recorded_at;
        // With its events, or right after them.
        let most = match world.has_contiguous_positions() {
            true => TimeDelta::zero(),
            false => TimeDelta::seconds(1),
        };
        assert!(later >= TimeDelta::zero() && later <= most, "{later}");
    }
    assert_eq!(store.find_commands(&[]).await.unwrap(), []);
}

pub async fn old_commands_are_forgotten(world: World) {
    let store = world.store().await;
    let stream = new_stream();
    let old = append(&[(&stream, 0, 1)]);
    done(store.as_ref(), &old).await;
    let record = store
        .find_commands(&[old.command_id])
        .await
        .unwrap()
        .remove(0);
    // Times have a microsecond's grain.
    let mut new = append(&[(&stream, 1, 1)]);
    loop {
        done(store.as_ref(), &new).await;
        let at = store.find_commands(&[new.command_id]).await.unwrap()[0].recorded_at;
        if at > record.recorded_at {
            break;
        }
        let length = length(store.as_ref(), &stream).await as i64;
        new = append(&[(&stream, length, 1)]);
    }
    let before = record.recorded_at + TimeDelta::microseconds(1);
    assert_eq!(store.forget_commands(record.recorded_at).await.unwrap(), 0);
    assert!(store.forget_commands(before).await.unwrap() >= 1);
    assert_eq!(store.forget_commands(before).await.unwrap(), 0);
    assert_eq!(store.find_commands(&[old.command_id]).await.unwrap(), []);
    assert_eq!(
        store.find_commands(&[new.command_id]).await.unwrap().len(),
        1
    );
    // The events stay, and guard the stream alone now.
    assert_eq!(kind(&put(store.as_ref(), &old).await), "conflict");
}

pub async fn one_command_raced_by_32_callers_has_one_effect(world: World) {
    let stores = join_all((0..8).map(|_| world.store())).await;
    for round in 0..10 {
        let (stream, other) = (new_stream(), new_stream());
        let raced = append(&[(&stream, 0, 1), (&other, 0, round % 2)]);
        let callers = (0..32).map(|nr| {
            let (store, raced) = (stores[nr % 8].clone(), raced.clone());
            tokio::spawn(async move { put(store.as_ref(), &raced).await })
        });
        let outcomes = join_all(callers).await;
        let outcomes: Vec<_> = outcomes.into_iter().map(Result::unwrap).collect();
        let records = stores[0].find_commands(&[raced.command_id]).await.unwrap();
        let [record] = records.try_into().unwrap();
        let position = record.position;
        let done = AppendOutcome::Done { position };
        assert_eq!(
            outcomes.iter().filter(|outcome| **outcome == done).count(),
            1
        );
        let first = AppendOutcome::Duplicate(record);
        assert_eq!(
            outcomes.iter().filter(|outcome| **outcome == first).count(),
            31
        );
        assert_eq!(length(stores[0].as_ref(), &stream).await, 1);
    }
}

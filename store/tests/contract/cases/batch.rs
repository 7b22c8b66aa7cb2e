//! How the appends of one batch depend on each other.

use crate::{build::*, world::World};
use domain::{Position, Version};
use store::AppendOutcome;

pub async fn appends_build_on_each_other(world: World) {
    let store = world.store().await;
    let (a, b) = (new_stream(), new_stream());
    let batch = [
        append(&[(&a, 0, 1)]),
        append(&[(&a, 1, 2), (&b, 0, 1)]),
        append(&[(&a, 3, 0)]),
        append(&[(&b, 1, 1)]),
    ];
    let outcomes = store.append(&batch).await.unwrap();
    let events = store.read_all(Position::ZERO, 10).await.unwrap();
    // Of the last event of each append; of the last before it, where it has none.
    let positions = [1, 4, 4, 5].map(|nr| AppendOutcome::Done {
        position: events[nr - 1].envelope.position,
    });
    assert_eq!(outcomes, positions);
    if world.has_contiguous_positions() {
        let position = Position::new(5);
        assert_eq!(outcomes[3], AppendOutcome::Done { position });
    }
    let ids = batch.each_ref().map(|append| append.command_id);
    for (id, outcome) in ids.iter().zip(outcomes) {
        let records = store.find_commands(&[*id]).await.unwrap();
        let position = records[0].position;
        assert_eq!(
            outcome,
            AppendOutcome::Done { position },
            "the record says the same"
        );
    }
    assert_eq!(length(store.as_ref(), &a).await, 3);
    assert_eq!(length(store.as_ref(), &b).await, 2);
}

pub async fn what_builds_on_a_conflict_conflicts(world: World) {
    let store = world.store().await;
    let (a, b) = (new_stream(), new_stream());
    done(store.as_ref(), &append(&[(&a, 0, 1)])).await;
    let batch = [
        append(&[(&a, 0, 1), (&b, 0, 1)]),
        append(&[(&b, 1, 1)]),
        append(&[(&b, 2, 0)]),
        append(&[(&a, 1, 0), (&b, 2, 1)]),
    ];
    let kinds = kinds(store.as_ref(), &batch).await;
    assert_eq!(kinds[..2], ["conflict"; 2]);
    assert_eq!(kinds[2..], ["conflict"; 2]);
    assert_eq!(length(store.as_ref(), &a).await, 1);
    assert_eq!(length(store.as_ref(), &b).await, 0);
}

pub async fn what_builds_on_a_duplicate_conflicts(world: World) {
    let store = world.store().await;
    let stream = new_stream();
    let first = append(&[(&stream, 0, 1)]);
    done(store.as_ref(), &first).await;
    // The second was decided on what the first would have added now, not on what it added then:
    // that the versions happen to fit is no reason to do it.
    let batch = [
        append_as(first.command_id, &[(&stream, 0, 1)]),
        append(&[(&stream, 1, 1)]),
        append(&[(&stream, 2, 1)]),
    ];
    let outcomes = kinds(store.as_ref(), &batch).await;
    assert_eq!(outcomes, ["duplicate", "conflict", "conflict"]);
    assert_eq!(length(store.as_ref(), &stream).await, 1);
    // Alone, it is decided on what is there.
    assert_eq!(kinds(store.as_ref(), &batch[1..]).await, ["done", "done"]);
}

pub async fn others_are_done_beside_a_conflict(world: World) {
    let store = world.store().await;
    let streams: Vec<_> = (0..20).map(|_| new_stream()).collect();
    for stream in streams.iter().step_by(3) {
        done(store.as_ref(), &append(&[(stream, 0, 1)])).await;
    }
    let head = store.head().await.unwrap().position;
    let batch: Vec<_> = streams
        .iter()
        .map(|stream| append(&[(stream, 0, 1)]))
        .collect();
    let outcomes = kinds(store.as_ref(), &batch).await;
    for (nr, outcome) in outcomes.into_iter().enumerate() {
        assert_eq!(outcome, if nr % 3 == 0 { "conflict" } else { "done" });
    }
    for stream in &streams {
        assert_eq!(length(store.as_ref(), stream).await, 1);
    }
    // Seven of the twenty conflicted, and left no hole.
    if world.has_contiguous_positions() {
        assert_eq!(store.head().await.unwrap().position, head.plus(13));
    }
    assert_eq!(store.read_all(head, 100).await.unwrap().len(), 13);
}

pub async fn what_is_not_done_holds_no_stream(world: World) {
    let store = world.store().await;
    let (free, moved) = (new_stream(), new_stream());
    done(store.as_ref(), &append(&[(&moved, 0, 1)])).await;
    let batch = [
        append(&[(&free, 0, 1), (&moved, 0, 1)]),
        append(&[(&free, 0, 1)]),
        append(&[(&free, 1, 1)]),
    ];
    assert_eq!(
        kinds(store.as_ref(), &batch).await,
        ["conflict", "done", "done"]
    );
    assert_eq!(length(store.as_ref(), &free).await, 2);
    assert_eq!(length(store.as_ref(), &moved).await, 1);
}

pub async fn a_command_twice_in_a_batch_is_done_once(world: World) {
    let store = world.store().await;
    let stream = new_stream();
    let first = append(&[(&stream, 0, 1)]);
    let again = append_as(first.command_id, &[(&stream, 1, 1)]);
    let next = append(&[(&stream, 1, 1)]);
    let outcomes = store.append(&[first.clone(), again, next]).await.unwrap();
    assert_eq!(
        outcomes.iter().map(kind).collect::<Vec<_>>(),
        ["done", "duplicate", "done"]
    );
    let records = store.find_commands(&[first.command_id]).await.unwrap();
    assert_eq!(records[0].version, Version::new(1));
    assert_eq!(outcomes[1], AppendOutcome::Duplicate(records[0].clone()));
    assert_eq!(length(store.as_ref(), &stream).await, 2);
}

pub async fn a_whole_batch_again_is_all_duplicates(world: World) {
    let store = world.store().await;
    let stream = new_stream();
    let batch: Vec<_> = (0..50).map(|at| append(&[(&stream, at, 1)])).collect();
    assert_eq!(kinds(store.as_ref(), &batch).await, ["done"; 50]);
    let head = store.head().await.unwrap();
    assert_eq!(kinds(store.as_ref(), &batch).await, ["duplicate"; 50]);
    assert_eq!(store.head().await.unwrap(), head);
}

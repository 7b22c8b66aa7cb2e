//! Many at once.

use crate::{
    build::*,
    follow::{Follower, check_order},
    world::World,
};
use domain::StreamId;
use futures::future::join_all;
use std::{collections::HashSet, sync::Arc};
use store::{AppendOutcome, EventStore};

/// Writes `rounds` batches: to its own streams, and to a hot one that others write to as well.
/// Returns the ids of the commands that were done.
pub async fn write(
    store: Arc<dyn EventStore>,
    hot: StreamId,
    rounds: usize,
) -> Vec<domain::CommandId> {
    let mut acked = Vec::new();
    let own = new_stream();
    let mut hot_version = 0;
    for round in 0..rounds {
        let batch = [
            append(&[(&new_stream(), 0, 2)]),
            append(&[(&hot, hot_version, 1)]),
            append(&[(&own, round as i64, 1)]),
            append(&[(&hot, hot_version + 1, 1)]),
        ];
        let outcomes = store.append(&batch).await.unwrap();
        for (append, outcome) in batch.iter().zip(&outcomes) {
            match outcome {
                AppendOutcome::Done { .. } => acked.push(append.command_id),
                AppendOutcome::Conflict { stream } => assert_eq!(*stream, hot),
                AppendOutcome::Duplicate(record) => panic!("{record:?} is of a new command"),
            }
        }
        assert_eq!(
            kind(&outcomes[1]),
            kind(&outcomes[3]),
            "one builds on the other"
        );
        // Sometimes right, as nobody else may have written in between.
        hot_version = length(store.as_ref(), &hot).await as i64;
    }
    acked
}

pub async fn a_reader_never_misses_what_many_write(world: World) {
    let follower = Follower::start(world.store().await);
    let stores = join_all((0..6).map(|_| world.store())).await;
    let hot = new_stream();
    let writers = stores
        .iter()
        .map(|store| tokio::spawn(write(store.clone(), hot.clone(), 40)));
    let acked = join_all(writers).await;
    let acked: HashSet<_> = acked.into_iter().flat_map(Result::unwrap).collect();
    let events = follower.finish().await;
    check_order(&events);
    let there: HashSet<_> = events
        .iter()
        .map(|event| event.envelope.command_id)
        .collect();
    assert_eq!(there, acked, "what was acked, and nothing else");
    assert!(length(stores[0].as_ref(), &hot).await > 0);
}

/// Two appends that each require of the other's stream that nothing was written to it: were both
/// done, one of them would have been done on what is not so.
pub async fn conditions_hold_when_the_append_is_done(world: World) {
    let stores = join_all((0..2).map(|_| world.store())).await;
    for round in 0..200 {
        let (a, b) = (new_stream(), new_stream());
        let appends = [
            append(&[(&a, 0, 1), (&b, 0, 0)]),
            append(&[(&b, 0, 1), (&a, 0, 0)]),
        ];
        let racing = appends.into_iter().zip(&stores).map(|(append, store)| {
            let store = store.clone();
            tokio::spawn(async move { put(store.as_ref(), &append).await })
        });
        let outcomes = join_all(racing).await;
        let mut kinds: Vec<_> = outcomes
            .iter()
            .map(|it| kind(it.as_ref().unwrap()))
            .collect();
        kinds.sort_unstable();
        assert_eq!(kinds, ["conflict", "done"], "in round {round}");
    }
}

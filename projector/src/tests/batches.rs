//! In whatever batches events are folded, the rows are the same.

use super::harness::{WithEach, memory_models, with_each};
use crate::{
    live::Step,
    parking::{Lot, Room},
    projection::Projection,
    storage::{MemoryReadModels, ReadModels},
    testing::{History, fold_all},
};
use domain::Recorded;
use futures::future::LocalBoxFuture;
use proptest::prelude::*;
use std::collections::HashMap;
use store::{Bookmark, Delivered};
use uuid::Uuid;

/// Folds `events` in batches of those sizes, over again until they are through.
async fn fold_in<P: Projection>(
    events: &[Recorded],
    sizes: &[usize],
    cached_rows: usize,
) -> Vec<P::Row> {
    let models = memory_models();
    models.take_over::<P>(1).await.unwrap();
    let epoch = Uuid::from_u128(1);
    let lot = Lot::leaving_out(HashMap::new(), Room::of(0));
    let mut step = Step::<P, MemoryReadModels>::new(
        models.clone(),
        1,
        epoch,
        Bookmark::START,
        cached_rows,
        lot,
    );
    let mut rest = events;
    for size in sizes.iter().cycle() {
        let (batch, after) = rest.split_at((*size).min(rest.len()));
        let Some(last) = batch.last() else { break };
        let delivered: Vec<Delivered> = batch.iter().cloned().map(Ok).collect();
        let from = step.bookmark();
        let taken = step.take(delivered.iter(), from, true).await.unwrap();
        assert_eq!(taken.to, Bookmark::at(&last.envelope));
        rest = after;
    }
    models.rows::<P>()
}

async fn check<P: Projection>(
    history: &History,
    sizes: &[usize],
    cached_rows: usize,
) -> Result<(), TestCaseError> {
    let rows = fold_in::<P>(history.events(), sizes, cached_rows).await;
    let one_by_one = fold_all::<P>(history.events()).unwrap();
    prop_assert_eq!(rows, one_by_one.into_values().collect::<Vec<_>>());
    Ok(())
}

struct Check<'a>(&'a History, &'a [usize], usize);

impl WithEach for Check<'_> {
    type Done = Result<(), TestCaseError>;
    fn with<P: Projection>(&self) -> LocalBoxFuture<'_, Self::Done> {
        Box::pin(check::<P>(self.0, self.1, self.2))
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn the_sizes_of_batches_do_not_matter(
        steps in prop::collection::vec(any::<u32>(), 0..60),
        sizes in prop::collection::vec(1_usize..40, 1..6),
        cached_rows in 0_usize..12,
    ) {
        let history = History::of(steps);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let check = Check(&history, &sizes, cached_rows);
            let checked: Result<Vec<()>, TestCaseError> = with_each(&check).await.into_iter().collect();
            checked.map(|_| ())
        })?;
    }
}

//! Many commands in one request, whichever way they come: each is executed as if it came alone, many of
//! them at once, and all of it within bounds.

use crate::problem;
use chassis::Problem;
use futures::{
    Stream, TryStreamExt,
    stream::{StreamExt, try_unfold},
};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, sleep, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;

/// How many requests of this kind may be in work at once: each keeps its results until its end.
const REQUESTS_AT_ONCE: usize = 32;
/// What these may have in work at once, in bytes of their items.
const BYTES_AT_ONCE: usize = 32 << 20;
/// How many items a request may have: their results come in one answer.
const MAX_ITEMS: usize = 10_000;
/// How many of a request's items are in work at once: as many as make two full batches, so that the next is
/// read while one is committed.
const AT_ONCE: usize = 512;
/// How long the next item may take to come, and the whole request.
const PATIENCE: Duration = Duration::from_secs(30);
const LONGEST: Duration = Duration::from_secs(600);
/// How often it is looked whether an item is still in work for another, and how many times.
const LOOK: Duration = Duration::from_millis(20);
const LOOKS: usize = 100;
const IN_PROGRESS: &str = "COMMAND_IN_PROGRESS";
/// The longest words for what is wrong with an item: there may be 10,000.
const LONGEST_WORDS: usize = 300;
/// What whoever sends a request again need not fear.
const AGAIN: &str = "send the request again: what was done is not done twice";

/// What all requests of many commands share.
#[derive(Clone)]
pub(crate) struct Bulk {
    places: Arc<Semaphore>,
    /// What may still be in work, in bytes.
    bytes: Arc<Semaphore>,
    /// The process is being stopped: no further item is taken.
    stopping: CancellationToken,
}

/// An item that has come.
pub(crate) struct Item<T> {
    /// What is to be done.
    pub item: T,
    /// How large it is.
    pub bytes: usize,
}

impl Default for Bulk {
    fn default() -> Self {
        Self::stopped_by(CancellationToken::new())
    }
}

impl Bulk {
    /// Room for requests that end when `stopping` says so.
    pub(crate) fn stopped_by(stopping: CancellationToken) -> Self {
        Self {
            places: Arc::new(Semaphore::new(REQUESTS_AT_ONCE)),
            bytes: Arc::new(Semaphore::new(BYTES_AT_ONCE)),
            stopping,
        }
    }

    /// What each of `items` leads to when it is executed, in their order.
    ///
    /// # Errors
    /// What ends the request as a whole: that it breaks off, has too many items, takes too long, or that
    /// there is no place for it. What was done until then stays done.
    pub(crate) async fn each<T, R, F>(
        &self,
        items: impl Stream<Item = Result<Item<T>, Problem>> + Unpin,
        execute: impl Fn(T) -> F,
    ) -> Result<Vec<R>, Problem>
    where
        F: Future<Output = R>,
    {
        let place = Arc::clone(&self.places).try_acquire_owned();
        let _place = place.map_err(|_| problem::too_many_bulks())?;
        let intake = Intake {
            bulk: self.clone(),
            items,
            count: 0,
            until: Instant::now() + LONGEST,
        };
        try_unfold(intake, Intake::next)
            .map_ok(|(item, share)| {
                let executed = execute(item);
                async move {
                    let result = executed.await;
                    drop(share);
                    Ok(result)
                }
            })
            .try_buffered(AT_ONCE)
            .try_collect()
            .await
    }
}

/// A request as far as it has come.
struct Intake<S> {
    bulk: Bulk,
    items: S,
    count: usize,
    until: Instant,
}

/// An item, with its share of what may be in work.
type Taken<T> = (T, OwnedSemaphorePermit);

impl<T, S> Intake<S>
where
    S: Stream<Item = Result<Item<T>, Problem>> + Unpin,
{
    /// The next item, once there is room for it.
    async fn next(mut self) -> Result<Option<(Taken<T>, Self)>, Problem> {
        let late = |what: &str| Problem::request_timeout(format!("{what}; {AGAIN}."));
        let came = tokio::select! {
            () = self.bulk.stopping.cancelled() => return Err(problem::stopping()),
            () = sleep_until(self.until) => return Err(late("The request took longer than it may")),
            came = timeout(PATIENCE, self.items.next()) => came,
        };
        let Some(item) = came.map_err(|_| late("No further item came for 30 s"))? else {
            return Ok(None);
        };
        let Item { item, bytes } = item?;
        if self.count == MAX_ITEMS {
            let detail = "A request has at most 10,000 items, and the first 10,000 of this one were worked off: \
                          send them again as they were, in a request of their own under the same key, to have \
                          their results; and those after them in another, under another key.";
            return Err(Problem::bad_request("TOO_MANY_ITEMS", detail));
        }
        self.count += 1;
        let bytes = u32::try_from(bytes.min(BYTES_AT_ONCE)).unwrap_or(u32::MAX);
        let share = Arc::clone(&self.bulk.bytes).acquire_many_owned(bytes);
        let share = tokio::select! {
            () = self.bulk.stopping.cancelled() => return Err(problem::stopping()),
            () = sleep_until(self.until) => return Err(late("The request took longer than it may")),
            share = share => share,
        };
        // They are never closed.
        let share = share.map_err(|_| problem::stopping())?;
        Ok(Some(((item, share), self)))
    }
}

/// What `execute` comes to once nothing with the same id is in work: a request that has an item twice
/// has the second wait for the first.
pub(crate) async fn when_free<T, F>(mut execute: impl FnMut() -> F) -> Result<T, Problem>
where
    F: Future<Output = Result<T, Problem>>,
{
    let mut looks = 0..LOOKS;
    loop {
        let outcome = execute().await;
        let is_in_work = matches!(&outcome, Err(problem) if problem.code() == IN_PROGRESS);
        if !is_in_work || looks.next().is_none() {
            return outcome;
        }
        sleep(LOOK).await;
    }
}

/// As much of `words` as there is room for in the answer.
pub(crate) fn brief(words: &str) -> String {
    words.chars().take(LONGEST_WORDS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::stream;
    use std::{
        future::pending,
        sync::atomic::{AtomicUsize, Ordering},
    };

    fn item(number: usize) -> Result<Item<usize>, Problem> {
        Ok(Item {
            item: number,
            bytes: 1,
        })
    }

    async fn failure(
        bulk: &Bulk,
        items: impl Stream<Item = Result<Item<usize>, Problem>>,
    ) -> (u16, bool) {
        let items = std::pin::pin!(items);
        let failed = bulk.each(items, |number| async move { number }).await;
        let problem = failed.unwrap_err();
        (problem.status().as_u16(), problem.details().retryable)
    }

    #[tokio::test(start_paused = true)]
    async fn results_come_in_the_order_of_items_many_of_which_are_in_work_at_once() {
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let execute = async |number: usize| {
            most.fetch_max(now.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
            // The first of them takes longest.
            sleep(Duration::from_millis(2_000 - number as u64)).await;
            now.fetch_sub(1, Ordering::Relaxed);
            number
        };
        let items = stream::iter((0..2_000).map(item));
        let results = Bulk::default().each(items, execute).await.unwrap();
        assert_eq!(results, (0..2_000).collect::<Vec<_>>());
        assert_eq!(most.into_inner(), AT_ONCE);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_in_work_has_a_bound_in_bytes_over_all_requests() {
        let bulk = Bulk::default();
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let execute = async |()| {
            most.fetch_max(now.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
            sleep(LOOK).await;
            now.fetch_sub(1, Ordering::Relaxed);
        };
        let large = || {
            let items = std::iter::repeat_with(|| {
                Ok(Item {
                    item: (),
                    bytes: BYTES_AT_ONCE / 4,
                })
            });
            stream::iter(items.take(50))
        };
        let (one, other) = tokio::join!(bulk.each(large(), execute), bulk.each(large(), execute));
        assert_eq!((one.unwrap().len(), other.unwrap().len()), (50, 50));
        assert_eq!(most.into_inner(), 4);
        // One that is larger than all of it is done by itself.
        let huge = stream::iter([Ok(Item {
            item: (),
            bytes: usize::MAX,
        })]);
        assert_eq!(bulk.each(huge, async |()| ()).await, Ok(vec![()]));
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_ends_when_it_has_too_many_items_or_takes_too_long() {
        let bulk = Bulk::default();
        let most = stream::iter((0..MAX_ITEMS).map(item));
        let done = bulk.each(most, |number| async move { number }).await;
        assert_eq!(done.unwrap().len(), MAX_ITEMS);
        let endless = stream::iter((0..).map(item));
        assert_eq!(failure(&bulk, endless).await, (400, false));

        let began = Instant::now();
        let silent = stream::iter([item(1)]).chain(stream::pending());
        assert_eq!(failure(&bulk, silent).await, (408, true));
        assert_eq!(began.elapsed(), PATIENCE);
        let slow = stream::iter(0..).then(async |number| {
            sleep(PATIENCE - LOOK).await;
            item(number)
        });
        let began = Instant::now();
        assert_eq!(failure(&bulk, slow).await, (408, true));
        assert_eq!(began.elapsed(), LONGEST);
    }

    #[tokio::test(start_paused = true)]
    async fn requests_end_with_the_process_and_have_places() {
        let stopping = CancellationToken::new();
        let bulk = Bulk::stopped_by(stopping.clone());
        let waiting: Vec<_> = (0..REQUESTS_AT_ONCE)
            .map(|_| {
                let bulk = bulk.clone();
                tokio::spawn(async move { failure(&bulk, stream::pending()).await })
            })
            .collect();
        // All of them have been begun when this has been asked for once more.
        tokio::task::yield_now().await;
        assert_eq!(failure(&bulk, stream::pending()).await, (503, true));
        stopping.cancel();
        for ended in waiting {
            assert_eq!(ended.await.unwrap(), (503, true));
        }
        assert_eq!(bulk.places.available_permits(), REQUESTS_AT_ONCE);
    }

    #[tokio::test(start_paused = true)]
    async fn an_item_waits_for_its_double_but_not_for_ever() {
        let in_work = || problem::still_running();
        let looks = AtomicUsize::new(0);
        let outcome = when_free(async || match looks.fetch_add(1, Ordering::Relaxed) {
            0..=2 => Err(in_work()),
            looks => Ok(looks),
        });
        assert_eq!(outcome.await, Ok(3));
        let never = when_free(async || Err::<(), _>(in_work())).await;
        assert_eq!(never, Err(in_work()));
        // Anything else is its outcome at once.
        let began = Instant::now();
        let refused = when_free(async || Err::<(), _>(Problem::internal())).await;
        assert_eq!(
            (refused, began.elapsed()),
            (Err(Problem::internal()), Duration::ZERO)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_is_dropped_keeps_nothing() {
        let bulk = Bulk::default();
        let items = stream::iter((0..10).map(item));
        let hanging = bulk.each(items, |_| pending::<()>());
        assert!(timeout(LOOK, hanging).await.is_err());
        assert_eq!(bulk.places.available_permits(), REQUESTS_AT_ONCE);
        assert_eq!(bulk.bytes.available_permits(), BYTES_AT_ONCE);
    }
}

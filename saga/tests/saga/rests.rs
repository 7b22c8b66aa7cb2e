//! What nobody waits for yields to what somebody waits for.

use crate::{fakes::Slow, harness::Shop};
use async_trait::async_trait;
use bus::Feed;
use domain::{Position, Recorded, policy::PaymentPolicy};
use futures::future::join_all;
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use store::{
    Bookmark, Delivered, Head, StoreError,
    lane::{Lane, LaneOptions},
};
use tokio::time::{Instant, pause, timeout};
use tokio_util::sync::CancellationToken;

/// How long a commit takes.
const WORK: Duration = Duration::from_millis(50);

/// Orders that are placed without end, and when each was asked for.
struct Flood {
    placed: Recorded,
    asked: Mutex<Vec<Instant>>,
    head: Head,
}

#[async_trait]
impl Feed for Flood {
    async fn next(
        &self,
        after: Bookmark,
        _limit: usize,
        _patience: Duration,
    ) -> Result<Vec<Arc<Delivered>>, StoreError> {
        self.asked.lock().unwrap().push(Instant::now());
        let mut next = self.placed.clone();
        next.envelope.position = Position::new(after.position.get() + 1);
        Ok(vec![Arc::new(Ok(next))])
    }

    async fn head(&self) -> Result<Head, StoreError> {
        Ok(self.head)
    }
}

/// The times from one batch to the next, each a full one, while so many `callers` wait.
async fn gaps(callers: usize) -> Vec<Duration> {
    let mut shop = Shop::open().await;
    let order = shop.place("tok_approve", &["A"]).await;
    let placed = shop.events().await[0].clone().decode().unwrap();
    let flood = Arc::new(Flood {
        placed,
        asked: Mutex::default(),
        head: shop.feed.head().await.unwrap(),
    });
    shop.rules.batch = 1;
    shop.feed = flood.clone();
    shop.storage = Arc::new(Slow::with_commits_of(WORK));
    // Nothing works on it.
    let (lane, _work) = Lane::new(Arc::new(shop.store.clone()), LaneOptions::default());
    shop.lane = lane;
    let waiting = join_all((0..callers).map(|_| shop.cancel(order)));
    pause();
    let policy = shop.policy::<PaymentPolicy>();
    let running = policy.run(1, CancellationToken::new());
    let both = async { tokio::join!(running, waiting) };
    assert!(timeout(WORK * 20, both).await.is_err());
    let asked = flood.asked.lock().unwrap();
    let gaps = asked.windows(2).map(|pair| pair[1] - pair[0]);
    // The callers come with the first.
    gaps.skip(1).collect()
}

#[tokio::test]
async fn a_policy_with_much_to_do_rests_as_long_as_it_works_while_many_wait() {
    let gaps = gaps(64).await;
    assert!(gaps.len() >= 5, "{gaps:?}");
    assert!(gaps.iter().all(|gap| *gap >= 2 * WORK), "{gaps:?}");
}

#[tokio::test]
async fn it_goes_on_at_once_while_few_wait() {
    let gaps = gaps(63).await;
    assert!(gaps.len() >= 15, "{gaps:?}");
    assert!(gaps.iter().all(|gap| *gap < 2 * WORK), "{gaps:?}");
}

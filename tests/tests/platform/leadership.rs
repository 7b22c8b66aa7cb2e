//! Leaders that fall asleep: somebody else takes over, and when they wake, nothing of theirs lands.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tests::platform::{
    Checkpoints, Load, LoadOptions, Platform, Shape, audit, eventually, say, stock_up,
};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// Looks at the checkpoints all the time; whatever went back is written down.
fn watch(database: String, stop: CancellationToken) -> Arc<Mutex<Vec<String>>> {
    let wrong = Arc::new(Mutex::new(vec![]));
    let found = wrong.clone();
    tokio::spawn(async move {
        let mut before = Checkpoints::default();
        while !stop.is_cancelled() {
            if let Ok(now) = Checkpoints::read(&database).await {
                let mut found = found.lock().expect("nobody panics with it");
                found.extend(now.behind(&before));
                before = now;
            }
            sleep(Duration::from_millis(15)).await;
        }
    });
    wrong
}

async fn epochs_above(database: &str, before: &Checkpoints) -> Result<Checkpoints, String> {
    let now = Checkpoints::read(database)
        .await
        .map_err(|error| error.to_string())?;
    let all = before
        .0
        .iter()
        .all(|(name, (_, epoch))| now.0.get(name).is_some_and(|(_, later)| later > epoch));
    all.then(|| now.clone())
        .ok_or_else(|| format!("{now:?} after {before:?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_projector_that_was_paused_beyond_its_lease_writes_nothing_when_it_wakes() {
    let mut platform = Platform::start(Shape::Separate, &[]).await;
    let database = platform.database();
    stock_up(&platform.api).await;
    let load = Load::start(&platform.api, &LoadOptions::default());
    eventually("the first projector leads everything", async || {
        let now = Checkpoints::read(&database)
            .await
            .map_err(|error| error.to_string())?;
        let all = now.0.len() >= 5 && now.0.values().all(|(position, _)| *position > 0);
        all.then_some(()).ok_or_else(|| format!("{now:?}"))
    })
    .await;
    platform.start_another("projector", "projector-2").await;
    let stop = CancellationToken::new();
    let wrong = watch(database.clone(), stop.clone());

    // In turns: the leader falls asleep in the middle of its work, the other takes over.
    for (leader, other) in [("projector", "projector-2"), ("projector-2", "projector")] {
        let before = Checkpoints::read(&database)
            .await
            .expect("the database answers");
        platform.process(leader).pause();
        let taken = eventually("the other takes over", async || {
            epochs_above(&database, &before).await
        })
        .await;
        say(&format!("{leader} sleeps, {other} leads: {taken:?}"));
        eventually("and goes on", async || {
            let now = Checkpoints::read(&database)
                .await
                .map_err(|error| error.to_string())?;
            let on = taken
                .0
                .iter()
                .all(|(name, (position, _))| now.0[name].0 > *position);
            on.then_some(()).ok_or_else(|| format!("{now:?}"))
        })
        .await;
        platform.process(leader).go_on();
        // Awake, and knowing what it has lost: it says so, and is no leader.
        let written = load.count() + 100;
        eventually("the load goes on", async || {
            let count = load.count();
            (count >= written)
                .then_some(())
                .ok_or_else(|| format!("{count} writes"))
        })
        .await;
        let now = Checkpoints::read(&database)
            .await
            .expect("the database answers");
        for (name, (_, epoch)) in &taken.0 {
            assert_eq!(now.0[name].1, *epoch, "{name} was taken from its leader");
        }
        platform.process(leader).ready().await;
    }
    stop.cancel();
    let acked = load.stop().await;
    let wrong = wrong.lock().expect("nobody panics with it").clone();
    assert!(wrong.is_empty(), "{wrong:#?}");
    audit(&platform, &acked).await;
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saga_that_was_paused_beyond_its_lease_does_nothing_twice() {
    let mut platform = Platform::start(Shape::Separate, &[]).await;
    stock_up(&platform.api).await;
    platform.start_another("saga", "saga-2").await;
    let load = Load::start(&platform.api, &LoadOptions::default());
    for leader in ["saga", "saga-2", "saga"] {
        let reached = load.count() + 80;
        eventually("the platform takes writes", async || {
            let count = load.count();
            (count >= reached)
                .then_some(())
                .ok_or_else(|| format!("{count} of {reached} writes"))
        })
        .await;
        platform.process(leader).pause();
        // Whoever leads: orders go on being confirmed while it sleeps.
        let confirmed = platform.api.list("/v1/orders?status=confirmed").await;
        let confirmed = confirmed.expect("orders are listed").len();
        eventually("orders are confirmed without it", async || {
            let now = platform
                .api
                .list("/v1/orders?status=confirmed")
                .await?
                .len();
            (now > confirmed + 20)
                .then_some(())
                .ok_or_else(|| format!("{now} confirmed"))
        })
        .await;
        platform.process(leader).go_on();
    }
    let acked = load.stop().await;
    audit(&platform, &acked).await;
    platform.stop().await;
}

//! Leaders that fall asleep: somebody else takes over, and when they wake, nothing of theirs lands.

use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
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

/// The checkpoints, once all of these are under a later leader and further on.
async fn gone_on(
    database: &str,
    names: &BTreeSet<String>,
    before: &Checkpoints,
) -> Result<Checkpoints, String> {
    let now = Checkpoints::read(database)
        .await
        .map_err(|error| error.to_string())?;
    let on = names.iter().all(|name| {
        let (was, is) = (before.0[name], now.0[name]);
        is.0 > was.0 && is.1 > was.1
    });
    on.then(|| now.clone())
        .ok_or_else(|| format!("{now:?} after {before:?}"))
}

/// What a process leads: where the epoch that it was given is the one of the rows' last writer.
fn leads(platform: &Platform, process: &str, now: &Checkpoints) -> BTreeSet<String> {
    let mut given = BTreeMap::new();
    for line in platform.process(process).log().lines() {
        let line: Value = serde_json::from_str(line).unwrap_or_default();
        let message = line["message"].as_str().unwrap_or_default();
        if let Some(name) = message.strip_prefix("leading projector/") {
            given.insert(name.to_owned(), line["epoch"].as_i64());
        }
    }
    given.retain(|name, epoch| now.0.get(name).map(|(_, leader)| *leader) == *epoch);
    given.into_keys().collect()
}

/// What a process says, in the rest of its log, that it leads no more. It may learn it from its
/// lease, from the database that refuses its next write, or while it stumbles over something else;
/// and whoever is elected anew knows it as well.
fn lost(rest: &str) -> BTreeSet<String> {
    let mut lost = BTreeSet::new();
    for line in rest.lines() {
        let line: Value = serde_json::from_str(line).unwrap_or_default();
        let message = line["message"].as_str().unwrap_or_default();
        let lease = ["no longer leading projector/", "leading projector/"]
            .into_iter()
            .find_map(|prefix| message.strip_prefix(prefix));
        let stopped =
            message.starts_with("another process leads ") || message.contains(" is tried again");
        match lease {
            Some(name) => lost.insert(name.to_owned()),
            None if stopped => lost.insert(line["projection"].as_str().unwrap_or_default().into()),
            None => false,
        };
    }
    lost
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
        let (before, led) = eventually("it falls asleep while it leads something", async || {
            platform.process(leader).pause();
            let now = Checkpoints::read(&database).await;
            let now = now.expect("the database answers");
            let leads = leads(&platform, leader, &now);
            if leads.is_empty() {
                platform.process(leader).go_on();
                return Err("it leads nothing".into());
            }
            Ok((now, leads))
        })
        .await;
        let taken = eventually("the other takes over, and goes on", async || {
            gone_on(&database, &led, &before).await
        })
        .await;
        say(&format!(
            "{leader} sleeps, {other} leads {led:?}: {taken:?}"
        ));
        // Awake, it learns what it has lost before it does anything; it may be elected again then.
        let said = platform.process(leader).log().len();
        platform.process(leader).go_on();
        eventually("it knows that it leads no more", async || {
            let lost = lost(&platform.process(leader).log()[said..]);
            led.is_subset(&lost)
                .then_some(())
                .ok_or_else(|| format!("of {led:?}, {lost:?}"))
        })
        .await;
        load.goes_on(100).await;
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
        load.goes_on(80).await;
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

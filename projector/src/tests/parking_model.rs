//! Whatever cannot be read, the rows are what is left without it; and whole again once it can.

use super::{
    harness::{
        Database, Process, built_anew, database, events, fresh, leases, memory_models,
        memory_store, reaches, table, until,
    },
    old_build::OldBuild,
};
use crate::{
    ReadModels,
    parking::ParkedSequence,
    projection::Projection,
    projections::{self, Visitor},
    rebuild::RebuildOptions,
    storage::KeyOf,
    testing::{History, all_of_fulfilment, all_of_returns, fold_without},
    verify::{VerifyOptions, verify},
};
use domain::{Recorded, StreamId};
use futures::future::LocalBoxFuture;
use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::{Arc, Mutex},
    time::Duration,
};
use store::EventReader;

/// So small that a rebuild takes several passes.
const SMALL: RebuildOptions = RebuildOptions {
    page: 64,
    rows: 10,
    batch: 32,
    heartbeat: Duration::from_millis(50),
    max_parked: 100,
};

fn history(seed: u32) -> History {
    let mut history = History::of((0..90).map(|step| step + 1_000 * seed));
    if seed.is_multiple_of(2) {
        all_of_fulfilment(&mut history);
        all_of_returns(&mut history);
    }
    history
}

/// Some events, by seed.
fn some(history: &History, seed: u32) -> Vec<i64> {
    let count = history.events().len() as u64;
    let nth = |n: u64| (u64::from(seed) * 7_919 + n * n * 104_729 + n * 31) % count + 1;
    (0..5).map(|n| nth(n) as i64).collect()
}

/// Several events of few streams, by seed: so that one that cannot be read hides others, of other rows.
fn of_few_streams(history: &History, seed: u32) -> Vec<i64> {
    let mut streams: BTreeMap<&StreamId, Vec<i64>> = BTreeMap::new();
    for event in history.events() {
        let of_stream = streams.entry(&event.envelope.stream).or_default();
        of_stream.push(event.envelope.position.get());
    }
    let mut streams: Vec<Vec<i64>> = streams.into_values().collect();
    streams.sort_by_key(|positions| std::cmp::Reverse(positions.len()));
    let seed = seed as usize;
    let few = streams.iter().skip(seed % 2).step_by(2).take(2);
    few.flat_map(|positions| positions.iter().skip(1 + seed % 3).step_by(3).take(8))
        .copied()
        .collect()
}

/// The rows of what is left if the events at these positions cannot be read: by the rule, told once more.
fn left<P: Projection>(events: &[Recorded], broken: &[i64]) -> Vec<P::Row> {
    let mut rows: BTreeMap<KeyOf<P>, P::Row> = BTreeMap::new();
    let (mut keys, mut streams) = (HashSet::new(), BTreeSet::<StreamId>::new());
    for event in events {
        let (tenant, stream) = (&event.envelope.tenant, &event.envelope.stream);
        if broken.contains(&event.envelope.position.get()) {
            if P::types().contains(&event.event.event_type()) {
                match P::key_of_stream(tenant, stream) {
                    Some(key) => drop(keys.insert(key)),
                    None => drop(streams.insert(stream.clone())),
                }
            }
            continue;
        }
        let Some(key) = P::key(event) else { continue };
        if !P::APPEND_ONLY {
            if streams.contains(stream) {
                keys.insert(key.clone());
            }
            if keys.contains(&key) {
                continue;
            }
        }
        if let Some(row) = P::apply(rows.remove(&key), event).unwrap() {
            rows.insert(key, row);
        }
    }
    rows.into_values().collect()
}

/// Runs a check of each projection, all at once.
macro_rules! each {
    ($check:ident, $($name:ident: $type:ty),*) => {{
        struct Checks(Vec<LocalBoxFuture<'static, ()>>, $($type),*);
        impl Visitor for Checks {
            fn visit<P: Projection>(&mut self) {
                let Checks(checks, $($name),*) = self;
                checks.push(Box::pin($check::<P>($($name.clone()),*)));
            }
        }
        let mut checks = Checks(vec![], $($name),*);
        projections::all(&mut checks);
        futures::future::join_all(checks.0).await;
    }};
}

async fn parked<P: Projection>(models: &impl ReadModels) -> Vec<ParkedSequence> {
    models.parking::<P>().await.unwrap().sequences
}

async fn nothing_is_parked<P: Projection>(models: &impl ReadModels) {
    until(&format!("nothing of {} is parked", P::NAME), async || {
        parked::<P>(models).await.is_empty()
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_read_waits_and_is_folded_in_its_order_by_a_build_that_can() {
    for seed in 0..4 {
        each!(read_later, some: Breaking, seed: u32);
    }
}

#[tokio::test]
async fn so_does_what_is_hidden_behind_it_in_its_stream() {
    for seed in 0..6 {
        each!(read_later, of_few_streams: Breaking, seed: u32);
    }
}

/// Which events cannot be read.
type Breaking = fn(&History, u32) -> Vec<i64>;

async fn read_later<P: Projection>(breaking: Breaking, seed: u32) {
    let store = Arc::new(memory_store());
    let mut history = history(seed);
    let broken = breaking(&history, seed);
    history.append_to(&*store).await;
    let all = events(&*store).await;
    let head = store.head().await.unwrap().position;
    let (models, leases) = (memory_models(), leases());
    let old = Arc::new(OldBuild::new(store.clone(), broken.clone()));
    let process = Process::start::<P, _>(old.clone(), models.clone(), leases.clone());
    reaches::<P>(&models, head).await;
    process.crash().await;
    let waits = left::<P>(&all, &broken);
    assert_eq!(models.rows::<P>(), waits, "{} {seed}", P::NAME);

    // The same build tries it once, and changes nothing.
    let before = parked::<P>(&models).await;
    let process = Process::start::<P, _>(old, models.clone(), leases.clone());
    let first = |parked: &&ParkedSequence| parked.stop.behind.is_none();
    let tries = |all: &[ParkedSequence]| all.iter().filter(first).map(|one| one.attempts).sum();
    let tried_before: i32 = tries(&before);
    let own = before.iter().filter(first).count() as i32;
    until("all are tried once", async || {
        tries(&parked::<P>(&models).await) == tried_before + own
    })
    .await;
    process.stop().await;
    let after = parked::<P>(&models).await;
    for (before, after) in before.iter().zip(&after) {
        assert_eq!((&before.stop, before.queued), (&after.stop, after.queued));
    }
    assert_eq!(models.rows::<P>(), waits, "{} {seed}", P::NAME);

    // A newer build tries by itself what it finds.
    let process = Process::start::<P, _>(store.clone(), models.clone(), leases);
    nothing_is_parked::<P>(&models).await;
    process.stop().await;
    assert_eq!(
        models.rows::<P>(),
        fresh::<P>(&*store).await,
        "{} {seed}",
        P::NAME
    );
}

#[tokio::test]
async fn with_what_is_skipped_the_rows_are_a_fold_without_it() {
    for seed in 10..12 {
        each!(skip_all, seed: u32);
    }
}

async fn skip_all<P: Projection>(seed: u32) {
    let store = Arc::new(memory_store());
    let mut history = history(seed);
    let broken = some(&history, seed);
    history.append_to(&*store).await;
    let head = store.head().await.unwrap().position;
    let models = memory_models();
    let old = Arc::new(OldBuild::new(store.clone(), broken));
    let process = Process::start::<P, _>(old, models.clone(), leases());
    reaches::<P>(&models, head).await;
    let skipped = Mutex::new(BTreeSet::new());
    // What comes after an order's beginning cannot be folded without it, and is skipped too.
    until(&format!("all of {} is skipped", P::NAME), async || {
        let parked = parked::<P>(&models).await;
        for one in parked.iter().filter(|one| one.stop.behind.is_none()) {
            let position = one.stop.place.position;
            if !one.wanted && models.ask::<P>(position, true) {
                skipped.lock().unwrap().insert(position);
            }
        }
        parked.is_empty()
    })
    .await;
    process.stop().await;
    let all = events(&*store).await;
    let skipped = skipped.into_inner().unwrap();
    let rest = fold_without::<P>(&all, &skipped);
    assert_eq!(models.rows::<P>(), rest, "{} {seed}", P::NAME);
}

#[tokio::test]
async fn rebuild_and_verify_know_what_is_parked() {
    for seed in 20..22 {
        let database = Arc::new(database().await);
        let mut history = history(seed);
        let broken = match seed % 2 {
            0 => some(&history, seed),
            _ => of_few_streams(&history, seed),
        };
        history.append_to(&*database.store).await;
        each!(rebuilt, database: Arc<Database>, broken: Vec<i64>);
    }
}

async fn rebuilt<P: Projection>(database: Arc<Database>, broken: Vec<i64>) {
    let (store, models) = (&database.store, &database.models);
    let all = events(&**store).await;
    let head = store.head().await.unwrap().position;
    let waits = left::<P>(&all, &broken);
    let old: Arc<dyn EventReader> = Arc::new(OldBuild::new(store.clone(), broken));
    let new: Arc<dyn EventReader> = store.clone();
    let process = Process::start::<P, _>(old.clone(), models.clone(), leases());
    reaches::<P>(models, head).await;
    process.stop().await;
    assert_eq!(table::<P>(models).await, waits, "{}", P::NAME);
    let live = parked::<P>(models).await;
    let is_equal = async |reader: &Arc<dyn EventReader>| {
        let options = VerifyOptions {
            fold: SMALL,
            ..VerifyOptions::default()
        };
        let verified = verify::<P>(reader.clone(), models, &options, Arc::new(|_| {}));
        let verified = verified.await.unwrap();
        assert!(verified.is_equal(), "{} {verified:?}", P::NAME);
        verified.parked
    };
    assert_eq!(is_equal(&old).await, live.len());
    // What it could read by now still waits.
    assert_eq!(is_equal(&new).await, live.len());

    let build = async |reader: &Arc<dyn EventReader>| built_anew::<P>(reader, models, &SMALL).await;
    let again = build(&old).await;
    assert_eq!(table::<P>(models).await, waits, "{}", P::NAME);
    let parked_anew = parked::<P>(models).await;
    assert_eq!(again.parked, live.len());
    for (live, anew) in live.iter().zip(&parked_anew) {
        assert_eq!(
            (
                &live.sequence,
                &live.stop.place,
                live.queued,
                &live.stop.behind,
                (live.since, live.attempts),
            ),
            (
                &anew.sequence,
                &anew.stop.place,
                anew.queued,
                &anew.stop.behind,
                (anew.since, anew.attempts),
            ),
            "{}",
            P::NAME
        );
    }
    assert_eq!(is_equal(&old).await, live.len());

    assert_eq!(build(&new).await.parked, 0);
    assert_eq!(parked::<P>(models).await, []);
    assert_eq!(
        table::<P>(models).await,
        fresh::<P>(&**store).await,
        "{}",
        P::NAME
    );
    assert_eq!(is_equal(&new).await, 0);
}

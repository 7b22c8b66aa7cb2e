//! The whole platform in virtual time, by seeds. A failing seed replays by its number.

use domain::{
    order::OrderEvent, payment::PaymentEvent, returns::ReturnEvent, shipment::ShipmentEvent,
    stock::StockEvent,
};
use std::{
    collections::BTreeMap,
    env,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Instant,
};
use tests::simulation::{Report, run};

/// How many seeds are run if nothing else is said. Code that is not optimised is slow.
const SEEDS: u64 = if cfg!(debug_assertions) { 100 } else { 1_000 };
/// How many seeds come to everything that can happen.
const ENOUGH: u64 = 1_000;
/// What must happen in runs that prove something.
const FAULTS: [&str; 29] = [
    "answer lost",
    "answered again",
    "append conflict",
    "append duplicate",
    "broker down",
    "broker lost its stream",
    "call held back",
    "call late",
    "call refused",
    "call slow",
    "carrier speaks",
    "clock jump",
    "crash",
    "database crash",
    "hint lost",
    "key reused",
    "message lost",
    "message overtaken",
    "message twice",
    "orderly stop",
    "pause",
    "payment looked after",
    "policy fenced",
    "projection fenced",
    "provider speaks",
    "request lost",
    "shipment looked after",
    "store unavailable",
    "version mismatch",
];
/// How many lines of a failing run's trace are printed.
const LINES: usize = 20_000;

fn number(name: &str) -> Option<u64> {
    let text = env::var(name).ok()?;
    let number = text.trim().parse();
    Some(number.unwrap_or_else(|_| panic!("{name} must be a number, not {text:?}")))
}

/// Runs one seed in a runtime of its own, in virtual time.
fn simulate(seed: u64, traced: bool) -> Report {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime without I/O needs nothing");
    runtime.block_on(run(seed, traced))
}

/// Runs a failing seed again with its trace, and tells everything.
fn explain(seed: u64, report: &Report) -> String {
    let again = simulate(seed, true);
    let from = again.trace.len().saturating_sub(LINES);
    let replayed = match again.wrong == report.wrong {
        true => "",
        false => "\nIT DOES NOT REPLAY: something in it depends on more than the seed\n",
    };
    format!(
        "{trace}\n{replayed}\nseed {seed}: {wrong}\n\nORDERS_SIM_SEED={seed} make simulate\n",
        trace = again.trace[from..].join("\n"),
        wrong = report.wrong.join("\n  "),
    )
}

#[test]
fn simulated_seeds_keep_every_invariant() {
    #[cfg(planted)]
    store::planted::choose_named();
    let started = Instant::now();
    let (first, count) = match number("ORDERS_SIM_SEED") {
        Some(seed) => (seed, 1),
        None => (0, number("ORDERS_SIM_SEEDS").unwrap_or(SEEDS)),
    };
    let next = AtomicU64::new(0);
    let happened: Mutex<BTreeMap<&str, u64>> = Mutex::default();
    let failure: Mutex<Option<(u64, Report)>> = Mutex::new(None);
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let nr = next.fetch_add(1, Ordering::Relaxed);
                    if nr >= count || failure.lock().unwrap().is_some() {
                        return;
                    }
                    let report = simulate(first + nr, false);
                    for (what, times) in &report.happened {
                        *happened.lock().unwrap().entry(what).or_default() += times;
                    }
                    if !report.wrong.is_empty() {
                        let mut failure = failure.lock().unwrap();
                        if failure.as_ref().is_none_or(|(seed, _)| first + nr < *seed) {
                            *failure = Some((first + nr, report));
                        }
                        return;
                    }
                }
            });
        }
    });
    if let Some((seed, report)) = failure.into_inner().unwrap() {
        panic!("{}", explain(seed, &report));
    }
    let happened = happened.into_inner().unwrap();
    println!("{count} seeds in {:?}: {happened:#?}", started.elapsed());
    if count >= ENOUGH {
        assert_eq!(missed(&happened), [""; 0], "the runs do not come to these");
    }
}

/// What comes of authorizations that end, of what a provider does twice, and of refunds that come back: this one
/// does not, and theirs do not. Of refunds that it will not make there are too few to count on. The model of the
/// policies has them.
const OF_ITSELF: [&str; 9] = [
    "PaymentRefundFailed",
    "PaymentRefundReversed",
    "StrayAuthorizationFound",
    "PaymentRefundDeferred",
    "PaymentReauthorizationRequested",
    "PaymentReauthorized",
    "PaymentReauthorizationFailed",
    "FormerAuthorizationVoided",
    "PaymentAuthorizationExpired",
];

/// What people ask for that nobody asks for here. The model of the policies has them.
const OF_THE_MODEL: [&str; 9] = [
    "TagsSet",
    "ShippingAddressChanged",
    "AmendmentProposed",
    "AmendmentApplied",
    "AmendmentWithdrawn",
    "AmendmentRejected",
    "AmendmentExpired",
    "ReservationRaised",
    // Only orders that leave in several parcels come to it.
    "PaymentRestReleaseRequested",
];

/// What runs should come to, and did not.
fn missed(happened: &BTreeMap<&str, u64>) -> Vec<&'static str> {
    let events = [
        OrderEvent::TYPES,
        StockEvent::TYPES,
        PaymentEvent::TYPES,
        ShipmentEvent::TYPES,
        ReturnEvent::TYPES,
    ];
    events
        .concat()
        .into_iter()
        .chain(FAULTS)
        .filter(|what| !OF_ITSELF.contains(what) && !OF_THE_MODEL.contains(what))
        .filter(|what| !happened.contains_key(what))
        .collect()
}

#[test]
fn a_simulated_seed_replays_exactly() {
    for seed in [1, 2, 3, 4, 5] {
        let (first, second) = (simulate(seed, true), simulate(seed, true));
        let differ = first.trace.iter().zip(&second.trace).find(|(a, b)| a != b);
        assert_eq!(differ, None, "seed {seed}");
        assert_eq!(first.digest, second.digest, "seed {seed}");
    }
}

//! Stopping under load: whatever was taken is answered, and the exit code is honest.

use futures::future::join_all;
use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tests::platform::{Api, History, Placement, Platform, Shape, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_under_load_answers_all_that_was_taken_all_in_one() {
    a_stop_under_load_answers_all_that_was_taken(Shape::AllInOne, "orders").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_under_load_answers_all_that_was_taken_in_separate_processes() {
    a_stop_under_load_answers_all_that_was_taken(Shape::Separate, "command").await;
}

async fn a_stop_under_load_answers_all_that_was_taken(shape: Shape, name: &str) {
    let platform = Platform::start(shape, &[]).await;
    let p = &platform;
    p.api.receive("A", 1_000_000).await;
    let gone = Arc::new(AtomicBool::new(false));
    let answered = Arc::new(AtomicU64::new(0));
    let clients = (0..24).map(|number| {
        let (api, gone, answered) = (p.api.clone(), gone.clone(), answered.clone());
        tokio::spawn(async move { place_until_gone(&api, number, &gone, &answered).await })
    });
    let clients: Vec<_> = clients.collect();
    eventually("there is load", async || {
        let count = answered.load(Ordering::Relaxed);
        (count >= 300)
            .then_some(())
            .ok_or_else(|| format!("{count} orders"))
    })
    .await;
    let began = Instant::now();
    let status = p.process(name).stop().await;
    let took = began.elapsed();
    gone.store(true, Ordering::Relaxed);
    assert!(status.success(), "it ended with {status}");
    assert!(took < Duration::from_secs(20), "it stopped in {took:?}");

    let mut told = BTreeSet::new();
    for client in join_all(clients).await {
        told.extend(client.expect("a client does not fail"));
    }
    // Nobody was told of an order that is not there, and no order is there of which nobody was
    // told: what was taken was answered.
    let history = History::read(p).await;
    let recorded: BTreeSet<String> = history
        .orders()
        .into_values()
        .filter_map(|(_, order)| order.placed.reference.clone())
        .collect();
    let unanswered: Vec<_> = recorded.difference(&told).collect();
    let lost: Vec<_> = told.difference(&recorded).collect();
    assert!(
        unanswered.is_empty() && lost.is_empty(),
        "unanswered: {unanswered:?}, lost: {lost:?}"
    );

    // It starts again where it was.
    p.process(name).start();
    p.process(name).ready().await;
    let id = p.api.place(&Placement::of("A", 1, 100)).await.order_id();
    p.api.order_that_is("confirmed", &id).await;
    p.stop().await;
}

/// Places orders one after the other; the references of those that were taken.
async fn place_until_gone(
    api: &Api,
    client: usize,
    gone: &AtomicBool,
    answered: &AtomicU64,
) -> Vec<String> {
    let mut told = vec![];
    for number in 0.. {
        let reference = format!("{client}-{number}");
        let body = Placement::of("A", 1, 100).reference(&reference).body();
        match api.posting("/v1/orders", &reference, &body).send().await {
            Ok(answer) if answer.status() == 201 => {
                told.push(reference);
                answered.fetch_add(1, Ordering::Relaxed);
            }
            Ok(answer) => {
                let status = answer.status();
                let text = answer.text().await.unwrap_or_default();
                assert_eq!(status, 503, "{text}");
            }
            // Not taken, or the check of the record will say that it was.
            Err(_) if gone.load(Ordering::Relaxed) => return told,
            Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    }
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn every_process_stops_in_good_order_and_starts_again() {
    let platform = Platform::start(Shape::Separate, &[]).await;
    let p = &platform;
    p.api.receive("A", 100).await;
    for process in p.processes() {
        let status = process.stop().await;
        assert!(status.success(), "{} ended with {status}", process.name());
        assert!(!process.log().contains("panicked"), "{}", process.log());
        process.start();
        process.ready().await;
        let id = p.api.place(&Placement::of("A", 1, 100)).await.order_id();
        p.api.order_that_is("confirmed", &id).await;
    }
    p.stop().await;
}

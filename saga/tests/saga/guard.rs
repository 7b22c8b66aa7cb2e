//! When participants are not called: while they are ill, and while too many calls are under way.

use crate::{
    harness::{DEADLINE, Tasks, serve},
    misbehaving::{always, nobody_listens},
};
use axum::{Router, http::StatusCode, routing::any};
use domain::{Currency, Money, OrderId};
use futures::future::join_all;
use saga::{
    CircuitState,
    carrier::{Carrier, HttpCarrier, Tracking},
    provider::{AuthorizeRequest, CallError, GuardOptions, HttpPaymentProvider, PaymentProvider},
};
use sandbox::Sandbox;
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};
use uuid::Uuid;

fn eur(amount: i64) -> Money {
    Money::new(amount, Currency::parse("EUR").unwrap())
}

fn request(key: &str) -> AuthorizeRequest {
    AuthorizeRequest {
        order_id: OrderId::new(Uuid::from_u128(1)),
        amount: eur(1_999),
        payment_method: "tok".into(),
        idempotency_key: key.into(),
    }
}

/// A client that leaves the provider alone after three calls in vain and one that was to tell, for so
/// long.
fn guarded(url: &str, rest: Duration) -> HttpPaymentProvider {
    let provider = HttpPaymentProvider::new(url, DEADLINE).unwrap();
    provider.with_guard(&GuardOptions {
        failures: 3,
        rest,
        ..GuardOptions::default()
    })
}

#[tokio::test]
async fn a_provider_that_fails_again_and_again_is_left_alone() {
    let tasks = Tasks::default();
    let (url, asked) = always(&tasks, |_| (StatusCode::BAD_GATEWAY, "")).await;
    let provider = guarded(&url, DEADLINE);
    for _ in 0..2 {
        assert!(matches!(
            provider.inquire("k").await,
            Err(CallError::Unknown(_))
        ));
    }
    // From when on it is in doubt, a question that comes to nothing only tells that it is away.
    for _ in 0..2 {
        let asked = provider.inquire("k").await;
        assert!(
            matches!(asked, Err(CallError::Deferred { .. })),
            "{asked:?}"
        );
    }
    let refusals = [
        provider.authorize(&request("k")).await.map(drop),
        provider.inquire("k").await.map(drop),
        provider.void("a", "k").await,
        provider.capture("a", eur(1), "k").await,
        provider.refund("a", eur(1), "k").await,
    ];
    for refused in refusals {
        match refused {
            Err(CallError::Deferred { wait, .. }) => assert!(wait <= DEADLINE),
            other => panic!("it is deferred: {other:?}"),
        }
    }
    assert_eq!(asked.load(Relaxed), 4, "nobody was asked");
    assert_eq!(provider.circuit(), CircuitState::Open);
}

#[tokio::test]
async fn a_provider_that_nobody_reaches_is_left_alone_until_it_is_back() {
    let (socket, url) = nobody_listens();
    let provider = guarded(&url, Duration::ZERO);
    for _ in 0..4 {
        assert!(matches!(
            provider.inquire("k").await,
            Err(CallError::Unreached(_) | CallError::Deferred { .. })
        ));
    }
    let tasks = Tasks::default();
    let listener = socket.listen(16).unwrap();
    let router = Sandbox::new(Default::default()).router();
    tasks.spawn(async move { axum::serve(listener, router).await.unwrap() });
    // Its rest has passed: one call tells, and all others are made again.
    for key in ["k1", "k2"] {
        let authorized = provider.authorize(&request(key)).await;
        assert!(authorized.is_ok(), "{authorized:?}");
    }
}

/// Of what may have been done out there, that nobody knows is never kept back.
#[tokio::test]
async fn what_may_have_been_done_is_told_while_a_provider_is_in_doubt() {
    let tasks = Tasks::default();
    for (status, is_unknown) in [(502, true), (503, false)] {
        let status = StatusCode::from_u16(status).unwrap();
        let (url, _) = always(&tasks, move |_| (status, "")).await;
        let provider = guarded(&url, Duration::ZERO);
        for _ in 0..5 {
            let answered = provider.authorize(&request("k")).await;
            let unknown = matches!(answered, Err(CallError::Unknown(_)));
            assert_eq!(unknown, is_unknown, "{status}: {answered:?}");
        }
        // What was not taken waits, instead of being tried a few times.
        let answered = provider.authorize(&request("k")).await;
        let deferred = matches!(answered, Err(CallError::Deferred { .. }));
        assert_eq!(deferred, !is_unknown, "{status}: {answered:?}");
    }
}

#[tokio::test]
async fn what_is_refused_leaves_nobody_alone() {
    let tasks = Tasks::default();
    for status in [402, 403, 404, 409, 422, 429] {
        let status = StatusCode::from_u16(status).unwrap();
        let (url, _) = always(&tasks, move |_| (status, "")).await;
        let provider = guarded(&url, DEADLINE);
        for _ in 0..4 {
            let answered = provider.void("a", "k").await;
            let deferred = matches!(answered, Err(CallError::Deferred { .. }));
            assert!(!deferred, "{status}: {answered:?}");
        }
    }
}

#[tokio::test]
async fn only_so_many_calls_are_under_way_at_once() {
    let tasks = Tasks::default();
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (coming, seen) = (now.clone(), most.clone());
    let router = Router::new().fallback(any(move || {
        let (now, most) = (coming.clone(), seen.clone());
        async move {
            most.fetch_max(now.fetch_add(1, Relaxed) + 1, Relaxed);
            tokio::time::sleep(Duration::from_millis(20)).await;
            now.fetch_sub(1, Relaxed);
            r#"{"tracking_number":"T1","status":"lost"}"#
        }
    }));
    let url = serve(router, &tasks).await;
    let carrier = HttpCarrier::new(&url, DEADLINE).unwrap();
    let carrier = carrier.with_guard(&GuardOptions {
        concurrency: 2,
        ..GuardOptions::default()
    });
    let calls = (0..12).map(|_| carrier.track("T1"));
    for tracked in join_all(calls).await {
        assert_eq!(tracked, Ok(Tracking::Lost));
    }
    assert!((1..=2).contains(&most.load(Relaxed)), "{most:?} at once");
}

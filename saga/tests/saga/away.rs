//! Orders that end while nobody is called.

use crate::{
    fakes::{Scripted, Step},
    harness::{DEADLINE, Rules, Shop, Tasks, inquiries, until},
    misbehaving::nobody_listens,
};
use async_trait::async_trait;
use chrono::TimeDelta;
use domain::{Money, policy::Limits};
use saga::{
    CircuitState,
    provider::{
        Authorization, AuthorizeRequest, CallError, GuardOptions, HttpPaymentProvider,
        PaymentProvider,
    },
};
use sandbox::Sandbox;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

/// A provider that is left alone for long, and then was never asked for anything.
#[derive(Default)]
struct Away {
    back: AtomicBool,
    authorized: AtomicUsize,
    /// How often somebody looked for how long it has been away.
    missed: AtomicUsize,
}

impl Away {
    fn is_back(&self) -> Result<(), CallError> {
        match self.back.load(Relaxed) {
            true => Ok(()),
            false => Err(CallError::Deferred {
                problem: "the circuit is open".into(),
                wait: Duration::from_millis(1),
            }),
        }
    }
}

#[async_trait]
impl PaymentProvider for Away {
    fn away(&self) -> Option<Duration> {
        self.missed.fetch_add(1, Relaxed);
        (!self.back.load(Relaxed)).then_some(Duration::from_millis(1))
    }

    async fn authorize(&self, request: &AuthorizeRequest) -> Result<Authorization, CallError> {
        self.is_back()?;
        self.authorized.fetch_add(1, Relaxed);
        Ok(Authorization::Authorized {
            authorization_id: "auth".into(),
            amount: request.amount,
            expires_at: None,
        })
    }

    async fn inquire(&self, _: &str) -> Result<Authorization, CallError> {
        self.is_back()?;
        Err(CallError::NotFound)
    }

    async fn void(&self, _: &str, _: &str) -> Result<(), CallError> {
        panic!("nothing was set aside")
    }

    async fn release(&self, _: &str, _: &str) -> Result<(), CallError> {
        panic!("nothing was set aside")
    }

    async fn capture(&self, _: &str, _: Money, _: &str) -> Result<(), CallError> {
        panic!("nothing was set aside")
    }

    async fn capture_last(&self, _: &str, _: Money, _: &str) -> Result<(), CallError> {
        panic!("nothing was set aside")
    }

    async fn refund(&self, _: &str, _: Money, _: &str) -> Result<(), CallError> {
        panic!("nothing was taken")
    }
}

/// An outage that orders wait no longer for ends with a question: nobody's money is set aside for
/// an order that has expired.
#[tokio::test]
async fn nothing_is_set_aside_for_an_order_that_has_expired_meanwhile() {
    let rules = Rules {
        limits: Limits {
            reservation: TimeDelta::milliseconds(300),
            ..Limits::default()
        },
        ..Rules::default()
    };
    let mut shop = Shop::with(rules).await;
    let provider = Arc::new(Away::default());
    shop.provider = provider.clone();
    shop.receive("A", 1).await;
    shop.start();
    let order = shop.place("tok", &["A"]).await;
    shop.until_payment(order, "PaymentVoidDeferred").await;
    provider.back.store(true, Relaxed);
    shop.until_payment(order, "PaymentVoided").await;
    assert_eq!(
        shop.payment(order).await,
        [
            "PaymentAuthorizationRequested",
            "PaymentVoidDeferred",
            "PaymentDeclined",
            "PaymentVoided",
        ]
    );
    assert_eq!(provider.authorized.load(Relaxed), 0);
    assert_eq!(shop.order(order).await, ["OrderPlaced", "OrderExpired"]);
}

/// The reservation has ended, and the provider is away: the order is no worse off for that.
#[tokio::test]
async fn an_order_waits_for_a_provider_that_is_away() {
    let rules = Rules {
        limits: Limits {
            reservation: TimeDelta::milliseconds(1),
            ..Limits::default()
        },
        outage: DEADLINE,
        ..Rules::default()
    };
    let mut shop = Shop::with(rules).await;
    let provider = Arc::new(Away::default());
    shop.provider = provider.clone();
    shop.receive("A", 1).await;
    shop.start();
    let order = shop.place("tok", &["A"]).await;
    until("the time to be up", async || {
        provider.missed.load(Relaxed) > 0
    })
    .await;
    assert_eq!(shop.order(order).await, ["OrderPlaced"]);
    provider.back.store(true, Relaxed);
    shop.until_order(order, "OrderConfirmed").await;
    assert_eq!(
        shop.payment(order).await,
        ["PaymentAuthorizationRequested", "PaymentAuthorized"]
    );
}

/// A shop with one order, and nobody at the provider's address: that is no attempt, and the circuit opens
/// however little happens.
#[tokio::test]
async fn the_only_order_of_a_quiet_shop_is_paid_once_the_provider_is_back() {
    let rules = Rules {
        retries: vec![],
        limits: inquiries(&[]),
        ..Rules::default()
    };
    let mut shop = Shop::with(rules).await;
    let (socket, url) = nobody_listens();
    let provider = HttpPaymentProvider::new(&url, DEADLINE).unwrap();
    let provider = Arc::new(provider.with_guard(&GuardOptions {
        silence: Duration::from_millis(1),
        rest: Duration::from_millis(1),
        ..GuardOptions::default()
    }));
    shop.provider = provider.clone();
    shop.receive("A", 1).await;
    shop.start();
    let order = shop.place("tok_approve", &["A"]).await;
    until("the provider to be left alone", async || {
        provider.circuit() == CircuitState::Open
    })
    .await;
    assert_eq!(shop.payment(order).await, ["PaymentAuthorizationRequested"]);
    let tasks = Tasks::default();
    let listener = socket.listen(16).unwrap();
    let router = Sandbox::new(Default::default()).router();
    tasks.spawn(async move { axum::serve(listener, router).await.unwrap() });
    shop.until_order(order, "OrderConfirmed").await;
    assert_eq!(
        shop.payment(order).await,
        ["PaymentAuthorizationRequested", "PaymentAuthorized"]
    );
    assert_eq!(provider.away(), None);
}

/// The provider never heard of it: it is put once more, under the same key.
#[tokio::test]
async fn what_a_provider_knows_nothing_of_is_put_once_more() {
    let rules = Rules {
        limits: inquiries(&[10]),
        ..Rules::default()
    };
    let mut shop = Shop::with(rules).await;
    let provider = Arc::new(Scripted::of([
        Step::Fail(CallError::Unknown("no answer".into())),
        Step::Fail(CallError::NotFound),
        Step::Authorize,
    ]));
    shop.provider = provider.clone();
    shop.receive("A", 1).await;
    shop.start();
    let order = shop.place("tok", &["A"]).await;
    shop.until_order(order, "OrderConfirmed").await;
    assert_eq!(
        shop.payment(order).await,
        [
            "PaymentAuthorizationRequested",
            "PaymentOutcomeUnknown",
            "PaymentAuthorized"
        ]
    );
    assert_eq!(provider.calls.load(Relaxed), 3);
}

//! Orders that end while nobody is called.

use crate::harness::{Rules, Shop};
use async_trait::async_trait;
use chrono::TimeDelta;
use domain::{Money, policy::Limits};
use saga::provider::{Authorization, AuthorizeRequest, CallError, PaymentProvider};
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

    async fn capture(&self, _: &str, _: Money, _: &str) -> Result<(), CallError> {
        panic!("nothing was set aside")
    }

    async fn refund(&self, _: &str, _: Money, _: &str) -> Result<(), CallError> {
        panic!("nothing was taken")
    }
}

/// An outage that is longer than a reservation ends with a question: nobody's money is set aside for
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

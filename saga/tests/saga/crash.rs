//! The sagas are cut off anywhere, and go on as if nothing had been.

use crate::{
    audit::{audit, ended},
    fakes::Slow,
    harness::{Rules, Shop, inquiries, until, within},
};
use domain::OrderId;
use std::{
    future::Future,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
};
use tokio_util::sync::CancellationToken;

/// A future that lives for so many polls.
struct Mortal<F> {
    future: Pin<Box<F>>,
    polls: usize,
}

impl<F: Future> Future for Mortal<F> {
    /// None if it died.
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.polls == 0 {
            return Poll::Ready(None);
        }
        self.polls -= 1;
        let poll = self.future.as_mut().poll(context).map(Some);
        if poll.is_pending() && self.polls == 0 {
            return Poll::Ready(None);
        }
        poll
    }
}

/// A shop with some orders of all kinds, about which nothing was done yet.
async fn busy_shop() -> (Shop, Vec<OrderId>) {
    let mut shop = Shop::with(Rules {
        limits: inquiries(&[20, 20, 20]),
        batch: 7,
        ..Rules::default()
    })
    .await;
    shop.storage = Arc::new(Slow::default());
    shop.receive("A", 20).await;
    shop.receive("B", 4).await;
    let mut orders = vec![];
    for (card, skus) in [
        ("tok_approve", &["A", "B"][..]),
        ("tok_decline_once", &["A"]),
        ("tok_decline", &["B", "A"]),
        ("tok_approve", &["A", "NONE"]),
        ("tok_approve", &["A"]),
        ("tok_slow_30", &["B"]),
    ] {
        orders.push(shop.place(card, skus).await);
    }
    shop.cancel(orders[4]).await;
    (shop, orders)
}

/// Runs the sagas until everything has ended, and checks it.
async fn finish(shop: &Shop, orders: &[OrderId], epoch: i64) {
    let stop = CancellationToken::new();
    let sagas = shop.sagas(epoch, stop.clone());
    let waiting = async {
        until("all orders to end", async || ended(shop, orders).await).await;
        shop.settle().await;
        stop.cancel();
    };
    let (ran, ()) = tokio::join!(sagas, waiting);
    ran.unwrap();
}

/// The last order of `settle` is none of `orders`, and holds money too: it is given back first.
async fn check(shop: &Shop, orders: &[OrderId]) {
    let mut all = orders.to_vec();
    for event in shop.events().await {
        let stream = event.envelope.stream;
        if event.event_type == "OrderPlaced" {
            let order: OrderId = stream.key().parse().unwrap();
            if !all.contains(&order) {
                all.push(order);
            }
        }
    }
    audit(shop, &all, &["A", "B", "LAST"]).await;
}

#[tokio::test]
async fn a_crash_anywhere_repeats_nothing() {
    for polls in (1..40).chain((40..160).step_by(7)) {
        let (shop, orders) = busy_shop().await;
        let life = Mortal {
            future: Box::pin(shop.sagas(1, CancellationToken::new())),
            polls,
        };
        // Its timers go on even when nothing is left to be done.
        let lived = within("its death", life).await;
        assert!(lived.is_none(), "it only ends by dying");
        finish(&shop, &orders, 2).await;
        check(&shop, &orders).await;
    }
}

#[tokio::test]
async fn crash_after_crash_the_sagas_get_on() {
    let (shop, orders) = busy_shop().await;
    let mut epoch = 0;
    within("all orders to end", async {
        while !ended(&shop, &orders).await {
            epoch += 1;
            // Not always at the same point.
            let polls = 4 + (epoch as usize * 7) % 13;
            let life = Mortal {
                future: Box::pin(shop.sagas(epoch, CancellationToken::new())),
                polls,
            };
            let life = pin!(life);
            assert!(life.await.is_none(), "it only ends by dying");
        }
    })
    .await;
    assert!(epoch > 5, "it took several lives: {epoch}");
    finish(&shop, &orders, epoch + 1).await;
    check(&shop, &orders).await;
}

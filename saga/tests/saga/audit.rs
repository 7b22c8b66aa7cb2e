//! What must hold when the sagas of a shop have ended, whatever went wrong on the way.

use crate::harness::Shop;
use domain::{Location, OrderId, Sku, State, StreamId, TenantId, order::Status};
use std::collections::BTreeMap;
use store::{Clock, SystemClock, Until, fold_stream};

/// The status of each of `orders`.
pub async fn statuses(shop: &Shop, orders: &[OrderId]) -> Vec<Status> {
    let mut statuses = vec![];
    for order in orders {
        let stream = StreamId::order(&TenantId::default(), *order);
        let folded = fold_stream(&shop.store, &stream, Until::End).await.unwrap();
        let State::Order(order) = folded.state else {
            panic!("{stream} is an order's");
        };
        statuses.push(order.placed().expect("it was placed").status);
    }
    statuses
}

/// Whether all of `orders` have come to where nothing more happens to them. Their stock may still
/// have to be committed or given back.
pub async fn ended(shop: &Shop, orders: &[OrderId]) -> bool {
    let is_end = |status: &Status| !matches!(status, Status::Placed | Status::Cancelling);
    statuses(shop, orders).await.iter().all(is_end)
}

/// Checks that nothing happened twice, and that our books and the provider's are the same.
pub async fn audit(shop: &Shop, orders: &[OrderId], skus: &[&str]) {
    let mut seen: BTreeMap<(String, String), usize> = BTreeMap::new();
    for event in shop.events().await {
        let key = (event.envelope.stream.to_string(), event.event_type);
        *seen.entry(key).or_default() += 1;
    }
    let of = |event: &str| -> usize {
        let of_type = seen.iter().filter(|((_, name), _)| name == event);
        of_type.map(|(_, count)| *count).sum()
    };
    for ((stream, name), count) in &seen {
        let repeats = name.starts_with("Stock")
            || name.starts_with("Reservation")
            || matches!(
                name.as_str(),
                "PaymentAuthorizationRequested" | "PaymentDeclined" | "PaymentOutcomeUnknown"
            );
        assert!(repeats || *count == 1, "{name} {count} times in {stream}");
    }

    let ledger = shop.sandbox.summary();
    assert_eq!(ledger.references.live_repeatedly, 0, "{ledger:?}");
    assert_eq!(ledger.counts.authorized as usize, of("PaymentAuthorized"));
    assert_eq!(ledger.counts.declined as usize, of("PaymentDeclined"));
    assert_eq!(ledger.counts.voided as usize, of("PaymentVoidRequested"));
    let live = ledger.counts.authorized - ledger.counts.voided;

    let statuses = statuses(shop, orders).await;
    let confirmed = statuses
        .iter()
        .filter(|status| **status == Status::Confirmed);
    assert_eq!(
        live as usize,
        confirmed.count(),
        "money is held for what is confirmed alone"
    );

    for sku in skus {
        let sku = Sku::parse(sku).unwrap();
        let stream = StreamId::stock(&TenantId::default(), &Location::default(), &sku);
        let folded = fold_stream(&shop.store, &stream, Until::End).await.unwrap();
        let State::Stock(stock) = folded.state else {
            panic!("{stream} is stock");
        };
        assert_eq!(
            stock.reserved, 0,
            "{stream}: what is not committed is given back"
        );
        for (order, _) in stock.reservations.keys() {
            let at = orders.iter().position(|known| known == order).unwrap();
            assert_eq!(statuses[at], Status::Confirmed);
        }
    }
    let backlog = shop.storage.backlog(SystemClock.now()).await.unwrap();
    assert_eq!((backlog.due, backlog.parked()), (0, 0));
}

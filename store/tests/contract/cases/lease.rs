//! What keepers of leases keep to.

use crate::world::World;
use futures::future::join_all;
use std::time::{Duration, Instant};
use store::lease::{Lease, Leases};
use uuid::Uuid;

const LONG: Duration = Duration::from_secs(600);

/// Asks until it is given, at most for ten seconds.
async fn acquire_in_time(leases: &dyn Leases, name: &str, holder: Uuid) -> Lease {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        if let Some(lease) = leases.acquire(name, holder, LONG).await.unwrap() {
            return lease;
        }
        assert!(Instant::now() < deadline, "the lease does not end");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

pub async fn one_holder_at_a_time(world: World) {
    let leases = world.leases().await;
    let (one, other) = (Uuid::new_v4(), Uuid::new_v4());
    let lease = leases.acquire("relay", one, LONG).await.unwrap().unwrap();
    assert_eq!((lease.name.as_str(), lease.holder), ("relay", one));
    assert!(lease.epoch > 0);
    assert_eq!(leases.acquire("relay", other, LONG).await.unwrap(), None);
    assert!(leases.renew(&lease, LONG).await.unwrap());
    let elsewhere = leases.acquire("saga", other, LONG).await.unwrap();
    assert!(elsewhere.is_some(), "another name is another lease");
    leases.release(&lease).await.unwrap();
    let next = leases.acquire("relay", other, LONG).await.unwrap().unwrap();
    assert!(next.epoch > lease.epoch);
}

pub async fn a_lease_that_ends_is_given_on_under_a_higher_epoch(world: World) {
    let leases = world.leases().await;
    let (one, other) = (Uuid::new_v4(), Uuid::new_v4());
    let short = Duration::from_millis(50);
    let first = leases.acquire("relay", one, short).await.unwrap().unwrap();
    let second = acquire_in_time(leases.as_ref(), "relay", other).await;
    assert!(second.epoch > first.epoch);
    leases.release(&second).await.unwrap();
    let third = acquire_in_time(leases.as_ref(), "relay", one).await;
    assert!(third.epoch > second.epoch, "an epoch is never given twice");
    let again = leases.acquire("relay", one, LONG).await.unwrap().unwrap();
    assert!(again.epoch > third.epoch, "also not to the same holder");
    assert!(!leases.renew(&third, LONG).await.unwrap());
}

pub async fn a_lost_lease_cannot_be_renewed_or_released(world: World) {
    let leases = world.leases().await;
    let (one, other) = (Uuid::new_v4(), Uuid::new_v4());
    let lost = leases
        .acquire("relay", one, Duration::from_millis(1))
        .await
        .unwrap()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(10);
    // Ended, though nobody has taken it.
    while leases.renew(&lost, Duration::from_millis(1)).await.unwrap() {
        assert!(Instant::now() < deadline, "the lease does not end");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let current = acquire_in_time(leases.as_ref(), "relay", other).await;
    assert!(!leases.renew(&lost, LONG).await.unwrap());
    leases.release(&lost).await.unwrap();
    assert!(
        leases.renew(&current, LONG).await.unwrap(),
        "it was not the loser's to release"
    );
    assert_eq!(leases.acquire("relay", one, LONG).await.unwrap(), None);
}

pub async fn of_many_who_ask_one_gets_it(world: World) {
    let leases = world.leases().await;
    for round in 0..10 {
        let name = format!("raced-{round}");
        let asking = (0..16).map(|_| leases.acquire(&name, Uuid::new_v4(), LONG));
        let answers = join_all(asking).await;
        assert_eq!(
            answers
                .iter()
                .filter(|answer| answer.as_ref().unwrap().is_some())
                .count(),
            1
        );
    }
}

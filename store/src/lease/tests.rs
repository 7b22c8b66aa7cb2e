//! Leading in virtual time.

use super::{Lease, Leases, MemoryLeases, lead};
use crate::{Clock, StoreError};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const TTL: Duration = Duration::from_secs(9);

/// Goes with tokio's time, which the tests pause.
struct VirtualClock(Instant);

impl Clock for VirtualClock {
    fn now(&self) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + self.0.elapsed()
    }
}

/// How a keeper out of reach answers.
#[derive(Clone, Copy, PartialEq)]
enum Outage {
    Error,
    Silence,
}

/// Leases whose keeper can get out of reach.
struct Shaky {
    leases: MemoryLeases,
    outage: Outage,
    out: AtomicBool,
}

impl Shaky {
    fn new(outage: Outage) -> Self {
        Self {
            leases: MemoryLeases::new(Arc::new(VirtualClock(Instant::now()))),
            outage,
            out: AtomicBool::new(false),
        }
    }

    async fn reach(&self) -> Result<(), StoreError> {
        match self.outage {
            _ if !self.out.load(SeqCst) => Ok(()),
            Outage::Error => Err(StoreError::Unavailable("out of reach".into())),
            Outage::Silence => std::future::pending().await,
        }
    }
}

#[async_trait]
impl Leases for Shaky {
    async fn acquire(
        &self,
        name: &str,
        holder: Uuid,
        ttl: Duration,
    ) -> Result<Option<Lease>, StoreError> {
        self.reach().await?;
        self.leases.acquire(name, holder, ttl).await
    }

    async fn renew(&self, lease: &Lease, ttl: Duration) -> Result<bool, StoreError> {
        self.reach().await?;
        self.leases.renew(lease, ttl).await
    }

    async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        self.reach().await?;
        self.leases.release(lease).await
    }
}

#[tokio::test(start_paused = true)]
async fn the_lease_is_kept_through_the_work_and_given_back_after_it() {
    let leases = &Shaky::new(Outage::Error);
    let stop = CancellationToken::new();
    let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let keeper = leases.leases.clone();
    let worked = lead(leases, "work", one, TTL, &stop, |lease, lost| async move {
        for _ in 0..50 {
            sleep(TTL / 4).await;
            assert_eq!(keeper.acquire("work", other, TTL).await.unwrap(), None);
            assert!(!lost.is_cancelled());
        }
        lease.epoch
    });
    assert_eq!(worked.await, Some(1));
    let next = leases.acquire("work", other, TTL).await.unwrap();
    assert_eq!(next.unwrap().epoch, 2, "at once");
}

#[tokio::test(start_paused = true)]
async fn of_several_one_leads_at_a_time_and_each_gets_its_turn() {
    let leases = &Shaky::new(Outage::Error);
    let stop = CancellationToken::new();
    let leading = &AtomicUsize::new(0);
    let turns = (0..4).map(|holder| {
        lead(
            leases,
            "work",
            Uuid::from_u128(holder),
            TTL,
            &stop,
            |lease, _| async move {
                assert_eq!(leading.fetch_add(1, SeqCst), 0, "another one leads");
                sleep(TTL * 3).await;
                leading.fetch_sub(1, SeqCst);
                lease.epoch
            },
        )
    });
    let mut epochs = futures::future::join_all(turns).await;
    epochs.sort_unstable();
    assert_eq!(epochs, [1, 2, 3, 4].map(Some));
}

#[tokio::test(start_paused = true)]
async fn a_keeper_out_of_reach_costs_the_lease_before_another_can_have_it() {
    for outage in [Outage::Error, Outage::Silence] {
        let leases = &Shaky::new(outage);
        let stop = CancellationToken::new();
        let began = Instant::now();
        let lost_after = lead(
            leases,
            "work",
            Uuid::from_u128(1),
            TTL,
            &stop,
            |_, lost| async move {
                sleep(TTL * 2).await;
                let keeper = &leases.leases;
                leases.out.store(true, SeqCst);
                lost.cancelled().await;
                let lost_after = began.elapsed();
                let other = keeper.acquire("work", Uuid::from_u128(2), TTL).await;
                // The two clocks are one here, so the end is the same moment for both.
                assert!(other.unwrap().is_none_or(|lease| lease.epoch == 2));
                lost_after
            },
        );
        let lost_after = lost_after.await.unwrap();
        assert!(
            lost_after > TTL * 2 && lost_after <= TTL * 3,
            "{lost_after:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_short_outage_costs_nothing() {
    let leases = &Shaky::new(Outage::Error);
    let stop = CancellationToken::new();
    let worked = lead(
        leases,
        "work",
        Uuid::from_u128(1),
        TTL,
        &stop,
        |_, lost| async move {
            for _ in 0..10 {
                leases.out.store(true, SeqCst);
                sleep(TTL / 2).await;
                leases.out.store(false, SeqCst);
                sleep(TTL).await;
            }
            lost.is_cancelled()
        },
    );
    assert_eq!(worked.await, Some(false));
}

#[tokio::test(start_paused = true)]
async fn a_holder_that_was_paused_too_long_loses_the_lease() {
    let leases = &Shaky::new(Outage::Error);
    let stop = CancellationToken::new();
    let keeper = leases.leases.clone();
    let worked = lead(
        leases,
        "work",
        Uuid::from_u128(1),
        TTL,
        &stop,
        |_, lost| async move {
            // No other task runs meanwhile, as when a process is stopped.
            tokio::time::advance(TTL * 2).await;
            let other = keeper.acquire("work", Uuid::from_u128(2), TTL).await;
            assert_eq!(other.unwrap().unwrap().epoch, 2);
            lost.cancelled().await;
            keeper
        },
    );
    let keeper = worked.await.unwrap();
    let third = keeper.acquire("work", Uuid::from_u128(3), TTL).await;
    assert_eq!(
        third.unwrap(),
        None,
        "what was released was not the other's lease"
    );
}

#[tokio::test(start_paused = true)]
async fn whoever_is_stopped_before_its_turn_does_no_work() {
    let leases = &Shaky::new(Outage::Error);
    let stop = CancellationToken::new();
    leases
        .acquire("work", Uuid::from_u128(1), TTL * 1_000)
        .await
        .unwrap();
    tokio::spawn({
        let stop = stop.clone();
        async move {
            sleep(TTL * 10).await;
            stop.cancel();
        }
    });
    let worked = lead(
        leases,
        "work",
        Uuid::from_u128(2),
        TTL,
        &stop,
        |_, _| async move { panic!("the lease is another's") },
    );
    assert_eq!(worked.await, None::<()>);
}

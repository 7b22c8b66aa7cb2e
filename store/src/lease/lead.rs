//! Doing a work under a lease.

use super::{Lease, Leases};
use std::{future::Future, time::Duration};
use tokio::time::{Instant, sleep, sleep_until, timeout_at};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// The most a lease is asked for less often, while another has it: how late a take-over may be.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// Gets the lease on `name`, does `work` under it, and gives the lease back. `None` if `stop` came
/// before the lease.
///
/// The work gets the lease, whose epoch is to fence what it writes, and a token that is cancelled
/// when the lease is lost: somebody else has it, or it could not be renewed in time, by this
/// process's own clock. The work then has to end; whatever it still writes is refused. It also has
/// to see to `stop` itself, in good order.
///
/// A holder is one attempt at leading: give each runner its own random id, so that two of them never
/// take each other for themselves.
pub async fn lead<T, W>(
    leases: &dyn Leases,
    name: &str,
    holder: Uuid,
    ttl: Duration,
    stop: &CancellationToken,
    work: impl FnOnce(Lease, CancellationToken) -> W,
) -> Option<T>
where
    W: Future<Output = T>,
{
    let (lease, valid_until) = tokio::select! {
        biased;
        () = stop.cancelled() => return None,
        acquired = acquire(leases, name, holder, ttl) => acquired,
    };
    tracing::info!(name, epoch = lease.epoch, "leading {name}");
    let lost = CancellationToken::new();
    let working = work(lease.clone(), lost.clone());
    let result = {
        let renewing = renew(leases, &lease, ttl, valid_until);
        tokio::pin!(working, renewing);
        tokio::select! {
            biased;
            result = &mut working => result,
            () = &mut renewing => {
                tracing::warn!(name, epoch = lease.epoch, "no longer leading {name}");
                lost.cancel();
                working.await
            }
        }
    };
    // Also a lease that was thought lost: it may only have been late. Who has it now is not harmed.
    match timeout_at(Instant::now() + ttl, leases.release(&lease)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(name, %error, "the lease on {name} ends by itself"),
        Err(_) => tracing::warn!(name, "the lease on {name} ends by itself"),
    }
    Some(result)
}

/// Asks until it is given; says also until when it lasts at least, by this process's clock.
async fn acquire(leases: &dyn Leases, name: &str, holder: Uuid, ttl: Duration) -> (Lease, Instant) {
    let longest = LONGEST_WAIT.min(ttl / 3);
    let mut wait = longest / 8;
    loop {
        let asked = Instant::now();
        match timeout_at(asked + ttl, leases.acquire(name, holder, ttl)).await {
            // The keeper counts from later than we asked.
            Ok(Ok(Some(lease))) if Instant::now() < asked + ttl => return (lease, asked + ttl),
            // Given too late to be of use, or somebody else's.
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::warn!(name, %error, "asking for the lease on {name} again"),
            Err(_) => tracing::warn!(name, "asking for the lease on {name} again"),
        }
        sleep(wait).await;
        wait = longest.min(wait * 2);
    }
}

/// Renews the lease until it is lost.
async fn renew(leases: &dyn Leases, lease: &Lease, ttl: Duration, mut valid_until: Instant) {
    let name = lease.name.as_str();
    loop {
        // A third of the time passes before the first attempt, which leaves room for others.
        let renewed_at = valid_until - ttl;
        sleep_until(renewed_at + ttl / 3).await;
        loop {
            let asked = Instant::now();
            if asked >= valid_until {
                return;
            }
            match timeout_at(valid_until, leases.renew(lease, ttl)).await {
                Ok(Ok(true)) if Instant::now() < valid_until => {
                    valid_until = asked + ttl;
                    break;
                }
                Ok(Ok(_)) | Err(_) => return,
                Ok(Err(error)) => {
                    tracing::warn!(name, %error, "renewing the lease on {name} again");
                    sleep_until(valid_until.min(asked + ttl / 10)).await;
                }
            }
        }
    }
}

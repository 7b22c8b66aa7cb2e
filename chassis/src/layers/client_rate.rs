//! How often one client may ask: so that one that asks in a loop leaves room for the others.
//!
//! A client is an address; once requests carry a principal, that takes its place. Behind a proxy all
//! clients have the proxy's address, and the limit belongs there.

use std::{
    net::{IpAddr, Ipv6Addr},
    num::NonZeroUsize,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::extract::Request;
use lru::LruCache;

use super::PROBE_PATHS;
use crate::{config::HttpSettings, server::Client};

/// Clients that are remembered. Of more than that, those that have not asked for longest begin anew,
/// which does them no harm.
const CLIENTS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(16_383);

/// A bucket of `burst` requests for each client, filled again at a steady rate.
///
/// All that is kept of a bucket is when it will be full (the generic cell rate algorithm).
pub(super) struct ClientRate {
    /// In which one request is filled in.
    interval: Duration,
    /// In which an empty bucket is full again, less one request.
    burst: Duration,
    began: Instant,
    full_at: Mutex<LruCache<IpAddr, Duration>>,
}

impl ClientRate {
    /// As the settings say; `None` where they set no limit.
    pub(super) fn new(http: &HttpSettings) -> Option<Self> {
        if http.client_requests_per_s == 0 {
            return None;
        }
        let interval = Duration::from_secs(1) / http.client_requests_per_s;
        Some(Self {
            interval,
            burst: interval * (http.client_burst - 1),
            began: Instant::now(),
            full_at: Mutex::new(LruCache::new(CLIENTS)),
        })
    }

    /// Takes a request out of its client's bucket; if there is none, says when there will be.
    /// Probes, and requests that came by no connection, are not counted.
    pub(super) fn refuse(&self, request: &Request) -> Option<Duration> {
        let Client(address) = request.extensions().get()?;
        if PROBE_PATHS.contains(&request.uri().path()) {
            return None;
        }
        self.take(*address, self.began.elapsed()).err()
    }

    fn take(&self, address: IpAddr, now: Duration) -> Result<(), Duration> {
        let client = subscriber(address);
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let full = full_at.get(&client).copied().unwrap_or_default().max(now);
        let missing = full - now;
        if missing > self.burst {
            return Err(missing - self.burst);
        }
        full_at.put(client, full + self.interval);
        Ok(())
    }
}

/// One subscriber has a whole network of IPv6 addresses.
fn subscriber(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(per_second: u32, burst: u32) -> ClientRate {
        let http = HttpSettings {
            client_requests_per_s: per_second,
            client_burst: burst,
            ..HttpSettings::default()
        };
        ClientRate::new(&http).expect("there is a limit")
    }

    fn address(text: &str) -> IpAddr {
        text.parse().expect("it is an address")
    }

    const fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn there_is_no_limit_unless_one_is_set() {
        assert!(ClientRate::new(&HttpSettings::default()).is_none());
    }

    #[test]
    fn a_burst_is_let_through_and_then_the_rate_holds() {
        let rate = rate(10, 3);
        let client = address("192.0.2.1");
        for _ in 0..3 {
            assert_eq!(rate.take(client, at(0)), Ok(()));
        }
        assert_eq!(rate.take(client, at(0)), Err(at(100)));
        assert_eq!(rate.take(client, at(60)), Err(at(40)));
        assert_eq!(rate.take(client, at(100)), Ok(()));
        assert_eq!(
            rate.take(client, at(100)),
            Err(at(100)),
            "refusals are free"
        );
        // Others are not concerned.
        assert_eq!(rate.take(address("192.0.2.2"), at(100)), Ok(()));
        // Who waits has the whole burst again, and no more than that.
        for _ in 0..3 {
            assert_eq!(rate.take(client, at(60_000)), Ok(()));
        }
        assert!(rate.take(client, at(60_000)).is_err());
    }

    #[test]
    fn a_network_of_addresses_is_one_client() {
        let rate = rate(1, 1);
        assert_eq!(rate.take(address("2001:db8::1"), at(0)), Ok(()));
        assert!(rate.take(address("2001:db8::2"), at(0)).is_err());
        assert_eq!(rate.take(address("2001:db8:0:1::1"), at(0)), Ok(()));
        assert_eq!(rate.take(address("192.0.2.1"), at(0)), Ok(()));
        assert!(rate.take(address("::ffff:192.0.2.1"), at(0)).is_err());
    }

    #[test]
    fn no_more_clients_are_remembered_than_there_is_room_for() {
        let rate = rate(1, 1);
        for client in 0..20_000_u32 {
            assert_eq!(rate.take(IpAddr::V4(client.into()), at(0)), Ok(()));
        }
        let full_at = rate.full_at.lock().expect("nobody panicked");
        assert_eq!(full_at.len(), CLIENTS.get());
    }
}

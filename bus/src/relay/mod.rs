//! The relay: publishes the store's events, in order, to a broker's stream.
//!
//! One relay leads at a time. Each message says which sequence number it has to follow on, so that
//! whatever goes wrong (a second relay, a message or a stream that got lost, an answer that never
//! came) shows as a mismatch. Then the relay looks at what the stream ends with, and goes on from
//! there. The stream is no record: readers tell by the positions whether they miss something, and
//! read the store then.

mod session;

use crate::{RelayOptions, back_off::BackOff, broker::Broker};
use session::{Lessons, Session, Stumble};
use std::{sync::Arc, time::Duration};
use store::{
    EventReader, StoreError,
    lease::{Lease, Leases, lead},
};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Publishes the store's events to a broker while it leads.
pub struct Relay {
    reader: Arc<dyn EventReader>,
    broker: Arc<dyn Broker>,
    leases: Arc<dyn Leases>,
    holder: Uuid,
    options: RelayOptions,
}

impl Relay {
    /// A relay from `reader` to `broker`. `holder` tells it from all other relays: a random id.
    pub fn new(
        reader: Arc<dyn EventReader>,
        broker: Arc<dyn Broker>,
        leases: Arc<dyn Leases>,
        holder: Uuid,
        options: RelayOptions,
    ) -> Self {
        Self {
            reader,
            broker,
            leases,
            holder,
            options,
        }
    }

    /// Leads whenever nobody else does, and publishes while it leads, until `stop`. Nothing that
    /// store or broker do ends it.
    pub async fn run(&self, stop: CancellationToken) {
        let RelayOptions {
            lease, lease_for, ..
        } = &self.options;
        let stop = &stop;
        while !stop.is_cancelled() {
            let work = |lease: Lease, lost: CancellationToken| async move {
                tokio::select! {
                    biased;
                    () = stop.cancelled() => {}
                    () = lost.cancelled() => {}
                    () = self.publish(&lease) => {}
                }
            };
            lead(&*self.leases, lease, self.holder, *lease_for, stop, work).await;
        }
    }

    /// Publishes until it is known that another leads.
    async fn publish(&self, lease: &Lease) {
        let mut back_off = BackOff::new(self.options.back_off);
        let mut lessons = Lessons::default();
        let mut told = false;
        loop {
            let stumble = match self.is_leading(lease).await {
                Ok(true) => {
                    let mut session = Session::new(self, &mut lessons);
                    let stumble = session.run().await;
                    if session.acknowledged > 0 {
                        back_off.reset();
                        told = false;
                    }
                    stumble
                }
                Ok(false) => return,
                Err(error) => Stumble::Store(error),
            };
            metrics::counter!("relay_stumbles_total", "why" => stumble.kind()).increment(1);
            let wait = back_off.take();
            if !std::mem::replace(&mut told, true) {
                tracing::warn!(
                    error = &stumble as &dyn std::error::Error,
                    "the relay looks at the stream again: {stumble}"
                );
            }
            sleep(wait).await;
        }
    }

    /// Whether the lease is still ours: one that was paused for long finds out before it does more.
    async fn is_leading(&self, lease: &Lease) -> Result<bool, StoreError> {
        let ttl = self.options.lease_for;
        let renewed = timeout(ttl, self.leases.renew(lease, ttl)).await;
        renewed.unwrap_or_else(|elapsed| Err(StoreError::Unavailable(Box::new(elapsed))))
    }

    const fn pace(&self) -> Duration {
        self.options.pace
    }
}

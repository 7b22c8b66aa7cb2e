//! Leases that KurrentDB keeps: the last event of a stream says who has one, and since when.
//!
//! Whoever takes, prolongs or ends a lease appends to its stream, expecting that nobody else has
//! meanwhile. All times are the server's: when it recorded an event, and what time it is.

use super::{
    clock,
    connection::Connections,
    event::record,
    reading::Question,
    wire::{Check, NO_STREAM},
    writing::{NotAppended, kept},
};
use crate::{
    StoreError,
    lease::{Lease, Leases},
};
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::{sync::Arc, time::Duration};
use uuid::Uuid;

const TYPE: &str = "LeaseHeld";

/// Leases that KurrentDB keeps.
pub struct KurrentLeases(Arc<Connections>);

/// What an event says.
#[derive(Serialize, Deserialize)]
struct Held {
    holder: Uuid,
    epoch: i64,
    /// From when the event was recorded; zero if it was given back.
    milliseconds: i64,
}

/// Who has a lease, as its stream says.
struct State {
    held: Held,
    until: DateTime<Utc>,
    revision: i64,
}

impl State {
    /// Whether `lease` is the one that is held at `now`.
    fn is(&self, lease: &Lease, now: DateTime<Utc>) -> bool {
        let Held { holder, epoch, .. } = self.held;
        (holder, epoch) == (lease.holder, lease.epoch) && self.until > now
    }
}

impl KurrentLeases {
    pub(super) const fn new(connections: Arc<Connections>) -> Self {
        Self(connections)
    }

    async fn state(&self, name: &str) -> Result<Option<State>, StoreError> {
        let question = Question::last_of(&self.0.names().of_lease(name));
        let read = self.0.read("looking up a lease", &question).await?;
        let Some(last) = read.first() else {
            return Ok(None);
        };
        let held: Held =
            serde_json::from_slice(&last.0.data).map_err(|error| last.corrupt("data", error))?;
        let ttl = TimeDelta::try_milliseconds(held.milliseconds);
        let until = ttl.and_then(|ttl| last.recorded_at().ok()?.checked_add_signed(ttl));
        Ok(Some(State {
            until: until.unwrap_or(DateTime::<Utc>::MAX_UTC),
            revision: last.version().get() - 1,
            held,
        }))
    }

    /// Whether nobody else was faster.
    async fn write(&self, name: &str, held: &Held, revision: i64) -> Result<bool, StoreError> {
        let stream = self.0.names().of_lease(name);
        let payload = serde_json::to_vec(held).map_err(|error| StoreError::Failed {
            what: format!("writing the lease on {name}"),
            source: error.into(),
        })?;
        let mut records = vec![record(
            stream.clone(),
            Uuid::new_v4(),
            TYPE,
            payload,
            vec![],
        )];
        if revision == NO_STREAM {
            records.push(kept(&stream, &json!({"$maxCount": 1})));
        }
        match self
            .0
            .append(records, vec![Check::state(stream, revision)])
            .await
        {
            Ok(_) => Ok(true),
            Err(NotAppended::Violated(_)) => Ok(false),
            Err(NotAppended::Store(error) | NotAppended::Broken(error)) => Err(error),
        }
    }
}

fn milliseconds(ttl: Duration) -> i64 {
    i64::try_from(ttl.as_millis()).unwrap_or(i64::MAX)
}

#[async_trait]
impl Leases for KurrentLeases {
    async fn acquire(
        &self,
        name: &str,
        holder: Uuid,
        ttl: Duration,
    ) -> Result<Option<Lease>, StoreError> {
        let state = self.state(name).await?;
        let (epoch, revision) = match &state {
            // Above all that was ever given, also where the lease is new because the store was restored
            // and those whom it fences were not: whole seconds, of which one lease does not take one each.
            None => (clock::now(&self.0).await?.timestamp(), NO_STREAM),
            Some(state) => (state.held.epoch + 1, state.revision),
        };
        if let Some(state) = state
            && state.held.holder != holder
            && state.until > clock::now(&self.0).await?
        {
            return Ok(None);
        }
        let held = Held {
            holder,
            epoch,
            milliseconds: milliseconds(ttl),
        };
        let taken = self.write(name, &held, revision).await?;
        Ok(taken.then(|| Lease {
            name: name.to_owned(),
            holder,
            epoch,
        }))
    }

    async fn renew(&self, lease: &Lease, ttl: Duration) -> Result<bool, StoreError> {
        let Some(state) = self.state(&lease.name).await? else {
            return Ok(false);
        };
        if !state.is(lease, clock::now(&self.0).await?) {
            return Ok(false);
        }
        let held = Held {
            milliseconds: milliseconds(ttl),
            ..state.held
        };
        self.write(&lease.name, &held, state.revision).await
    }

    async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        let Some(state) = self.state(&lease.name).await? else {
            return Ok(());
        };
        if state.is(lease, clock::now(&self.0).await?) {
            let held = Held {
                milliseconds: 0,
                ..state.held
            };
            // If somebody was faster, it is no longer this one's to give back.
            self.write(&lease.name, &held, state.revision).await?;
        }
        Ok(())
    }
}

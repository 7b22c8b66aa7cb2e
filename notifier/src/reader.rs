//! Reads the events, and records whom they are told to: once for each event and channel.
//!
//! Only this makes deliveries, from its own checkpoint: projections are replayed as often as one likes,
//! and nobody hears of it.

use crate::{
    error::NotifyError,
    key::delivery_id,
    notice::Notice,
    schedule::Schedule,
    status::Status,
    storage::{Checkpoint, NotifyStore, Planned, Target},
    telemetry,
};
use bus::Feed;
use chrono::{DateTime, Utc};
use std::{convert::Infallible, sync::Arc, time::Duration};
use store::{Bookmark, Clock, Delivered, EventReader, StoreError};
use tokio::{sync::Notify, time::Instant};

/// Its name among the parts.
pub(crate) const PART: &str = "reader";

/// How often the checkpoint is written while nobody is told anything.
const IDLE_CHECKPOINT: Duration = Duration::from_secs(1);

/// What is said of what is not sent to an endpoint that is disabled.
const DISABLED: &str = "the endpoint was disabled";

/// Reads the events.
pub(crate) struct Reader {
    pub feed: Arc<dyn Feed>,
    pub events: Arc<dyn EventReader>,
    pub store: NotifyStore,
    pub clock: Arc<dyn Clock>,
    pub plan: Plan,
    pub batch: usize,
    pub patience: Duration,
    /// Told that there is something to send.
    pub due: Arc<Notify>,
    pub status: Status,
}

/// How deliveries are planned.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub webhooks: Schedule,
    /// None where there is no e-mail.
    pub emails: Option<Schedule>,
}

impl Reader {
    /// Reads on and on. After an error it may be run again: it goes on from the checkpoint.
    pub(crate) async fn run(&self) -> Result<Infallible, NotifyError> {
        let mut at = self.begin().await?;
        let mut written = at.position;
        let mut written_at = Instant::now();
        loop {
            let events = self.feed.next(at, self.batch, self.patience).await;
            let events = events.map_err(rewound)?;
            let notices = notices(&events)?;
            let Some(last) = events.last() else {
                telemetry::idle();
                if written < at.position {
                    self.store
                        .record(written, at, &[], self.clock.now())
                        .await?;
                    (written, written_at) = (at.position, Instant::now());
                }
                self.status.works(PART);
                continue;
            };
            at = place(last);
            if notices.is_empty() && written_at.elapsed() < IDLE_CHECKPOINT {
                continue;
            }
            let now = self.clock.now();
            let planned = match notices.is_empty() {
                true => vec![],
                false => self.plan.of(&notices, &self.store.targets().await?, now),
            };
            self.store.record(written, at, &planned, now).await?;
            (written, written_at) = (at.position, Instant::now());
            if !planned.is_empty() {
                self.due.notify_waiters();
            }
            self.tell(last);
        }
    }

    /// Where it goes on: at the checkpoint; the first time at the head, as nobody has asked to be told
    /// of what was before.
    async fn begin(&self) -> Result<Bookmark, NotifyError> {
        let head = self.feed.head().await?;
        let known = match self.store.read_checkpoint().await? {
            Some(known) => known,
            None => {
                let first = Checkpoint {
                    at: self.events.bookmark(head.position).await?,
                    store_epoch: head.epoch,
                };
                self.store.checkpoint(first).await?
            }
        };
        if known.store_epoch != head.epoch || head.position < known.at.position {
            return Err(NotifyError::Rewound(known.at.position));
        }
        Ok(known.at)
    }

    fn tell(&self, last: &Delivered) {
        if let Ok(event) = last {
            let envelope = &event.envelope;
            let lag = (self.clock.now() - envelope.recorded_at).to_std();
            telemetry::read(envelope.position.get(), lag.unwrap_or_default());
        }
        self.status.works(PART);
    }
}

impl Plan {
    /// Whom `notices` are told to, among `targets`.
    fn of(&self, notices: &[Notice], targets: &[Target], now: DateTime<Utc>) -> Vec<Planned> {
        let mut planned = vec![];
        for notice in notices {
            let one = |endpoint, due_at| Planned {
                id: delivery_id(notice.event_id, endpoint),
                tenant: notice.tenant.as_str().to_owned(),
                endpoint,
                event_id: notice.event_id.uuid(),
                position: notice.position.get(),
                event_type: notice.kind.name(),
                order_id: notice.order_id.uuid(),
                occurred_at: notice.occurred_at,
                body: notice.body.clone(),
                due_at,
                skipped: None,
            };
            for target in targets.iter().filter(|target| wants(target, notice)) {
                planned.push(Planned {
                    skipped: target.disabled.then_some(DISABLED),
                    ..one(Some(target.id), self.webhooks.first(now))
                });
            }
            if let Some(emails) = &self.emails {
                planned.push(one(None, emails.first(now)));
            }
        }
        planned
    }
}

/// Whether an endpoint is told of this.
fn wants(target: &Target, notice: &Notice) -> bool {
    target.tenant == notice.tenant.as_str()
        && target.after_position < notice.position.get()
        && (target.events.is_empty() || target.events.iter().any(|name| name == notice.kind.name()))
}

fn notices(events: &[Arc<Delivered>]) -> Result<Vec<Notice>, NotifyError> {
    let mut notices = vec![];
    for event in events {
        let event = event.as_ref().as_ref().map_err(Clone::clone)?;
        notices.extend(Notice::of(event));
    }
    Ok(notices)
}

fn place(event: &Delivered) -> Bookmark {
    Bookmark::at(match event {
        Ok(event) => &event.envelope,
        Err(error) => &error.envelope,
    })
}

fn rewound(error: StoreError) -> NotifyError {
    match error {
        StoreError::Rewound { checkpoint, .. } => NotifyError::Rewound(checkpoint),
        error => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;
    use uuid::Uuid;

    fn target(id: u128, events: &[&str]) -> Target {
        Target {
            id: Uuid::from_u128(id),
            tenant: "main".into(),
            events: events.iter().map(|name| (*name).into()).collect(),
            after_position: 0,
            disabled: false,
        }
    }

    fn planned(targets: &[Target], emails: bool) -> Vec<Planned> {
        let plan = Plan {
            webhooks: Schedule::new(&[0]),
            emails: emails.then(|| Schedule::new(&[60])),
        };
        let notices: Vec<_> = testing::history().iter().filter_map(Notice::of).collect();
        plan.of(&notices, targets, DateTime::UNIX_EPOCH)
    }

    #[test]
    fn each_endpoint_is_told_of_what_it_wants_to_know() {
        let names = |targets: &[Target]| -> Vec<&str> {
            let planned = planned(targets, false);
            planned.iter().map(|one| one.event_type).collect()
        };
        assert_eq!(names(&[target(1, &[])]).len(), 5);
        let some = ["order.cancelled", "order.confirmed"];
        assert_eq!(
            names(&[target(1, &some)]),
            ["order.confirmed", "order.cancelled"]
        );
        // What was before it, it does not hear of, nor what is another shop's.
        let late = Target {
            after_position: 3,
            ..target(1, &[])
        };
        assert_eq!(
            names(&[late]),
            [
                "order.refunded",
                "order.cancelled",
                "order.parcel_cancelled"
            ]
        );
        let other = Target {
            tenant: "other".into(),
            ..target(1, &[])
        };
        assert!(names(&[other]).is_empty());
    }

    #[test]
    fn deliveries_are_the_same_whenever_they_are_planned() {
        let targets = [target(1, &[]), target(2, &["order.confirmed"])];
        let first = planned(&targets, true);
        assert_eq!(first.len(), 5 + 1 + 5);
        assert_eq!(first, planned(&targets, true));
        let mut ids: Vec<_> = first.iter().map(|one| one.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), first.len());
        let emails = first.iter().filter(|one| one.endpoint.is_none());
        assert!(emails.into_iter().all(|one| one.due_at.timestamp() == 60));
    }

    #[test]
    fn what_a_disabled_endpoint_misses_is_known() {
        let disabled = Target {
            disabled: true,
            ..target(1, &[])
        };
        let missed = planned(&[disabled], false);
        assert!(missed.iter().all(|one| one.skipped == Some(DISABLED)));
        assert_eq!(missed.len(), 5);
    }
}

//! Webhooks as deliveries: what is sent, and what follows from what came of it.

use super::{
    secret::WebhookSecret,
    send::{Answered, Message, WebhookSender},
};
use crate::{
    dispatch::Deliver,
    error::NotifyError,
    schedule::Schedule,
    storage::{Attempted, Channel, Claimed, NotifyStore, Settled},
};
use chrono::{DateTime, TimeDelta, Utc};
use std::{collections::HashMap, sync::Arc};
use store::Clock;
use uuid::Uuid;
use vault::Vault;

/// Why an endpoint is disabled that failed as often as may be.
pub(crate) const FAILING: &str = "failing";
/// Why one is disabled that answered 410.
pub(crate) const GONE: &str = "gone";

/// How long a delivery waits whose endpoint has no secret that can be read.
const UNSIGNED: TimeDelta = TimeDelta::minutes(1);

/// Delivers webhooks.
#[derive(Clone)]
pub(crate) struct Webhooks {
    pub sender: WebhookSender,
    pub store: NotifyStore,
    pub vault: Vault,
    pub clock: Arc<dyn Clock>,
    pub schedule: Schedule,
}

impl Deliver for Webhooks {
    const CHANNEL: Channel = Channel::Webhook;
    const PART: &'static str = "webhooks";

    type Prepared = Arc<HashMap<Uuid, Vec<WebhookSecret>>>;

    fn allows(&self, attempts: u32) -> bool {
        self.schedule.allows(attempts)
    }

    async fn prepare(&self, claimed: &[Claimed]) -> Result<Self::Prepared, NotifyError> {
        let mut endpoints: Vec<Uuid> = claimed.iter().filter_map(|one| one.endpoint).collect();
        endpoints.sort_unstable();
        endpoints.dedup();
        let now = self.clock.now();
        let secrets = self.store.secrets(&self.vault, &endpoints, now).await?;
        Ok(Arc::new(secrets))
    }

    async fn deliver(&self, claimed: &Claimed, secrets: &Self::Prepared) -> Attempted {
        let of = claimed.endpoint.and_then(|endpoint| secrets.get(&endpoint));
        let message = Message {
            id: claimed.id.to_string(),
            url: claimed.url.as_deref().unwrap_or_default(),
            body: &claimed.body,
            secrets: of.map(Vec::as_slice).unwrap_or_default(),
        };
        // What is not signed is not sent; that is no fault of the endpoint's, and no attempt.
        if message.secrets.is_empty() {
            return Attempted {
                status: None,
                problem: Some("no secret of the endpoint can be read".into()),
                settled: Settled::Deferred(self.clock.now() + UNSIGNED),
            };
        }
        let answered = self.sender.send(&message, self.clock.now()).await;
        settled(&self.schedule, claimed, answered, self.clock.now())
    }
}

/// What is recorded of an attempt.
fn settled(
    schedule: &Schedule,
    claimed: &Claimed,
    answered: Answered,
    now: DateTime<Utc>,
) -> Attempted {
    match answered {
        Answered::Delivered { status } => Attempted {
            status: Some(status),
            problem: None,
            settled: Settled::Delivered,
        },
        Answered::Gone => Attempted {
            status: Some(410),
            problem: Some("it answered 410 Gone".into()),
            settled: Settled::Failed {
                disable: Some(GONE),
            },
        },
        Answered::Failed {
            status,
            problem,
            retry_after,
        } => {
            let again = schedule.again(claimed.id, claimed.attempts, now, retry_after);
            Attempted {
                status,
                problem: Some(problem),
                settled: match again {
                    Some(at) => Settled::Again(at),
                    None => Settled::Failed {
                        disable: Some(FAILING),
                    },
                },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(attempts: u32, answered: Answered) -> Settled {
        let claimed = Claimed {
            id: Uuid::from_u128(1),
            lease: Uuid::nil(),
            tenant: "main".into(),
            endpoint: Some(Uuid::from_u128(2)),
            url: None,
            event_type: "order.confirmed".into(),
            order_id: Uuid::nil(),
            body: String::new(),
            attempts,
        };
        let schedule = Schedule::new(&[0, 5, 300]);
        settled(&schedule, &claimed, answered, DateTime::UNIX_EPOCH).settled
    }

    #[test]
    fn only_success_is_success_and_the_last_failure_disables() {
        let failed = || Answered::Failed {
            status: Some(301),
            problem: "it answered 301".into(),
            retry_after: None,
        };
        let delivered = Answered::Delivered { status: 204 };
        assert_eq!(after(3, delivered), Settled::Delivered);
        assert!(matches!(after(1, failed()), Settled::Again(at) if at.timestamp() >= 5));
        assert!(matches!(after(2, failed()), Settled::Again(at) if at.timestamp() >= 300));
        let disable = Some(FAILING);
        assert_eq!(after(3, failed()), Settled::Failed { disable });
        let disable = Some(GONE);
        assert_eq!(after(1, Answered::Gone), Settled::Failed { disable });
    }
}

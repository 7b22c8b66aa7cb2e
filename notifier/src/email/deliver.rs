//! E-mails as deliveries: what is sent, and what follows from what came of it.

use super::{
    recipient::letter,
    send::{EmailSender, Handed},
    template::text,
};
use crate::{
    dispatch::Deliver,
    error::NotifyError,
    schedule::Schedule,
    storage::{Attempted, Channel, Claimed, Settled},
};
use chrono::{DateTime, TimeDelta, Utc};
use lettre::{Address, message::Mailbox};
use std::sync::Arc;
use store::{Clock, EventReader};
use vault::Vault;

/// How long an e-mail waits while events cannot be read, or keys cannot be reached.
const AWAY: TimeDelta = TimeDelta::seconds(10);

/// Delivers e-mail.
#[derive(Clone)]
pub(crate) struct Emails {
    pub sender: EmailSender,
    pub reader: Arc<dyn EventReader>,
    pub vault: Vault,
    pub clock: Arc<dyn Clock>,
    pub schedule: Schedule,
}

impl Deliver for Emails {
    const CHANNEL: Channel = Channel::Email;
    const PART: &'static str = "emails";

    type Prepared = ();

    fn allows(&self, attempts: u32) -> bool {
        self.schedule.allows(attempts)
    }

    async fn prepare(&self, _: &[Claimed]) -> Result<(), NotifyError> {
        Ok(())
    }

    async fn deliver(&self, claimed: &Claimed, (): &()) -> Attempted {
        let letter = match letter(claimed, self.reader.as_ref(), &self.vault).await {
            Ok(Ok(letter)) => letter,
            Ok(Err(nobody)) => return settled(Settled::Skipped, Some(nobody.why().into())),
            Err(error) => {
                let now = self.clock.now();
                let settled = match error.is_transient() {
                    true => Settled::Deferred(now + AWAY),
                    false => self.again(claimed, now),
                };
                return self::settled(settled, Some(error.in_short()));
            }
        };
        let email = letter.profile.email.as_deref().unwrap_or_default();
        let Ok(address) = email.parse::<Address>() else {
            let problem = "the customer's e-mail address is none";
            return settled(Settled::Skipped, Some(problem.into()));
        };
        let name = letter.profile.name.clone();
        let text = text(&letter.about, name.as_deref());
        let to = Mailbox::new(name, address);
        let now = self.clock.now();
        let handed = self.sender.send(claimed.id, to, text, now.into()).await;
        self.follow(claimed, handed, self.clock.now())
    }
}

impl Emails {
    /// What is recorded of an attempt.
    fn follow(&self, claimed: &Claimed, handed: Handed, now: DateTime<Utc>) -> Attempted {
        match handed {
            Handed::Over => settled(Settled::Delivered, None),
            Handed::Deferred(wait) => {
                let wait = TimeDelta::from_std(wait).unwrap_or(AWAY);
                let problem = "the server did not answer lately, and is left alone";
                settled(Settled::Deferred(now + wait), Some(problem.into()))
            }
            Handed::Later(problem) => settled(self.again(claimed, now), Some(problem)),
            Handed::Refused(problem) => settled(Settled::Failed { disable: None }, Some(problem)),
        }
    }

    fn again(&self, claimed: &Claimed, now: DateTime<Utc>) -> Settled {
        let again = self.schedule.again(claimed.id, claimed.attempts, now, None);
        again.map_or(Settled::Failed { disable: None }, Settled::Again)
    }
}

const fn settled(settled: Settled, problem: Option<String>) -> Attempted {
    Attempted {
        status: None,
        problem,
        settled,
    }
}

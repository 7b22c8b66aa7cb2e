//! The switches as they stand, and what they do to whom.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError, RwLock},
    time::Duration,
};

use super::{Faults, InvalidFaults, draw::Draw};

/// Keys whose failed attempts are counted at once; when they are more, counting starts afresh.
const MAX_TRACKED_KEYS: usize = 100_000;

/// What the switches do to one attempt of one operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fate {
    /// Fails with 500, nothing booked.
    pub error: bool,
    /// What is booked is not what was asked for.
    pub strikes: Strikes,
    /// The answer is held after the booking.
    pub timeout: bool,
    /// How much later an authorization is booked, if it is.
    pub late: Option<Duration>,
    /// How much longer the answer takes.
    pub latency: Duration,
    /// For how long an answer is held, if it is.
    pub hold: Duration,
    /// How long a shipment is under way.
    pub transit_ms: u64,
    /// How long an authorization can be captured, if not as usual.
    pub authorization_ttl: Option<Duration>,
}

/// What the switches do to one webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WebhookFate {
    /// It is never sent.
    pub lost: bool,
    /// It is sent twice.
    pub twice: bool,
    /// How much later it is sent.
    pub delay: Duration,
}

/// The longest time that webhooks are held back for others to overtake them, in milliseconds.
const OVERTAKING_MS: u64 = 2_000;

/// What the switches do to what is booked, if it is of that kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Strikes {
    /// An authorization is declined.
    pub decline: bool,
    /// An authorization is granted for another amount.
    pub wrong_amount: bool,
    /// A capture is declined.
    pub capture_decline: bool,
    /// A refund is declined.
    pub refund_decline: bool,
    /// A shipment is refused.
    pub refuse: bool,
    /// A shipment gets lost.
    pub lose: bool,
    /// A shipment comes back.
    pub send_back: bool,
    /// A shipment is tried to deliver in vain at first.
    pub miss: bool,
}

/// The switches as they stand, and how often each key has been struck by an error.
#[derive(Debug, Default)]
pub(crate) struct FaultSwitches {
    now: RwLock<Faults>,
    errors: Mutex<HashMap<Box<str>, u32>>,
}

impl FaultSwitches {
    pub(crate) fn new(faults: Faults) -> Self {
        Self {
            now: RwLock::new(faults),
            errors: Mutex::default(),
        }
    }

    pub(crate) fn get(&self) -> Faults {
        *self.now.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set(&self, faults: Faults) -> Result<(), InvalidFaults> {
        faults.validate()?;
        *self.now.write().unwrap_or_else(PoisonError::into_inner) = faults;
        self.errors
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
        Ok(())
    }

    /// Draws for the next attempt of the operation with this key.
    pub(crate) fn fate(&self, key: &str) -> Fate {
        let faults = self.get();
        let draw = |what| Draw {
            seed: faults.seed,
            what,
            key,
        };
        let strikes = |what, percent| draw(what).strikes(percent, 0);
        let jitter = match faults.jitter_ms {
            0 => 0,
            most => draw("jitter").bits(0) % most.saturating_add(1),
        };
        Fate {
            error: faults.error_percent > 0.0 && self.error_strikes(&faults, key),
            strikes: Strikes {
                decline: strikes("decline", faults.decline_percent),
                wrong_amount: strikes("wrong_amount", faults.wrong_amount_percent),
                capture_decline: strikes("capture_decline", faults.capture_decline_percent),
                refund_decline: strikes("refund_decline", faults.refund_decline_percent),
                refuse: strikes("carrier_refuse", faults.carrier_refuse_percent),
                lose: strikes("carrier_lost", faults.carrier_lost_percent),
                send_back: strikes("carrier_returned", faults.carrier_returned_percent),
                miss: strikes("carrier_failed", faults.carrier_failed_percent),
            },
            timeout: strikes("timeout", faults.timeout_after_success_percent),
            late: strikes("late_success", faults.late_success_percent)
                .then(|| Duration::from_millis(faults.late_success_ms)),
            latency: Duration::from_millis(faults.latency_ms.saturating_add(jitter)),
            hold: Duration::from_millis(faults.hold_ms),
            transit_ms: faults.transit_ms,
            authorization_ttl: (faults.authorization_ttl_ms > 0)
                .then(|| Duration::from_millis(faults.authorization_ttl_ms)),
        }
    }

    /// Draws for the webhook of this event.
    pub(crate) fn webhook_fate(&self, event: &str) -> WebhookFate {
        let faults = self.get();
        let draw = |what| Draw {
            seed: faults.seed,
            what,
            key: event,
        };
        let strikes = |what, percent| draw(what).strikes(percent, 0);
        let overtaken = match strikes("webhook_reordered", faults.webhook_reordered_percent) {
            true => draw("webhook_overtaken").bits(0) % OVERTAKING_MS,
            false => 0,
        };
        let late = match strikes("webhook_late", faults.webhook_late_percent) {
            true => faults.webhook_late_ms,
            false => 0,
        };
        WebhookFate {
            lost: strikes("webhook_lost", faults.webhook_lost_percent),
            twice: strikes("webhook_duplicate", faults.webhook_duplicate_percent),
            delay: Duration::from_millis(overtaken.saturating_add(late)),
        }
    }

    fn error_strikes(&self, faults: &Faults, key: &str) -> bool {
        let mut errors = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
        let attempt = errors.get(key).copied().unwrap_or(0);
        let draw = Draw {
            seed: faults.seed,
            what: "error",
            key,
        };
        if !draw.strikes(faults.error_percent, attempt) {
            errors.remove(key);
            return false;
        }
        if errors.len() >= MAX_TRACKED_KEYS {
            errors.clear();
        }
        errors.insert(key.into(), attempt.wrapping_add(1));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn half_of_everything(seed: u64) -> FaultSwitches {
        FaultSwitches::new(Faults {
            seed,
            decline_percent: 50.0,
            capture_decline_percent: 50.0,
            refund_decline_percent: 50.0,
            wrong_amount_percent: 50.0,
            error_percent: 50.0,
            timeout_after_success_percent: 50.0,
            late_success_percent: 50.0,
            carrier_refuse_percent: 50.0,
            carrier_lost_percent: 50.0,
            carrier_returned_percent: 50.0,
            carrier_failed_percent: 50.0,
            jitter_ms: 40,
            ..Faults::default()
        })
    }

    fn fates(seed: u64) -> Vec<Fate> {
        let switches = half_of_everything(seed);
        (0..1_000)
            .map(|n| switches.fate(&format!("key-{n}")))
            .collect()
    }

    #[test]
    fn the_same_seed_strikes_the_same_keys_in_any_order() {
        let switches = half_of_everything(7);
        let mut backwards: Vec<Fate> = (0..1_000)
            .rev()
            .map(|n| switches.fate(&format!("key-{n}")))
            .collect();
        backwards.reverse();
        assert_eq!(fates(7), backwards);
        assert_ne!(fates(7), fates(8));
    }

    #[test]
    fn each_switch_strikes_its_share_by_itself() {
        let fates = fates(1);
        let share = |hit: fn(&Fate) -> bool| fates.iter().filter(|fate| hit(fate)).count();
        for count in [
            share(|f| f.error),
            share(|f| f.strikes.decline),
            share(|f| f.strikes.wrong_amount),
            share(|f| f.strikes.capture_decline),
            share(|f| f.strikes.refund_decline),
            share(|f| f.strikes.refuse),
            share(|f| f.strikes.lose),
            share(|f| f.strikes.send_back),
            share(|f| f.strikes.miss),
            share(|f| f.timeout),
            share(|f| f.late.is_some()),
        ] {
            assert!((430..=570).contains(&count), "{count} of 1000 at 50 %");
        }
        let both = share(|f| f.error && f.strikes.decline);
        assert!((180..=320).contains(&both), "{both} of 1000 at 25 %");
        let longest = fates.iter().map(|fate| fate.latency).max().unwrap();
        let shortest = fates.iter().map(|fate| fate.latency).min().unwrap();
        assert_eq!((shortest.as_millis(), longest.as_millis()), (0, 40));
    }

    #[test]
    fn an_error_passes_when_the_same_key_tries_again() {
        let switches = half_of_everything(3);
        for n in 0..200 {
            let key = format!("key-{n}");
            assert!(
                (0..64).any(|_| !switches.fate(&key).error),
                "{key} fails for ever"
            );
        }
        assert!(switches.errors.lock().unwrap().is_empty());
    }

    #[test]
    fn none_and_all_are_exact() {
        let off = FaultSwitches::new(Faults::default());
        let all = FaultSwitches::new(Faults {
            error_percent: 100.0,
            ..Faults::default()
        });
        for n in 0..1_000 {
            let key = n.to_string();
            let fate = off.fate(&key);
            assert!(!(fate.error || fate.timeout) && fate.latency.is_zero());
            assert_eq!(fate.strikes, Strikes::default());
            assert!(all.fate(&key).error);
        }
    }

    #[test]
    fn what_is_out_of_range_changes_nothing() {
        let switches = half_of_everything(1);
        let before = switches.get();
        let wrong = Faults {
            latency_ms: 60_001,
            ..Faults::default()
        };
        assert!(switches.set(wrong).is_err());
        assert_eq!(switches.get(), before);
    }
}

//! Fault switches, and the dice that say whom they strike.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError, RwLock},
    time::Duration,
};

use serde::{Deserialize, Serialize};

/// Longest extra latency and longest jitter, in milliseconds.
pub const MAX_LATENCY_MS: u64 = 60_000;
/// Longest time an answer is held, in milliseconds.
pub const MAX_HOLD_MS: u64 = 600_000;

/// Keys whose failed attempts are counted at once; when they are more, counting starts afresh.
const MAX_TRACKED_KEYS: usize = 100_000;

/// What goes wrong, how often. `PUT /faults` replaces all of it; what is left out is off.
///
/// Whether an operation is struck depends on the seed, its idempotency key and which attempt this
/// is, and on nothing else: the same keys meet the same faults in every run, in whatever order and
/// however concurrently they come.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// Another seed strikes other operations.
    pub seed: u64,
    /// Authorizations that are declined whatever the card, in percent.
    pub decline_percent: f64,
    /// Operations that fail with 500 and book nothing, in percent; each retry is drawn again.
    pub error_percent: f64,
    /// Operations that are booked and whose answer is then held for `hold_ms`, in percent.
    pub timeout_after_success_percent: f64,
    /// Time that every operation's answer takes longer, in milliseconds.
    pub latency_ms: u64,
    /// Further time, up to this many milliseconds, drawn for each operation.
    pub jitter_ms: u64,
    /// Time that an answer is held where a card or a fault lets the client time out, in
    /// milliseconds.
    pub hold_ms: u64,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            seed: 0,
            decline_percent: 0.0,
            error_percent: 0.0,
            timeout_after_success_percent: 0.0,
            latency_ms: 0,
            jitter_ms: 0,
            hold_ms: 60_000,
        }
    }
}

/// A switch is set to something that it does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{field} must be from 0 to {max}")]
pub struct InvalidFaults {
    field: &'static str,
    max: u64,
}

impl Faults {
    /// Checks every switch against its range.
    ///
    /// # Errors
    /// The first switch that is out of range, with the range.
    pub fn validate(&self) -> Result<(), InvalidFaults> {
        for (field, percent) in [
            ("decline_percent", self.decline_percent),
            ("error_percent", self.error_percent),
            (
                "timeout_after_success_percent",
                self.timeout_after_success_percent,
            ),
        ] {
            if !(0.0..=100.0).contains(&percent) {
                return Err(InvalidFaults { field, max: 100 });
            }
        }
        for (field, millis, max) in [
            ("latency_ms", self.latency_ms, MAX_LATENCY_MS),
            ("jitter_ms", self.jitter_ms, MAX_LATENCY_MS),
            ("hold_ms", self.hold_ms, MAX_HOLD_MS),
        ] {
            if millis > max {
                return Err(InvalidFaults { field, max });
            }
        }
        Ok(())
    }
}

/// What the switches do to one attempt of one operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fate {
    /// Fails with 500, nothing booked.
    pub error: bool,
    /// An authorization is declined.
    pub decline: bool,
    /// The answer is held after the booking.
    pub timeout: bool,
    /// How much longer the answer takes.
    pub latency: Duration,
    /// For how long an answer is held, if it is.
    pub hold: Duration,
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
        let jitter = match faults.jitter_ms {
            0 => 0,
            most => draw("jitter").bits(0) % most.saturating_add(1),
        };
        Fate {
            error: faults.error_percent > 0.0 && self.error_strikes(&faults, key),
            decline: draw("decline").strikes(faults.decline_percent, 0),
            timeout: draw("timeout").strikes(faults.timeout_after_success_percent, 0),
            latency: Duration::from_millis(faults.latency_ms.saturating_add(jitter)),
            hold: Duration::from_millis(faults.hold_ms),
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

/// One die: always the same number for the same seed, question and key.
struct Draw<'a> {
    seed: u64,
    what: &'static str,
    key: &'a str,
}

impl Draw<'_> {
    fn strikes(&self, percent: f64, attempt: u32) -> bool {
        /// Ten-thousandths of a percent.
        const STEPS: u32 = 1_000_000;
        percent > 0.0
            && u32::try_from(self.bits(attempt) % u64::from(STEPS))
                .is_ok_and(|step| f64::from(step) < percent / 100.0 * f64::from(STEPS))
    }

    /// FNV-1a over all parts, then the finalizer of `SplitMix64`, whose bits are evenly mixed. Not
    /// the standard library's hasher: that one may change with the compiler, and runs must not.
    fn bits(&self, attempt: u32) -> u64 {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        let (seed, attempt) = (self.seed.to_le_bytes(), attempt.to_le_bytes());
        for part in [
            seed.as_slice(),
            self.what.as_bytes(),
            &attempt,
            self.key.as_bytes(),
        ] {
            for byte in part {
                hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
            }
        }
        hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        hash ^ (hash >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn half_of_everything(seed: u64) -> FaultSwitches {
        FaultSwitches::new(Faults {
            seed,
            decline_percent: 50.0,
            error_percent: 50.0,
            timeout_after_success_percent: 50.0,
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
            share(|f| f.decline),
            share(|f| f.timeout),
        ] {
            assert!((430..=570).contains(&count), "{count} of 1000 at 50 %");
        }
        let both = share(|f| f.error && f.decline);
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
            assert!(!(fate.error || fate.decline || fate.timeout) && fate.latency.is_zero());
            assert!(all.fate(&key).error);
        }
    }

    #[test]
    fn a_switch_out_of_range_is_refused_and_named() {
        let switches = FaultSwitches::default();
        for (faults, field) in [
            (
                Faults {
                    decline_percent: 100.1,
                    ..Faults::default()
                },
                "decline_percent",
            ),
            (
                Faults {
                    error_percent: -1.0,
                    ..Faults::default()
                },
                "error_percent",
            ),
            (
                Faults {
                    error_percent: f64::NAN,
                    ..Faults::default()
                },
                "error_percent",
            ),
            (
                Faults {
                    latency_ms: 60_001,
                    ..Faults::default()
                },
                "latency_ms",
            ),
            (
                Faults {
                    hold_ms: 600_001,
                    ..Faults::default()
                },
                "hold_ms",
            ),
        ] {
            let error = switches.set(faults).unwrap_err();
            assert!(error.to_string().starts_with(field), "{error}");
        }
        assert_eq!(switches.get(), Faults::default());
    }
}

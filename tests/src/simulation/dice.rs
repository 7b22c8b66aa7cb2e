//! Every choice of a run, from one seed.

use rand::{RngExt, SeedableRng, rngs::Xoshiro256PlusPlus};
use std::{
    ops::RangeInclusive,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use uuid::Uuid;

/// The generator of a run. It is the same on every machine, so that a seed keeps its meaning.
pub(super) struct Dice(Mutex<Xoshiro256PlusPlus>);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(Mutex::new(Xoshiro256PlusPlus::seed_from_u64(seed)))
    }

    fn generator(&self) -> MutexGuard<'_, Xoshiro256PlusPlus> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether something happens that happens `rate` times in 10,000.
    pub(super) fn happens(&self, rate: u32) -> bool {
        rate > 0 && self.generator().random_range(0..10_000) < rate
    }

    /// A number below `end`, which is above zero.
    pub(super) fn below(&self, end: usize) -> usize {
        self.generator().random_range(0..end)
    }

    /// A number of `range`.
    pub(super) fn number(&self, range: RangeInclusive<i64>) -> i64 {
        self.generator().random_range(range)
    }

    /// One of `choices`, which are not none.
    pub(super) fn of<T: Clone>(&self, choices: &[T]) -> T {
        choices[self.below(choices.len())].clone()
    }

    /// A time of whole milliseconds.
    pub(super) fn millis(&self, range: RangeInclusive<u64>) -> Duration {
        Duration::from_millis(self.generator().random_range(range))
    }

    /// An id like those that are minted at the edge.
    pub(super) fn uuid(&self) -> Uuid {
        let bytes: [u8; 16] = self.generator().random();
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }
}

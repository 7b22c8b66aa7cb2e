//! How much of the database is for work that nobody waits for.

use std::{num::NonZero, thread::available_parallelism};

/// Connections for work that goes on beside requests, of which `at_once` could be done at once: as
/// many as there are cores, and at least 2, so that nothing waits for a single slow statement.
///
/// Each statement at work is a process of the database's, and takes its share of the cores. More of
/// them than there are cores do not get more done, while those that append, which somebody waits for,
/// get less of the cores by each.
pub fn connections_beside(at_once: usize) -> u32 {
    let cores = available_parallelism().map_or(2, NonZero::get);
    u32::try_from(bounded(at_once, cores)).unwrap_or(u32::MAX)
}

fn bounded(at_once: usize, cores: usize) -> usize {
    at_once.min(cores.max(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_machines_do_less_at_once_and_large_ones_all() {
        assert_eq!([1, 2, 3, 64].map(|cores| bounded(5, cores)), [2, 2, 3, 5]);
        assert!((2..=5).contains(&connections_beside(5)));
    }
}

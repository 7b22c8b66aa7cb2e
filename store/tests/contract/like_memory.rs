//! Random batches, repeated, misplaced and dependent on each other, mean to every store what they
//! mean to memory, of which one can see that it is right.

use crate::{build::*, follow::read_to_end, world::World};
use domain::{CommandId, Position, StreamId};
use rand::{Rng, RngExt, SeedableRng, rngs::StdRng};
use std::collections::HashMap;
use store::{Append, AppendOutcome, EventStore};

const BATCHES: usize = 150;

/// Makes batches that mostly fit.
struct Generator<R> {
    random: R,
    streams: Vec<StreamId>,
    /// About where the streams are.
    versions: HashMap<StreamId, i64>,
    used: Vec<CommandId>,
}

impl<R: Rng> Generator<R> {
    fn batch(&mut self) -> Vec<Append> {
        (0..self.random.random_range(1..12))
            .map(|_| self.append())
            .collect()
    }

    fn append(&mut self) -> Append {
        let first = self.random.random_range(0..self.streams.len());
        let count = *[1, 1, 1, 2, 3].get(self.random.random_range(0..5)).unwrap();
        let mut streams = Vec::new();
        for nr in 0..count {
            let stream = self.streams[(first + nr) % self.streams.len()].clone();
            let version = self.versions.entry(stream.clone()).or_default();
            let off = if self.random.random_ratio(1, 12) {
                self.random.random_range(-2..3)
            } else {
                0
            };
            let expected = (*version + off).max(0);
            let events = self.random.random_range(0..3_usize);
            *version = expected + events as i64;
            streams.push((stream, expected, events));
        }
        let repeats = !self.used.is_empty() && self.random.random_ratio(1, 10);
        let id = if repeats {
            self.used[self.random.random_range(0..self.used.len())]
        } else {
            new_id()
        };
        self.used.push(id);
        let streams: Vec<_> = streams
            .iter()
            .map(|(stream, at, count)| (stream, *at, *count))
            .collect();
        append_as(id, &streams)
    }
}

/// The outcomes without what may differ: times, which of several streams a conflict names, and gaps
/// between positions: `place` says which event of all is at one.
fn comparable(
    batch: &[Append],
    outcomes: Vec<AppendOutcome>,
    place: impl Fn(Position) -> Position,
) -> Vec<AppendOutcome> {
    let outcomes = batch.iter().zip(outcomes);
    let outcomes = outcomes.map(|(append, outcome)| match outcome {
        AppendOutcome::Duplicate(mut record) => {
            record.recorded_at = Default::default();
            record.position = place(record.position);
            AppendOutcome::Duplicate(record)
        }
        AppendOutcome::Conflict { stream } => {
            let mut its_own = append.streams.iter().map(|its| &its.stream);
            assert!(
                its_own.any(|its| *its == stream),
                "{stream} is no stream of it"
            );
            let stream = append.streams[0].stream.clone();
            AppendOutcome::Conflict { stream }
        }
        AppendOutcome::Done { position } => AppendOutcome::Done {
            position: place(position),
        },
    });
    outcomes.collect()
}

/// Puts random batches to `world`, which is empty, and to memory.
pub async fn random_batches_mean_the_same(world: World, seed: u64) {
    {
        let (memory, other) = (World::memory().store().await, world.store().await);
        let mut places = HashMap::from([(Position::ZERO, Position::ZERO)]);
        let mut end = Position::ZERO;
        let mut generator = Generator {
            random: StdRng::seed_from_u64(seed),
            streams: (0..9).map(|_| new_stream()).collect(),
            versions: HashMap::new(),
            used: vec![],
        };
        let mut kinds: HashMap<&str, usize> = HashMap::new();
        for nr in 0..BATCHES {
            let batch = generator.batch();
            let expected = comparable(&batch, memory.append(&batch).await.unwrap(), |it| it);
            let got = other.append(&batch).await.unwrap();
            for event in read_to_end(other.as_ref(), end).await {
                end = event.envelope.position;
                places.insert(end, Position::ZERO.plus(places.len()));
            }
            let got = comparable(&batch, got, |position| places[&position]);
            assert_eq!(got, expected, "seed {seed}, batch {nr}");
            for outcome in &expected {
                *kinds.entry(kind(outcome)).or_default() += 1;
            }
            // What follows builds on what is there.
            for stream in &generator.streams {
                let length = length(memory.as_ref(), stream).await as i64;
                generator.versions.insert(stream.clone(), length);
            }
        }
        for kind in ["done", "conflict", "duplicate"] {
            assert!(
                kinds[kind] > 20,
                "seed {seed} hardly meets a {kind}: {kinds:?}"
            );
        }
        same_events(memory.as_ref(), other.as_ref()).await;
    }
}

async fn same_events(one: &dyn EventStore, other: &dyn EventStore) {
    let mut expected = read_to_end(one, Position::ZERO).await;
    let got = read_to_end(other, Position::ZERO).await;
    for (expected, got) in expected.iter_mut().zip(&got) {
        expected.envelope.recorded_at = got.envelope.recorded_at;
        expected.envelope.position = got.envelope.position;
    }
    assert!(expected == got, "the same outcomes, and other events");
}

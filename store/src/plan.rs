//! Which appends of a batch can be done: what every adapter decides alike.

use crate::{Append, StoreError, StreamAppend};
use domain::{CommandId, StreamId, Version};
use std::collections::{HashMap, HashSet};

/// So many streams are compared with each other faster than they are hashed.
const FEW: usize = 8;

/// What an adapter knows of its store.
pub(crate) trait Knowledge {
    /// Whether the command is known to be recorded.
    fn is_recorded(&self, command: CommandId) -> bool;
    /// Where the stream is; `None` if that is not known.
    fn version(&self, stream: &StreamId) -> Option<Version>;
}

/// What is to become of an append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is to be done, if the streams are where [`Plan::assumed`] says.
    Append,
    /// Its command was recorded before, or is by this batch.
    Duplicate,
    /// The stream with this index in it is not at the expected version.
    Conflict(usize),
}

/// A verdict for each append of a batch.
#[derive(Debug)]
pub(crate) struct Plan<'a> {
    /// By append.
    pub verdicts: Vec<Verdict>,
    /// Where the streams of what is to be done are before the batch, by first use.
    pub assumed: Vec<(&'a StreamId, Version)>,
    /// What the rest of a batch has to know of this part of it.
    #[cfg_attr(
        not(feature = "kurrentdb"),
        expect(dead_code, reason = "only it needs several parts")
    )]
    pub missed: Missed<'a>,
}

/// Versions that appends would have led to that are not done. An append that expects one of these
/// was decided on events that are not there, even if others have led there since.
pub(crate) type Missed<'a> = HashSet<(&'a StreamId, Version)>;

/// Goes through `batch` in order. A stream that nothing is known of is taken to be where the first
/// that needs it expects it to be; whoever does the appends has to check that.
pub(crate) fn plan<'a>(batch: &'a [Append], known: &impl Knowledge) -> Plan<'a> {
    plan_on(Missed::default(), batch, known)
}

/// The same for a later part of a batch, of whose earlier parts `missed` tells.
pub(crate) fn plan_on<'a>(
    missed: Missed<'a>,
    batch: &'a [Append],
    known: &impl Knowledge,
) -> Plan<'a> {
    let mut versions = Versions {
        current: HashMap::new(),
        missed,
    };
    let mut recorded = HashSet::with_capacity(batch.len());
    let mut assumed = Vec::with_capacity(batch.len());
    let verdicts = batch.iter().map(|append| {
        let id = append.command_id;
        let verdict = if known.is_recorded(id) || recorded.contains(&id) {
            Verdict::Duplicate
        } else {
            match versions.objection(append, known) {
                Some(stream) => Verdict::Conflict(stream),
                None => Verdict::Append,
            }
        };
        if verdict == Verdict::Append {
            recorded.insert(id);
            versions.advance(append, &mut assumed);
        } else {
            versions.miss(append);
        }
        verdict
    });
    let verdicts = verdicts.collect();
    Plan {
        verdicts,
        assumed,
        missed: versions.missed,
    }
}

/// Where streams are while the batch goes on.
struct Versions<'a> {
    /// Streams used by what is to be done.
    current: HashMap<&'a StreamId, Version>,
    missed: Missed<'a>,
}

impl<'a> Versions<'a> {
    /// The first stream that is not where `append` expects it.
    fn objection(&self, append: &Append, known: &impl Knowledge) -> Option<usize> {
        append.streams.iter().position(|stream| {
            if crate::planted!("no_version_check") {
                return false;
            }
            let expected = stream.expected;
            match self.current.get(&stream.stream) {
                Some(current) => *current != expected,
                None => {
                    self.missed.contains(&(&stream.stream, expected))
                        || known
                            .version(&stream.stream)
                            .is_some_and(|version| version != expected)
                }
            }
        })
    }

    fn advance(&mut self, append: &'a Append, assumed: &mut Vec<(&'a StreamId, Version)>) {
        for stream in &append.streams {
            let after = stream.expected.plus(stream.events.len());
            if self.current.insert(&stream.stream, after).is_none() {
                assumed.push((&stream.stream, stream.expected));
            }
        }
    }

    fn miss(&mut self, append: &'a Append) {
        for stream in &append.streams {
            if !stream.events.is_empty() {
                let after = stream.expected.plus(stream.events.len());
                self.missed.insert((&stream.stream, after));
            }
        }
    }
}

/// Refuses what breaks the port's rules, whatever the store holds.
pub(crate) fn check_rules(batch: &[Append]) -> Result<(), StoreError> {
    for append in batch {
        let broken = |rule: &str| {
            let id = append.command_id;
            Err(StoreError::Misuse(format!("command {id} {rule}")))
        };
        if append.streams.is_empty() {
            return broken("names no stream");
        }
        if names_one_twice(&append.streams) {
            return broken("names a stream twice");
        }
        for stream in &append.streams {
            if stream
                .expected
                .get()
                .checked_add(stream.events.len() as i64)
                .is_none()
            {
                return broken("leads to a version beyond all numbers");
            }
        }
    }
    Ok(())
}

fn names_one_twice(streams: &[StreamAppend]) -> bool {
    // Most appends have one stream, or a few.
    if streams.len() <= FEW {
        return (1..streams.len()).any(|at| {
            let before = &streams[..at];
            before
                .iter()
                .any(|other| other.stream == streams[at].stream)
        });
    }
    let mut seen = HashSet::with_capacity(streams.len());
    !streams.iter().all(|stream| seen.insert(&stream.stream))
}

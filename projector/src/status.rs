//! What the projections of this process are doing, and how far behind they are.

mod told;

use crate::parking::ParkedCount;
use crate::{
    live::{Place, RunError},
    projection::Projection,
    projections::{self, Visitor},
    rebuild::{RebuildStatus, Rebuilding, Replaced},
};
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::time::Duration;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::{sync::Notify, time::Instant};
use told::{flag, healed, stuck_at, told_of_rebuild};
use utoipa::ToSchema;

/// What a projection is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ProjectionState)]
pub enum State {
    /// It keeps up with the store.
    Active,
    /// It folds what is there already.
    CatchingUp,
    /// It cannot go on, and somebody should look; or what it was folded from is not in this store.
    Failing,
    /// Events wait, and its checkpoint has not moved for 15 s; or nobody can tell for as long whether it
    /// has. No process says what is wrong: perhaps none runs, or it hangs.
    Stalled,
    /// It is being built anew; what is there meanwhile stays readable.
    Rebuilding,
    /// Another process leads, or none does yet.
    Standby,
}

/// What a projection is doing, and how far behind it is.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ProjectionStatus {
    /// Its name.
    #[schema(value_type = String, example = "order_summary")]
    pub name: &'static str,
    /// The version of the fold that this build has.
    pub version: i32,
    /// The version of the fold that made the rows which are read; none if that is not known.
    pub live_version: Option<i32>,
    /// What it is doing.
    pub state: State,
    /// Its checkpoint, as it was last seen in the database, whoever wrote it.
    pub position: Option<i64>,
    /// The store's head at that time.
    pub head: Option<i64>,
    /// How many events it is behind; none if that is not known.
    pub lag_events: Option<i64>,
    /// For how long the oldest of them has been waiting, in seconds. While the store or the database
    /// cannot be asked, it grows from what was last known.
    pub lag_seconds: Option<f64>,
    /// What is parked of it: the rest goes on.
    pub parked: Parked,
    /// How far it is built anew, in whatever process; absent if it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rebuild: Option<RebuildStatus>,
    /// What the last rebuild replaced: it can be rolled back to that. Absent if nothing is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaced: Option<Replaced>,
    /// Why it cannot go on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}

/// How much of a projection is parked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Parked {
    /// How many sequences wait behind an event that cannot be read or folded.
    pub sequences: i64,
    /// How many events wait in them, those that stop them included.
    pub events: i64,
    /// Since when the oldest is parked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oldest: Option<DateTime<Utc>>,
}

/// Why a projection cannot go on.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = ProjectionProblem)]
pub struct Problem {
    /// In one line; the log has the causes.
    pub reason: String,
    /// How often it was tried.
    pub attempts: u32,
    /// The event that is the reason, if it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<Place>,
}

/// What the projections of this process are doing. Clones share it.
#[derive(Debug, Clone)]
pub struct Board {
    entries: Arc<Mutex<BTreeMap<&'static str, Entry>>>,
    moved: Arc<Notify>,
}

#[derive(Debug, Clone)]
struct Entry {
    version: i32,
    leading: bool,
    rebuilding: bool,
    failing: bool,
    problem: Option<Problem>,
    seen: Option<Seen>,
    /// Whether that is what was seen last, and nobody has failed to look since.
    is_known: bool,
    lag_seconds: Option<f64>,
    parked: Parked,
    rebuild: Option<RebuildStatus>,
    replaced: Option<Replaced>,
    /// When it was last looked, or tried to look, how far it is.
    looked: Instant,
    /// When it was last seen to move, or to have nothing to do.
    moved: Instant,
}

/// How far a projection was seen to be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Seen {
    pub(crate) position: i64,
    pub(crate) head: i64,
    /// For how long the first event after `position` has been waiting, if that can be told.
    pub(crate) lag_seconds: Option<f64>,
    /// Whether what is at `position` is of this store: else it is no position in it, and nobody can say how
    /// far behind that is.
    pub(crate) is_of_store: bool,
    /// The version of the fold that made the rows, if there are any.
    pub(crate) version: Option<i32>,
    pub(crate) rebuilding: bool,
}

/// A lag that is no catching up, only the time that things take.
const USUAL_LAG_SECONDS: f64 = 2.0;

/// Whoever has not moved for so long, though events wait, is stalled.
const STALLED_AFTER: Duration = Duration::from_secs(15);

/// A look that is older was not followed by another one: whoever looks has gone, too.
const LOOK_IS_OLD: Duration = Duration::from_secs(10);

impl Board {
    /// All projections, of which nothing is known yet.
    pub fn new() -> Self {
        struct Entries(BTreeMap<&'static str, Entry>);
        impl Visitor for Entries {
            fn visit<P: Projection>(&mut self) {
                let entry = Entry {
                    version: P::VERSION,
                    leading: false,
                    rebuilding: false,
                    failing: false,
                    problem: None,
                    seen: None,
                    is_known: false,
                    lag_seconds: None,
                    parked: Parked::default(),
                    rebuild: None,
                    replaced: None,
                    looked: Instant::now(),
                    moved: Instant::now(),
                };
                self.0.insert(P::NAME, entry);
            }
        }
        let mut entries = Entries(BTreeMap::new());
        projections::all(&mut entries);
        Self {
            entries: Arc::new(Mutex::new(entries.0)),
            moved: Arc::default(),
        }
    }

    /// What each projection is doing, by name.
    pub fn statuses(&self) -> Vec<ProjectionStatus> {
        let entries = self.entries();
        entries
            .iter()
            .map(|(name, entry)| entry.status(name))
            .collect()
    }

    /// Notified whenever one of the projections has moved: for who waits in the same process to
    /// read what it has written.
    pub fn moved(&self) -> Arc<Notify> {
        self.moved.clone()
    }

    pub(crate) fn leads(&self, name: &'static str, leading: bool) {
        self.change(name, |entry| entry.leading = leading);
        metrics::gauge!("projection_leading", "projection" => name).set(flag(leading));
    }

    /// Nothing is wrong with it, and it may have moved.
    pub(crate) fn goes_well(&self, name: &'static str) {
        self.moved.notify_one();
        let problem = self.change(name, |entry| {
            entry.failing = false;
            entry.problem.take()
        });
        if let Some(problem) = problem {
            healed(name, &problem);
        }
    }

    /// It could not go on; `failing` once it was tried often enough.
    pub(crate) fn stumbled(
        &self,
        name: &'static str,
        error: &RunError,
        attempts: u32,
        failing: bool,
    ) {
        let problem = Problem {
            reason: error.in_short(),
            attempts,
            event: error.place(),
        };
        if failing {
            metrics::gauge!("projection_failing", "projection" => name).set(1.0);
            if let Some(event) = &problem.event {
                stuck_at(name, event, event.position as f64);
            }
        }
        self.change(name, |entry| {
            entry.failing |= failing;
            entry.problem = Some(problem);
        });
    }

    /// How far it was seen to be.
    pub(crate) fn seen(&self, name: &'static str, seen: Seen) {
        let told = self.change(name, |entry| {
            let has_moved = entry
                .seen
                .is_none_or(|before| before.position != seen.position);
            entry.looked = Instant::now();
            // Nobody goes on with rows of an older version while newer ones are made.
            let is_for_new_version =
                seen.rebuilding && seen.version.is_some_and(|version| version < entry.version);
            let has_nothing_to_do = seen.position >= seen.head && seen.is_of_store;
            if has_moved || has_nothing_to_do || is_for_new_version {
                entry.moved = entry.looked;
            }
            // Another process leads, and has passed what this one stuck at.
            let has_passed = entry.problem.take_if(|problem| match &problem.event {
                _ if entry.leading || !seen.is_of_store => false,
                Some(event) => seen.position >= event.position,
                None => has_moved && entry.seen.is_some(),
            });
            if has_passed.is_some() {
                entry.failing = false;
            }
            entry.rebuilding = seen.rebuilding;
            // Never zero while anything waits.
            let since = entry.moved.elapsed().as_secs_f64().max(1e-6);
            entry.lag_seconds = Some(seen.lag_seconds.unwrap_or(since));
            entry.seen = Some(seen);
            entry.is_known = true;
            (
                entry.is_stalled(),
                has_passed,
                entry.lag_events(),
                entry.lag_seconds,
            )
        });
        let (is_stalled, has_passed, lag_events, lag_seconds) = told;
        if let Some(problem) = has_passed {
            healed(name, &problem);
        }
        metrics::gauge!("projection_stalled", "projection" => name).set(flag(is_stalled));
        metrics::gauge!("projection_position", "projection" => name).set(seen.position as f64);
        metrics::gauge!("projection_lag_events", "projection" => name)
            .set(lag_events.map_or(f64::NAN, |events| events as f64));
        metrics::gauge!("projection_lag_seconds", "projection" => name)
            .set(lag_seconds.unwrap_or(f64::NAN));
    }

    /// Nobody knows how far the projections are, for `seconds` more.
    pub(crate) fn unseen(&self, seconds: f64) {
        for (name, entry) in self.entries().iter_mut() {
            let lag = entry.lag_seconds.unwrap_or_default() + seconds;
            entry.lag_seconds = Some(lag);
            entry.looked = Instant::now();
            entry.is_known = false;
            // A value that is not known is none: there is no other way to take one back.
            metrics::gauge!("projection_lag_events", "projection" => *name).set(f64::NAN);
            metrics::gauge!("projection_lag_seconds", "projection" => *name).set(lag);
            metrics::gauge!("projection_stalled", "projection" => *name)
                .set(flag(entry.is_stalled()));
        }
    }

    /// What is parked, of those of which anything is.
    pub(crate) fn parked(&self, counts: &[ParkedCount], now: DateTime<Utc>) {
        for (name, entry) in self.entries().iter_mut() {
            let counted = counts.iter().find(|count| count.projection == *name);
            entry.parked = counted.map_or_else(Parked::default, |count| Parked {
                sequences: count.sequences,
                events: count.events,
                oldest: Some(count.oldest),
            });
            let oldest = entry
                .parked
                .oldest
                .map(|oldest| now.signed_duration_since(oldest));
            let oldest = oldest.map_or(0, |oldest| oldest.num_seconds().max(0));
            let Parked {
                sequences, events, ..
            } = entry.parked;
            metrics::gauge!("projection_parked_sequences", "projection" => *name)
                .set(sequences as f64);
            metrics::gauge!("projection_parked_events", "projection" => *name).set(events as f64);
            metrics::gauge!("projection_parked_seconds", "projection" => *name).set(oldest as f64);
        }
    }

    /// Which rebuilds are under way, and what is kept of earlier ones.
    pub(crate) fn rebuilding(&self, rebuilding: &Rebuilding) {
        for (name, entry) in self.entries().iter_mut() {
            let mut under_way = rebuilding.under_way.iter();
            let now = under_way.find(|rebuild| rebuild.projection == *name);
            let now = now.map(|rebuild| rebuild.status.clone());
            told_of_rebuild(name, entry.rebuild.as_ref(), now.as_ref());
            entry.rebuild = now;
            let mut replaced = rebuilding.replaced.iter();
            let kept = replaced.find(|replaced| replaced.projection == *name);
            entry.replaced = kept.map(|kept| kept.replaced.clone());
        }
    }

    /// What people must see to, if anything: what is parked, what fails, what stands still.
    pub fn warning(&self) -> Option<String> {
        let warned = self.statuses().into_iter().filter_map(|status| {
            let name = status.name;
            match (status.state, status.parked.sequences) {
                (State::Failing, _) => Some(format!("{name} cannot go on")),
                (State::Stalled, _) => Some(format!("{name} stands still")),
                (_, 0) => None,
                (_, 1) => Some(format!("1 sequence of {name} is parked")),
                (_, sequences) => Some(format!("{sequences} sequences of {name} are parked")),
            }
        });
        let warned: Vec<String> = warned.collect();
        (!warned.is_empty()).then(|| format!("{}: see GET /v1/projections", warned.join(", ")))
    }

    fn change<T: Default>(&self, name: &'static str, change: impl FnOnce(&mut Entry) -> T) -> T {
        self.entries().get_mut(name).map(change).unwrap_or_default()
    }

    fn entries(&self) -> MutexGuard<'_, BTreeMap<&'static str, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Board {
    fn default() -> Self {
        Self::new()
    }
}

impl Entry {
    /// Whether events wait that nobody folds, as far as anybody can tell.
    fn is_stalled(&self) -> bool {
        self.moved.elapsed() > STALLED_AFTER
    }

    /// For how long the oldest event has been waiting: more than was seen, if nobody looks any more.
    fn lag_now(&self) -> Option<f64> {
        let unseen = self.looked.elapsed();
        let more = if unseen > LOOK_IS_OLD {
            unseen
        } else {
            Duration::ZERO
        };
        match self.lag_seconds {
            None if more.is_zero() => None,
            lag => Some(lag.unwrap_or_default() + more.as_secs_f64()),
        }
    }

    /// How many events it is behind, if anybody knows.
    fn lag_events(&self) -> Option<i64> {
        let is_known = self.is_known && self.looked.elapsed() <= LOOK_IS_OLD;
        let seen = self.seen.filter(|seen| is_known && seen.is_of_store)?;
        Some((seen.head - seen.position).max(0))
    }

    fn status(&self, name: &'static str) -> ProjectionStatus {
        let lag_seconds = self.lag_now();
        let late = lag_seconds.is_none_or(|lag| lag > USUAL_LAG_SECONDS);
        let is_elsewhere = self.seen.is_some_and(|seen| !seen.is_of_store);
        let state = match self {
            Self { failing: true, .. } => State::Failing,
            _ if is_elsewhere => State::Failing,
            _ if self.is_stalled() => State::Stalled,
            Self {
                rebuilding: true, ..
            } => State::Rebuilding,
            Self { leading: false, .. } => State::Standby,
            _ if late => State::CatchingUp,
            _ => State::Active,
        };
        ProjectionStatus {
            name,
            version: self.version,
            live_version: self.seen.and_then(|seen| seen.version),
            state,
            position: self.seen.map(|seen| seen.position),
            head: self.seen.map(|seen| seen.head),
            lag_events: self.lag_events(),
            lag_seconds,
            parked: self.parked,
            rebuild: self.rebuild.clone(),
            replaced: self.replaced.clone(),
            problem: self.problem.clone(),
        }
    }
}

#[cfg(test)]
mod tests;

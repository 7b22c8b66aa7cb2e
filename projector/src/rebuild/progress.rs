//! How far a rebuild is.

use domain::Position;
use serde::Serialize;
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::Instant;
use utoipa::ToSchema;

use super::OnProgress;

/// What a rebuild is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RebuildStage)]
pub enum Stage {
    /// Others are built first: it has not begun.
    Waiting,
    /// It folds history, and copies rows.
    Folding,
    /// It builds the indexes.
    Indexing,
    /// It folds what came meanwhile, and then takes the place of the live table.
    CatchingUp,
}

impl Stage {
    /// Its name, as it is stored.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Folding => "folding",
            Self::Indexing => "indexing",
            Self::CatchingUp => "catching_up",
        }
    }

    /// The one of that name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let all = [
            Self::Waiting,
            Self::Folding,
            Self::Indexing,
            Self::CatchingUp,
        ];
        all.into_iter().find(|stage| stage.as_str() == name)
    }
}

/// How far a rebuild is.
#[derive(Debug, Clone, PartialEq)]
pub struct Progress {
    /// The projection.
    pub name: &'static str,
    /// What it is at.
    pub stage: Stage,
    /// How many events were folded; those of further passes again.
    pub events: u64,
    /// Up to where.
    pub position: Position,
    /// Up to where this pass goes.
    pub until: Position,
    /// The share of the keys that earlier passes have done, and that of this pass: from 0 to 1.
    pub shares: (f64, f64),
    /// For how long it has been going on.
    pub elapsed: Duration,
}

impl Progress {
    /// Events a second.
    pub fn rate(&self) -> f64 {
        self.events as f64 / self.elapsed.as_secs_f64().max(1e-6)
    }

    /// How much of the fold is done, all passes together: from 0 to 1. It goes back where the rows turn out
    /// to be too many for one pass.
    pub fn done(&self) -> f64 {
        let (before, this) = self.shares;
        let of_this = match self.until.get() {
            0 => 1.0,
            until => (self.position.get() as f64 / until as f64).min(1.0),
        };
        (before + this * of_this).min(1.0)
    }

    /// How long the rest of the fold takes at this pace; none while nobody can tell, as of what comes after
    /// it.
    pub fn left(&self) -> Option<Duration> {
        if self.stage != Stage::Folding {
            return None;
        }
        let done = self.done();
        let left = self.elapsed.as_secs_f64() * (1.0 - done) / done;
        Duration::try_from_secs_f64(left).ok()
    }
}

/// Tells how far it is. Clones share it.
#[derive(Clone)]
pub(crate) struct Report {
    on_progress: OnProgress,
    began: Instant,
    progress: Arc<Mutex<Progress>>,
}

impl Report {
    pub(crate) fn new(name: &'static str, on_progress: OnProgress) -> Self {
        let progress = Progress {
            name,
            stage: Stage::Folding,
            events: 0,
            position: Position::ZERO,
            until: Position::ZERO,
            shares: (0.0, 0.0),
            elapsed: Duration::ZERO,
        };
        Self {
            on_progress,
            began: Instant::now(),
            progress: Arc::new(Mutex::new(progress)),
        }
    }

    pub(crate) fn events(&self) -> u64 {
        self.lock().events
    }

    /// How far it is now.
    pub(super) fn progress(&self) -> Progress {
        let progress = self.lock().clone();
        Progress {
            elapsed: self.began.elapsed(),
            ..progress
        }
    }

    /// `events` more were folded, up to `position`, by a pass to `until` over this share of the keys, and
    /// after one over that share of them.
    pub(super) fn folded(
        &self,
        events: usize,
        position: Position,
        until: Position,
        shares: (f64, f64),
    ) {
        self.change(|progress| {
            progress.events += events as u64;
            progress.position = position;
            progress.until = until;
            progress.shares = shares;
        });
    }

    /// It is at something else now.
    pub(super) fn at(&self, stage: Stage) {
        self.change(|progress| progress.stage = stage);
    }

    /// All is done, up to `position`.
    pub(super) fn done(&self, position: Position) {
        self.folded(0, position, position, (1.0, 0.0));
    }

    fn change(&self, change: impl FnOnce(&mut Progress)) {
        let progress = {
            let mut progress = self.lock();
            change(&mut progress);
            progress.elapsed = self.began.elapsed();
            progress.clone()
        };
        (self.on_progress)(&progress);
    }

    fn lock(&self) -> MutexGuard<'_, Progress> {
        // Nothing in here panics half-way through a change.
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(stage: Stage, position: i64, shares: (f64, f64)) -> Progress {
        Progress {
            name: "stock_level",
            stage,
            events: 500,
            position: Position::new(position),
            until: Position::new(1_000),
            shares,
            elapsed: Duration::from_secs(10),
        }
    }

    #[test]
    fn all_passes_together_are_what_is_done() {
        assert_eq!(at(Stage::Folding, 250, (0.0, 1.0)).done(), 0.25);
        let second = at(Stage::Folding, 500, (0.5, 0.5));
        assert_eq!(second.done(), 0.75);
        assert_eq!(second.rate(), 50.0);
        assert!(
            second
                .left()
                .unwrap()
                .abs_diff(Duration::from_millis(3_333))
                < Duration::from_millis(1)
        );
        assert_eq!(at(Stage::Folding, 0, (0.0, 1.0)).left(), None);
        assert_eq!(at(Stage::Indexing, 1_000, (0.5, 0.5)).left(), None);
    }

    #[test]
    fn a_stage_is_stored_by_its_name() {
        for stage in [
            Stage::Waiting,
            Stage::Folding,
            Stage::Indexing,
            Stage::CatchingUp,
        ] {
            assert_eq!(Stage::parse(stage.as_str()), Some(stage));
            assert_eq!(serde_json::to_value(stage).unwrap(), stage.as_str());
        }
        assert_eq!(Stage::parse("resting"), None);
    }
}

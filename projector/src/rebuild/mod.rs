//! Building a read model anew from all of history, beside the live one.
//!
//! 1. The rows are folded in memory and copied into a fresh table without indexes ([`pass`]). Where
//!    they are too many for the memory, that is done in several passes, each for a part of the keys.
//! 2. The indexes are built.
//! 3. What happened meanwhile is folded as the live runtime does it.
//! 4. The leader of the live table is fenced, the rest is folded, and the tables are swapped in one
//!    transaction with the checkpoint. Readers see the old table or the new one, whole.
//! 5. The table that was replaced is kept, with its indexes, its checkpoint, and what was parked of it, until
//!    the next swap, or until it is forgotten: [`roll_back`] puts it back.
//!
//! What was skipped is left out of the new table, as it is of the live one. What cannot be read or folded
//! is parked in it, by what this build can do, whatever is parked in the live one: the swap replaces that.
//!
//! A rebuild that is interrupted leaves a table that nobody looks at; the next one removes it, or a process
//! that projects does within a minute ([`tidy`]).

mod back;
mod copy;
mod error;
mod parked;
pub(crate) mod pass;
pub(crate) mod progress;
pub(crate) mod site;
mod tidy;
mod told;

pub use back::{RollbackError, RolledBack, forget_by_name, roll_back, roll_back_by_name};
pub use error::RebuildError;
pub use progress::{Progress, Stage};
pub use told::{RebuildRecord, RebuildStatus, Rebuilding, Replaced, ReplacedRecord, StartedBy};

pub(crate) use tidy::tidy;

use crate::{
    live::{RunError, Step},
    parking::{Lot, Room},
    projection::Projection,
    projections::{self, Visitor},
    storage::{KeyOf, PostgresReadModels, ReadModels},
};
use domain::Position;
use futures::future::BoxFuture;
use pass::{Part, Pass};
use progress::Report;
use site::{NewTable, Site};
use std::{
    collections::{HashMap, HashSet},
    convert::Infallible,
    sync::Arc,
    time::Duration,
};
use store::{Bookmark, Delivered, EventReader, Head, StoredEvent, is_full_of_history};
use tokio::time::{Instant, interval, timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How often it is tried to swap the tables while readers or a leader are in the way.
const SWAPS: u32 = 20;

/// For how long a rebuild that ends without a swap tries to leave nothing behind.
const CLEAR_WITHIN: Duration = Duration::from_secs(5);

/// The leader epoch of the checkpoint that nobody else knows of.
const ONLY_LEADER: i64 = 1;

/// The bounds of a rebuild.
#[derive(Debug, Clone)]
pub struct RebuildOptions {
    /// The most events read at once.
    pub page: usize,
    /// The most rows kept in memory.
    pub rows: usize,
    /// The most events folded at once when catching up.
    pub batch: usize,
    /// How often a rebuild says that it is alive, and how far it is.
    pub heartbeat: Duration,
    /// The most sequences that may be parked: above it, the rebuild ends.
    pub max_parked: usize,
}

impl Default for RebuildOptions {
    fn default() -> Self {
        Self {
            page: 8_192,
            rows: 250_000,
            batch: 4_096,
            heartbeat: Duration::from_secs(1),
            max_parked: 100,
        }
    }
}

/// What a rebuild has done.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rebuilt {
    /// Up to where history was folded.
    pub position: Position,
    /// How many events were folded before catching up; those of further passes again.
    pub events: u64,
    /// How many rows were copied.
    pub rows: u64,
    /// How many passes that took.
    pub passes: u32,
    /// How many sequences are parked in it, as this build cannot read or fold them.
    pub parked: usize,
    /// How long all of it took.
    pub took: Duration,
}

/// Is told how far a rebuild is, now and then.
pub type OnProgress = Arc<dyn Fn(&Progress) + Send + Sync>;

/// Builds the read model of the projection of that name anew, until `stop`.
pub async fn rebuild_by_name(
    name: &str,
    reader: Arc<dyn EventReader>,
    models: &PostgresReadModels,
    options: &RebuildOptions,
    on_progress: OnProgress,
    stop: &CancellationToken,
) -> Result<Rebuilt, RebuildError> {
    struct Wanted<'a> {
        name: &'a str,
        reader: Arc<dyn EventReader>,
        models: &'a PostgresReadModels,
        options: &'a RebuildOptions,
        on_progress: OnProgress,
        stop: &'a CancellationToken,
        rebuild: Option<BoxFuture<'a, Result<Rebuilt, RebuildError>>>,
    }
    impl Visitor for Wanted<'_> {
        fn visit<P: Projection>(&mut self) {
            if P::NAME == self.name {
                let (reader, on_progress) = (self.reader.clone(), self.on_progress.clone());
                let (models, options, stop) = (self.models, self.options, self.stop);
                self.rebuild = Some(Box::pin(async move {
                    let mut site = Site::open::<P>(models.pool()).await?;
                    site.announce::<P>(StartedBy::Command).await?;
                    build_at::<P>(site, reader, models, options, on_progress, stop).await
                }));
            }
        }
    }
    let mut wanted = Wanted {
        name,
        reader,
        models,
        options,
        on_progress,
        stop,
        rebuild: None,
    };
    projections::all(&mut wanted);
    match wanted.rebuild {
        Some(rebuild) => rebuild.await,
        None => Err(unknown(name)),
    }
}

/// There is no projection of that name.
pub(crate) fn unknown(name: &str) -> RebuildError {
    RebuildError::Unknown {
        name: name.to_owned(),
        known: projections::names().join(", "),
    }
}

/// Builds the read model of `P` anew.
pub async fn rebuild<P: Projection>(
    reader: Arc<dyn EventReader>,
    models: &PostgresReadModels,
    options: &RebuildOptions,
    on_progress: OnProgress,
) -> Result<Rebuilt, RebuildError> {
    let mut site = Site::open::<P>(models.pool()).await?;
    site.announce::<P>(StartedBy::Command).await?;
    let never = CancellationToken::new();
    build_at::<P>(site, reader, models, options, on_progress, &never).await
}

/// Builds the read model of `P` anew at a site that is open, until `stop`.
pub(crate) async fn build_at<P: Projection>(
    mut site: Site,
    reader: Arc<dyn EventReader>,
    models: &PostgresReadModels,
    options: &RebuildOptions,
    on_progress: OnProgress,
    stop: &CancellationToken,
) -> Result<Rebuilt, RebuildError> {
    let work = Work {
        reader,
        models,
        options,
        report: Report::new(P::NAME, on_progress),
        began: Instant::now(),
    };
    let built = stop.run_until_cancelled(work.build::<P>(&mut site)).await;
    let rebuilt = built.unwrap_or(Err(RebuildError::CutOff));
    if rebuilt.is_err() {
        // What is left there harms nobody, should this fail too.
        match timeout(CLEAR_WITHIN, site.clear()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "the unfinished table stays for a while"),
            Err(_) => tracing::debug!("the unfinished table stays for a while"),
        }
    }
    site.close().await;
    rebuilt
}

struct Work<'a> {
    reader: Arc<dyn EventReader>,
    models: &'a PostgresReadModels,
    options: &'a RebuildOptions,
    report: Report,
    began: Instant,
}

impl Work<'_> {
    async fn build<P: Projection>(&self, site: &mut Site) -> Result<Rebuilt, RebuildError> {
        site.prepare(P::VERSION).await?;
        // What was skipped stays so; what is parked is found anew, by what this build can read. It is asked
        // before the head is: so nothing that is skipped comes after the head.
        let skipped = self.models.parking::<P>().await?.skipped;
        let head = self.reader.head().await?;
        let read = self.reader.bookmark(head.position).await?;
        let mut built = Built::<P> {
            lot: Lot::leaving_out(skipped.clone(), Room::of(self.options.max_parked)),
            cut: HashSet::new(),
            rows: 0,
            passes: 0,
        };
        let mut next = Some(Part::ALL);
        while let Some(part) = next {
            next = self
                .pass::<P>(site, Fold::Part(part), head, &mut built)
                .await?;
        }
        if !built.cut.is_empty() {
            let rows = std::mem::take(&mut built.cut);
            self.pass::<P>(site, Fold::Rows(rows), head, &mut built)
                .await?;
        }
        self.report.at(Stage::Indexing);
        self.alive(site.index()).await?;
        self.report.at(Stage::CatchingUp);
        site.park(&built.lot.into_changes()).await?;
        site.checkpoint(head.position, head.epoch).await?;
        let swap = self.swap::<P>(site, head, read, &skipped);
        let (position, parked) = self.alive(swap).await?;
        self.report.done(position);
        Ok(Rebuilt {
            position,
            events: self.report.events(),
            rows: built.rows,
            passes: built.passes,
            parked,
            took: self.began.elapsed(),
        })
    }

    /// One pass over history, up to `head`; says what is left to another.
    async fn pass<P: Projection>(
        &self,
        site: &mut Site,
        fold: Fold<P>,
        head: Head,
        built: &mut Built<P>,
    ) -> Result<Option<Part>, RebuildError> {
        let part = match &fold {
            Fold::Part(part) => *part,
            Fold::Rows(_) => Part::ALL,
        };
        let nothing = Lot::leaving_out(HashMap::new(), Room::of(0));
        let lot = std::mem::replace(&mut built.lot, nothing);
        let pass = Pass::<P>::new(
            self.reader.clone(),
            head.position,
            part,
            self.options,
            self.report.clone(),
            lot,
        );
        let pass = match fold {
            Fold::Part(_) => pass.parking(),
            Fold::Rows(rows) => pass.only(rows),
        };
        let copied = self.alive(pass.run(site.target())).await?;
        built.lot = copied.lot;
        built.cut.extend(copied.cut);
        built.rows += copied.rows;
        built.passes += 1;
        Ok(copied.rest)
    }

    /// Works, and says meanwhile that the rebuild is alive. That this cannot be said is no reason to
    /// stop working.
    async fn alive<T>(
        &self,
        work: impl Future<Output = Result<T, RebuildError>>,
    ) -> Result<T, RebuildError> {
        // Beside the work and not in between: it may have to wait for what the work holds.
        tokio::select! {
            biased;
            done = work => done,
            never = self.tell_alive() => match never {},
        }
    }

    async fn tell_alive(&self) -> Infallible {
        let mut alive = interval(self.options.heartbeat);
        loop {
            alive.tick().await;
            let progress = self.report.progress();
            let told = site::tell(self.models.pool(), &progress).await;
            if let Err(error) = told {
                let (name, error) = (progress.name, &error as &dyn std::error::Error);
                tracing::debug!(
                    projection = name,
                    error,
                    "it cannot be said that {name} is being built"
                );
            }
        }
    }

    /// Folds what came since, and puts the new table in the place of the live one. Says up to where it is
    /// folded, and how many sequences are parked.
    async fn swap<P: Projection>(
        &self,
        site: &mut Site,
        from: Head,
        read: Bookmark,
        skipped: &HashMap<i64, Uuid>,
    ) -> Result<(Position, usize), RebuildError> {
        let new = self.models.under_construction();
        new.take_over::<P>(ONLY_LEADER).await?;
        let lot = Lot::new(new.parking::<P>().await?, Room::of(self.options.max_parked));
        let at = from.position.into();
        let mut step = Step::<P, _>::new(new, ONLY_LEADER, from.epoch, at, 0, lot);
        self.catch_up::<P>(&mut step, from.epoch).await?;
        for _ in 0..SWAPS {
            // The live leader stops here, and goes on from what it finds when it leads again.
            let live = site.fence(P::VERSION).await?;
            let head = self.catch_up::<P>(&mut step, from.epoch).await?;
            if !self.reader.still_has(read).await? {
                return Err(RebuildError::Rewound(P::NAME));
            }
            let new = NewTable {
                version: P::VERSION,
                at: self.reader.bookmark(folded_to(&step, head)).await?,
                store_epoch: from.epoch,
                replaces_lost: live > head,
                skipped,
            };
            if site.swap(&new).await? {
                return Ok((step.stored(), step.lot().sequences().count()));
            }
        }
        Err(RebuildError::NotSwapped(P::NAME))
    }

    /// Folds what is there after what was folded; says where the head is.
    async fn catch_up<P: Projection>(
        &self,
        step: &mut Step<P, PostgresReadModels>,
        epoch: Uuid,
    ) -> Result<Position, RebuildError> {
        let types = P::types();
        let head = self.reader.head().await?;
        if head.epoch != epoch || head.position < step.stored() {
            return Err(RebuildError::Rewound(P::NAME));
        }
        if store::planted!("swap_before_catch_up") {
            return Ok(head.position);
        }
        while step.stored() < head.position {
            let (from, limit) = (step.bookmark(), self.options.batch);
            let page = self
                .reader
                .read_types(&types, from.position, head.position, limit);
            let page = page.await?;
            let is_last = !is_full_of_history(&page, limit);
            let events: Vec<Delivered> = page.into_iter().map(StoredEvent::decode).collect();
            let taken = step.take(events.iter(), from, true).await?;
            if taken.is_full {
                return Err(RunError::TooMuchWaits { name: P::NAME }.into());
            }
            match taken.poison {
                Some(poison) => step.park(&poison, 1).await?,
                // Up to there, nothing more is the projection's.
                None if is_last => step.pass_to(head.position.into()).await?,
                None => {}
            }
        }
        Ok(head.position)
    }
}

/// Up to where the new table is folded when it is swapped; with that planted bug, this is only said.
fn folded_to<P: Projection>(step: &Step<P, PostgresReadModels>, head: Position) -> Position {
    match store::planted!("swap_before_catch_up") {
        true => head,
        false => step.stored(),
    }
}

/// What is built so far.
struct Built<P: Projection> {
    lot: Lot<P>,
    /// Rows that are still to be copied, as they are before an event that cannot be folded.
    cut: HashSet<KeyOf<P>>,
    rows: u64,
    passes: u32,
}

/// What a pass folds.
enum Fold<P: Projection> {
    /// The rows of this part, and finds out what is to be parked.
    Part(Part),
    /// These rows, of which that is known.
    Rows(HashSet<KeyOf<P>>),
}

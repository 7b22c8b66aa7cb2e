//! Appending a batch: one statement if nothing stands against it.

use super::{
    connections::{Connections, Lent},
    encode::{Care, encode},
    error::{AppendError, of_append, of_encoding, of_reading},
    row::decode_command,
};
use crate::{
    Append, AppendOutcome, Clock, CommandRecord, StoreError, SystemClock,
    plan::{Knowledge, Plan, Verdict, check_rules, plan},
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{CommandId, Position, StreamId, Version};
use sqlx::postgres::PgArguments;
use std::{
    collections::HashMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};
use tokio::time::timeout;
use uuid::Uuid;

const APPEND: &str = include_str!("append.sql");
pub(super) const FIND_COMMANDS: &str = include_str!("find_commands.sql");

/// How often a batch is tried. Each time but the first, either what stood against it has been taken
/// out, or another process has made progress.
const ROUNDS: usize = 16;

/// For how many batches everything is looked at, after something stood against one: it seldom comes
/// alone, as when a client repeats what it did before, or when two processes write to one stream.
const CAREFUL_FOR: u32 = 64;

/// How far ahead of this process's clock the times recorded may be before that is told.
const CLOCK_AHEAD: TimeDelta = TimeDelta::seconds(30);

/// The one connection that appends.
pub(super) struct Writer {
    connections: Connections,
    /// Whether other processes are to be told.
    notify: bool,
    /// How long an append may take.
    patience: Duration,
    careful: AtomicU32,
    /// The times recorded were far ahead, last time.
    far_ahead: AtomicBool,
    /// The store's epoch, as the last statement found it.
    epoch: Mutex<Option<Uuid>>,
}

/// What the statement said.
enum Said {
    Done(Done),
    /// Nothing was done, because of these.
    Objected {
        stale: Vec<(String, i64)>,
        known: Vec<Uuid>,
    },
}

struct Done {
    /// Where the head was before.
    base: Position,
    recorded_at: DateTime<Utc>,
}

impl Writer {
    pub(super) const fn new(connections: Connections, notify: bool, patience: Duration) -> Self {
        Self {
            connections,
            notify,
            patience,
            careful: AtomicU32::new(0),
            far_ahead: AtomicBool::new(false),
            epoch: Mutex::new(None),
        }
    }

    /// The store's epoch, as the last statement found it.
    pub(super) fn epoch(&self) -> Option<Uuid> {
        *self.epoch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Appends `batch`; says also where the head is afterwards, if it moved.
    pub(super) async fn append(
        &self,
        batch: &[Append],
    ) -> Result<(Vec<AppendOutcome>, Option<Position>), StoreError> {
        check_rules(batch)?;
        if batch.is_empty() {
            return Ok((vec![], None));
        }
        let mut lent = self.connections.take().await?;
        match timeout(self.patience, self.rounds(&mut lent, batch)).await {
            Ok(Ok(appended)) => {
                lent.give_back();
                Ok(appended)
            }
            Ok(Err(error)) => {
                lent.discard_all();
                Err(error)
            }
            Err(elapsed) => {
                lent.discard_all();
                Err(StoreError::OutcomeUnknown(elapsed.into()))
            }
        }
    }

    async fn rounds(
        &self,
        lent: &mut Lent<'_>,
        batch: &[Append],
    ) -> Result<(Vec<AppendOutcome>, Option<Position>), StoreError> {
        let mut learned = Learned::default();
        for _ in 0..ROUNDS {
            let plan = plan(batch, &learned);
            if !plan.verdicts.contains(&Verdict::Append) {
                return Ok((outcomes(batch, &plan, &learned, None), None));
            }
            let care = self.care(&plan);
            match self.execute(lent, batch, &plan, care).await {
                Ok((Said::Done(done), events)) => {
                    self.watch_clock(done.recorded_at);
                    let head = (events > 0).then(|| done.base.plus(events));
                    return Ok((outcomes(batch, &plan, &learned, Some(&done)), head));
                }
                // It says that a stream has moved, and not whether that was by the same command.
                Ok((Said::Objected { .. }, _)) if care == Care::Light => {}
                Ok((Said::Objected { stale, known }, _)) => {
                    learned.learn(lent, batch, stale, known).await?;
                }
                // The next statement sees what this one ran into.
                Err(AppendError::Raced) => tracing::debug!("a batch was undone"),
                Err(AppendError::Store(error)) => return Err(error),
            }
            self.careful.store(CAREFUL_FOR, Ordering::Relaxed);
        }
        Err(StoreError::Unavailable(
            "other processes were faster every time".into(),
        ))
    }

    /// One try: what the statement said, and how many events it was given.
    async fn execute(
        &self,
        lent: &mut Lent<'_>,
        batch: &[Append],
        plan: &Plan<'_>,
        care: Care,
    ) -> Result<(Said, usize), AppendError> {
        let (arguments, events) = encode(batch, plan, care, self.notify)
            .map_err(|error| AppendError::Store(of_encoding(error)))?;
        type Row = (
            Option<i64>,
            Option<DateTime<Utc>>,
            Vec<String>,
            Vec<i64>,
            Vec<Uuid>,
            Option<Uuid>,
            Option<bool>,
        );
        let (base, recorded_at, streams, versions, known, epoch, _): Row =
            sqlx::query_as_with(APPEND, arguments)
                .fetch_one(lent.connection())
                .await
                .map_err(of_append)?;
        *self.epoch.lock().unwrap_or_else(PoisonError::into_inner) = epoch;
        let said = match (base, recorded_at) {
            (Some(base), Some(recorded_at)) => Said::Done(Done {
                base: Position::new(base),
                recorded_at,
            }),
            _ => Said::Objected {
                stale: streams.into_iter().zip(versions).collect(),
                known,
            },
        };
        Ok((said, events))
    }

    /// Times never go back, so a clock that was set far ahead once stays in all times recorded until
    /// it is caught up with.
    fn watch_clock(&self, recorded_at: DateTime<Utc>) {
        let ahead = recorded_at - SystemClock.now();
        metrics::gauge!("store_clock_ahead_seconds").set(ahead.as_seconds_f64());
        let far = ahead > CLOCK_AHEAD;
        if far != self.far_ahead.swap(far, Ordering::Relaxed) {
            if far {
                tracing::error!(
                    %recorded_at,
                    "the event store records times {} s ahead of this process's clock: one of the \
                     clocks is wrong, or the database's was; times stay there until they are \
                     caught up with",
                    ahead.num_seconds()
                );
            } else {
                tracing::info!("the event store's times are those of this process's clock again");
            }
        }
    }

    fn care(&self, plan: &Plan<'_>) -> Care {
        let left = self.careful.load(Ordering::Relaxed);
        // Only one batch is under way, as there is one connection.
        self.careful
            .store(left.saturating_sub(1), Ordering::Relaxed);
        let fits = |verdict: &Verdict| *verdict == Verdict::Append;
        if left == 0 && plan.verdicts.iter().all(fits) {
            Care::Light
        } else {
            Care::Full
        }
    }
}

fn outcomes(
    batch: &[Append],
    plan: &Plan<'_>,
    learned: &Learned,
    done: Option<&Done>,
) -> Vec<AppendOutcome> {
    let mut position = done.map_or(Position::ZERO, |done| done.base);
    let mut records: HashMap<CommandId, CommandRecord> = HashMap::new();
    let appends = batch.iter().zip(&plan.verdicts);
    let repeats = plan.verdicts.contains(&Verdict::Duplicate);
    let outcomes = appends.map(|(append, verdict)| match verdict {
        Verdict::Conflict(at) => AppendOutcome::Conflict {
            stream: append.streams[*at].stream.clone(),
        },
        Verdict::Duplicate => {
            let id = append.command_id;
            let record = learned.commands.get(&id).or_else(|| records.get(&id));
            let record = record.expect("a duplicate is of a record, old or of this batch");
            AppendOutcome::Duplicate(record.clone())
        }
        Verdict::Append => {
            position = position.plus(append.event_count());
            if let (true, Some(done)) = (repeats, done) {
                let record = append.record(position, done.recorded_at);
                records.insert(append.command_id, record);
            }
            AppendOutcome::Done { position }
        }
    });
    outcomes.collect()
}

/// What the statements so far have said.
#[derive(Default)]
struct Learned {
    versions: HashMap<StreamId, Version>,
    commands: HashMap<CommandId, CommandRecord>,
}

impl Learned {
    async fn learn(
        &mut self,
        lent: &mut Lent<'_>,
        batch: &[Append],
        stale: Vec<(String, i64)>,
        known: Vec<Uuid>,
    ) -> Result<(), StoreError> {
        let stale: HashMap<String, i64> = stale.into_iter().collect();
        for stream in batch.iter().flat_map(|append| &append.streams) {
            if let Some(version) = stale.get(stream.stream.as_str()) {
                let version = Version::new(*version);
                self.versions.insert(stream.stream.clone(), version);
            }
        }
        if known.is_empty() {
            return Ok(());
        }
        let mut arguments = PgArguments::default();
        sqlx::Arguments::add(&mut arguments, known).map_err(of_encoding)?;
        let rows = sqlx::query_with(FIND_COMMANDS, arguments)
            .fetch_all(lent.connection())
            .await
            .map_err(|error| of_reading("looking up commands", error))?;
        for row in &rows {
            let record = decode_command(row)?;
            self.commands.insert(record.id, record);
        }
        Ok(())
    }
}

impl Knowledge for Learned {
    fn is_recorded(&self, command: CommandId) -> bool {
        self.commands.contains_key(&command)
    }

    fn version(&self, stream: &StreamId) -> Option<Version> {
        self.versions.get(stream).copied()
    }
}

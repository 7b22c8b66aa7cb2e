//! Reading events.

use super::{
    PostgresOptions,
    append::FIND_COMMANDS,
    archive::both,
    connections::{Connections, Most, Taken},
    error::{of_encoding, of_reading},
    listen,
    row::{EventDecoder, decode_command, decode_stored_command},
};
use crate::{
    BackupSource, CommandCursor, CommandPage, CommandRecord, Cut, EventReader, HISTORY_PAGE_BYTES,
    Head, HeadSignal, PAGE_BYTES, Signaller, StoreError, StoredEvent, lease::PostgresLeases,
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{CommandId, Event, Position, StreamId, Version};
use sqlx::{
    Arguments, Row,
    error::BoxDynError,
    postgres::{PgArguments, PgBindIterExt, PgRow},
};
use std::sync::{
    Arc,
    atomic::{AtomicI64, AtomicUsize, Ordering},
};
use tokio_util::sync::{CancellationToken, DropGuard};
use uuid::Uuid;

/// The column of `read_types.sql` that holds the payload, and the one that says how far the archive goes.
const PAYLOAD: usize = 14;
const ARCHIVED_UNTIL: usize = 15;

/// How many events of history are asked for at once: at first, at least and at most.
const FIRST_OF_HISTORY: usize = 1_024;
const FEWEST_OF_HISTORY: usize = 64;
const MOST_OF_HISTORY: usize = 1 << 20;

/// The store over PostgreSQL for those who only read. Clones share their connections.
#[derive(Clone)]
pub struct PostgresReader(Arc<Inner>);

struct Inner {
    connections: Arc<Connections>,
    leases: Arc<Connections>,
    signaller: Signaller,
    /// The highest archived position, as far as is known: what is archived stays. Up to there it is looked
    /// into both tables at once.
    archived_until: AtomicI64,
    /// About how many events hold as many bytes as a page of history may.
    of_history: AtomicUsize,
    /// Ends the listening with the last clone.
    _listening: Option<DropGuard>,
}

impl PostgresReader {
    /// Connects. The schema must be migrated by whoever appends.
    pub async fn connect(options: PostgresOptions) -> Result<Self, StoreError> {
        let connections = Arc::new(Connections::for_readers(&options)?);
        // A wrong URL shows now, rather than with the first read.
        connections.take().await?.give_back();
        let leases = Arc::new(Connections::for_leases(&options)?);
        let signaller = Signaller::new();
        let listening = if options.signals_processes() {
            let stop = CancellationToken::new();
            tokio::spawn(stop.clone().run_until_cancelled_owned(listen::listen(
                options.parse(options.executing())?,
                signaller.clone(),
                connections.clone(),
            )));
            Some(stop.drop_guard())
        } else {
            None
        };
        Ok(Self(Arc::new(Inner {
            connections,
            leases,
            signaller,
            archived_until: AtomicI64::new(0),
            of_history: AtomicUsize::new(FIRST_OF_HISTORY),
            _listening: listening,
        })))
    }

    /// Leases that the store's database keeps.
    pub fn leases(&self) -> PostgresLeases {
        PostgresLeases::new(self.0.leases.clone())
    }

    pub(super) fn connections(&self) -> &Connections {
        &self.0.connections
    }

    pub(super) fn signaller(&self) -> &Signaller {
        &self.0.signaller
    }

    /// Whether it is known that something after `after` is archived.
    fn is_in_archive(&self, after: Position) -> bool {
        after.get() < self.0.archived_until.load(Ordering::Relaxed)
    }

    /// Looks how far the archive goes.
    async fn look_at_archive(&self) -> Result<(), StoreError> {
        let sql = "SELECT max(position) FROM store.archived_events";
        let rows = self
            .connections()
            .fetch(sql, PgArguments::default())
            .await?;
        let row = rows.first().ok_or(sqlx::Error::RowNotFound);
        row.and_then(|row| self.learn_archive(row, 0))
            .map_err(|error| of_reading("looking how far the archive goes", error))
    }

    /// Remembers how far the archive goes, which a column of `row` says.
    fn learn_archive(&self, row: &PgRow, column: usize) -> Result<(), sqlx::Error> {
        let until: Option<i64> = row.try_get(column)?;
        let known = &self.0.archived_until;
        known.fetch_max(until.unwrap_or(0), Ordering::Relaxed);
        Ok(())
    }

    /// Some of the events of `types`: none more once they hold so many bytes.
    async fn part(
        &self,
        types: &[&'static str],
        after: Position,
        until: Position,
        count: usize,
        bytes: usize,
    ) -> Result<History, StoreError> {
        let arguments = || -> Result<PgArguments, BoxDynError> {
            let mut arguments = PgArguments::default();
            let passed_over = Event::types().filter(|known| !types.contains(known));
            arguments.add(after.get())?;
            arguments.add(until.get())?;
            arguments.add(passed_over.bind_iter())?;
            arguments.add(clamp(count))?;
            Ok(arguments)
        };
        let most = Some(Most {
            column: PAYLOAD,
            bytes,
        });
        if !self.is_in_archive(after) {
            let sql = include_str!("read_types.sql");
            let arguments = arguments().map_err(of_encoding)?;
            let taken = self.connections().fetch_some(sql, arguments, most).await?;
            // What is not asked for leaves gaps, too. So the statement says how far the archive goes; where
            // it found nothing, that is asked after it: what was moved before the read is there then.
            match taken.rows.first() {
                Some(row) => self
                    .learn_archive(row, ARCHIVED_UNTIL)
                    .map_err(|error| of_reading("reading how far the archive goes", error))?,
                None => self.look_at_archive().await?,
            }
            if !self.is_in_archive(after) {
                return History::of(&taken);
            }
        }
        let arguments = arguments().map_err(of_encoding)?;
        let taken = self
            .connections()
            .fetch_some(&both::READ_TYPES, arguments, most);
        History::of(&taken.await?)
    }

    /// The next page will have about as many events as this one.
    fn expect_as(&self, page: &History) {
        let whole = page.events.len().saturating_mul(HISTORY_PAGE_BYTES);
        if let Some(many) = whole.checked_div(page.bytes) {
            let many = many.min(MOST_OF_HISTORY);
            self.0.of_history.store(many, Ordering::Relaxed);
        }
    }

    async fn events(
        &self,
        sql: &'static str,
        arguments: PgArguments,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        decode(&self.connections().fetch(sql, arguments).await?)
    }
}

/// Events of history, as far as they were asked for.
#[derive(Default)]
struct History {
    events: Vec<StoredEvent>,
    /// How many bytes their payloads hold.
    bytes: usize,
    /// Whether there were more, which came in vain.
    is_cut: bool,
}

impl History {
    fn of(taken: &Taken) -> Result<Self, StoreError> {
        Ok(Self {
            events: decode(&taken.rows)?,
            bytes: taken.bytes,
            is_cut: taken.is_cut,
        })
    }
}

fn decode(rows: &[PgRow]) -> Result<Vec<StoredEvent>, StoreError> {
    let mut decoder = EventDecoder::default();
    rows.iter().map(|row| decoder.decode(row)).collect()
}

#[async_trait]
impl EventReader for PostgresReader {
    async fn read_streams(
        &self,
        from: &[(StreamId, Version)],
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let (sql, both) = match from {
            [] => return Ok(vec![]),
            [_] => (include_str!("read_stream.sql"), &both::READ_STREAM),
            _ => (include_str!("read_streams.sql"), &both::READ_STREAMS),
        };
        let arguments = || match from {
            [one] => of_one(one, limit),
            _ => of_many(from, limit),
        };
        let events = self.events(sql, arguments().map_err(of_encoding)?).await?;
        match both::lacks_versions(from, &events) {
            false => Ok(events),
            true => self.events(both, arguments().map_err(of_encoding)?).await,
        }
    }

    async fn read_all(
        &self,
        after: Position,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let arguments = || -> Result<PgArguments, BoxDynError> {
            let mut arguments = PgArguments::default();
            arguments.add(after.get())?;
            arguments.add(clamp(limit))?;
            arguments.add(clamp(PAGE_BYTES))?;
            Ok(arguments)
        };
        if !self.is_in_archive(after) {
            let sql = include_str!("read_all.sql");
            let events = self.events(sql, arguments().map_err(of_encoding)?).await?;
            if !both::lacks_positions(after, &events) {
                return Ok(events);
            }
            self.look_at_archive().await?;
        }
        let arguments = arguments().map_err(of_encoding)?;
        self.events(&both::READ_ALL, arguments).await
    }

    async fn read_types(
        &self,
        types: &[&'static str],
        after: Position,
        until: Position,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let mut page = History::default();
        loop {
            let last = page.events.last();
            let after = last.map_or(after, |last| last.envelope.position);
            let room = limit.saturating_sub(page.events.len());
            let bytes = HISTORY_PAGE_BYTES.saturating_sub(page.bytes);
            // As many as are expected to hold enough bytes, so that few come in vain.
            let whole = self.0.of_history.load(Ordering::Relaxed);
            let expected = whole.saturating_mul(bytes) / HISTORY_PAGE_BYTES;
            let count = room.min(expected.max(FEWEST_OF_HISTORY));
            let more = self.part(types, after, until, count, bytes).await?;
            let is_last = more.events.len() < count && !more.is_cut;
            page.bytes += more.bytes;
            page.events.extend(more.events);
            if is_last || page.events.len() >= limit || page.bytes >= HISTORY_PAGE_BYTES {
                self.expect_as(&page);
                return Ok(page.events);
            }
        }
    }

    async fn head(&self) -> Result<Head, StoreError> {
        head(self.connections()).await
    }

    async fn find_commands(&self, ids: &[CommandId]) -> Result<Vec<CommandRecord>, StoreError> {
        let mut arguments = PgArguments::default();
        let ids = ids.iter().map(|id| id.uuid()).bind_iter();
        arguments.add(ids).map_err(of_encoding)?;
        let rows = self.connections().fetch(FIND_COMMANDS, arguments).await?;
        rows.iter().map(decode_command).collect()
    }

    fn signal(&self) -> HeadSignal {
        self.0.signaller.signal()
    }
}

#[async_trait]
impl BackupSource for PostgresReader {
    async fn read_commands(
        &self,
        from: CommandCursor,
        until: Option<&Cut>,
        limit: usize,
    ) -> Result<CommandPage, StoreError> {
        let until = until.map_or(Position::ZERO, |until| until.position);
        let mut arguments = PgArguments::default();
        arguments
            .add(from.recorded_at)
            .and_then(|()| arguments.add(from.id))
            .and_then(|()| arguments.add(from.position.get()))
            .and_then(|()| arguments.add(until.get()))
            .and_then(|()| arguments.add(clamp(limit)))
            .map_err(of_encoding)?;
        let sql = include_str!("read_commands.sql");
        let rows = self.connections().fetch(sql, arguments).await?;
        let records = rows.iter().map(decode_stored_command);
        let records: Vec<_> = records.collect::<Result<_, _>>()?;
        let last = records.last().filter(|_| records.len() >= limit);
        let next = last.map(|last| CommandCursor {
            recorded_at: last.recorded_at,
            id: last.id.uuid(),
            ..from
        });
        Ok(CommandPage { records, next })
    }

    async fn time(&self) -> Result<DateTime<Utc>, StoreError> {
        let sql = "SELECT clock_timestamp()";
        let rows = self
            .connections()
            .fetch(sql, PgArguments::default())
            .await?;
        let now = rows.first().ok_or(sqlx::Error::RowNotFound);
        now.and_then(|row| row.try_get(0))
            .map_err(|error| of_reading("reading the clock", error))
    }
}

pub(super) async fn head(connections: &Connections) -> Result<Head, StoreError> {
    let rows = connections
        .fetch(include_str!("head.sql"), PgArguments::default())
        .await?;
    let corrupt = |detail: String| StoreError::Corrupt {
        table: "store.head",
        column: "epoch",
        row: "the only row".into(),
        detail,
    };
    let row: &PgRow = rows.first().ok_or_else(|| corrupt("no row".into()))?;
    let (position, epoch): (i64, Uuid) = row
        .try_get(0)
        .and_then(|position| Ok((position, row.try_get(1)?)))
        .map_err(|error| corrupt(error.to_string()))?;
    Ok(Head {
        position: Position::new(position),
        epoch,
    })
}

fn of_one((stream, after): &(StreamId, Version), limit: usize) -> Result<PgArguments, BoxDynError> {
    let mut arguments = PgArguments::default();
    arguments.add(stream.as_str())?;
    arguments.add(after.get())?;
    arguments.add(clamp(limit))?;
    Ok(arguments)
}

fn of_many(from: &[(StreamId, Version)], limit: usize) -> Result<PgArguments, BoxDynError> {
    let mut arguments = PgArguments::default();
    arguments.add(from.iter().map(|(stream, _)| stream.as_str()).bind_iter())?;
    arguments.add(from.iter().map(|(_, after)| after.get()).bind_iter())?;
    arguments.add(clamp(limit))?;
    Ok(arguments)
}

/// A limit as the server takes it.
fn clamp(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

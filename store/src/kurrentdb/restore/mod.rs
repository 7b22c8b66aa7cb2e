//! Putting a store's whole content into a namespace that has none.
//!
//! Until it is finished, the stream that says which store this is says that it is being restored, and
//! no process can begin with it. How far it is stands there, too, and moves with each append.

mod encode;

use super::{
    commands,
    connection::Connections,
    event::record,
    head::head,
    options::KurrentOptions,
    origin::{self, RESTORING_TYPE, StoreState},
    reading::Question,
    wire::{AppendRecord, Check, NO_STREAM},
    writing::NotAppended,
};
use crate::{
    Head, PAGE_BYTES, RestoreTarget, Restoring, StoreError, StoredCommand, StoredEvent,
    transfer::{another_restore, is_used, not_begun, not_contiguous, used_meanwhile},
};
use async_trait::async_trait;
use domain::Position;
use std::collections::HashMap;
use tokio::sync::Mutex;
use uuid::Uuid;

/// How many events are counted at once.
const COUNTED_AT_ONCE: usize = 1_000;

/// A namespace that something is restored into.
pub struct KurrentRestore {
    connections: Connections,
    begun: Mutex<Option<Begun>>,
}

/// How far it is, and at which revision the stream is that says so.
#[derive(Clone, Copy)]
struct Begun {
    restoring: Restoring,
    revision: i64,
}

impl KurrentRestore {
    /// Connects with the first use.
    pub fn new(options: KurrentOptions) -> Result<Self, StoreError> {
        Ok(Self {
            connections: Connections::new(options)?,
            begun: Mutex::new(None),
        })
    }

    /// Appends `records` together with how far it is then.
    async fn put(
        &self,
        begun: &mut Begun,
        mut records: Vec<AppendRecord>,
        mut checks: Vec<Check>,
        then: Restoring,
    ) -> Result<(), StoreError> {
        let stream = self.connections.names().store();
        let payload = origin::restoring(then)?;
        checks.push(Check::state(stream.clone(), begun.revision));
        records.push(record(
            stream,
            Uuid::new_v4(),
            RESTORING_TYPE,
            payload,
            vec![],
        ));
        self.append(records, checks).await?;
        *begun = Begun {
            restoring: then,
            revision: begun.revision + 1,
        };
        Ok(())
    }

    async fn append(
        &self,
        records: Vec<AppendRecord>,
        checks: Vec<Check>,
    ) -> Result<(), StoreError> {
        match self.connections.append(records, checks).await {
            Ok(_) => Ok(()),
            Err(NotAppended::Violated(_)) => Err(used_meanwhile()),
            Err(NotAppended::Store(error) | NotAppended::Broken(error)) => Err(error),
        }
    }

    /// Whether it has events or records of commands.
    async fn is_used(&self) -> Result<bool, StoreError> {
        let connections = &self.connections;
        if head(connections).await? != Position::ZERO {
            return Ok(true);
        }
        let records = connections.names().commands();
        let question = Question::all_from(&records, Position::ZERO, 1, usize::MAX);
        let read = connections.read("looking for commands", &question).await?;
        Ok(!read.is_empty())
    }

    /// Whether there is something that was not put in: a process that ran before the restore began
    /// knows nothing of it, and may have written. All of the namespace is read for that.
    async fn has_others(&self, restoring: Restoring) -> Result<bool, StoreError> {
        let names = self.connections.names();
        // Of what was put in, none is gone; old records may be.
        Ok(self.count(&names.events()).await? != restoring.events
            || self.count(&names.commands()).await? > restoring.commands)
    }

    /// How many events there are in the streams whose names begin with `prefix`.
    async fn count(&self, prefix: &str) -> Result<u64, StoreError> {
        let (mut count, mut end) = (0, Position::ZERO);
        loop {
            let question = Question::all_from(prefix, end, COUNTED_AT_ONCE, PAGE_BYTES);
            let read = self
                .connections
                .read("counting what is there", &question)
                .await?;
            let before = end;
            for event in read {
                let position = event.position()?;
                if position > before {
                    (count, end) = (count + 1, position);
                }
            }
            if end == before {
                return Ok(count);
            }
        }
    }

    /// What is said of the store, if `source` can be put in.
    async fn state(&self, source: Uuid) -> Result<(StoreState, i64), StoreError> {
        let (state, revision) = origin::state(&self.connections).await?;
        match state {
            StoreState::Restoring(restoring) if restoring.source == source => {
                return Ok((state, revision));
            }
            StoreState::Restoring(restoring) if !restoring.is_nothing() => {
                return Err(another_restore(restoring.source));
            }
            _ => {}
        }
        match self.is_used().await? {
            true => Err(is_used()),
            false => Ok((state, revision)),
        }
    }
}

#[async_trait]
impl RestoreTarget for KurrentRestore {
    async fn look(&self, source: Uuid) -> Result<(), StoreError> {
        self.state(source).await.map(drop)
    }

    async fn begin(&self, source: Uuid) -> Result<Restoring, StoreError> {
        let mut kept = self.begun.lock().await;
        let (state, revision) = self.state(source).await?;
        if let StoreState::Restoring(restoring) = state
            && restoring.source == source
        {
            *kept = Some(Begun {
                restoring,
                revision,
            });
            return Ok(restoring);
        }
        let restoring = Restoring::of(source);
        let mut begun = Begun {
            restoring,
            revision,
        };
        self.put(&mut begun, vec![], vec![], restoring).await?;
        *kept = Some(begun);
        Ok(restoring)
    }

    async fn put_events(&self, events: &[StoredEvent]) -> Result<(), StoreError> {
        let mut kept = self.begun.lock().await;
        let begun = kept.as_mut().ok_or_else(not_begun)?;
        let names = self.connections.names();
        for part in encode::parts(events, self.connections.options().bytes_at_once()) {
            let (mut checks, mut next): (Vec<Check>, HashMap<&str, i64>) = Default::default();
            for event in part {
                let version = event.envelope.version.get();
                let stream = event.stored_names().0;
                let next = next.entry(stream).or_insert_with(|| {
                    // Its revision is one less, and what must be there is one before that: -1 is no
                    // stream.
                    checks.push(Check::state(names.of_events(stream), version - 2));
                    version
                });
                if *next != version {
                    return Err(not_contiguous(stream));
                }
                *next += 1;
            }
            let records = part.iter().map(|event| encode::event(names, event));
            let mut then = begun.restoring;
            then.events += part.len() as u64;
            self.put(begun, records.collect(), checks, then).await?;
        }
        Ok(())
    }

    async fn put_commands(&self, records: &[StoredCommand]) -> Result<(), StoreError> {
        let mut kept = self.begun.lock().await;
        let begun = kept.as_mut().ok_or_else(not_begun)?;
        let connections = &self.connections;
        for part in records.chunks(encode::COMMANDS_AT_ONCE) {
            // Backups that go on where others ended have some of them twice.
            let mut news: HashMap<_, &StoredCommand> = HashMap::new();
            let ids: Vec<_> = part.iter().map(|record| record.id).collect();
            let there = commands::last_of(connections, &ids).await?;
            for record in part {
                if !there.iter().any(|(id, _)| *id == record.id) {
                    news.entry(record.id).or_insert(record);
                }
            }
            let keep = connections.options().keeping_commands();
            let mut then = begun.restoring;
            then.commands += news.len() as u64;
            let (mut records, mut checks) = (vec![], vec![]);
            for record in news.into_values() {
                let stream = connections.names().of_command(record.id);
                checks.push(Check::state(stream.clone(), NO_STREAM));
                records.extend(commands::restored(stream, record, keep)?);
            }
            self.put(begun, records, checks, then).await?;
        }
        Ok(())
    }

    async fn finish(&self) -> Result<Head, StoreError> {
        let mut kept = self.begun.lock().await;
        let begun = kept.take().ok_or_else(not_begun)?;
        if self.has_others(begun.restoring).await? {
            return Err(used_meanwhile());
        }
        // Before the last append: what fails after it would say that nothing was finished.
        let position = head(&self.connections).await?;
        let epoch = Uuid::new_v4();
        let (records, checks) = origin::began(&self.connections, epoch, begun.revision)?;
        self.append(records, checks).await?;
        Ok(Head { position, epoch })
    }

    async fn give_up(&self) -> Result<(), StoreError> {
        *self.begun.lock().await = None;
        let (state, revision) = origin::state(&self.connections).await?;
        match state {
            StoreState::New | StoreState::Begun(_) => return Ok(()),
            StoreState::Restoring(restoring) if restoring.is_nothing() => {
                let (records, checks) = origin::began(&self.connections, Uuid::new_v4(), revision)?;
                return self.append(records, checks).await;
            }
            StoreState::Restoring(_) => {}
        }
        Err(StoreError::Failed {
            what: "giving the restore up".into(),
            source: "KurrentDB removes nothing by itself: delete the namespace's streams, or take \
                     another namespace"
                .into(),
        })
    }
}

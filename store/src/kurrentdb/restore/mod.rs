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
    Head, RestoreTarget, Restoring, StoreError, StoredCommand, StoredEvent,
    transfer::{another_restore, not_begun, not_empty},
};
use async_trait::async_trait;
use domain::Position;
use std::collections::HashMap;
use tokio::sync::Mutex;
use uuid::Uuid;

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
            Err(NotAppended::Violated(_)) => Err(not_empty(
                "somebody else writes to it while it is restored",
            )),
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
}

#[async_trait]
impl RestoreTarget for KurrentRestore {
    async fn begin(&self, source: Uuid) -> Result<Restoring, StoreError> {
        let mut kept = self.begun.lock().await;
        let (state, revision) = origin::state(&self.connections).await?;
        match state {
            StoreState::Restoring(restoring) if restoring.source == source => {
                *kept = Some(Begun {
                    restoring,
                    revision,
                });
                return Ok(restoring);
            }
            StoreState::Restoring(restoring) if !restoring.is_nothing() => {
                return Err(another_restore(restoring.source));
            }
            _ => {}
        }
        if self.is_used().await? {
            return Err(not_empty("it has events, or records of commands"));
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
            let mut expected: HashMap<&str, i64> = HashMap::new();
            for event in part {
                let version = event.envelope.version.get();
                let stream = event.stored_names().0;
                // Its revision is one less, and what must be there is one before that: -1 is no stream.
                expected.entry(stream).or_insert(version - 2);
            }
            let checks = expected.into_iter();
            let checks = checks.map(|(stream, at)| Check::state(names.of_events(stream), at));
            let records = part.iter().map(|event| encode::event(names, event));
            let mut then = begun.restoring;
            then.events += part.len() as u64;
            self.put(begun, records.collect(), checks.collect(), then)
                .await?;
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
            let there = commands::find(connections, &ids).await?;
            for record in part {
                if !there.iter().any(|it| it.id == record.id) {
                    news.insert(record.id, record);
                }
            }
            let keep = connections.options().keeping_commands();
            let (mut records, mut checks) = (vec![], vec![]);
            for record in news.into_values() {
                let stream = connections.names().of_command(record.id);
                checks.push(Check::state(stream.clone(), NO_STREAM));
                records.extend(commands::restored(stream, record, keep)?);
            }
            let mut then = begun.restoring;
            then.commands += part.len() as u64;
            self.put(begun, records, checks, then).await?;
        }
        Ok(())
    }

    async fn finish(&self) -> Result<Head, StoreError> {
        let mut kept = self.begun.lock().await;
        let begun = kept.take().ok_or_else(not_begun)?;
        let epoch = Uuid::new_v4();
        let (records, checks) = origin::began(&self.connections, epoch, begun.revision)?;
        self.append(records, checks).await?;
        Ok(Head {
            position: head(&self.connections).await?,
            epoch,
        })
    }

    async fn give_up(&self) -> Result<(), StoreError> {
        Err(StoreError::Failed {
            what: "giving the restore up".into(),
            source: "KurrentDB removes nothing by itself: delete the namespace's streams, or take \
                     another namespace"
                .into(),
        })
    }
}

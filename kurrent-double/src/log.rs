//! The log: what is appended, decided as the documentation and the source of the server
//! say it decides.

use chrono::Utc;
use prost::Message;
use std::{
    collections::HashMap,
    fs::{self, File},
    io::{self, Write},
    path::Path,
    time::Duration,
};
use store::kurrentdb::wire::{AppendRecord, AppendRecords, CheckKind, PropertyKind};

/// What a record takes in the log beside its payload.
const BESIDE: u64 = 96;

/// An event in the log.
#[derive(Clone)]
pub struct Logged {
    pub(crate) position: u64,
    pub(crate) stream: String,
    pub(crate) revision: u64,
    pub(crate) id: String,
    pub(crate) event_type: String,
    pub(crate) said: String,
    pub(crate) data: bytes::Bytes,
    /// In units of 100 ns since 1970.
    pub(crate) created: i64,
}

/// What becomes of an append.
pub(crate) enum Verdict {
    /// It is done now, or was before: where its last record is.
    Done { position: u64 },
    /// These streams are elsewhere: name, expected, actual.
    Violated(Vec<(String, i64, i64)>),
    /// Some of its events are there already, and others are not: the server fails.
    Mixed,
    /// More bytes than are taken at once.
    TooLarge { size: usize },
    /// It breaks a rule of the protocol.
    Invalid(String),
}

enum Decision {
    Ok,
    Idempotent { position: u64 },
    Wrong { actual: i64 },
    Corrupted,
}

/// Everything that was appended.
#[derive(Default)]
pub struct Log {
    events: Vec<Logged>,
    /// The indices in `events` of a stream's events, by revision.
    streams: HashMap<String, Vec<usize>>,
    end: u64,
    /// Where it is kept, if it is.
    file: Option<File>,
}

/// What one append has added, as the file has it: its length stands before it.
#[derive(Clone, PartialEq, Message)]
struct Kept {
    #[prost(int64, tag = "1")]
    created: i64,
    #[prost(message, repeated, tag = "2")]
    records: Vec<AppendRecord>,
}

impl Log {
    pub(crate) fn new() -> Self {
        Self {
            // A server's own events come first.
            end: 10_007,
            ..Self::default()
        }
    }

    /// One that is kept in the file at `path`, with what is there: it outlives the process, also one
    /// that is killed, but is not forced onto the disk. An append that was cut off never was.
    pub(crate) fn in_file(path: &Path) -> io::Result<Self> {
        let file = File::options().create(true).append(true).open(path)?;
        let bytes = fs::read(path)?;
        let (mut log, mut rest) = (Self::new(), bytes.as_slice());
        let mut whole = 0;
        while let Ok(Kept { created, records }) = Kept::decode_length_delimited(&mut rest) {
            for record in &records {
                log.push(record, created);
            }
            whole = bytes.len() - rest.len();
            if rest.is_empty() {
                break;
            }
        }
        file.set_len(whole as u64)?;
        log.file = Some(file);
        Ok(log)
    }

    pub(crate) fn append(&mut self, request: &AppendRecords, max_bytes: usize) -> Verdict {
        if request.records.is_empty() {
            return Verdict::Invalid("it must contain at least one record".into());
        }
        let size = request
            .records
            .iter()
            .map(|record| record.data.len() + 200)
            .sum();
        if size > max_bytes {
            return Verdict::TooLarge { size };
        }
        let mut expected: Vec<(String, i64)> = vec![];
        for check in &request.checks {
            let Some(CheckKind::StreamState(state)) = &check.kind else {
                return Verdict::Invalid("a check checks nothing".into());
            };
            let twice = |(name, _): &(String, i64)| name.eq_ignore_ascii_case(&state.stream);
            if expected.iter().any(twice) {
                return Verdict::Invalid("each stream can only appear once in checks".into());
            }
            expected.push((state.stream.clone(), state.expected));
        }
        for record in &request.records {
            if record.stream.is_empty() || record.stream == "$$" {
                return Verdict::Invalid("the stream must have a name".into());
            }
            let same = |(name, _): &&(String, i64)| name.eq_ignore_ascii_case(&record.stream);
            match expected.iter().find(same) {
                Some((name, _)) if *name != record.stream => {
                    return Verdict::Invalid("names of streams differ in case alone".into());
                }
                Some(_) => {}
                // Nothing is expected of it.
                None => expected.push((record.stream.clone(), -2)),
            }
        }
        self.decide(request, &expected)
    }

    fn decide(&mut self, request: &AppendRecords, expected: &[(String, i64)]) -> Verdict {
        let decisions: Vec<_> = expected
            .iter()
            .map(|(stream, expected)| {
                let of_stream = request.records.iter().filter(|it| it.stream == *stream);
                let ids: Vec<_> = of_stream.map(|it| it.record_id.clone().unwrap()).collect();
                self.check(stream, *expected, &ids)
            })
            .collect();
        let count =
            |wanted: fn(&Decision) -> bool| decisions.iter().filter(|it| wanted(it)).count();
        let ok = count(|it| matches!(it, Decision::Ok));
        let wrong = count(|it| matches!(it, Decision::Wrong { .. }));
        let idempotent = count(|it| matches!(it, Decision::Idempotent { .. }));
        if ok == decisions.len() {
            let created = Utc::now().timestamp_nanos_opt().unwrap() / 100;
            self.keep(&request.records, created);
            let position = request
                .records
                .iter()
                .map(|record| self.push(record, created))
                .last();
            return Verdict::Done {
                position: position.unwrap(),
            };
        }
        if idempotent == decisions.len() {
            let positions = decisions.iter().map(|it| match it {
                Decision::Idempotent { position } => *position,
                _ => 0,
            });
            return Verdict::Done {
                position: positions.max().unwrap(),
            };
        }
        if ok + wrong < decisions.len() {
            return Verdict::Mixed;
        }
        let violations = expected.iter().zip(&decisions);
        let violations = violations.filter_map(|((stream, expected), decision)| match decision {
            Decision::Wrong { actual } => Some((stream.clone(), *expected, *actual)),
            _ => None,
        });
        Verdict::Violated(violations.collect())
    }

    fn check(&self, stream: &str, expected: i64, ids: &[String]) -> Decision {
        let indices = self.streams.get(stream).map_or(&[][..], Vec::as_slice);
        let actual = indices.len() as i64 - 1;
        if expected == -2 || expected == actual {
            return Decision::Ok;
        }
        if expected > actual || ids.is_empty() {
            return Decision::Wrong { actual };
        }
        let mut position = 0;
        for (nr, id) in ids.iter().enumerate() {
            let index = indices.get((expected + 1) as usize + nr);
            match index.map(|index| &self.events[*index]) {
                Some(event) if event.id == *id => position = event.position,
                _ if nr == 0 => return Decision::Wrong { actual },
                _ => return Decision::Corrupted,
            }
        }
        Decision::Idempotent { position }
    }

    fn keep(&mut self, records: &[AppendRecord], created: i64) {
        if let Some(file) = &mut self.file {
            let kept = Kept {
                created,
                records: records.to_vec(),
            };
            file.write_all(&kept.encode_length_delimited_to_vec())
                .unwrap();
        }
    }

    fn push(&mut self, record: &AppendRecord, created: i64) -> u64 {
        let of_stream = self.streams.entry(record.stream.clone()).or_default();
        let said: serde_json::Map<_, _> = record
            .properties
            .iter()
            .map(|(name, value)| {
                let PropertyKind::Text(text) = value.kind.clone().unwrap();
                (name.clone(), text.into())
            })
            .collect();
        let position = self.end;
        let schema = record.schema.as_ref().unwrap();
        self.end += BESIDE + record.data.len() as u64;
        self.events.push(Logged {
            position,
            stream: record.stream.clone(),
            revision: of_stream.len() as u64,
            id: record.record_id.clone().unwrap(),
            event_type: schema.name.clone(),
            said: serde_json::Value::Object(said).to_string(),
            data: record.data.clone(),
            created,
        });
        of_stream.push(self.events.len() - 1);
        position
    }

    /// Everything, in the order of the log.
    pub(crate) fn events(&self) -> &[Logged] {
        &self.events
    }

    /// Where `position` is among the events; none if there is no place like that in the log.
    pub(crate) fn index_of(&self, position: u64) -> Option<usize> {
        if position >= self.end {
            return Some(self.events.len());
        }
        let at = self
            .events
            .binary_search_by_key(&position, |event| event.position);
        at.ok()
    }

    /// The events of a stream that have not expired; none if there never was one.
    pub(crate) fn stream(&self, name: &str) -> Option<Vec<Logged>> {
        let indices = self.streams.get(name)?;
        let (max_age, max_count) = self.kept(name);
        let oldest = max_age.map(|age| {
            Utc::now().timestamp_nanos_opt().unwrap() / 100 - age.as_nanos() as i64 / 100
        });
        let events = indices.iter().map(|index| &self.events[*index]);
        let events = events.filter(|event| oldest.is_none_or(|oldest| event.created > oldest));
        let events: Vec<_> = events.cloned().collect();
        let skip = max_count.map_or(0, |count| events.len().saturating_sub(count));
        Some(events[skip..].to_vec())
    }

    /// What is said of how long, and how many of, the events of a stream are kept.
    fn kept(&self, name: &str) -> (Option<Duration>, Option<usize>) {
        let last = self
            .streams
            .get(&format!("$${name}"))
            .and_then(|of| of.last());
        let Some(last) = last else {
            return (None, None);
        };
        let said: serde_json::Value = serde_json::from_slice(&self.events[*last].data).unwrap();
        let age = said["$maxAge"].as_u64().map(Duration::from_secs);
        (age, said["$maxCount"].as_u64().map(|count| count as usize))
    }

    /// As a restore from an old backup: everything from `position` on is gone. The file, if there is
    /// one, stays as it is.
    pub fn lose_from(&mut self, position: u64) {
        self.events.retain(|event| event.position < position);
        self.end = position;
        self.streams.clear();
        for (index, event) in self.events.iter().enumerate() {
            self.streams
                .entry(event.stream.clone())
                .or_default()
                .push(index);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use store::kurrentdb::wire::{Check, NO_STREAM, Property, Schema, SchemaFormat};

    fn append(log: &mut Log, nr: u8) -> Verdict {
        let stream = format!("stream-{nr}");
        let record = AppendRecord {
            record_id: Some(format!("id-{nr}")),
            properties: HashMap::from([("tenant".to_owned(), Property::text("main"))]),
            schema: Some(Schema {
                format: SchemaFormat::Json.into(),
                name: "Tested".to_owned(),
            }),
            data: vec![nr; 40].into(),
            stream: stream.clone(),
        };
        let request = AppendRecords {
            records: vec![record],
            checks: vec![Check::state(stream, NO_STREAM)],
        };
        log.append(&request, usize::MAX)
    }

    #[test]
    fn what_is_kept_is_there_again_but_for_what_was_cut_off() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        let mut log = Log::in_file(&path).unwrap();
        for nr in 0..3 {
            assert!(matches!(append(&mut log, nr), Verdict::Done { .. }));
        }
        let whole = fs::metadata(&path).unwrap().len();
        let again = Log::in_file(&path).unwrap();
        assert_eq!(again.end, log.end);
        let seen = |log: &Log| -> Vec<_> {
            let events = log.events().iter();
            events
                .map(|it| (it.position, it.stream.clone(), it.said.clone(), it.created))
                .collect()
        };
        assert_eq!(seen(&again), seen(&log));
        // The process died while it wrote the third.
        File::options()
            .write(true)
            .open(&path)
            .and_then(|file| file.set_len(whole - 7))
            .unwrap();
        let mut cut = Log::in_file(&path).unwrap();
        assert_eq!(seen(&cut), seen(&log)[..2]);
        assert!(matches!(append(&mut cut, 2), Verdict::Done { .. }));
        assert_eq!(Log::in_file(&path).unwrap().events().len(), 3);
    }
}

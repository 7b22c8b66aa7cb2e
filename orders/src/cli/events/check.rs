//! `orders events check`: which events of a store this build cannot read.

use crate::cli::{found::settings, print, progress::Progress, say};
use anyhow::{Context, ensure};
use assembly::open_reader;
use chrono::{DateTime, Utc};
use clap::Args;
use domain::Position;
use serde::Serialize;
use std::{error::Error, iter, process::ExitCode};
use store::{EventReader, StoreError, StoredEvent, is_full};

/// How many events are read at once.
const PAGE: usize = 1_000;

/// That some cannot be read, and that it could not be found out.
const UNREADABLE: u8 = 1;
const NOT_CHECKED: u8 = 2;

/// Say which events of the store cannot be read.
#[derive(Debug, Args)]
pub(in crate::cli) struct CheckArgs {
    /// Only those after this position, which is that of an event.
    #[arg(long, value_name = "POSITION", default_value_t = 0, value_parser = clap::value_parser!(i64).range(0..))]
    after: i64,
    /// How many are shown; more are only counted.
    #[arg(long, value_name = "COUNT", default_value_t = 100)]
    limit_errors: usize,
    /// Print JSON: an object for each that cannot be read, and a last one for all.
    #[arg(long)]
    json: bool,
}

/// An event that cannot be read.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Unreadable {
    position: i64,
    stream: String,
    version: i64,
    #[serde(rename = "type")]
    event_type: String,
    schema_version: i16,
    recorded_at: DateTime<Utc>,
    error: String,
}

/// What was found.
#[derive(Debug, PartialEq, Serialize)]
struct Found {
    /// What was looked at: after this position, up to that one.
    after: i64,
    until: i64,
    /// How many events that were, and how many of them cannot be read.
    events: u64,
    unreadable: u64,
}

/// Is told what is found, and how far it is looked.
trait Listener {
    fn unreadable(&mut self, event: &Unreadable);
    /// So many positions more were looked at.
    fn advanced(&mut self, positions: u64);
}

/// Tells people, or programs.
struct Teller {
    json: bool,
    left: usize,
    progress: Progress,
}

pub(super) async fn run(args: CheckArgs) -> ExitCode {
    match try_run(&args).await {
        Ok(found) if found.unreadable == 0 => ExitCode::SUCCESS,
        Ok(_) => UNREADABLE.into(),
        Err(error) => {
            say(&format!("error: {error:#}"));
            NOT_CHECKED.into()
        }
    }
}

async fn try_run(args: &CheckArgs) -> anyhow::Result<Found> {
    let reader = open_reader(&settings()?).await?;
    let head = reader.head().await.context("the store cannot be read")?;
    let (after, until) = (Position::new(args.after), head.position);
    let positions = until.get().saturating_sub(after.get());
    let mut teller = Teller {
        json: args.json,
        left: args.limit_errors,
        progress: Progress::new("positions", u64::try_from(positions).unwrap_or(0)),
    };
    let found = check(reader.as_ref(), (after, until), &mut teller).await?;
    teller.progress.finish();
    teller.conclude(&found)?;
    Ok(found)
}

/// Reads the events after the first position, up to the second: a page at a time, so that memory does
/// not grow with the store.
///
/// # Errors
/// The store cannot be read, or ends before the first position.
async fn check(
    reader: &dyn EventReader,
    (after, until): (Position, Position),
    listener: &mut impl Listener,
) -> anyhow::Result<Found> {
    ensure!(
        after <= until,
        "--after {after}: the store ends at position {until}; allowed: 0 to {until}"
    );
    let mut found = Found {
        after: after.get(),
        until: until.get(),
        events: 0,
        unreadable: 0,
    };
    let mut end = after;
    while end < until {
        let page = reader.read_all(end, PAGE).await;
        let page = page.map_err(|error: StoreError| {
            anyhow::Error::new(error).context(format!("the events after position {end}"))
        })?;
        let more = is_full(&page, PAGE) && !page.is_empty();
        let before = end;
        for event in page {
            if event.envelope.position > until {
                break;
            }
            end = event.envelope.position;
            found.events += 1;
            if let Some(unreadable) = unreadable(event) {
                found.unreadable += 1;
                listener.unreadable(&unreadable);
            }
        }
        let positions = end.get().saturating_sub(before.get());
        listener.advanced(u64::try_from(positions).unwrap_or(0));
        if !more {
            break;
        }
    }
    Ok(found)
}

/// What of the event cannot be read, if anything.
fn unreadable(event: StoredEvent) -> Option<Unreadable> {
    let (event_type, schema_version) = (event.event_type.clone(), event.schema_version);
    let error = event.decode().err()?;
    Some(Unreadable {
        position: error.envelope.position.get(),
        stream: error.stream_name().to_owned(),
        version: error.envelope.version.get(),
        event_type,
        schema_version,
        recorded_at: error.envelope.recorded_at,
        error: reasons(error.source.as_ref()),
    })
}

/// The error and what led to it.
fn reasons(error: &(dyn Error + 'static)) -> String {
    let reasons = iter::successors(Some(error), |&error| error.source());
    let reasons: Vec<String> = reasons.map(ToString::to_string).collect();
    reasons.join(": ")
}

impl Listener for Teller {
    fn unreadable(&mut self, event: &Unreadable) {
        if self.left == 0 {
            return;
        }
        self.left -= 1;
        let line = match self.json {
            true => serde_json::to_string(event).unwrap_or_default(),
            false => format!(
                "position {}: event {} of {}, {} v{}: {}",
                event.position,
                event.version,
                event.stream,
                event.event_type,
                event.schema_version,
                event.error
            ),
        };
        print(&line);
    }

    fn advanced(&mut self, positions: u64) {
        self.progress.advance_by(positions);
    }
}

impl Teller {
    fn conclude(&self, found: &Found) -> anyhow::Result<()> {
        if self.json {
            print(&serde_json::to_string(found)?);
            return Ok(());
        }
        let Found {
            after,
            until,
            events,
            unreadable,
        } = found;
        print(&match unreadable {
            0 => format!("All {events} events from position {after} to {until} can be read."),
            _ => format!(
                "{unreadable} of {events} events from position {after} to {until} cannot be read by \
                 this build: it must know their types and versions before it goes into service."
            ),
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests;

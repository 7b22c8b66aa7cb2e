//! `orders archive`: old closed streams out of the way of those that are used.

use super::{found::settings, print, progress::Progress, say};
use anyhow::{Context, bail, ensure};
use assembly::open_store;
use chassis::config::Settings;
use chrono::{DateTime, TimeDelta, Utc};
use clap::Args;
use domain::Position;
use secrecy::ExposeSecret;
use serde::Serialize;
use store::{OldStream, PostgresArchive, PostgresOptions};

/// How many streams are moved at once.
const STREAMS_AT_ONCE: usize = 500;

/// Move old closed streams into the archive.
#[derive(Debug, Args)]
pub(super) struct ArchiveArgs {
    /// Those of which nothing has come for so long: a number of days, as 365d, 30d at least.
    #[arg(long, value_name = "DAYS", value_parser = days)]
    older_than: TimeDelta,
    /// Only tell what would be moved.
    #[arg(long)]
    dry_run: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// What was moved, or would be.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
struct Archived {
    streams: u64,
    events: u64,
    dry_run: bool,
}

fn days(text: &str) -> Result<TimeDelta, String> {
    let days: Option<i64> = text.strip_suffix('d').and_then(|days| days.parse().ok());
    match days {
        Some(days @ 30..=36_500) => Ok(TimeDelta::days(days)),
        _ => Err("allowed: days, from 30d to 36500d".into()),
    }
}

pub(super) async fn run(args: ArchiveArgs) -> anyhow::Result<()> {
    let settings = settings()?;
    let archived = archive(&settings, args.older_than, args.dry_run).await?;
    if args.json {
        print(&serde_json::to_string_pretty(&archived)?);
        return Ok(());
    }
    let Archived {
        streams, events, ..
    } = archived;
    print(&match args.dry_run {
        true => format!("{events} events of {streams} streams would be archived."),
        false => format!("{events} events of {streams} streams are archived."),
    });
    if events > 0 && !args.dry_run {
        say("Their room in store.events is used again by what comes; VACUUM does that by itself.");
    }
    Ok(())
}

async fn archive(
    settings: &Settings,
    older_than: TimeDelta,
    dry_run: bool,
) -> anyhow::Result<Archived> {
    if settings.store_is_kurrentdb() {
        bail!("store.url: the events are in KurrentDB, which archives by its own means");
    }
    let store = open_store(settings).await?;
    let before: DateTime<Utc> = store.store.now().await? - older_than;
    let head = store.reader.head().await?.position;
    let url = settings.store.url.expose_secret();
    let table = PostgresArchive::connect(PostgresOptions::new(url)).await;
    let table = table.context("store.url: the event store cannot be used")?;
    let positions = u64::try_from(head.get()).unwrap_or(0);
    let progress = Progress::new("positions", positions);
    let mut archived = Archived {
        dry_run,
        ..Archived::default()
    };
    let mut after = Position::ZERO;
    loop {
        let found = table.find(after, before).await?;
        for streams in found.streams.chunks(STREAMS_AT_ONCE) {
            archived.streams += streams.len() as u64;
            archived.events += match dry_run {
                true => streams.iter().map(|old| old.events).sum(),
                false => moved(&table, streams, before).await?,
            };
        }
        let Some(next) = found.next else { break };
        ensure!(
            next > after,
            "the archive does not get on at position {after}"
        );
        let read = next.min(head).get() - after.get();
        progress.advance_by(u64::try_from(read).unwrap_or(0));
        after = next;
    }
    progress.finish();
    Ok(archived)
}

async fn moved(
    table: &PostgresArchive,
    streams: &[OldStream],
    before: DateTime<Utc>,
) -> anyhow::Result<u64> {
    let names = streams.iter().map(|old| old.stream.as_str());
    Ok(table.archive(names, before).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_days() {
        assert_eq!(days("365d"), Ok(TimeDelta::days(365)));
        for wrong in ["", "d", "365", "29d", "-40d", "1y", "99999d"] {
            assert_eq!(
                days(wrong),
                Err("allowed: days, from 30d to 36500d".into()),
                "{wrong}"
            );
        }
    }
}

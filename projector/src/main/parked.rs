//! `projector parked`

use crate::print;
use anyhow::{Context, bail};
use chassis::config::Settings;
use clap::{Args, Subcommand};
use projector::{
    PostgresReadModels, open_read_models,
    parking::{LONGEST_NAME, LONGEST_REASON, ParkedSequence, said},
    projections::names,
    storage::{Asked, ParkedOf, SkippedEvent},
};
use std::{process::ExitCode, time::Duration};
use tokio::time::{Instant, sleep};

/// The most that is shown, and tried again at once.
const MOST: i64 = 10_000;

/// How long it is waited for what a leader makes of what is asked, and how often that is looked at.
const PATIENCE: Duration = Duration::from_secs(15);
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// What is done about what is parked.
#[derive(Debug, Subcommand)]
pub(crate) enum Parked {
    /// List what is parked: sequences that wait behind an event that cannot be read or folded.
    List {
        /// Of this projection alone.
        projection: Option<String>,
        /// The events that were skipped instead.
        #[arg(long, requires = "projection")]
        skipped: bool,
        /// As JSON, one line for each.
        #[arg(long)]
        json: bool,
    },
    /// Show one sequence as JSON: where it stops, and why.
    Show(Which),
    /// Have a sequence tried again, as with a build that can read its event: what waits is folded in its
    /// order.
    Retry {
        /// Of which projection; see `projector parked list`.
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        projection: Option<String>,
        /// Which stops at this position; all of the projection, if it is left out.
        #[arg(conflicts_with = "all")]
        position: Option<i64>,
        /// All of all projections.
        #[arg(long)]
        all: bool,
    },
    /// Leave the event that stops a sequence out of the projection, for good, and go on with what waits
    /// behind it.
    Skip {
        #[command(flatten)]
        which: Which,
        /// Why.
        #[arg(long, value_parser = reason)]
        reason: String,
        /// Who says so.
        #[arg(long, env = "USER", value_parser = name)]
        by: String,
    },
}

/// Which sequence.
#[derive(Debug, Args)]
pub(crate) struct Which {
    /// Of which projection; see `projector parked list`.
    projection: String,
    /// Which stops at this position.
    position: i64,
}

fn reason(text: &str) -> Result<String, String> {
    said(text, LONGEST_REASON).map(str::to_owned)
}

fn name(text: &str) -> Result<String, String> {
    said(text, LONGEST_NAME).map(str::to_owned)
}

pub(crate) async fn run(settings: &Settings, action: Parked) -> anyhow::Result<ExitCode> {
    let models = open_read_models(settings).await?;
    match action {
        Parked::List {
            projection,
            skipped: true,
            json,
        } => list_skipped(&models, projection, json).await,
        Parked::List {
            projection, json, ..
        } => list(&models, projection, json).await,
        Parked::Show(which) => {
            let parked = find(&models, &which).await?;
            print(&format!("{}\n", serde_json::to_string_pretty(&parked)?))?;
            Ok(ExitCode::SUCCESS)
        }
        Parked::Retry {
            projection,
            position,
            ..
        } => retry(&models, projection, position).await,
        Parked::Skip { which, reason, by } => skip(&models, &which, &reason, &by).await,
    }
}

fn known(projection: &str) -> anyhow::Result<()> {
    if names().contains(&projection) {
        return Ok(());
    }
    bail!(
        "there is no projection {projection}; there are {}",
        names().join(", ")
    )
}

async fn list(
    models: &PostgresReadModels,
    projection: Option<String>,
    json: bool,
) -> anyhow::Result<ExitCode> {
    projection.as_deref().map_or(Ok(()), known)?;
    let parked = models.parked(projection.as_deref(), MOST).await?;
    let mut text = String::new();
    if json {
        for parked in &parked {
            text.push_str(&format!("{}\n", serde_json::to_string(parked)?));
        }
    } else if parked.is_empty() {
        text.push_str("Nothing is parked.\n");
    } else {
        text.push_str(&format!(
            "{:20} {:>10} {:>7} {:>6}  {:20}  SEQUENCE, ERROR\n",
            "PROJECTION", "POSITION", "WAITING", "TRIED", "SINCE"
        ));
        for ParkedOf {
            projection,
            sequence,
        } in &parked
        {
            text.push_str(&format!(
                "{projection:20} {:>10} {:>7} {:>6}  {:20}  {}\n    {}\n",
                sequence.stop.place.position,
                sequence.queued,
                sequence.attempts,
                sequence.since.format("%Y-%m-%d %H:%M:%SZ"),
                sequence.sequence,
                sequence.stop.error,
            ));
        }
    }
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}

async fn list_skipped(
    models: &PostgresReadModels,
    projection: Option<String>,
    json: bool,
) -> anyhow::Result<ExitCode> {
    let projection = projection.unwrap_or_default();
    known(&projection)?;
    let skipped = models.skipped(&projection, MOST).await?;
    let mut text = String::new();
    for event in &skipped {
        text.push_str(&match json {
            true => format!("{}\n", serde_json::to_string(event)?),
            false => line(event),
        });
    }
    if !json && skipped.is_empty() {
        text.push_str(&format!("Nothing of {projection} was skipped.\n"));
    }
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn line(event: &SkippedEvent) -> String {
    format!(
        "{:>10}  {:20}  {} {} ({}), by {}: {}\n",
        event.place.position,
        event.skipped_at.format("%Y-%m-%d %H:%M:%SZ"),
        event.place.stream,
        event.place.version,
        event.event_type,
        event.skipped_by,
        event.reason,
    )
}

async fn find(models: &PostgresReadModels, which: &Which) -> anyhow::Result<ParkedSequence> {
    known(&which.projection)?;
    let found = models
        .find_parked(&which.projection, which.position)
        .await?;
    found.with_context(|| not_parked(&which.projection, which.position))
}

fn not_parked(projection: &str, position: i64) -> String {
    format!(
        "no sequence of {projection} stops at position {position}: `projector parked list` shows which do"
    )
}

async fn retry(
    models: &PostgresReadModels,
    projection: Option<String>,
    position: Option<i64>,
) -> anyhow::Result<ExitCode> {
    projection.as_deref().map_or(Ok(()), known)?;
    let all = models.parked(projection.as_deref(), MOST).await?;
    let is_meant = |parked: &&ParkedOf| {
        let stop = &parked.sequence.stop;
        position.is_none_or(|position| stop.place.position == position)
    };
    let meant: Vec<&ParkedOf> = all.iter().filter(is_meant).collect();
    if let (Some(projection), Some(position), true) = (projection, position, meant.is_empty()) {
        bail!(not_parked(&projection, position));
    }
    for parked in &meant {
        let position = parked.sequence.stop.place.position;
        // What is not there any more needs no retry.
        models.retry_parked(&parked.projection, position).await?;
    }
    let mut code = ExitCode::SUCCESS;
    for parked in meant {
        if !outcome(models, &parked.projection, &parked.sequence).await? {
            code = ExitCode::FAILURE;
        }
    }
    Ok(code)
}

async fn skip(
    models: &PostgresReadModels,
    which: &Which,
    reason: &str,
    by: &str,
) -> anyhow::Result<ExitCode> {
    let parked = find(models, which).await?;
    let Which {
        projection,
        position,
    } = which;
    match models
        .skip_parked(projection, *position, reason, by)
        .await?
    {
        Asked::Noted => {}
        Asked::NotParked => bail!(not_parked(projection, *position)),
        Asked::Behind(stream) => bail!(
            "the event at position {position} could be folded: it only waits behind {stream}; retry \
             that, or skip the event that stops it"
        ),
    }
    print(&format!(
        "{projection}: the event at position {position} is left out\n"
    ))?;
    // That what waits behind it may stop again is another matter.
    outcome(models, projection, &parked).await?;
    Ok(ExitCode::SUCCESS)
}

/// Waits for what the leader makes of it, but not for ever, and tells. Whether it is parked no more.
async fn outcome(
    models: &PostgresReadModels,
    projection: &str,
    before: &ParkedSequence,
) -> anyhow::Result<bool> {
    let deadline = Instant::now() + PATIENCE;
    let name = &before.sequence;
    loop {
        let parked = models.parked(Some(projection), MOST).await?;
        let mut sequences = parked.iter().map(|parked| &parked.sequence);
        let (text, is_free) = match sequences.find(|parked| parked.sequence == *name) {
            None => (format!("{projection}: {name} is parked no more\n"), true),
            Some(parked) if !parked.wanted => {
                let position = parked.stop.place.position;
                let error = &parked.stop.error;
                (
                    format!("{projection}: {name} stops at position {position}: {error}\n"),
                    false,
                )
            }
            Some(_) if Instant::now() >= deadline => (
                format!(
                    "{projection}: {name} is still to be tried: a leader does it when it runs\n"
                ),
                false,
            ),
            Some(_) => {
                sleep(LOOK_EVERY).await;
                continue;
            }
        };
        print(&text)?;
        return Ok(is_free);
    }
}

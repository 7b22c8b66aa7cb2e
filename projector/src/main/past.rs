//! `projector rebuild --until … --into …`

use crate::{progress::Teller, these_or_all};
use anyhow::Context;
use assembly::open_backup_source;
use chassis::config::Settings;
use clap::Args;
use projector::{
    open_read_models_to_rebuild,
    past::{PastOptions, Point, SchemaName, Until, fold_by_name},
    rebuild_options,
};
use std::process::ExitCode;

/// As of when, and where to, if not in the place of the live one.
#[derive(Debug, Args)]
pub(crate) struct PastArgs {
    /// As it was: up to this position, or by this time or day (UTC), beside the live one, which stays.
    #[arg(long, value_name = "TIME|POSITION", requires = "into")]
    until: Option<Until>,
    /// The schema that it is put into; it is made if it is not there.
    #[arg(long, value_name = "SCHEMA", requires = "until")]
    into: Option<SchemaName>,
    /// Replace what is there of it.
    #[arg(long, requires = "into")]
    replace: bool,
}

impl PastArgs {
    /// What was asked for, if it was.
    pub(crate) fn wanted(self) -> Option<Wanted> {
        Some(Wanted {
            until: self.until?,
            into: self.into?,
            replace: self.replace,
        })
    }
}

/// A read model of the past.
pub(crate) struct Wanted {
    until: Until,
    into: SchemaName,
    replace: bool,
}

pub(crate) async fn run(
    settings: &Settings,
    name: Option<String>,
    wanted: Wanted,
) -> anyhow::Result<ExitCode> {
    let reader = open_backup_source(settings).await?;
    let now = reader.time().await.context("the store's clock")?;
    // Of several read models, all are as of one point.
    let point = Point::find(reader.as_ref(), wanted.until, now)
        .await
        .context("--until")?;
    let models = open_read_models_to_rebuild(settings, 1).await?;
    let options = PastOptions {
        into: wanted.into,
        replace: wanted.replace,
        fold: rebuild_options(&settings.projector, 1),
    };
    let (into, teller) = (&options.into, Teller::new());
    for name in these_or_all(name) {
        let told = teller.on_progress();
        let folded = fold_by_name(&name, reader.clone(), &models, &point, &options, told).await;
        teller.done(&name);
        let folded = folded.with_context(|| format!("{into}.{name}"))?;
        teller.say(&format!(
            "{into}.{name}: {rows} rows from {events} events in {took:.1?}, as of position {position}\n",
            rows = folded.rows,
            events = folded.events,
            took = folded.took,
            position = point.at.position,
        ))?;
        if folded.stopped > 0 {
            teller.say(&format!(
                "{into}.{name}: {} sequences stop at an event that this build cannot read or fold\n",
                folded.stopped
            ))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

//! `orders backup` and `orders restore`: the event store as files, and back.

use super::{
    found::settings,
    personal_data::{ERASED, erase},
    print,
    progress::Progress,
    say,
};
use anyhow::Context;
use assembly::{open_backup_source, open_restore_target};
use backup::{BackupOptions, Restored, Target, Verified, Watch, Written, back_up, put_in, verify};
use chassis::{config::Settings, http_client};
use chrono::TimeDelta;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::time::Duration;
use store::RestoreTarget;

/// How long a file may take on its way to a storage, or from there.
const PATIENCE: Duration = Duration::from_secs(300);
const CONNECTING: Duration = Duration::from_secs(10);

/// Where a storage is, unless the environment says otherwise.
const AMAZON: &str = "https://s3.amazonaws.com";

/// Write the event store to files.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(super) struct BackupArgs {
    #[command(subcommand)]
    command: Option<BackupCommand>,
    /// A directory, which is made, or s3://BUCKET/FOLDER. Of storage the environment says the rest:
    /// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION, and for storage that is not Amazon's
    /// AWS_ENDPOINT. With a backup of the same store in it, what has come since is added.
    #[arg(value_name = "TARGET", required = true)]
    target: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum BackupCommand {
    /// Read all of a backup, and say whether it is what was written, to the last bit. What is damaged is
    /// named: which file, which lines, which positions.
    Verify {
        /// Where the backup is, as for `orders backup`.
        #[arg(value_name = "SOURCE")]
        source: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Put a backup into an empty event store.
#[derive(Debug, Args)]
pub(super) struct RestoreArgs {
    /// Where the backup is, as for `orders backup`.
    #[arg(value_name = "SOURCE", required_unless_present = "give_up")]
    source: Option<String>,
    /// Throw away what an interrupted restore has put in, so that another backup can be restored.
    #[arg(long, conflicts_with = "source")]
    give_up: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Shows people how far it is.
#[derive(Default)]
struct Shown {
    progress: Option<Progress>,
    /// Nobody knows how much there is to do.
    open_ended: bool,
}

impl Watch for Shown {
    fn begin(&mut self, what: &'static str, total: u64) {
        self.end();
        self.progress = Some(Progress::new(what, total));
        self.open_ended = total == 0;
    }

    fn advance(&mut self, more: u64) {
        if let Some(progress) = &self.progress {
            if self.open_ended {
                progress.expect_more(more);
            }
            progress.advance_by(more);
        }
    }
}

impl Shown {
    fn end(&mut self) {
        if let Some(progress) = self.progress.take() {
            progress.finish();
        }
    }
}

pub(super) async fn run(args: BackupArgs) -> anyhow::Result<()> {
    match (args.command, args.target) {
        (Some(BackupCommand::Verify { source, json }), _) => check(&source, json).await,
        (None, Some(target)) => write(&target, args.json).await,
        (None, None) => anyhow::bail!("say where to: orders backup TARGET"),
    }
}

async fn write(target: &str, json: bool) -> anyhow::Result<()> {
    let settings = settings()?;
    let target = open(target, true)?;
    let source = open_backup_source(&settings).await?;
    let options = BackupOptions {
        keep_commands: kept(&settings),
        ..BackupOptions::default()
    };
    let mut shown = Shown::default();
    let written = back_up(source.as_ref(), &target, &options, &mut shown).await?;
    shown.end();
    match json {
        true => print(&serde_json::to_string_pretty(&as_json(&written))?),
        false => print(&summary(&target, &written)),
    }
    say(
        "Not in it: the keys of personal data (schema personal) and webhooks (schema notify). \
         docs/restoring.md says how these are kept.",
    );
    Ok(())
}

async fn check(source: &str, json: bool) -> anyhow::Result<()> {
    let source = open(source, false)?;
    let mut shown = Shown::default();
    let verified = verify(&source, &mut shown).await?;
    shown.end();
    let Verified {
        events,
        commands,
        position,
        taken_at,
        segments,
        bytes,
    } = verified;
    match json {
        true => print(&serde_json::to_string_pretty(&json!({
            "events": events,
            "command_records": commands,
            "position": position,
            "taken_at": taken_at,
            "files": segments,
            "bytes": bytes,
        }))?),
        false => print(&format!(
            "{}: right. {events} events up to position {position}, and {commands} command records, as of \
             {taken_at}; {bytes} bytes in {segments} files.",
            source.name()
        )),
    }
    Ok(())
}

pub(super) async fn run_restore(args: RestoreArgs) -> anyhow::Result<()> {
    let settings = settings()?;
    let into = open_restore_target(&settings).await?;
    let Some(source) = args.source else {
        into.give_up().await?;
        print("What was put in and not finished is gone.");
        return Ok(());
    };
    bring_back(&settings, &open(&source, false)?, into.as_ref(), args.json).await
}

/// Restores the backup in `source` into `into`, and says what there is then.
async fn bring_back(
    settings: &Settings,
    source: &Target,
    into: &dyn RestoreTarget,
    json: bool,
) -> anyhow::Result<()> {
    let mut shown = Shown::default();
    let put_in = put_in(source, into, kept(settings), ERASED, &mut shown).await?;
    shown.end();
    // Before anybody can use the store: once it is there, this is done.
    let (erased, has_keys) = erase(settings, put_in.told()).await.context(
        "the restore is not finished, as the keys of erased customers may be there: run it again",
    )?;
    let restored = put_in.finish(into).await?;
    show(source, &restored, erased, json)?;
    if !has_keys {
        say(
            "There are no keys of personal data (schema personal): nothing personal can be opened before \
             their dump is put back. Afterwards run `orders personal-data erase-again`.",
        );
    }
    Ok(())
}

fn show(source: &Target, restored: &Restored, erased: u64, json: bool) -> anyhow::Result<()> {
    let Restored {
        events,
        events_before,
        commands,
        position,
        head,
        taken_at,
    } = restored;
    if json {
        print(&serde_json::to_string_pretty(&json!({
            "events": events,
            "events_before": events_before,
            "command_records": commands,
            "taken_at": taken_at,
            "position": head.position,
            "epoch": head.epoch,
            "erased_customers": erased,
        }))?);
        return Ok(());
    }
    print(&format!(
        "{events} events and {commands} command records of {} are restored, as of {taken_at}; the store is \
         at position {}, under the epoch {}. {erased} customers are erased.",
        source.name(),
        head.position,
        head.epoch
    ));
    let same = head.position.get() == *position;
    say(match same {
        true => {
            "Positions are those of the backed up store. Read models, sagas and messages that know of \
             events after these halt: docs/restoring.md says what to do."
        }
        false => {
            "Positions are others than in the backed up store: read models and sagas begin anew \
             (`projector rebuild --all`; docs/restoring.md)."
        }
    });
    Ok(())
}

fn as_json(written: &Written) -> Value {
    let manifest = &written.manifest;
    json!({
        "events": manifest.events,
        "events_added": written.events,
        "command_records_added": written.commands,
        "bytes_added": written.bytes,
        "bytes": manifest.bytes(),
        "position": manifest.position(),
        "epoch": manifest.epoch,
        "taken_at": manifest.taken_at,
    })
}

fn summary(target: &Target, written: &Written) -> String {
    let manifest = &written.manifest;
    format!(
        "{}: {} events up to position {}, as of {}; {} events and {} command records were added, in {} of \
         {} bytes.",
        target.name(),
        manifest.events,
        manifest.position(),
        manifest.taken_at,
        written.events,
        written.commands,
        written.bytes,
        manifest.bytes()
    )
}

/// How long records of commands count.
fn kept(settings: &Settings) -> TimeDelta {
    TimeDelta::days(i64::from(settings.store.command_record_days))
}

fn open(name: &str, make: bool) -> anyhow::Result<Target> {
    let http = |endpoint: Option<&str>| {
        let client = http_client::builder(endpoint.unwrap_or(AMAZON));
        client.connect_timeout(CONNECTING).timeout(PATIENCE).build()
    };
    Ok(Target::open(name, make, http)?)
}

#[cfg(test)]
mod tests;

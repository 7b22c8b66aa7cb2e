//! `projector rebuild` and `projector rollback`

use crate::{print, progress::Teller, these_or_all};
use assembly::open_reader;
use chassis::config::Settings;
use clap::Args;
use futures::{StreamExt, stream};
use projector::{
    PostgresReadModels, at_once, open_read_models, open_read_models_to_rebuild,
    rebuild::{
        RebuildError, RebuildOptions, Rebuilt, forget_by_name, rebuild_by_name, roll_back_by_name,
    },
    rebuild_options,
};
use std::{process::ExitCode, sync::Arc};
use store::EventReader;
use tokio_util::sync::CancellationToken;

/// Of which read model it is rolled back, or what is kept of it forgotten.
#[derive(Debug, Args)]
pub(crate) struct RollbackArgs {
    /// Which: see `projector status`.
    name: String,
    /// Remove what is kept for a rollback instead.
    #[arg(long)]
    forget: bool,
}

/// Builds one or all anew, at most `parallel` at once. What cannot be built is said, and the others are built;
/// the exit code tells.
pub(crate) async fn run(
    settings: &Settings,
    name: Option<String>,
    parallel: Option<usize>,
) -> anyhow::Result<ExitCode> {
    let reader = open_reader(settings).await?;
    let names = these_or_all(name);
    let parallel = parallel.unwrap_or_else(at_once).clamp(1, names.len());
    let rebuild = Rebuild {
        reader,
        models: open_read_models_to_rebuild(settings, parallel).await?,
        options: rebuild_options(&settings.projector, parallel),
        keep: settings.projector.keep_replaced_s > 0,
        teller: Teller::new(),
        stop: stop_on_interrupt(),
    };
    let (is_one, rebuild) = (names.len() == 1, &rebuild);
    let mut building = stream::iter(names)
        .map(|name| async move {
            let built = rebuild.build(&name).await;
            (name, built)
        })
        .buffer_unordered(parallel);
    let mut code = ExitCode::SUCCESS;
    while let Some((name, built)) = building.next().await {
        match built {
            Ok(rebuilt) => rebuild.teller.say(&said(&name, &rebuilt))?,
            Err(error) if is_one => {
                rebuild.teller.done(&name);
                return Err(error.into());
            }
            Err(error) => {
                let error = anyhow::Error::new(error);
                let text = format!("error: {name} could not be built anew: {error:#}");
                rebuild.teller.complain(&text);
                code = ExitCode::FAILURE;
            }
        }
        rebuild.teller.done(&name);
    }
    Ok(code)
}

struct Rebuild {
    reader: Arc<dyn EventReader>,
    models: PostgresReadModels,
    options: RebuildOptions,
    /// Whether what is replaced is kept for a rollback.
    keep: bool,
    teller: Teller,
    stop: CancellationToken,
}

impl Rebuild {
    async fn build(&self, name: &str) -> Result<Rebuilt, RebuildError> {
        let rebuilt = rebuild_by_name(
            name,
            self.reader.clone(),
            &self.models,
            &self.options,
            self.teller.on_progress(),
            &self.stop,
        );
        let rebuilt = rebuilt.await?;
        if !self.keep
            && let Err(error) = forget_by_name(name, &self.models).await
        {
            self.teller.complain(&format!(
                "{name}: what was replaced stays for a while: {error}"
            ));
        }
        Ok(rebuilt)
    }
}

/// Cancelled by Ctrl-C: what is under way ends then, and leaves nothing behind.
fn stop_on_interrupt() -> CancellationToken {
    let stop = CancellationToken::new();
    let stopped = stop.clone();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            stopped.cancel();
        }
    });
    stop
}

fn said(name: &str, rebuilt: &Rebuilt) -> String {
    let mut text = format!(
        "{name}: {rows} rows from {events} events in {took:.1?}, up to position {position}\n",
        rows = rebuilt.rows,
        events = rebuilt.events,
        took = rebuilt.took,
        position = rebuilt.position,
    );
    if rebuilt.parked > 0 {
        text.push_str(&format!(
            "{name}: {} sequences are parked, which this build cannot read or fold: see \
             `projector parked list`\n",
            rebuilt.parked
        ));
    }
    text
}

/// Puts back what the last rebuild replaced, or forgets it.
pub(crate) async fn roll_back(settings: &Settings, args: RollbackArgs) -> anyhow::Result<ExitCode> {
    let RollbackArgs { name, forget } = args;
    let models = open_read_models(settings).await?;
    if forget {
        let forgotten = forget_by_name(&name, &models).await?;
        print(&match forgotten {
            true => format!("{name}: what was replaced is forgotten\n"),
            false => format!("{name}: nothing was kept\n"),
        })?;
        return Ok(ExitCode::SUCCESS);
    }
    let reader = open_reader(settings).await?;
    let rolled_back = roll_back_by_name(&name, reader, &models).await?;
    print(&format!(
        "{name}: rolled back from position {from} to {position}, version {version} of its fold: what came \
         since is folded next\n",
        from = rolled_back.from,
        position = rolled_back.position,
        version = rolled_back.version,
    ))?;
    Ok(ExitCode::SUCCESS)
}

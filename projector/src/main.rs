//! The projector: keeps the read models up to date, builds them anew, and verifies them.

#[path = "main/parked.rs"]
mod parked;
#[path = "main/past.rs"]
mod past;
#[path = "main/progress.rs"]
mod progress;
#[path = "main/rebuild.rs"]
mod rebuild;
#[path = "main/verify.rs"]
mod verify;

use assembly::{
    Process, documentation, needs_store, open_needed_feed, open_reader, open_store, run_to_exit,
};
use chassis::config::{Settings, reference_text};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use projector::{
    Parts, ReadModels, Rebuilds, open_read_models, openapi, projections::names, router,
    start_with_rebuilds, warn_of_parked,
};
use std::{io::Write, process::ExitCode, sync::Arc};
use store::SystemClock;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Keeps the read models up to date.
#[derive(Debug, Parser)]
#[command(name = "projector", version)]
struct Arguments {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Run the service (the default).
    Run,
    /// Build a read model anew from all events; it stays readable meanwhile. What is replaced is kept for a
    /// while: see `projector rollback`. Exits 1 if one could not be built: the others are all the same.
    Rebuild {
        /// Which: see `projector status`.
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        name: Option<String>,
        /// All of them.
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        past: past::PastArgs,
        /// With --all, how many at once, at most; half as many as there are cores, unless it is said. They
        /// share the memory (projector.rebuild_rows).
        #[arg(long, value_name = "COUNT", conflicts_with_all = ["name", "until"], value_parser = at_least_one)]
        parallel: Option<usize>,
    },
    /// Put back what the last rebuild of a read model replaced. It goes on from where it was then.
    Rollback(rebuild::RollbackArgs),
    /// Fold all events again, and compare with the live read model, row for row, at its checkpoint.
    /// Exits 0 if they are equal, 1 if not, 2 if that could not be found out.
    Verify(verify::VerifyArgs),
    /// See to what is parked: sequences that wait behind an event that cannot be read or folded.
    #[command(subcommand)]
    Parked(parked::Parked),
    /// Show how far the read models are.
    Status,
    /// Show the configuration.
    #[command(subcommand)]
    Config(ConfigAction),
}

#[derive(Debug, Subcommand)]
enum ConfigAction {
    /// Print the settings in force, secrets redacted.
    Print,
}

fn main() -> ExitCode {
    let command = Arguments::command().after_long_help(reference_text());
    let arguments =
        Arguments::from_arg_matches(&command.get_matches()).unwrap_or_else(|error| error.exit());
    run_to_exit("projector", async || run(arguments).await)
}

async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let settings = Settings::load()?;
    match arguments.action.unwrap_or(Action::Run) {
        Action::Run => serve(Process::new("projector", settings)?).await,
        Action::Rebuild {
            name,
            parallel,
            past,
            ..
        } => match past.wanted() {
            Some(wanted) => past::run(&settings, name, wanted).await,
            None => rebuild::run(&settings, name, parallel).await,
        },
        Action::Rollback(args) => rebuild::roll_back(&settings, args).await,
        Action::Verify(args) => Ok(verify::run(&settings, args).await),
        Action::Parked(action) => parked::run(&settings, action).await,
        Action::Status => status(&settings).await,
        Action::Config(ConfigAction::Print) => {
            print(&settings.to_yaml_redacted())?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn serve(process: Process) -> anyhow::Result<ExitCode> {
    let Process {
        settings,
        lifecycle,
        health,
        ..
    } = &process;
    let port = settings.http.projector_port;
    let listener = process.bind("http.projector_port", port).await?;
    let events = open_store(settings).await?;
    needs_store(health, events.reader.clone());
    let parts = Parts {
        feed: open_needed_feed(settings, &events, lifecycle, health).await?,
        models: open_read_models(settings).await?,
        leases: events.leases.clone(),
        clock: Arc::new(SystemClock),
    };
    let (reader, models) = (events.reader.clone(), parts.models.clone());
    let rebuilds = Rebuilds::new(reader, models, &settings.projector, lifecycle);
    let board = start_with_rebuilds(&parts, &rebuilds, &settings.projector, lifecycle);
    warn_of_parked(health, board.clone());
    let routes = router(board, parts.models, rebuilds).merge(documentation(openapi()));
    process.serve(listener, routes);
    Ok(process.run().await)
}

fn at_least_one(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| "a whole number from 1 is expected".into())
}

/// The one that is named, or all.
fn these_or_all(name: Option<String>) -> Vec<String> {
    match name {
        Some(name) => vec![name],
        None => names().into_iter().map(str::to_owned).collect(),
    }
}

async fn status(settings: &Settings) -> anyhow::Result<ExitCode> {
    let head = open_reader(settings).await?.head().await?;
    let models = open_read_models(settings).await?;
    let checkpoints = models.checkpoints().await?;
    let parked = models.parked_counts().await?;
    let rebuilding = models.rebuilding().await?;
    let mut text = format!(
        "{:24} {:>7} {:>12} {:>12} {:>7}  {:20}  {}\n",
        "PROJECTION", "VERSION", "POSITION", "BEHIND", "PARKED", "WRITTEN", "KEPT FOR A ROLLBACK"
    );
    for record in checkpoints {
        let mut parked = parked.iter();
        let parked = parked.find(|parked| parked.projection == record.name);
        let mut replaced = rebuilding.replaced.iter();
        let replaced = replaced.find(|kept| kept.projection == record.name);
        let replaced = replaced.map_or_else(String::new, |kept| {
            format!(
                "version {}, position {}, since {}",
                kept.replaced.version,
                kept.replaced.position,
                kept.replaced.replaced_at.format("%Y-%m-%d %H:%M:%SZ")
            )
        });
        let line = format!(
            "{:24} {:>7} {:>12} {:>12} {:>7}  {:20}  {replaced}",
            record.name,
            record.version,
            record.position,
            head.position.get() - record.position.get(),
            parked.map_or(0, |parked| parked.sequences),
            record.updated_at.format("%Y-%m-%d %H:%M:%SZ").to_string(),
        );
        text.push_str(&format!("{}\n", line.trim_end()));
    }
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn print(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

//! The projector: keeps the read models up to date, builds them anew, and verifies them.

#[path = "main/parked.rs"]
mod parked;
#[path = "main/past.rs"]
mod past;
#[path = "main/verify.rs"]
mod verify;

use assembly::{
    Process, documentation, needs_store, open_needed_feed, open_reader, open_store, run_to_exit,
};
use chassis::config::{Settings, reference_text};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use projector::{
    Parts, ReadModels, open_read_models, open_read_models_to_rebuild, openapi,
    projections::names,
    rebuild::{OnProgress, Progress, RebuildOptions, rebuild_by_name},
    router, start, warn_of_parked,
};
use std::{
    io::Write,
    process::ExitCode,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use store::SystemClock;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How often a rebuild tells people how far it is.
const TELL_EVERY: Duration = Duration::from_millis(500);

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
    /// Build a read model anew from all events; it stays readable meanwhile.
    Rebuild {
        /// Which: see `projector status`.
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        name: Option<String>,
        /// All of them.
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        past: past::PastArgs,
    },
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
        Action::Rebuild { name, past, .. } => match past.wanted() {
            Some(wanted) => past::run(&settings, name, wanted).await,
            None => rebuild(&settings, name).await,
        },
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
    let board = start(&parts, &settings.projector, lifecycle);
    warn_of_parked(health, board.clone());
    let routes = router(board, parts.models).merge(documentation(openapi()));
    process.serve(listener, routes);
    Ok(process.run().await)
}

async fn rebuild(settings: &Settings, name: Option<String>) -> anyhow::Result<ExitCode> {
    let reader = open_reader(settings).await?;
    let models = open_read_models_to_rebuild(settings).await?;
    for name in these_or_all(name) {
        let options = RebuildOptions {
            max_parked: settings.projector.max_parked,
            ..RebuildOptions::default()
        };
        let rebuilt = rebuild_by_name(&name, reader.clone(), &models, &options, teller()).await?;
        print(&format!(
            "{name}: {rows} rows from {events} events in {took:.1?}, up to position {position}\n",
            rows = rebuilt.rows,
            events = rebuilt.events,
            took = rebuilt.took,
            position = rebuilt.position,
        ))?;
        if rebuilt.parked > 0 {
            print(&format!(
                "{name}: {} sequences are parked, which this build cannot read or fold: see \
                 `projector parked list`\n",
                rebuilt.parked
            ))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The one that is named, or all.
fn these_or_all(name: Option<String>) -> Vec<String> {
    match name {
        Some(name) => vec![name],
        None => names().into_iter().map(str::to_owned).collect(),
    }
}

/// Tells people now and then how far a fold is.
fn teller() -> OnProgress {
    let told = Mutex::new(Instant::now());
    Arc::new(move |progress: &Progress| {
        let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.elapsed() >= TELL_EVERY {
            *told = Instant::now();
            // A closed terminal is no reason to stop.
            let _ = print(&format!("{}\n", line(progress)));
        }
    })
}

fn line(progress: &Progress) -> String {
    let left = progress.left();
    let left = left.map_or("?".into(), |left| format!("{} s", left.as_secs()));
    format!(
        "{name}: {events} events, {percent:.0} %, {rate:.0} events/s, {left} left",
        name = progress.name,
        events = progress.events,
        percent = progress.done() * 100.0,
        rate = progress.rate(),
    )
}

async fn status(settings: &Settings) -> anyhow::Result<ExitCode> {
    let head = open_reader(settings).await?.head().await?;
    let models = open_read_models(settings).await?;
    let checkpoints = models.checkpoints().await?;
    let parked = models.parked_counts().await?;
    let mut text = format!(
        "{:24} {:>7} {:>12} {:>12} {:>7}  {}\n",
        "PROJECTION", "VERSION", "POSITION", "BEHIND", "PARKED", "WRITTEN"
    );
    for record in checkpoints {
        let mut parked = parked.iter();
        let parked = parked.find(|parked| parked.projection == record.name);
        text.push_str(&format!(
            "{:24} {:>7} {:>12} {:>12} {:>7}  {}\n",
            record.name,
            record.version,
            record.position,
            head.position.get() - record.position.get(),
            parked.map_or(0, |parked| parked.sequences),
            record.updated_at.format("%Y-%m-%d %H:%M:%SZ"),
        ));
    }
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn print(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

//! The saga service: policies, timers, and calls to participants, and whoever else is told of what
//! happens; and what an operator does about what it gave up.

mod operator;

use assembly::{
    Process, calls, documentation, name_vault, needs_store, open_needed_feed, open_store,
    prepare_vault, start_lane, watch_keys,
};
use chassis::config::{Settings, reference_text};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use notifier::NotifierParts;
use saga::{SagaParts, open_storage, participants, router, start};
use std::{process::ExitCode, sync::Arc};
use store::SystemClock;
use uuid::Uuid;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The sagas of the order platform.
#[derive(Debug, Parser)]
#[command(name = "saga", version)]
struct Arguments {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Run the service (the default).
    Run,
    /// Show what was given up and waits for you: payments whose outcome nobody knows, shipments that
    /// are under way for too long, and calls and timers that failed too often.
    Parked {
        /// As JSON, one line for each.
        #[arg(long)]
        json: bool,
    },
    /// Have something that was given up done again: the provider or the carrier is asked once more,
    /// under the same key.
    Retry {
        /// Which: see `saga parked`.
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        task: Option<Uuid>,
        /// All of them.
        #[arg(long)]
        all: bool,
    },
    /// Record that the provider holds no money for what was given up, or the carrier no shipment, as
    /// you have found out there: the payment is declined, not taken, or given back; the shipment is
    /// refused.
    Settle {
        /// Which: see `saga parked`.
        task: Uuid,
    },
    /// Show the configuration.
    #[command(subcommand)]
    Config(ConfigAction),
}

#[derive(Debug, Subcommand)]
enum ConfigAction {
    /// Print the settings in force, secrets redacted.
    Print,
}

#[expect(clippy::print_stderr, reason = "there may be no logs yet")]
fn main() -> ExitCode {
    let command = Arguments::command().after_long_help(reference_text());
    let arguments =
        Arguments::from_arg_matches(&command.get_matches()).unwrap_or_else(|error| error.exit());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let result = match runtime {
        Ok(runtime) => runtime.block_on(run(arguments)),
        Err(error) => Err(anyhow::Error::new(error).context("the runtime cannot be started")),
    };
    result.unwrap_or_else(|error| {
        eprintln!("saga: {error:#}");
        ExitCode::FAILURE
    })
}

async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let settings = Settings::load()?;
    match arguments.action.unwrap_or(Action::Run) {
        Action::Run => {
            let process = serve(Process::new("saga", settings)?).await?;
            Ok(process.run().await)
        }
        Action::Parked { json } => operator::parked(&open_storage(&settings).await?, json).await,
        Action::Retry { task, .. } => operator::retry(&open_storage(&settings).await?, task).await,
        Action::Settle { task } => operator::settle(&open_storage(&settings).await?, task).await,
        Action::Config(ConfigAction::Print) => {
            operator::print(&settings.to_yaml_redacted())?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn serve(process: Process) -> anyhow::Result<Process> {
    let Process {
        settings,
        lifecycle,
        health,
        ..
    } = &process;
    let vault = name_vault(settings)?;
    let participants = participants(&settings.saga, vault.clone())?;
    let listener = process
        .bind("http.saga_port", settings.http.saga_port)
        .await?;
    let events = open_store(settings).await?;
    prepare_vault(&vault, settings).await?;
    let feed = open_needed_feed(settings, &events, lifecycle, health).await?;
    let notifications = NotifierParts {
        feed: feed.clone(),
        reader: events.reader.clone(),
        leases: events.leases.clone(),
        store: notifier::open_store(settings, &vault).await?,
        vault: vault.clone(),
        clock: Arc::new(SystemClock),
    };
    let parts = SagaParts {
        feed,
        lane: start_lane(events.store.clone(), &settings.store, lifecycle),
        reader: events.reader.clone(),
        leases: events.leases.clone(),
        storage: Arc::new(open_storage(settings).await?),
        participants,
        clock: Arc::new(SystemClock),
    };
    needs_store(health, events.reader.clone());
    watch_keys(health, vault);
    let status = start(&parts, &settings.saga, lifecycle);
    let open = chassis::grpc::open;
    let notifications = notifier::start(&notifications, settings, lifecycle, open)?;
    let routes = router(status)
        .merge(notifications)
        .merge(calls(health, notifier::SERVICES.to_vec())?)
        .merge(documentation(notifier::openapi()));
    process.serve(listener, routes);
    Ok(process)
}

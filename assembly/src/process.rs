//! The frame of a service's `main`.

use anyhow::Context;
use axum::Router;
use chassis::{
    Lifecycle,
    config::{Settings, reference_text},
    descriptors,
    health::Health,
    layers,
    server::{self, Limits, Listener},
    telemetry::{self, Metrics},
};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use std::process::ExitCode;

/// A process: its settings, its life and what it says of itself.
pub struct Process {
    /// What it was told.
    pub settings: Settings,
    /// When it starts and stops.
    pub lifecycle: Lifecycle,
    /// Whether it may take traffic.
    pub health: Health,
    metrics: Metrics,
}

impl Process {
    /// A process of `service` under `settings`, with logs, metrics and traces.
    pub fn new(service: &'static str, settings: Settings) -> anyhow::Result<Self> {
        let metrics = telemetry::init(&settings.telemetry)?;
        let lifecycle = Lifecycle::new(settings.http.shutdown_timeout());
        telemetry::export_traces(service, &settings.telemetry, &lifecycle)?;
        let health = Health::new(lifecycle.soft().clone());
        let upkeep = metrics.clone().run_upkeep(lifecycle.soft().clone());
        lifecycle.spawn_critical("metrics", async {
            upkeep.await;
            Ok(())
        });
        Ok(Self {
            settings,
            lifecycle,
            health,
            metrics,
        })
    }

    /// Takes `port`, so that a port in use stops the start before anything else is begun.
    pub async fn bind(&self, key: &'static str, port: u16) -> anyhow::Result<Listener> {
        let address = self.settings.http.address(port);
        server::bind(address).await.context(key)
    }

    /// Serves `router`, with health and metrics.
    pub fn serve(&self, listener: Listener, router: Router) {
        tracing::info!(
            address = %listener.address(),
            "open: there is no authentication, and whoever reaches http://{} may do everything",
            listener.address()
        );
        let router = router.merge(self.health.router(&self.metrics));
        let router = layers::wrap(router, &self.settings.http);
        let mut limits = Limits::from(&self.settings.http);
        limits.max_connections = descriptors::room_for(limits.max_connections);
        let serving = server::serve(listener, router, &limits, &self.lifecycle);
        self.lifecycle.spawn_critical("http", serving);
    }

    /// Says that it has started, and waits for its end.
    pub async fn run(self) -> ExitCode {
        self.health.mark_started();
        self.lifecycle.run_until_shutdown().await
    }
}

#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Run the service (the default).
    Run,
    /// Show the configuration.
    #[command(subcommand)]
    Config(ConfigAction),
}

#[derive(Debug, Subcommand)]
enum ConfigAction {
    /// Print the settings in force, secrets redacted.
    Print,
}

/// The `main` of a service: reads the command line and the settings, and runs `service` in a
/// process, which it should give back once everything is started.
#[expect(clippy::print_stdout, reason = "what was asked for is the result")]
pub fn service_main<S>(name: &'static str, about: &'static str, service: S) -> ExitCode
where
    S: AsyncFnOnce(Process) -> anyhow::Result<Process>,
{
    let command = Arguments::command()
        .name(name)
        .about(about)
        .after_long_help(reference_text());
    let arguments =
        Arguments::from_arg_matches(&command.get_matches()).unwrap_or_else(|error| error.exit());
    run_to_exit(name, async || {
        let settings = Settings::load()?;
        if let Some(Action::Config(ConfigAction::Print)) = arguments.action {
            print!("{}", settings.to_yaml_redacted());
            return Ok(ExitCode::SUCCESS);
        }
        let process = service(Process::new(name, settings)?).await?;
        Ok(process.run().await)
    })
}

/// Runs the whole of the process `name` in a runtime, and says why it failed if it did.
#[expect(clippy::print_stderr, reason = "there may be no logs yet")]
pub fn run_to_exit<R>(name: &'static str, run: R) -> ExitCode
where
    R: AsyncFnOnce() -> anyhow::Result<ExitCode>,
{
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let result = match runtime {
        Ok(runtime) => runtime.block_on(run()),
        Err(error) => Err(anyhow::Error::new(error).context("the runtime cannot be started")),
    };
    result.unwrap_or_else(|error| {
        eprintln!("{name}: {error:#}");
        ExitCode::FAILURE
    })
}

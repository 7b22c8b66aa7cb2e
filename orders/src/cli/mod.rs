//! The operator's command line: what it takes, what it prints, and how.

mod amendments;
mod archive;
mod backup;
mod cancel;
mod cancel_lines;
mod change_address;
mod client;
mod customers;
mod diff;
mod doctor;
mod emails;
mod events;
mod found;
mod fulfil;
mod get;
mod holds;
mod list;
mod note;
mod payments;
mod personal_data;
mod place;
mod probe;
mod process;
mod products;
pub(crate) mod progress;
mod projections;
mod reports;
mod returns;
mod settle;
mod shipments;
mod stock;
mod table;
mod tag;
mod verify_erasure;
mod webhooks;

use crate::{host, import};
use chassis::config::{Settings, reference_text};
use clap::{Args, Parser, Subcommand};
use std::{io::Write, process::ExitCode};

/// The event-sourced order platform: everything in one process, and the operator's tools.
#[derive(Debug, Parser)]
#[command(name = "orders", version, about, propagate_version = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run everything in one process.
    #[command(after_long_help = reference_text())]
    Serve {
        /// Start the sandbox provider too, on http.sandbox_port: orders are then approved without
        /// money. Its ledger is kept in this file; `memory` forgets it with the process.
        #[arg(long, value_name = "LEDGER")]
        sandbox: Option<host::Ledger>,
    },
    /// The same, on a private PostgreSQL and with the sandbox provider: for development.
    Dev,
    /// Run the separate services on a private PostgreSQL and a private nats-server.
    Up,
    /// Check database, broker, versions and lag; say what is wrong and what to do.
    Doctor(doctor::DoctorArgs),
    /// Ask one process whether it takes traffic: succeeds if it does.
    Probe(probe::ProbeArgs),
    /// Show the configuration.
    #[command(subcommand)]
    Config(Config),
    /// Place an order.
    Place(place::PlaceArgs),
    /// Show an order.
    Get(get::GetArgs),
    /// Tell what became of an order from one moment to another: which fields, by which events.
    Diff(diff::DiffArgs),
    /// List orders, the newest first.
    List(list::ListArgs),
    /// Cancel an order.
    Cancel(cancel::CancelArgs),
    /// Cancel some of an order, until it is packed.
    CancelLines(cancel_lines::CancelLinesArgs),
    /// Say what an order would be with more or less of its lines, and have it be so.
    #[command(subcommand)]
    Amendments(amendments::Amendments),
    /// Have an order go somewhere else, until the carrier is asked to take it.
    ChangeAddress(change_address::ChangeAddressArgs),
    /// Put a hold on an order: it is neither confirmed nor dispatched until that is released.
    Hold(holds::HoldArgs),
    /// Take a hold off an order.
    Release(holds::ReleaseArgs),
    /// Write a note on an order: it is kept in the order's history.
    Note(note::NoteArgs),
    /// Say that what a provider's word contradicted is set right: the order does not wait for that any more.
    Settle(settle::SettleArgs),
    /// Say what an order is tagged with.
    Tag(tag::TagArgs),
    /// List shipments, and say what became of them.
    #[command(subcommand)]
    Shipments(shipments::Shipments),
    /// List and show payments.
    #[command(subcommand)]
    Payments(payments::Payments),
    /// List returns, ask for them, and say what became of them.
    #[command(subcommand)]
    Returns(returns::Returns),
    /// Take down who customers are, show and erase them.
    #[command(subcommand)]
    Customers(customers::Customers),
    /// List products, ask prices for them, delist and show them.
    #[command(subcommand)]
    Products(products::Products),
    /// Say who is told of what happens to orders, and see what they were told.
    #[command(subcommand)]
    Webhooks(webhooks::Webhooks),
    /// List the e-mails to customers, and send one again.
    #[command(subcommand)]
    Emails(emails::Emails),
    /// Book stock in, correct its count, and clear what is in quarantine.
    #[command(subcommand)]
    Stock(stock::Stock),
    /// Pack all shipments that wait for it.
    Fulfil(fulfil::FulfilArgs),
    /// Tell where an order is on its way: what has happened, what is expected next, of whom, until when.
    Process(process::ProcessArgs),
    /// List orders that are on their way: those that hang first.
    Processes(process::ProcessesArgs),
    /// Report what was sold.
    #[command(subcommand)]
    Reports(reports::Reports),
    /// Tell whether anything of a customer who was erased can still be read: in the event store, in read
    /// models, in what the sagas remember, in the broker's stream, in logs. Exits 0 if nothing can, 1 if
    /// something can, 3 if there are places that were neither looked at nor left out.
    VerifyErasure(verify_erasure::VerifyErasureArgs),
    /// See to the keys of personal data.
    #[command(subcommand)]
    PersonalData(personal_data::PersonalData),
    /// See how far read models are, and to what is parked of them.
    #[command(subcommand)]
    Projections(projections::Projections),
    /// Look at the events themselves.
    #[command(subcommand)]
    Events(events::Events),
    /// Write the event store to portable, compressed, checksummed files, while the shop is open; the next
    /// time, what has come since. `orders backup verify` reads all of it again.
    Backup(backup::BackupArgs),
    /// Put a backup into an empty event store, once all of it is found right. Interrupted, it shows nothing
    /// of what it has done, and goes on the next time.
    Restore(backup::RestoreArgs),
    /// Move the events of orders that ended long ago, with their payments, shipments and returns, out of the
    /// way of those that are used. They are read and replayed as before, and may go on.
    Archive(archive::ArchiveArgs),
    /// Import real orders through the API.
    #[command(subcommand)]
    Import(Import),
}

#[derive(Debug, Subcommand)]
enum Config {
    /// Print the settings in force, secrets redacted.
    Print,
    /// Print every setting with its default, what is allowed and its environment variable.
    Reference,
}

#[derive(Debug, Subcommand)]
enum Import {
    /// The CSV file of *Online Retail* (UCI Machine Learning Repository).
    OnlineRetail {
        #[command(flatten)]
        commands: WriteApi,
        #[command(flatten)]
        options: import::ImportOptions,
    },
}

/// Where the platform is, unless it says otherwise.
const DEFAULT_URL: &str = "http://127.0.0.1:8080";

/// Where commands go.
#[derive(Debug, Clone, Args)]
struct WriteApi {
    /// The platform's address; that of the command service, where services are separate.
    /// Otherwise the platform that runs from this directory's data, or http://127.0.0.1:8080.
    #[arg(long, env = "ORDERS_URL")]
    url: Option<String>,
}

impl WriteApi {
    /// Where commands go, and where queries go unless that is said apart.
    fn urls(&self) -> (String, String) {
        let running = self.url.is_none().then(host::Running::find).flatten();
        let (url, query_url) = match (&self.url, running) {
            (Some(url), _) => (url.clone(), url.clone()),
            (None, Some(running)) => (running.url, running.query_url),
            (None, None) => (DEFAULT_URL.to_owned(), DEFAULT_URL.to_owned()),
        };
        (trimmed(&url), trimmed(&query_url))
    }
}

fn trimmed(url: &str) -> String {
    url.trim_end_matches('/').to_owned()
}

/// Where notifications are managed.
#[derive(Debug, Clone, Args)]
struct NotificationApi {
    /// The platform's address; that of the saga service, where services are separate and nothing is
    /// in front of them. Otherwise the platform that runs from this directory's data, or
    /// http://127.0.0.1:8080.
    #[arg(long, env = "ORDERS_URL")]
    url: Option<String>,
    /// Print JSON, as the API answered it, instead of a table.
    #[arg(long)]
    json: bool,
}

impl NotificationApi {
    fn client(&self) -> anyhow::Result<client::ApiClient> {
        client_of("saga", self.url.as_ref())
    }
}

/// Where read models are administered.
#[derive(Debug, Clone, Args)]
struct ProjectionApi {
    /// The platform's address; that of the projector, where services are separate. Otherwise the
    /// platform that runs from this directory's data, or http://127.0.0.1:8080.
    #[arg(long, env = "ORDERS_URL")]
    url: Option<String>,
    /// Print JSON, as the API answered it, instead of a table.
    #[arg(long)]
    json: bool,
}

impl ProjectionApi {
    fn client(&self) -> anyhow::Result<client::ApiClient> {
        client_of("projector", self.url.as_ref())
    }
}

/// A client of what `service` alone serves: at `url`, or where the platform runs.
fn client_of(service: &str, url: Option<&String>) -> anyhow::Result<client::ApiClient> {
    let running = || {
        let running = host::Running::find()?;
        let mut processes = running.processes.into_iter();
        let found = processes.find(|(name, _)| name == service);
        Some(found.map_or(running.url, |(_, url)| url))
    };
    let url = url.cloned().or_else(running);
    let url = trimmed(url.as_deref().unwrap_or(DEFAULT_URL));
    client::ApiClient::at(url.clone(), url)
}

/// Where the platform is.
#[derive(Debug, Clone, Args)]
struct Api {
    #[command(flatten)]
    commands: WriteApi,
    /// The query service's address, where it is another one.
    #[arg(long, env = "ORDERS_QUERY_URL")]
    query_url: Option<String>,
    /// Print JSON, as the API answered it, instead of a table.
    #[arg(long)]
    json: bool,
}

impl Api {
    /// Where commands go, and where queries go.
    fn urls(&self) -> (String, String) {
        let (url, query_url) = self.commands.urls();
        match &self.query_url {
            Some(set) => (url, trimmed(set)),
            None => (url, query_url),
        }
    }
}

/// Runs what the command line asks for.
pub async fn run(cli: Cli) -> ExitCode {
    let result = match cli.command {
        Command::Serve { sandbox } => match Settings::load() {
            Ok(settings) => host::serve(settings, sandbox).await,
            Err(error) => Err(error.into()),
        },
        Command::Dev => host::dev().await,
        Command::Up => host::up().await,
        Command::Doctor(args) => doctor::run(args).await,
        Command::Probe(args) => probe::run(args).await.map(success),
        Command::Config(Config::Print) => Settings::load()
            .map(|settings| print(settings.to_yaml_redacted().trim_end()))
            .map_err(Into::into)
            .map(success),
        Command::Config(Config::Reference) => {
            print(reference_text().trim_end());
            Ok(ExitCode::SUCCESS)
        }
        Command::Place(args) => place::run(args).await.map(success),
        Command::Get(args) => get::run(args).await.map(success),
        Command::Diff(args) => diff::run(args).await.map(success),
        Command::List(args) => list::run(args).await.map(success),
        Command::Cancel(args) => cancel::run(args).await.map(success),
        Command::CancelLines(args) => cancel_lines::run(args).await.map(success),
        Command::Amendments(command) => amendments::run(command).await.map(success),
        Command::ChangeAddress(args) => change_address::run(args).await.map(success),
        Command::Hold(args) => holds::hold(args).await.map(success),
        Command::Release(args) => holds::release(args).await.map(success),
        Command::Note(args) => note::run(args).await.map(success),
        Command::Settle(args) => settle::run(args).await.map(success),
        Command::Tag(args) => tag::run(args).await.map(success),
        Command::Shipments(command) => shipments::run(command).await.map(success),
        Command::Payments(command) => payments::run(command).await.map(success),
        Command::Returns(command) => returns::run(command).await.map(success),
        Command::Customers(command) => customers::run(command).await.map(success),
        Command::Products(command) => products::run(command).await.map(success),
        Command::Webhooks(command) => webhooks::run(command).await.map(success),
        Command::Emails(command) => emails::run(command).await.map(success),
        Command::Projections(command) => projections::run(command).await.map(success),
        Command::Stock(command) => stock::run(command).await.map(success),
        Command::Fulfil(args) => fulfil::run(args).await.map(success),
        Command::Reports(command) => reports::run(command).await.map(success),
        Command::VerifyErasure(args) => verify_erasure::run(args).await,
        Command::PersonalData(command) => personal_data::run(command).await,
        Command::Events(command) => Ok(events::run(command).await),
        Command::Archive(args) => archive::run(args).await.map(success),
        Command::Backup(args) => backup::run(args).await.map(success),
        Command::Restore(args) => backup::run_restore(args).await.map(success),
        Command::Process(args) => process::show(args).await.map(success),
        Command::Processes(args) => process::list(args).await.map(success),
        Command::Import(Import::OnlineRetail { commands, options }) => {
            import::import_online_retail(&commands.urls().0, &options)
                .await
                .map(success)
        }
    };
    result.unwrap_or_else(|error| {
        say(&format!("error: {error:#}"));
        ExitCode::FAILURE
    })
}

const fn success((): ()) -> ExitCode {
    ExitCode::SUCCESS
}

/// Says something to a person, beside the result.
pub(crate) fn say(text: &str) {
    // Where nobody listens any more, there is nobody to tell that either.
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Prints a result. Whoever reads it may have seen enough, as `head` has after ten lines; then there
/// is nothing left to do.
pub(crate) fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    let Err(error) = writeln!(out, "{text}").and_then(|()| out.flush()) else {
        return;
    };
    if error.kind() == std::io::ErrorKind::BrokenPipe {
        std::process::exit(0);
    }
    say(&format!("error: the result cannot be printed: {error}"));
    std::process::exit(1);
}

//! The operator's command line: what it takes, what it prints, and how.

mod cancel;
mod client;
mod get;
mod list;
mod place;
pub(crate) mod progress;
mod table;

use crate::import;
use clap::{Args, Parser, Subcommand};
use std::process::ExitCode;

/// The event-sourced order platform: everything in one process, and the operator's tools.
#[derive(Debug, Parser)]
#[command(name = "orders", version, about, propagate_version = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Place an order.
    Place(place::PlaceArgs),
    /// Show an order.
    Get(get::GetArgs),
    /// List orders, the newest first.
    List(list::ListArgs),
    /// Cancel an order.
    Cancel(cancel::CancelArgs),
    /// Import real orders through the API.
    #[command(subcommand)]
    Import(Import),
}

#[derive(Debug, Subcommand)]
enum Import {
    /// The CSV file of *Online Retail* (UCI Machine Learning Repository).
    OnlineRetail {
        #[command(flatten)]
        api: Api,
        #[command(flatten)]
        options: import::ImportOptions,
    },
}

/// Where the platform is.
#[derive(Debug, Clone, Args)]
struct Api {
    /// The platform's address; that of the command service, where services are separate.
    #[arg(long, env = "ORDERS_URL", default_value = "http://127.0.0.1:8080")]
    url: String,
    /// The query service's address, where it is another one.
    #[arg(long, env = "ORDERS_QUERY_URL")]
    query_url: Option<String>,
    /// Print JSON, as the API answered it, instead of a table.
    #[arg(long)]
    json: bool,
}

/// Runs what the command line asks for.
pub async fn run(cli: Cli) -> ExitCode {
    let result = match cli.command {
        Command::Place(args) => place::run(args).await,
        Command::Get(args) => get::run(args).await,
        Command::List(args) => list::run(args).await,
        Command::Cancel(args) => cancel::run(args).await,
        Command::Import(Import::OnlineRetail { api, options }) => {
            import::import_online_retail(&api.url, &options).await
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Says something to a person, beside the result.
#[expect(
    clippy::print_stderr,
    reason = "a command line speaks to people on standard error"
)]
pub(crate) fn say(text: &str) {
    eprintln!("{text}");
}

/// Prints a result.
#[expect(
    clippy::print_stdout,
    reason = "a command line's results go to standard output"
)]
pub(crate) fn print(text: &str) {
    println!("{text}");
}

//! `orders stock`

use super::{
    Api,
    client::ApiClient,
    print, say,
    table::{number, table, text},
};
use chassis::path::segment;
use clap::{Args, Subcommand};
use domain::Sku;
use serde_json::{Value, json};

/// What is done with stock.
#[derive(Debug, Subcommand)]
pub(super) enum Stock {
    /// Show the stock of an article, by location.
    Show(ShowArgs),
    /// Book in a delivery.
    Receive(ReceiveArgs),
    /// Correct the count of an article.
    Adjust(AdjustArgs),
    /// Say what becomes of what is in quarantine: it can be sold again, or is written off.
    Clear(ClearArgs),
    /// Say how many more of an article than there are may be promised to orders.
    BackorderLimit(BackorderLimitArgs),
}

/// Show the stock of an article.
#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// The article.
    sku: Sku,
    #[command(flatten)]
    api: Api,
}

/// Which stock, and under which key.
#[derive(Debug, Args)]
pub(super) struct Change {
    /// The article.
    sku: Sku,
    /// Where.
    #[arg(long, default_value = "main")]
    location: String,
    /// The request's key: sent again with the same key, nothing more happens.
    #[arg(long)]
    idempotency_key: Option<String>,
    #[command(flatten)]
    api: Api,
}

/// Book in a delivery.
#[derive(Debug, Args)]
pub(super) struct ReceiveArgs {
    #[command(flatten)]
    change: Change,
    /// How many.
    #[arg(long)]
    quantity: i64,
    /// Your own number for the delivery.
    #[arg(long)]
    reference: Option<String>,
}

/// Correct the count of an article.
#[derive(Debug, Args)]
pub(super) struct AdjustArgs {
    #[command(flatten)]
    change: Change,
    /// By how many, up or down.
    #[arg(long, allow_hyphen_values = true)]
    delta: i64,
    /// Why, for people.
    #[arg(long)]
    reason: String,
}

/// Say what becomes of what is in quarantine.
#[derive(Debug, Args)]
pub(super) struct ClearArgs {
    #[command(flatten)]
    change: Change,
    /// How many can be sold again.
    #[arg(long, default_value_t = 0)]
    restocked: i64,
    /// How many are written off.
    #[arg(long, default_value_t = 0)]
    written_off: i64,
    /// Why, for people.
    #[arg(long)]
    reason: String,
}

/// Say how many more of an article than there are may be promised to orders.
#[derive(Debug, Args)]
pub(super) struct BackorderLimitArgs {
    #[command(flatten)]
    change: Change,
    /// How many; with 0, only what is there. Who waits already goes on waiting.
    #[arg(long, allow_hyphen_values = true)]
    limit: i64,
}

pub(super) async fn run(command: Stock) -> anyhow::Result<()> {
    match command {
        Stock::Show(args) => show(args).await,
        Stock::Receive(args) => {
            let body = json!({
                "quantity": args.quantity,
                "reference": args.reference,
                "location": args.change.location,
            });
            post(args.change, "receipts", &body, "booked in").await
        }
        Stock::Adjust(args) => {
            let body = json!({
                "delta": args.delta,
                "reason": args.reason,
                "location": args.change.location,
            });
            post(args.change, "adjustments", &body, "corrected").await
        }
        Stock::Clear(args) => {
            let body = json!({
                "restocked": args.restocked,
                "written_off": args.written_off,
                "reason": args.reason,
                "location": args.change.location,
            });
            post(args.change, "clearances", &body, "cleared").await
        }
        Stock::BackorderLimit(args) => {
            let body = json!({
                "limit": args.limit,
                "location": args.change.location,
            });
            post(args.change, "backorder-limit", &body, "limited").await
        }
    }
}

/// Where the stock of an article is.
fn path(sku: &Sku) -> String {
    format!("/v1/stock/{}", segment(sku.as_str()))
}

async fn post(change: Change, what: &str, body: &Value, done: &str) -> anyhow::Result<()> {
    let client = ApiClient::new(&change.api)?;
    let path = format!("{}/{what}", path(&change.sku));
    let key = change.idempotency_key.as_deref();
    let written = client.post(&path, key, body).await?;
    match change.api.json {
        true => print(&serde_json::to_string_pretty(&written.body)?),
        false => say(&format!("Stock of {} is {done}.", change.sku)),
    }
    Ok(())
}

async fn show(args: ShowArgs) -> anyhow::Result<()> {
    let client = ApiClient::new(&args.api)?;
    let stock = client.get(&path(&args.sku), &[], None).await?;
    if args.api.json {
        print(&serde_json::to_string_pretty(&stock)?);
        return Ok(());
    }
    let mut rows = table(&[
        "sku",
        "location",
        "on hand",
        "reserved",
        "committed",
        "available",
        "quarantined",
        "backordered",
        "backorder limit",
    ]);
    for item in stock["locations"].as_array().into_iter().flatten() {
        rows.add_row(vec![
            text(&item["sku"]),
            text(&item["location"]),
            number(&item["on_hand"]),
            number(&item["reserved"]),
            number(&item["committed"]),
            number(&item["available"]),
            number(&item["quarantined"]),
            number(&item["backordered"]),
            number(&item["backorder_limit"]),
        ]);
    }
    print(&rows.to_string());
    Ok(())
}

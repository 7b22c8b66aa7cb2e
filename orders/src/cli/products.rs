//! `orders products`

use super::{
    Api,
    client::ApiClient,
    print, say,
    table::{money, table, text, time},
};
use chassis::path::segment;
use clap::{Args, Subcommand};
use comfy_table::Cell;
use domain::{Currency, Sku};
use serde_json::{Value, json};
use std::str::FromStr;

/// What is done with products.
#[derive(Debug, Subcommand)]
pub(super) enum Products {
    /// Show products, by SKU.
    Show(ShowArgs),
    /// List a product: it may be ordered from now on.
    List(ListArgs),
    /// Ask another price for a product.
    Price(PriceArgs),
    /// Delist a product: it may not be ordered any more.
    Delist(DelistArgs),
}

/// Show products, by SKU.
#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// Only this one.
    sku: Option<Sku>,
    /// Only those of this status: listed or delisted.
    #[arg(long, conflicts_with = "sku")]
    status: Option<String>,
    /// How many.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=200))]
    limit: u32,
    /// Where the page before ended.
    #[arg(long, allow_hyphen_values = true)]
    cursor: Option<String>,
    #[command(flatten)]
    api: Api,
}

/// List a product.
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// What it is ordered by.
    sku: Sku,
    /// What it is called.
    #[arg(long)]
    name: String,
    #[command(flatten)]
    price: PriceOf,
    #[command(flatten)]
    request: Request,
}

/// Ask another price for a product.
#[derive(Debug, Args)]
pub(super) struct PriceArgs {
    /// Which product.
    sku: Sku,
    #[command(flatten)]
    price: PriceOf,
    #[command(flatten)]
    request: Request,
}

/// Delist a product.
#[derive(Debug, Args)]
pub(super) struct DelistArgs {
    /// Which product.
    sku: Sku,
    /// Why, for people.
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    request: Request,
}

#[derive(Debug, Args)]
struct PriceOf {
    /// What one costs, in minor units: 1999 is 19.99 EUR.
    #[arg(long, value_name = "AMOUNT")]
    price: i64,
    /// The currency.
    #[arg(long, default_value = "EUR", value_parser = Currency::from_str)]
    currency: Currency,
}

/// Under which key.
#[derive(Debug, Args)]
pub(super) struct Request {
    /// The request's key: sent again with the same key, nothing more happens.
    #[arg(long)]
    idempotency_key: Option<String>,
    #[command(flatten)]
    api: Api,
}

pub(super) async fn run(command: Products) -> anyhow::Result<()> {
    match command {
        Products::Show(args) => match &args.sku {
            Some(sku) => show(&args, sku).await,
            None => list(args).await,
        },
        Products::List(args) => {
            let body = json!({
                "sku": args.sku,
                "name": args.name,
                "price": price(&args.price),
            });
            post("/v1/products", args.request, &body).await
        }
        Products::Price(args) => {
            let path = format!("{}/price", path(&args.sku));
            let body = json!({ "price": price(&args.price) });
            post(&path, args.request, &body).await
        }
        Products::Delist(args) => {
            let path = format!("{}/delist", path(&args.sku));
            let body = json!({ "reason": args.reason });
            post(&path, args.request, &body).await
        }
    }
}

fn price(given: &PriceOf) -> Value {
    json!({ "amount": given.price, "currency": given.currency })
}

/// Where a product is.
fn path(sku: &Sku) -> String {
    format!("/v1/products/{}", segment(sku.as_str()))
}

async fn post(path: &str, request: Request, body: &Value) -> anyhow::Result<()> {
    let client = ApiClient::new(&request.api)?;
    let key = request.idempotency_key.as_deref();
    let written = client.post(path, key, body).await?;
    if request.api.json {
        print(&serde_json::to_string_pretty(&written.body)?);
    } else {
        let sku = written.body["sku"].as_str().unwrap_or_default();
        let status = written.body["status"].as_str().unwrap_or("changed");
        say(&format!("Product {sku} is {status}."));
    }
    Ok(())
}

async fn show(args: &ShowArgs, sku: &Sku) -> anyhow::Result<()> {
    let client = ApiClient::new(&args.api)?;
    let product = client.get(&path(sku), &[], None).await?;
    match args.api.json {
        true => print(&serde_json::to_string_pretty(&product)?),
        false => rows(std::slice::from_ref(&product)),
    }
    Ok(())
}

async fn list(args: ShowArgs) -> anyhow::Result<()> {
    let client = ApiClient::new(&args.api)?;
    let mut query = vec![("limit", args.limit.to_string())];
    let given = [("status", args.status), ("cursor", args.cursor)];
    query.extend(
        given
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    let page = client.get("/v1/products", &query, None).await?;
    if args.api.json {
        print(&serde_json::to_string_pretty(&page)?);
        return Ok(());
    }
    let items = page["items"].as_array();
    rows(items.map(Vec::as_slice).unwrap_or_default());
    if let Some(cursor) = page["next_cursor"].as_str() {
        say(&format!(
            "more: orders products show --cursor {cursor} (with the same filters)"
        ));
    }
    Ok(())
}

fn rows(products: &[Value]) {
    let mut rows = table(&["sku", "name", "status", "prices", "listed", "reason"]);
    for product in products {
        let prices = product["prices"].as_array().into_iter().flatten();
        let prices: Vec<String> = prices.map(|price| money(price).content()).collect();
        rows.add_row(vec![
            text(&product["sku"]),
            text(&product["name"]),
            text(&product["status"]),
            Cell::new(prices.join(", ")),
            time(&product["listed_at"]),
            text(&product["reason"]),
        ]);
    }
    print(&rows.to_string());
}

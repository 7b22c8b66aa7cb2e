//! The import as a whole: stock first if it is wanted, then the orders, then the report.

use super::{
    online_retail::{Invoice, Invoices, Refused, read},
    report,
    send::{Sent, post},
};
use crate::cli::progress::Progress;
use anyhow::Context;
use chassis::http_client;
use domain::Currency;
use futures::{StreamExt, TryStreamExt, stream};
use reqwest::Client;
use serde_json::json;
use std::{collections::BTreeMap, path::PathBuf, time::Duration};

/// Who ordered, where the file does not say.
const UNKNOWN_CUSTOMER: &str = "unknown";

/// What is imported, and how.
#[derive(Debug, Clone, clap::Args)]
pub struct ImportOptions {
    /// The CSV file.
    pub file: PathBuf,
    /// What its prices are in: they may have as many decimals as that has.
    #[arg(long, default_value = "GBP")]
    pub currency: Currency,
    /// Book in first what the orders need.
    #[arg(long)]
    pub receive_stock: bool,
    /// Where to write what was not imported: CSV with invoice, row and reason.
    #[arg(long, default_value = "refused.csv")]
    pub report: PathBuf,
    /// Requests under way at once.
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub concurrency: u16,
    /// How long one order is tried while the platform cannot take it, in seconds.
    #[arg(long, default_value_t = 60)]
    pub patience_s: u64,
}

#[derive(Default)]
struct Counts {
    done: u64,
    replayed: u64,
}

/// Imports Online Retail through the API at `url`. Every request has a key that is derived from the
/// file's content, so an import that is repeated, or goes on after it was killed, changes nothing
/// that is there already.
pub async fn import_online_retail(url: &str, options: &ImportOptions) -> anyhow::Result<()> {
    let Invoices {
        clean,
        mut refused,
        digest,
    } = read(&options.file, options.currency)?;
    let client = http_client::builder(url)
        .timeout(Duration::from_secs(30))
        .pool_max_idle_per_host(options.concurrency.into())
        .build()
        .context("an HTTP client cannot be made")?;
    if options.receive_stock {
        let counts = receive_stock(&client, url, &clean, &digest, options).await?;
        crate::cli::say(&format!(
            "{} articles booked in, {} had been before",
            counts.done, counts.replayed
        ));
    }
    let (counts, by_platform) = place_orders(&client, url, &clean, options).await?;
    refused.extend(by_platform);
    refused.sort_by_key(|refused| refused.row);
    report::write(&options.report, &refused)?;
    crate::cli::say(&format!(
        "{} orders placed, {} had been before, {} invoices refused: see {}",
        counts.done,
        counts.replayed,
        refused.len(),
        options.report.display()
    ));
    Ok(())
}

async fn receive_stock(
    client: &Client,
    url: &str,
    invoices: &[Invoice],
    digest: &str,
    options: &ImportOptions,
) -> anyhow::Result<Counts> {
    let mut needed: BTreeMap<&str, i64> = BTreeMap::new();
    for line in invoices.iter().flat_map(|invoice| &invoice.lines) {
        *needed.entry(&line.sku).or_default() += line.quantity;
    }
    let progress = Progress::new("booking in", needed.len() as u64);
    let receipts = needed.into_iter().map(|(sku, quantity)| {
        let progress = &progress;
        async move {
            let mut path = reqwest::Url::parse(url).context("--url is not a URL")?;
            path.path_segments_mut()
                .map_err(|()| anyhow::anyhow!("--url cannot have a path"))?
                .pop_if_empty()
                .extend(["v1", "stock", sku, "receipts"]);
            let body = json!({ "quantity": quantity, "reference": "online-retail" });
            // What another file needs comes on top, even where it is as many of the same article.
            let key = format!("online-retail-stock-{digest}-{}", sku.replace(' ', "_"));
            let body = serde_json::to_vec(&body)?;
            let sent = post(client, path.as_str(), &key, &body, patience(options)).await?;
            if let Sent::Refused(reason) = &sent {
                anyhow::bail!("article {sku} cannot be booked in: {reason}");
            }
            progress.advance();
            Ok(sent)
        }
    });
    let sent: Vec<Sent> = stream::iter(receipts)
        .buffer_unordered(options.concurrency.into())
        .try_collect()
        .await?;
    progress.finish();
    Ok(count(&sent))
}

async fn place_orders(
    client: &Client,
    url: &str,
    invoices: &[Invoice],
    options: &ImportOptions,
) -> anyhow::Result<(Counts, Vec<Refused>)> {
    let url = format!("{}/v1/orders", url.trim_end_matches('/'));
    let progress = Progress::new("placing", invoices.len() as u64);
    let orders = invoices.iter().map(|invoice| {
        let (progress, url) = (&progress, &url);
        async move {
            let key = format!("online-retail-{}", invoice.number);
            let body = serde_json::to_vec(&body(invoice, options.currency))?;
            let sent = post(client, url, &key, &body, patience(options))
                .await
                .with_context(|| format!("invoice {} cannot be placed", invoice.number))?;
            progress.advance();
            anyhow::Ok((invoice, sent))
        }
    });
    let sent: Vec<(&Invoice, Sent)> = stream::iter(orders)
        .buffer_unordered(options.concurrency.into())
        .try_collect()
        .await?;
    progress.finish();
    let refused = sent.iter().filter_map(|(invoice, sent)| match sent {
        Sent::Refused(reason) => Some(Refused {
            invoice: invoice.number.clone(),
            row: invoice.row,
            reason: format!("the platform refused it: {reason}"),
        }),
        Sent::Done | Sent::Replayed => None,
    });
    let refused = refused.collect();
    let sent: Vec<Sent> = sent.into_iter().map(|(_, sent)| sent).collect();
    Ok((count(&sent), refused))
}

fn body(invoice: &Invoice, currency: Currency) -> serde_json::Value {
    let lines: Vec<_> = invoice
        .lines
        .iter()
        .map(|line| {
            json!({ "sku": line.sku, "quantity": line.quantity, "unit_price": line.unit_price })
        })
        .collect();
    json!({
        "customer_id": invoice.customer.as_deref().unwrap_or(UNKNOWN_CUSTOMER),
        "currency": currency,
        "lines": lines,
        "shipping_address": { "country": invoice.country },
        "payment_method": "tok_approve",
        "reference": invoice.number,
        "placed_at": invoice.placed_at,
    })
}

fn count(sent: &[Sent]) -> Counts {
    let of = |wanted: &Sent| sent.iter().filter(|sent| *sent == wanted).count() as u64;
    Counts {
        done: of(&Sent::Done),
        replayed: of(&Sent::Replayed),
    }
}

const fn patience(options: &ImportOptions) -> Duration {
    Duration::from_secs(options.patience_s)
}

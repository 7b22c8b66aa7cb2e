//! `orders change-address`

use super::{Api, client::ApiClient, print, say};
use clap::Args;
use serde_json::json;
use uuid::Uuid;

/// Have an order go somewhere else, until the carrier is asked to take it.
#[derive(Debug, Args)]
pub(super) struct ChangeAddressArgs {
    /// The order.
    order_id: Uuid,
    /// Who receives it.
    #[arg(long)]
    name: Option<String>,
    /// Street and number, and what else stands above the town; may be given several times.
    #[arg(long = "line")]
    lines: Vec<String>,
    /// The town.
    #[arg(long)]
    city: Option<String>,
    /// The postal code.
    #[arg(long)]
    postal_code: Option<String>,
    /// The country.
    #[arg(long)]
    country: String,
    /// The version of the order that you saw: it must still be that.
    #[arg(long)]
    seen: i64,
    /// The request's key: sent again with the same key, nothing more happens.
    #[arg(long)]
    idempotency_key: Option<String>,
    #[command(flatten)]
    api: Api,
}

pub(super) async fn run(args: ChangeAddressArgs) -> anyhow::Result<()> {
    let client = ApiClient::new(&args.api)?;
    let path = format!("/v1/orders/{}/shipping-address", args.order_id);
    let body = json!({
        "shipping_address": {
            "name": args.name,
            "lines": args.lines,
            "city": args.city,
            "postal_code": args.postal_code,
            "country": args.country,
        },
    });
    let key = args.idempotency_key.as_deref();
    let written = client.post_seen(&path, key, args.seen, &body).await?;
    if args.api.json {
        print(&serde_json::to_string_pretty(&written.body)?);
        return Ok(());
    }
    say(&format!("Order {} goes there now.", args.order_id));
    Ok(())
}

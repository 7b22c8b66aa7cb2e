//! `orders cancel`

use super::{Api, client::ApiClient, print, say};
use clap::Args;
use serde_json::json;
use uuid::Uuid;

/// Cancel an order.
#[derive(Debug, Args)]
pub(super) struct CancelArgs {
    /// The order.
    order_id: Uuid,
    /// Why, for people.
    #[arg(long)]
    reason: String,
    /// The request's key: sent again with the same key, nothing more happens.
    #[arg(long)]
    idempotency_key: Option<String>,
    #[command(flatten)]
    api: Api,
}

pub(super) async fn run(args: CancelArgs) -> anyhow::Result<()> {
    let client = ApiClient::new(&args.api)?;
    let path = format!("/v1/orders/{}/cancel", args.order_id);
    let body = json!({ "reason": args.reason });
    let written = client
        .post(&path, args.idempotency_key.as_deref(), &body)
        .await?;
    if args.api.json {
        print(&serde_json::to_string_pretty(&written.body)?);
    } else {
        let status = written.body["status"].as_str().unwrap_or("cancelling");
        say(&format!("Order {} is {status}.", args.order_id));
    }
    Ok(())
}

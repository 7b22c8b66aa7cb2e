//! `orders tag`

use super::{Api, client::ApiClient, print, say};
use clap::Args;
use serde_json::json;
use uuid::Uuid;

/// Say what an order is tagged with: these, and nothing else.
#[derive(Debug, Args)]
pub(super) struct TagArgs {
    /// The order.
    order_id: Uuid,
    /// Its tags, of a-z, 0-9, '-' and '_'; none take all of them off.
    tags: Vec<String>,
    /// The request's key: sent again with the same key, nothing more happens.
    #[arg(long)]
    idempotency_key: Option<String>,
    #[command(flatten)]
    api: Api,
}

pub(super) async fn run(args: TagArgs) -> anyhow::Result<()> {
    let client = ApiClient::new(&args.api)?;
    let path = format!("/v1/orders/{}/tags", args.order_id);
    let body = json!({ "tags": args.tags });
    let written = client
        .post(&path, args.idempotency_key.as_deref(), &body)
        .await?;
    if args.api.json {
        print(&serde_json::to_string_pretty(&written.body)?);
        return Ok(());
    }
    let order_id = args.order_id;
    say(&match args.tags.is_empty() {
        true => format!("Order {order_id} has no tags."),
        false => format!("Order {order_id} is tagged {}.", args.tags.join(", ")),
    });
    Ok(())
}

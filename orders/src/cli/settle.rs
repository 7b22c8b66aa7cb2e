//! `orders settle`

use super::{Api, client::ApiClient, print, say};
use clap::Args;
use serde_json::json;
use uuid::Uuid;

/// Say that what a provider's word contradicted is set right: the order does not wait for that any more.
#[derive(Debug, Args)]
pub(super) struct SettleArgs {
    /// The order.
    order_id: Uuid,
    /// The contradiction, as `orders process` names it.
    task_id: Uuid,
    /// How it was set right: a note of the order says it.
    #[arg(long)]
    reason: String,
    /// The request's key: sent again with the same key, nothing more happens.
    #[arg(long)]
    idempotency_key: Option<String>,
    #[command(flatten)]
    api: Api,
}

pub(super) async fn run(args: SettleArgs) -> anyhow::Result<()> {
    let client = ApiClient::new(&args.api)?;
    let SettleArgs {
        order_id,
        task_id,
        reason,
        ..
    } = args;
    let path = format!("/v1/orders/{order_id}/contradictions/{task_id}/settle");
    let key = args.idempotency_key.as_deref();
    let written = client.post(&path, key, &json!({"reason": reason})).await?;
    if args.api.json {
        print(&serde_json::to_string_pretty(&written.body)?);
    } else {
        say(&format!("Order {order_id} does not wait for {task_id}."));
    }
    Ok(())
}

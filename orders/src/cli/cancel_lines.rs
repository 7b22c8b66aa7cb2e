//! `orders cancel-lines`

use super::{
    Api,
    client::ApiClient,
    print,
    returns::{Quantity, quantities},
    say,
    table::money_text,
};
use clap::Args;
use serde_json::json;
use uuid::Uuid;

/// Cancel some of an order, until it is packed.
#[derive(Debug, Args)]
pub(super) struct CancelLinesArgs {
    /// The order.
    order_id: Uuid,
    /// What, such as 1=2 for two of line 1; may be given several times.
    #[arg(long = "line", required = true)]
    lines: Vec<Quantity>,
    /// Why, for people.
    #[arg(long)]
    reason: String,
    /// The request's key: sent again with the same key, nothing more happens.
    #[arg(long)]
    idempotency_key: Option<String>,
    #[command(flatten)]
    api: Api,
}

pub(super) async fn run(args: CancelLinesArgs) -> anyhow::Result<()> {
    let client = ApiClient::new(&args.api)?;
    let path = format!("/v1/orders/{}/lines/cancel", args.order_id);
    let lines = quantities(&args.lines);
    let body = json!({ "lines": lines, "reason": args.reason });
    let written = client
        .post(&path, args.idempotency_key.as_deref(), &body)
        .await?;
    if args.api.json {
        print(&serde_json::to_string_pretty(&written.body)?);
        return Ok(());
    }
    let status = written.body["status"].as_str().unwrap_or("-");
    let open = written.body["open"].as_array();
    let lines = open.into_iter().flatten();
    let left: i64 = lines.filter_map(|line| line["quantity"].as_i64()).sum();
    say(&format!(
        "Order {} is {status}: {left} pieces of it are still to leave, which come to {}.",
        args.order_id,
        money_text(&written.body["open_total"])
    ));
    Ok(())
}

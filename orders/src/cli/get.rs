//! `orders get`

use super::{
    Api,
    client::ApiClient,
    print,
    table::{money, number, table, text, time},
};
use clap::Args;
use serde_json::Value;
use uuid::Uuid;

/// Show an order.
// Here, `--version` is the order's and not the program's.
#[derive(Debug, Args)]
#[command(disable_version_flag = true)]
pub(super) struct GetArgs {
    /// The order.
    order_id: Uuid,
    /// As it was at this version.
    #[arg(long, conflicts_with = "as_of")]
    version: Option<u64>,
    /// As it was at this time, such as 2010-12-01T08:26:00Z.
    #[arg(long)]
    as_of: Option<String>,
    /// Show its history too: who, when, why.
    #[arg(long)]
    events: bool,
    #[command(flatten)]
    api: Api,
}

pub(super) async fn run(args: GetArgs) -> anyhow::Result<()> {
    let client = ApiClient::new(&args.api)?;
    let mut query = vec![];
    query.extend(args.version.map(|version| ("version", version.to_string())));
    query.extend(args.as_of.map(|as_of| ("as_of", as_of)));
    let path = format!("/v1/orders/{}", args.order_id);
    let mut order = client.get(&path, &query, None).await?;
    if args.events {
        order["events"] = client.get(&format!("{path}/events"), &[], None).await?["items"].take();
    }
    if args.api.json {
        print(&serde_json::to_string_pretty(&order)?);
    } else {
        show(&order);
    }
    Ok(())
}

/// Shows an order to people.
pub(super) fn show(order: &Value) {
    let mut head = table(&[
        "order",
        "status",
        "payment",
        "customer",
        "reference",
        "placed",
        "total",
    ]);
    head.add_row(vec![
        text(&order["order_id"]),
        text(&order["status"]),
        text(&order["payment_status"]),
        text(&order["customer_id"]),
        text(&order["reference"]),
        time(&order["placed_at"]),
        money(&order["total"]),
    ]);
    print(&head.to_string());
    if let Some(items) = order["lines"].as_array() {
        let mut lines = table(&["line", "sku", "quantity", "price", "total"]);
        for line in items {
            lines.add_row(vec![
                number(&line["line"]),
                text(&line["sku"]),
                number(&line["quantity"]),
                money(&line["unit_price"]),
                money(&line["total"]),
            ]);
        }
        print(&lines.to_string());
    }
    if let Some(items) = order["events"].as_array() {
        let mut events = table(&["position", "event", "by", "recorded"]);
        for event in items {
            events.add_row(vec![
                number(&event["position"]),
                text(&event["type"]),
                text(&event["actor"]),
                time(&event["recorded_at"]),
            ]);
        }
        print(&events.to_string());
    }
}

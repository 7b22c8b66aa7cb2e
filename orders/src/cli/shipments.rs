//! `orders shipments`

use super::{
    Api,
    client::ApiClient,
    print, say,
    table::{money, number, table, text, time},
};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use uuid::Uuid;

/// What is done with shipments.
#[derive(Debug, Subcommand)]
pub(super) enum Shipments {
    /// List shipments, the oldest first.
    List(ListArgs),
    /// Say that a shipment is packed.
    Pack(ActArgs),
    /// Have the carrier take a shipment that it refused.
    Dispatch(ActArgs),
    /// Record that a shipment has arrived.
    Deliver(DeliverArgs),
}

/// List shipments, the oldest first.
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Only those of this status: pending, packed, ready, dispatching, dispatched, delivered, cancelled,
    /// refused, failed, lost or returned_to_sender.
    #[arg(long)]
    status: Option<String>,
    /// Only those of this order.
    #[arg(long)]
    order: Option<Uuid>,
    /// How many.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=200))]
    limit: u32,
    /// Where the page before ended.
    #[arg(long, allow_hyphen_values = true)]
    cursor: Option<String>,
    #[command(flatten)]
    api: Api,
}

/// Which shipment, and under which key.
#[derive(Debug, Args)]
pub(super) struct ActArgs {
    /// The shipment.
    shipment_id: Uuid,
    /// The request's key: sent again with the same key, nothing more happens.
    #[arg(long)]
    idempotency_key: Option<String>,
    #[command(flatten)]
    api: Api,
}

/// Record that a shipment has arrived.
#[derive(Debug, Args)]
pub(super) struct DeliverArgs {
    #[command(flatten)]
    act: ActArgs,
    /// When it arrived, such as 2010-12-01T08:26:00Z; now, if it is left out.
    #[arg(long)]
    at: Option<String>,
}

pub(super) async fn run(command: Shipments) -> anyhow::Result<()> {
    match command {
        Shipments::List(args) => list(args).await,
        Shipments::Pack(args) => act(args, "pack", &json!({})).await,
        Shipments::Dispatch(args) => act(args, "dispatch", &json!({})).await,
        Shipments::Deliver(DeliverArgs { act: args, at }) => {
            let body = match at {
                Some(at) => json!({ "delivered_at": at }),
                None => json!({}),
            };
            act(args, "deliver", &body).await
        }
    }
}

async fn act(args: ActArgs, what: &str, body: &Value) -> anyhow::Result<()> {
    let client = ApiClient::new(&args.api)?;
    let path = format!("/v1/shipments/{}/{what}", args.shipment_id);
    let key = args.idempotency_key.as_deref();
    let written = client.post(&path, key, body).await?;
    if args.api.json {
        print(&serde_json::to_string_pretty(&written.body)?);
    } else {
        let status = written.body["status"].as_str().unwrap_or("changed");
        say(&format!("Shipment {} is {status}.", args.shipment_id));
    }
    Ok(())
}

async fn list(args: ListArgs) -> anyhow::Result<()> {
    let client = ApiClient::new(&args.api)?;
    let mut query = vec![("limit", args.limit.to_string())];
    let given = [
        ("status", args.status),
        ("order_id", args.order.map(|order| order.to_string())),
        ("cursor", args.cursor),
    ];
    query.extend(
        given
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    let page = client.get("/v1/shipments", &query, None).await?;
    if args.api.json {
        print(&serde_json::to_string_pretty(&page)?);
        return Ok(());
    }
    let mut shipments = table(&[
        "shipment", "order", "status", "from", "amount", "carrier", "tracking", "tries", "problem",
        "created",
    ]);
    for shipment in page["items"].as_array().into_iter().flatten() {
        shipments.add_row(vec![
            text(&shipment["shipment_id"]),
            text(&shipment["order_id"]),
            text(&shipment["status"]),
            text(&shipment["location"]),
            money(&shipment["amount"]),
            text(&shipment["carrier"]),
            text(&shipment["tracking_number"]),
            number(&shipment["attempts"]),
            text(&shipment["problem"]),
            time(&shipment["created_at"]),
        ]);
    }
    print(&shipments.to_string());
    if let Some(cursor) = page["next_cursor"].as_str() {
        say(&format!(
            "more: orders shipments list --cursor {cursor} (with the same filters)"
        ));
    }
    Ok(())
}

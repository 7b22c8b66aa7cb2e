//! `orders shipments`

use super::{
    Api,
    client::ApiClient,
    print, say,
    table::{money, number, table, text, time},
};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::str::FromStr;
use uuid::Uuid;

/// What is done with shipments.
#[derive(Debug, Subcommand)]
pub(super) enum Shipments {
    /// List shipments, the oldest first.
    List(ListArgs),
    /// Show a shipment, and what is in it.
    Show(ShowArgs),
    /// Say that a shipment is packed.
    Pack(ActArgs),
    /// Have the carrier take a shipment that it refused.
    Dispatch(ActArgs),
    /// Record that a shipment has arrived.
    Deliver(DeliverArgs),
    /// Record that a shipment could not be delivered: the carrier tries again.
    Fail(FailArgs),
    /// Record that the carrier has lost a shipment: what was paid for it is given back.
    Lose(ActArgs),
    /// Record that the carrier has brought a shipment back: what was paid for it is given back.
    ReturnToSender(ActArgs),
    /// Book in what came back of a shipment that did not arrive.
    BookIn(BookInArgs),
}

/// List shipments, the oldest first.
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Only those of this status: pending, packed, ready, dispatching, dispatched, delivered, cancelled,
    /// refused, failed, lost, returned_to_sender or booked_in.
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

/// Which shipment.
#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// The shipment.
    shipment_id: Uuid,
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

/// Record that a shipment could not be delivered.
#[derive(Debug, Args)]
pub(super) struct FailArgs {
    #[command(flatten)]
    act: ActArgs,
    /// Why, for people.
    #[arg(long)]
    reason: String,
}

/// Book in what came back of a shipment that did not arrive.
#[derive(Debug, Args)]
pub(super) struct BookInArgs {
    #[command(flatten)]
    act: ActArgs,
    /// So many of a line can be sold again, and so many cannot: such as 1=2,0. What is not named did not
    /// come back.
    #[arg(long = "line", required = true)]
    lines: Vec<Found>,
    /// What is to be said of it, for people.
    #[arg(long)]
    reason: Option<String>,
}

/// What came back of a line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    line: u32,
    restocked: i64,
    quarantined: i64,
}

impl FromStr for Found {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "expected LINE=RESTOCKED,QUARANTINED, such as 1=2,0".to_owned();
        let (line, parts) = text.split_once('=').ok_or_else(wrong)?;
        let (restocked, quarantined) = parts.split_once(',').ok_or_else(wrong)?;
        Ok(Self {
            line: line.parse().map_err(|_| wrong())?,
            restocked: restocked.parse().map_err(|_| wrong())?,
            quarantined: quarantined.parse().map_err(|_| wrong())?,
        })
    }
}

pub(super) async fn run(command: Shipments) -> anyhow::Result<()> {
    match command {
        Shipments::List(args) => list(args).await,
        Shipments::Show(args) => show(args).await,
        Shipments::Pack(args) => act(args, "pack", &json!({})).await,
        Shipments::Dispatch(args) => act(args, "dispatch", &json!({})).await,
        Shipments::Deliver(DeliverArgs { act: args, at }) => {
            let body = match at {
                Some(at) => json!({ "delivered_at": at }),
                None => json!({}),
            };
            act(args, "deliver", &body).await
        }
        Shipments::Fail(FailArgs { act: args, reason }) => {
            act(args, "fail", &json!({ "reason": reason })).await
        }
        Shipments::Lose(args) => act(args, "lose", &json!({})).await,
        Shipments::ReturnToSender(args) => act(args, "return-to-sender", &json!({})).await,
        Shipments::BookIn(BookInArgs {
            act: args,
            lines,
            reason,
        }) => {
            let line = |found: &Found| {
                json!({
                    "line": found.line,
                    "restocked": found.restocked,
                    "quarantined": found.quarantined,
                })
            };
            let lines: Vec<Value> = lines.iter().map(line).collect();
            act(
                args,
                "book-in",
                &json!({ "lines": lines, "reason": reason }),
            )
            .await
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
    print(&shipments(
        page["items"].as_array().map_or(&[], Vec::as_slice),
    ));
    if let Some(cursor) = page["next_cursor"].as_str() {
        say(&format!(
            "more: orders shipments list --cursor {cursor} (with the same filters)"
        ));
    }
    Ok(())
}

async fn show(args: ShowArgs) -> anyhow::Result<()> {
    let client = ApiClient::new(&args.api)?;
    let path = format!("/v1/shipments/{}", args.shipment_id);
    let shipment = client.get(&path, &[], None).await?;
    if args.api.json {
        print(&serde_json::to_string_pretty(&shipment)?);
        return Ok(());
    }
    print(&shipments(std::slice::from_ref(&shipment)));
    print(&inside(&shipment));
    let allowed = shipment["allowed_commands"].as_array();
    let allowed: Vec<_> = allowed
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    say(&match allowed.is_empty() {
        true => "Nothing may be asked of it any more.".to_owned(),
        false => format!("What may be asked of it: {}.", allowed.join(", ")),
    });
    Ok(())
}

fn shipments(shipments: &[Value]) -> String {
    let mut rows = table(&[
        "shipment", "order", "status", "from", "amount", "carrier", "tracking", "tries", "problem",
        "created",
    ]);
    for shipment in shipments {
        rows.add_row(vec![
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
    rows.to_string()
}

/// What is in a shipment.
fn inside(shipment: &Value) -> String {
    let mut lines = table(&["line", "sku", "quantity"]);
    for line in shipment["lines"].as_array().into_iter().flatten() {
        lines.add_row(vec![
            number(&line["line"]),
            text(&line["sku"]),
            number(&line["quantity"]),
        ]);
    }
    lines.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shipment_is_told_with_what_is_in_it() {
        let shipment = json!({
            "shipment_id": "s", "order_id": "o", "status": "packed", "location": "main",
            "amount": {"amount": 600, "currency": "EUR"}, "attempts": 0,
            "lines": [{"line": 1, "sku": "85123A", "quantity": 6}],
        });
        let told = shipments(std::slice::from_ref(&shipment));
        assert!(
            told.contains("packed") && told.contains("6.00 EUR"),
            "{told}"
        );
        assert!(inside(&shipment).contains("85123A"));
    }
}

//! `orders returns`

use super::{
    Api,
    client::ApiClient,
    print, say,
    table::{money, table, text, time},
};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::str::FromStr;
use uuid::Uuid;

/// What is done with returns.
#[derive(Debug, Subcommand)]
pub(super) enum Returns {
    /// List returns, the oldest first.
    List(ListArgs),
    /// Ask for the return of what has arrived of an order.
    Request(RequestArgs),
    /// Let the customer send a return.
    Approve(ApproveArgs),
    /// Decline a return.
    Decline(ReasonArgs),
    /// Record that the customer has sent a return.
    InTransit(SendArgs),
    /// Record that a return has come, or some of it.
    Receive(ReceiveArgs),
    /// Record what a return is like that has come.
    Inspect(InspectArgs),
    /// Cancel a return of which nothing has come.
    Cancel(ReasonArgs),
}

/// List returns, the oldest first.
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Only those of this status: requested, approved, declined, in_transit, partially_received,
    /// received, inspected, closed or cancelled.
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

/// Under which key.
#[derive(Debug, Args)]
pub(super) struct Request {
    /// The request's key: sent again with the same key, nothing more happens.
    #[arg(long)]
    idempotency_key: Option<String>,
    #[command(flatten)]
    api: Api,
}

/// Ask for the return of what has arrived of an order.
#[derive(Debug, Args)]
pub(super) struct RequestArgs {
    /// The order.
    order_id: Uuid,
    /// What, such as 1=2 for two of line 1; may be given several times.
    #[arg(long = "line", required = true)]
    lines: Vec<Quantity>,
    /// Why, for people.
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    request: Request,
}

/// Let the customer send a return.
#[derive(Debug, Args)]
pub(super) struct ApproveArgs {
    /// The return.
    return_id: Uuid,
    /// Where to.
    #[arg(long, default_value = "main")]
    location: String,
    #[command(flatten)]
    request: Request,
}

/// Which return, and why.
#[derive(Debug, Args)]
pub(super) struct ReasonArgs {
    /// The return.
    return_id: Uuid,
    /// Why, for people.
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    request: Request,
}

/// Record that the customer has sent a return.
#[derive(Debug, Args)]
pub(super) struct SendArgs {
    /// The return.
    return_id: Uuid,
    /// What the carrier calls it.
    #[arg(long)]
    tracking_number: Option<String>,
    #[command(flatten)]
    request: Request,
}

/// Record that a return has come, or some of it.
#[derive(Debug, Args)]
pub(super) struct ReceiveArgs {
    /// The return.
    return_id: Uuid,
    /// What, such as 1=2 for two of line 1; may be given several times. All that had not come, if it is
    /// left out.
    #[arg(long = "line")]
    lines: Vec<Quantity>,
    #[command(flatten)]
    request: Request,
}

/// Record what a return is like that has come.
#[derive(Debug, Args)]
pub(super) struct InspectArgs {
    /// The return.
    return_id: Uuid,
    /// So many of a line can be sold again, are quarantined, and are refused: such as 1=2,0,1. All that
    /// has come must be named.
    #[arg(long = "line", required = true)]
    lines: Vec<Inspected>,
    /// Why some are not restocked.
    #[arg(long)]
    reason: Option<String>,
    #[command(flatten)]
    request: Request,
}

/// So many of a line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Quantity {
    line: u32,
    quantity: i64,
}

/// What so many of a line are like.
#[derive(Debug, Clone, Copy)]
pub(super) struct Inspected {
    line: u32,
    parts: [i64; 3],
}

impl FromStr for Quantity {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "expected LINE=QUANTITY, such as 1=2".to_owned();
        let (line, quantity) = text.split_once('=').ok_or_else(wrong)?;
        Ok(Self {
            line: line.parse().map_err(|_| wrong())?,
            quantity: quantity.parse().map_err(|_| wrong())?,
        })
    }
}

impl FromStr for Inspected {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "expected LINE=RESTOCKED,QUARANTINED,REFUSED, such as 1=2,0,1".to_owned();
        let (line, parts) = text.split_once('=').ok_or_else(wrong)?;
        let parts: Result<Vec<i64>, _> = parts.split(',').map(str::parse).collect();
        let parts = parts.map_err(|_| wrong())?;
        Ok(Self {
            line: line.parse().map_err(|_| wrong())?,
            parts: parts.try_into().map_err(|_| wrong())?,
        })
    }
}

pub(super) async fn run(command: Returns) -> anyhow::Result<()> {
    match command {
        Returns::List(args) => list(args).await,
        Returns::Request(args) => {
            let body = json!({
                "order_id": args.order_id,
                "lines": quantities(&args.lines),
                "reason": args.reason,
            });
            post("/v1/returns", args.request, &body).await
        }
        Returns::Approve(args) => {
            let body = json!({ "location": args.location });
            act(args.return_id, "approve", args.request, &body).await
        }
        Returns::Decline(args) => {
            let body = json!({ "reason": args.reason });
            act(args.return_id, "decline", args.request, &body).await
        }
        Returns::InTransit(args) => {
            let body = json!({ "tracking_number": args.tracking_number });
            act(args.return_id, "in-transit", args.request, &body).await
        }
        Returns::Receive(args) => {
            let body = json!({ "lines": quantities(&args.lines) });
            act(args.return_id, "receive", args.request, &body).await
        }
        Returns::Inspect(args) => {
            let reason = args.reason.as_deref();
            let lines = args.lines.iter().map(|line| inspected(*line, reason));
            let body = json!({ "lines": lines.collect::<Vec<_>>() });
            act(args.return_id, "inspect", args.request, &body).await
        }
        Returns::Cancel(args) => {
            let body = json!({ "reason": args.reason });
            act(args.return_id, "cancel", args.request, &body).await
        }
    }
}

pub(super) fn quantities(lines: &[Quantity]) -> Vec<Value> {
    let quantity = |line: &Quantity| json!({ "line": line.line, "quantity": line.quantity });
    lines.iter().map(quantity).collect()
}

/// The reason is told of the lines of which some are not restocked.
fn inspected(line: Inspected, reason: Option<&str>) -> Value {
    let [restocked, quarantined, refused] = line.parts;
    json!({
        "line": line.line,
        "restocked": restocked,
        "quarantined": quarantined,
        "refused": refused,
        "reason": reason.filter(|_| quarantined != 0 || refused != 0),
    })
}

async fn act(id: Uuid, what: &str, request: Request, body: &Value) -> anyhow::Result<()> {
    post(&format!("/v1/returns/{id}/{what}"), request, body).await
}

async fn post(path: &str, request: Request, body: &Value) -> anyhow::Result<()> {
    let client = ApiClient::new(&request.api)?;
    let key = request.idempotency_key.as_deref();
    let written = client.post(path, key, body).await?;
    if request.api.json {
        print(&serde_json::to_string_pretty(&written.body)?);
    } else {
        let id = written.body["return_id"].as_str().unwrap_or_default();
        let status = written.body["status"].as_str().unwrap_or("changed");
        say(&format!("Return {id} is {status}."));
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
    let page = client.get("/v1/returns", &query, None).await?;
    if args.api.json {
        print(&serde_json::to_string_pretty(&page)?);
        return Ok(());
    }
    let mut returns = table(&[
        "return",
        "order",
        "status",
        "to",
        "amount",
        "refund",
        "reason",
        "problem",
        "requested",
    ]);
    for returned in page["items"].as_array().into_iter().flatten() {
        returns.add_row(vec![
            text(&returned["return_id"]),
            text(&returned["order_id"]),
            text(&returned["status"]),
            text(&returned["location"]),
            money(&returned["amount"]),
            money(&returned["refund"]),
            text(&returned["reason"]),
            text(&returned["problem"]),
            time(&returned["requested_at"]),
        ]);
    }
    print(&returns.to_string());
    if let Some(cursor) = page["next_cursor"].as_str() {
        say(&format!(
            "more: orders returns list --cursor {cursor} (with the same filters)"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_they_are_written() {
        let line: Quantity = "3=12".parse().unwrap();
        assert_eq!((line.line, line.quantity), (3, 12));
        let line: Inspected = "3=1,0,2".parse().unwrap();
        assert_eq!((line.line, line.parts), (3, [1, 0, 2]));
        for text in ["", "3", "3=", "=1", "a=1", "-1=1", "3=x", "3=1,2"] {
            assert!(text.parse::<Quantity>().is_err(), "{text:?}");
        }
        for text in ["3=1", "3=1,2", "3=1,2,3,4", "3=1,2,x"] {
            assert!(text.parse::<Inspected>().is_err(), "{text:?}");
        }
        let seen = inspected("3=1,0,2".parse().unwrap(), Some("worn"));
        assert_eq!(seen["reason"], "worn");
        let seen = inspected("3=1,0,0".parse().unwrap(), Some("worn"));
        assert_eq!(seen["reason"], Value::Null);
    }
}

//! `orders payments`

use super::{
    Api,
    client::ApiClient,
    print, say,
    table::{money, number, table, text, time},
};
use clap::{Args, Subcommand};
use comfy_table::{Cell, Table};
use serde_json::{Value, json};
use uuid::Uuid;

#[derive(Debug, Subcommand)]
pub(super) enum Payments {
    /// Show the payment of an order, with its operations and disputes.
    Show(ShowArgs),
    /// List payments, the newest orders' first.
    List(ListArgs),
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Only those: authorized, captured, refunded, …
    #[arg(long)]
    status: Option<String>,
    /// Only those of this customer.
    #[arg(long)]
    customer: Option<String>,
    /// How many.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=200))]
    limit: u32,
    /// Where the page before ended.
    #[arg(long, allow_hyphen_values = true)]
    cursor: Option<String>,
    #[command(flatten)]
    api: Api,
}

#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// The order that is paid.
    order_id: Uuid,
    #[command(flatten)]
    api: Api,
}

pub(super) async fn run(command: Payments) -> anyhow::Result<()> {
    match command {
        Payments::Show(args) => show(args).await,
        Payments::List(args) => list(args).await,
    }
}

async fn list(args: ListArgs) -> anyhow::Result<()> {
    let client = ApiClient::new(&args.api)?;
    let mut query = vec![("limit", args.limit.to_string())];
    query.extend(args.status.map(|status| ("status", status)));
    query.extend(args.customer.map(|customer| ("customer_id", customer)));
    query.extend(args.cursor.map(|cursor| ("cursor", cursor)));
    let page = client.get("/v1/payments", &query, None).await?;
    if args.api.json {
        print(&serde_json::to_string_pretty(&page)?);
        return Ok(());
    }
    let mut payments = table(&[
        "order", "status", "customer", "placed", "amount", "captured", "refunded", "lost",
    ]);
    for payment in page["items"].as_array().into_iter().flatten() {
        payments.add_row(vec![
            text(&payment["order_id"]),
            text(&payment["status"]),
            text(&payment["customer_id"]),
            time(&payment["placed_at"]),
            money(&payment["amount"]),
            sum(payment, "captured"),
            sum(payment, "refunded"),
            sum(payment, "lost"),
        ]);
    }
    print(&payments.to_string());
    if let Some(cursor) = page["next_cursor"].as_str() {
        say(&format!(
            "more: orders payments list --cursor {cursor} (with the same options)"
        ));
    }
    Ok(())
}

async fn show(args: ShowArgs) -> anyhow::Result<()> {
    let client = ApiClient::new(&args.api)?;
    let path = format!("/v1/payments/{}", args.order_id);
    let payment = client.get(&path, &[], None).await?;
    if args.api.json {
        print(&serde_json::to_string_pretty(&payment)?);
        return Ok(());
    }
    print(&summary(&payment).to_string());
    if let Some(action) = action(&payment) {
        print(&action);
    }
    let operations = operations(&payment);
    if !operations.is_empty() {
        print(&operations.to_string());
    }
    Ok(())
}

/// What it all comes to.
fn summary(payment: &Value) -> Table {
    let mut summary = table(&[
        "order", "status", "amount", "captured", "refunded", "disputed", "lost", "expires",
    ]);
    summary.add_row(vec![
        text(&payment["order_id"]),
        text(&payment["status"]),
        money(&payment["amount"]),
        sum(payment, "captured"),
        sum(payment, "refunded"),
        sum(payment, "disputed"),
        sum(payment, "lost"),
        time(&payment["authorization"]["expires_at"]),
    ]);
    summary
}

/// What who pays is to do, if anything.
fn action(payment: &Value) -> Option<String> {
    let action = &payment["action"];
    let url = action["url"].as_str()?;
    Some(match action["until"].as_str() {
        Some(until) => format!("who pays is to go to {url}, until {until}"),
        None => format!("who pays is to go to {url}"),
    })
}

/// One of a payment's sums.
fn sum(payment: &Value, name: &str) -> Cell {
    let currency = &payment["amount"]["currency"];
    money(&json!({"amount": payment[name], "currency": currency}))
}

/// What was asked of the provider, and what it told.
fn operations(payment: &Value) -> Table {
    let mut operations = table(&["operation", "of", "amount", "status", "attempt", "why"]);
    let all = |name: &str| payment[name].as_array().cloned().unwrap_or_default();
    for capture in all("captures") {
        operations.add_row(vec![
            Cell::new("capture"),
            text(&capture["shipment_id"]),
            money(&capture["amount"]),
            text(&capture["status"]),
            number(&capture["attempt"]),
            text(&Value::Null),
        ]);
    }
    for refund in all("refunds") {
        let of = [&refund["shipment_id"], &refund["return_id"]];
        let of = of.into_iter().find(|of| of.is_string());
        operations.add_row(vec![
            Cell::new("refund"),
            text(of.unwrap_or(&Value::Null)),
            money(&refund["amount"]),
            text(&refund["status"]),
            text(&refund["refund"]),
            text(&refund["reason"]),
        ]);
    }
    for dispute in all("disputes") {
        operations.add_row(vec![
            Cell::new("dispute"),
            text(&dispute["dispute_id"]),
            money(&dispute["amount"]),
            text(&dispute["status"]),
            text(&Value::Null),
            text(&dispute["reason"]),
        ]);
    }
    for stray in all("strays") {
        let voided = stray["voided"].as_bool() == Some(true);
        operations.add_row(vec![
            Cell::new("void"),
            text(&stray["authorization_id"]),
            money(&stray["amount"]),
            Cell::new(if voided { "voided" } else { "requested" }),
            text(&Value::Null),
            text(&Value::Null),
        ]);
    }
    operations
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payment_is_told_with_all_that_was_asked_for() {
        let eur = |amount: i64| json!({"amount": amount, "currency": "EUR"});
        let payment = json!({
            "order_id": "o", "status": "captured", "amount": eur(600), "captured": 600,
            "refunded": 0, "disputed": 100, "lost": 0,
            "captures": [{"shipment_id": "s", "amount": eur(600), "status": "captured", "attempt": 1}],
            "disputes": [{"dispute_id": "dp_1", "amount": eur(100), "status": "open", "reason": "fraud"}],
        });
        assert!(summary(&payment).to_string().contains("captured"));
        let operations = operations(&payment).to_string();
        assert!(operations.contains("dp_1") && operations.contains("capture"));
    }
}

//! `orders payments`

use super::{
    Api,
    client::ApiClient,
    print,
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
}

#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// The order that is paid.
    order_id: Uuid,
    #[command(flatten)]
    api: Api,
}

pub(super) async fn run(command: Payments) -> anyhow::Result<()> {
    let Payments::Show(args) = command;
    let client = ApiClient::new(&args.api)?;
    let path = format!("/v1/payments/{}", args.order_id);
    let payment = client.get(&path, &[], None).await?;
    if args.api.json {
        print(&serde_json::to_string_pretty(&payment)?);
        return Ok(());
    }
    print(&summary(&payment).to_string());
    let operations = operations(&payment);
    if !operations.is_empty() {
        print(&operations.to_string());
    }
    Ok(())
}

/// What it all comes to.
fn summary(payment: &Value) -> Table {
    let currency = &payment["amount"]["currency"];
    let sum = |name: &str| money(&json!({"amount": payment[name], "currency": currency}));
    let mut summary = table(&[
        "order", "status", "amount", "captured", "refunded", "disputed", "lost", "expires",
    ]);
    summary.add_row(vec![
        text(&payment["order_id"]),
        text(&payment["status"]),
        money(&payment["amount"]),
        sum("captured"),
        sum("refunded"),
        sum("disputed"),
        sum("lost"),
        time(&payment["authorization"]["expires_at"]),
    ]);
    summary
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

//! `orders get`

use super::{
    Api,
    client::ApiClient,
    print, say,
    table::{money, money_text, number, table, text, time},
};
use clap::Args;
use comfy_table::{Cell, Table};
use serde_json::{Value, json};
use std::collections::HashMap;
use uuid::Uuid;

/// Events asked for at once, and the most that are shown.
const PAGE: usize = 200;
const EVENTS_AT_MOST: usize = 10_000;

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
        order["events"] = events(&client, &path).await?.into();
    }
    if args.api.json {
        print(&serde_json::to_string_pretty(&order)?);
    } else {
        show(&order);
    }
    Ok(())
}

/// The whole history of an order, page by page.
async fn events(client: &ApiClient, path: &str) -> anyhow::Result<Vec<Value>> {
    let path = format!("{path}/events");
    let mut events = vec![];
    let mut cursor: Option<String> = None;
    loop {
        let mut query = vec![("limit", PAGE.to_string())];
        query.extend(cursor.map(|cursor| ("cursor", cursor)));
        let mut page = client.get(&path, &query, None).await?;
        if let Value::Array(items) = page["items"].take() {
            events.extend(items);
        }
        cursor = page["next_cursor"].as_str().map(str::to_owned);
        if cursor.is_none() {
            return Ok(events);
        }
        if events.len() >= EVENTS_AT_MOST {
            say(&format!(
                "only the first {} events are shown; there are more at {path}",
                events.len()
            ));
            return Ok(events);
        }
    }
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
        let headings = [
            "line", "sku", "quantity", "price", "discount", "tax", "total",
        ];
        let mut lines = table(&headings);
        for line in items {
            lines.add_row(vec![
                number(&line["line"]),
                text(&line["sku"]),
                number(&line["quantity"]),
                money(&line["unit_price"]),
                money(&discounts(line)),
                money(&line["tax"]),
                money(&line["total"]),
            ]);
        }
        print(&lines.to_string());
    }
    if let Some(made_of) = made_of(order) {
        print(&made_of);
    }
    if let Some(open) = open(order) {
        print(&open);
    }
    if let Some(tags) = tags(order) {
        print(&tags);
    }
    if let Some(open) = amendment(order) {
        print(&open);
    }
    if let Some(items) = order["events"].as_array() {
        print(&history(items).to_string());
    }
}

/// What is taken off a line: its own discount, and its share of the order's.
fn discounts(line: &Value) -> Value {
    let amount = |name: &str| line[name]["amount"].as_i64();
    let both = amount("discount").zip(amount("order_discount"));
    let sum = both.and_then(|(own, share)| own.checked_add(share));
    json!({ "amount": sum, "currency": line["discount"]["currency"] })
}

/// Of what the total is made, where that is more than prices.
fn made_of(order: &Value) -> Option<String> {
    let plain = |name: &str| {
        order[name]["amount"]
            .as_i64()
            .is_none_or(|amount| amount == 0)
    };
    if plain("discount_total") && plain("tax") {
        return None;
    }
    let how = match order["tax_included"].as_bool() {
        Some(true) => "included",
        _ => "added",
    };
    let [subtotal, discounts, tax] =
        ["subtotal", "discount_total", "tax"].map(|name| money_text(&order[name]));
    Some(format!(
        "subtotal {subtotal}, discounts {discounts}, tax {tax} ({how})"
    ))
}

/// What of it is still to leave, where that comes neither to all of it nor to nothing.
fn open(order: &Value) -> Option<String> {
    let open = order["open_total"]["amount"].as_i64()?;
    let is_all = order["total"]["amount"].as_i64() == Some(open);
    let text = money_text(&order["open_total"]);
    (open > 0 && !is_all).then(|| format!("{text} is still to leave"))
}

/// What it is tagged with, if it is.
fn tags(order: &Value) -> Option<String> {
    let tags = order["tags"].as_array()?.iter();
    let tags: Vec<&str> = tags.filter_map(Value::as_str).collect();
    (!tags.is_empty()).then(|| format!("tags {}", tags.join(", ")))
}

/// What it would be by the amendment that is open, if one is.
fn amendment(order: &Value) -> Option<String> {
    let open = &order["amendment"];
    let id = open["amendment_id"].as_str()?;
    let [total, before] = ["total", "total_before"].map(|name| money_text(&open[name]));
    let until = open["expires_at"].as_str().unwrap_or("-");
    Some(format!(
        "amendment {id} is open until {until}: {total} instead of {before}"
    ))
}

/// What happened: who, when, why.
pub(super) fn history(items: &[Value]) -> Table {
    let types: HashMap<&str, &str> = items
        .iter()
        .filter_map(|event| Some((event["event_id"].as_str()?, event["type"].as_str()?)))
        .collect();
    let mut events = table(&["position", "event", "by", "recorded", "why"]);
    for event in items {
        events.add_row(vec![
            number(&event["position"]),
            text(&event["type"]),
            text(&event["actor"]),
            time(&event["recorded_at"]),
            Cell::new(why(event, &types)),
        ]);
    }
    events
}

/// The reason that the event gives, and what it follows from.
fn why(event: &Value, types: &HashMap<&str, &str>) -> String {
    let data = &event["data"];
    let reasons = ["reason", "decline_code", "detail"];
    let reasons = reasons.iter().filter_map(|name| data[name].as_str());
    let cause = event["causation_id"].as_str();
    let cause = cause.map(|cause| match types.get(cause) {
        Some(name) => format!("after {name}"),
        None => format!("after event {cause}"),
    });
    let parts: Vec<String> = reasons.map(str::to_owned).chain(cause).collect();
    match parts.is_empty() {
        true => "-".into(),
        false => parts.join("; "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amendment_and_tags_are_told_where_there_are_some() {
        let none = json!({"tags": [], "amendment": null});
        assert_eq!((tags(&none), amendment(&none)), (None, None));
        let order = json!({
            "tags": ["gift", "vip"],
            "amendment": {
                "amendment_id": "a",
                "total": {"amount": 1_400, "currency": "EUR"},
                "total_before": {"amount": 2_300, "currency": "EUR"},
                "expires_at": "2026-01-02T03:04:05Z",
            },
        });
        assert_eq!(tags(&order).as_deref(), Some("tags gift, vip"));
        let open = amendment(&order).expect("it is open");
        assert!(
            open.contains("amendment a is open until 2026-01-02"),
            "{open}"
        );
    }

    #[test]
    fn what_is_still_to_be_paid_is_told_where_it_is_not_all() {
        let eur = |amount: i64| json!({ "amount": amount, "currency": "EUR" });
        let of = |amount| open(&json!({ "total": eur(2_300), "open_total": eur(amount) }));
        let said = "13.00 EUR is still to leave";
        assert_eq!(of(1_300).as_deref(), Some(said));
        assert_eq!((of(0), of(2_300), open(&json!({}))), (None, None, None));
    }

    #[test]
    fn an_order_with_discounts_or_tax_says_of_what_it_is_made() {
        let eur = |amount: i64| json!({ "amount": amount, "currency": "EUR" });
        let mut order = json!({
            "subtotal": eur(13_749), "discount_total": eur(0), "tax": eur(0), "tax_included": false,
        });
        assert_eq!(made_of(&order), None);
        order["discount_total"] = eur(1_600);
        order["tax"] = eur(1_879);
        let said = "subtotal 137.49 EUR, discounts 16.00 EUR, tax 18.79 EUR (added)";
        assert_eq!(made_of(&order).as_deref(), Some(said));
        let line = json!({ "discount": eur(1_000), "order_discount": eur(424) });
        assert_eq!(discounts(&line), eur(1_424));
    }

    #[test]
    fn why_is_the_reason_given_and_what_it_follows_from() {
        let types = HashMap::from([("e1", "PaymentDeclined")]);
        let event = json!({
            "causation_id": "e1",
            "data": { "reason": "payment_declined", "detail": "card_declined" }
        });
        let said = "payment_declined; card_declined; after PaymentDeclined";
        assert_eq!(why(&event, &types), said);
        let event = json!({ "causation_id": "e2", "data": {} });
        assert_eq!(why(&event, &types), "after event e2");
        let event = json!({ "causation_id": null, "data": {} });
        assert_eq!(why(&event, &types), "-");
    }
}

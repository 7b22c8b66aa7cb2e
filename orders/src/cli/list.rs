//! `orders list`

use super::{
    Api,
    client::ApiClient,
    print, say,
    table::{money, number, table, text, time},
};
use clap::Args;
use serde_json::Value;

/// List orders, the newest first.
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Only those of this status: placed, confirmed, rejected, expired, cancelling, cancelled or
    /// completed.
    #[arg(long)]
    status: Option<String>,
    /// Only those of this customer.
    #[arg(long)]
    customer: Option<String>,
    /// Only those with this tag.
    #[arg(long)]
    tag: Option<String>,
    /// Only those whose id, reference or customer begins with this.
    #[arg(long)]
    search: Option<String>,
    /// How to sort: -placed_at, placed_at, -total or total.
    #[arg(long, allow_hyphen_values = true)]
    sort: Option<String>,
    /// How many.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=200))]
    limit: u32,
    /// Where the page before ended.
    #[arg(long, allow_hyphen_values = true)]
    cursor: Option<String>,
    #[command(flatten)]
    api: Api,
}

pub(super) async fn run(args: ListArgs) -> anyhow::Result<()> {
    let client = ApiClient::new(&args.api)?;
    let mut query = vec![("limit", args.limit.to_string())];
    let given = [
        ("status", args.status),
        ("customer_id", args.customer),
        ("tag", args.tag),
        ("q", args.search),
        ("sort", args.sort),
        ("cursor", args.cursor),
    ];
    query.extend(
        given
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    let page = client.get("/v1/orders", &query, None).await?;
    if args.api.json {
        print(&serde_json::to_string_pretty(&page)?);
        return Ok(());
    }
    show(&page, "orders list");
    Ok(())
}

/// A page of orders; `command` lists the next.
pub(super) fn show(page: &Value, command: &str) {
    let mut orders = table(&[
        "order",
        "status",
        "customer",
        "reference",
        "placed",
        "lines",
        "total",
    ]);
    for order in page["items"].as_array().into_iter().flatten() {
        orders.add_row(vec![
            text(&order["order_id"]),
            text(&order["status"]),
            text(&order["customer_id"]),
            text(&order["reference"]),
            time(&order["placed_at"]),
            number(&order["line_count"]),
            money(&order["total"]),
        ]);
    }
    print(&orders.to_string());
    if let Some(cursor) = page["next_cursor"].as_str() {
        say(&format!(
            "more: {command} --cursor {cursor} (with the same filters)"
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        list: ListArgs,
    }

    #[test]
    fn a_cursor_may_begin_as_an_option_does() {
        let line = Line::try_parse_from(["list", "--cursor", "-z4F7O3"]).unwrap();
        assert_eq!(line.list.cursor.as_deref(), Some("-z4F7O3"));
    }
}

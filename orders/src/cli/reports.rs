//! `orders reports`

use super::{
    Api,
    client::ApiClient,
    print,
    table::{money, number, table, text},
};
use clap::{Args, Subcommand};
use comfy_table::Cell;
use serde_json::Value;

/// What is reported.
#[derive(Debug, Subcommand)]
pub(super) enum Reports {
    /// Report sales by day and currency: what was placed, and what became of it.
    Sales(SalesArgs),
}

/// Which sales.
#[derive(Debug, Args)]
pub(super) struct SalesArgs {
    /// The first day (UTC), such as 2010-12-01; the first there is, if it is left out.
    #[arg(long)]
    from: Option<String>,
    /// The last day (UTC), included; the last there is, if it is left out.
    #[arg(long)]
    to: Option<String>,
    /// Only this currency, such as GBP.
    #[arg(long)]
    currency: Option<String>,
    #[command(flatten)]
    api: Api,
}

pub(super) async fn run(command: Reports) -> anyhow::Result<()> {
    match command {
        Reports::Sales(args) => sales(args).await,
    }
}

async fn sales(args: SalesArgs) -> anyhow::Result<()> {
    let client = ApiClient::new(&args.api)?;
    let given = [
        ("from", args.from),
        ("to", args.to),
        ("currency", args.currency),
    ];
    let query: Vec<_> = given
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect();
    let report = client.get("/v1/reports/sales", &query, None).await?;
    if args.api.json {
        print(&serde_json::to_string_pretty(&report)?);
    } else {
        print(&days(&report));
    }
    Ok(())
}

/// The days of a report, and all of them together.
fn days(report: &Value) -> String {
    let mut rows = table(&[
        "day",
        "orders",
        "units",
        "gross",
        "discount",
        "tax",
        "net",
        "total",
        "completed",
        "cancelled",
        "rejected",
        "expired",
        "open",
    ]);
    let all = Value::from("all");
    let parts = [("items", None), ("totals", Some(&all))];
    for (part, name) in parts {
        for sold in report[part].as_array().into_iter().flatten() {
            let mut row = vec![
                text(name.unwrap_or(&sold["day"])),
                number(&sold["orders"]),
                number(&sold["units"]),
            ];
            let sums = ["gross", "discount", "tax", "net", "total"];
            row.extend(sums.map(|sum| money(&sold[sum])));
            let ends = ["completed", "cancelled", "rejected", "expired", "open"];
            row.extend(ends.map(|end| worth(&sold[end])));
            rows.add_row(row);
        }
    }
    rows.to_string()
}

/// How many orders, and what they come to.
fn worth(orders: &Value) -> Cell {
    match orders["orders"].as_i64() {
        None | Some(0) => text(&Value::Null),
        Some(count) => {
            let total = super::table::money_text(&orders["total"]);
            Cell::new(format!("{count}: {total}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_report_has_a_row_for_each_day_and_one_for_all() {
        let eur = |amount: i64| json!({"amount": amount, "currency": "EUR"});
        let worth = |orders: i64, amount: i64| json!({"orders": orders, "total": eur(amount)});
        let sold = json!({
            "day": "2010-12-01", "orders": 3, "units": 7, "gross": eur(1_000), "discount": eur(100),
            "tax": eur(190), "net": eur(710), "total": eur(900), "completed": worth(2, 600),
            "cancelled": worth(0, 0), "rejected": worth(0, 0), "expired": worth(0, 0),
            "open": worth(1, 300),
        });
        let report = days(&json!({"items": [sold], "totals": [sold]}));
        for said in [
            "2010-12-01",
            "all",
            "2: 6.00 EUR",
            "1: 3.00 EUR",
            "7.10 EUR",
        ] {
            assert!(report.contains(said), "{said} is missing: {report}");
        }
        assert!(!report.contains("0: "), "{report}");
    }
}

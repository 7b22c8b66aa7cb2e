//! `orders place`

use super::{Api, client::ApiClient, get, print, say};
use anyhow::Context;
use clap::Args;
use serde_json::{Value, json};

/// Place an order.
#[derive(Debug, Args)]
pub(super) struct PlaceArgs {
    /// Who orders.
    #[arg(long)]
    customer: String,
    /// ISO 4217.
    #[arg(long, default_value = "EUR")]
    currency: String,
    /// What: SKU=QUANTITY@PRICE, the price in minor units. May be repeated.
    #[arg(long = "line", required = true, value_parser = line, value_name = "SKU=QUANTITY@PRICE")]
    lines: Vec<Line>,
    /// How it is paid: a token of the payment provider.
    #[arg(long, default_value = "tok_approve")]
    payment_method: String,
    /// The country it goes to.
    #[arg(long)]
    country: Option<String>,
    /// Your own order number.
    #[arg(long)]
    reference: Option<String>,
    /// The request's key: sent again with the same key, the order is not placed again.
    #[arg(long)]
    idempotency_key: Option<String>,
    #[command(flatten)]
    api: Api,
}

#[derive(Debug, Clone)]
struct Line {
    sku: String,
    quantity: i64,
    unit_price: i64,
}

fn line(text: &str) -> Result<Line, String> {
    let parts = text
        .rsplit_once('=')
        .and_then(|(sku, rest)| Some((sku, rest.split_once('@')?)));
    let Some((sku, (quantity, unit_price))) = parts else {
        return Err("expected SKU=QUANTITY@PRICE, such as 85123A=6@255".into());
    };
    Ok(Line {
        sku: sku.into(),
        quantity: quantity
            .parse()
            .map_err(|_| format!("{quantity:?} is no quantity"))?,
        unit_price: unit_price
            .parse()
            .map_err(|_| format!("{unit_price:?} is no price in minor units"))?,
    })
}

pub(super) async fn run(args: PlaceArgs) -> anyhow::Result<()> {
    let client = ApiClient::new(&args.api)?;
    let lines: Vec<Value> = args
        .lines
        .iter()
        .map(|line| {
            json!({ "sku": line.sku, "quantity": line.quantity, "unit_price": line.unit_price })
        })
        .collect();
    let mut body = json!({
        "customer_id": args.customer,
        "currency": args.currency,
        "lines": lines,
        "payment_method": args.payment_method,
    });
    if let Some(country) = args.country {
        body["shipping_address"] = json!({ "country": country });
    }
    if let Some(reference) = args.reference {
        body["reference"] = reference.into();
    }
    let written = client
        .post("/v1/orders", args.idempotency_key.as_deref(), &body)
        .await?;
    if args.api.json {
        print(&serde_json::to_string_pretty(&written.body)?);
        return Ok(());
    }
    let order_id = written.body["order_id"]
        .as_str()
        .context("the answer names no order")?;
    say(&match written.replayed {
        true => format!("Order {order_id} had been placed before."),
        false => format!("Order {order_id} is placed."),
    });
    let path = format!("/v1/orders/{order_id}");
    let read = client.get(&path, &[], written.consistency_token.as_deref());
    match read.await {
        Ok(order) => get::show(&order),
        // It is placed all the same, and this is how.
        Err(error) => {
            say(&format!("It cannot be read yet: {error:#}"));
            get::show(&written.body);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_sku_quantity_and_price() {
        let parsed = line("gift=0001=2@1999").expect("it is a line");
        assert_eq!(
            (&*parsed.sku, parsed.quantity, parsed.unit_price),
            ("gift=0001", 2, 1_999)
        );
        for wrong in ["", "A", "A=2", "A@3", "A=x@3", "A=2@x"] {
            assert!(line(wrong).is_err(), "{wrong}");
        }
    }
}

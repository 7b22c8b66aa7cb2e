//! `orders place`

use super::{Api, client::ApiClient, get, print, say};
use anyhow::Context;
use clap::Args;
use domain::TaxRate;
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
    /// What: SKU=QUANTITY@PRICE, the price in minor units, and after a comma each, where there are any,
    /// discount=AMOUNT, and tax_rate=PERCENT or tax=AMOUNT: 85123A=6@255,discount=30,tax_rate=19. May be
    /// repeated.
    #[arg(long = "line", required = true, value_parser = line, value_name = "SKU=QUANTITY@PRICE")]
    lines: Vec<Line>,
    /// What is taken off all lines together, in minor units.
    #[arg(long)]
    discount: Option<i64>,
    /// The tax of the whole order, in minor units.
    #[arg(long)]
    tax: Option<i64>,
    /// Prices include tax; else it is added to them.
    #[arg(long)]
    tax_included: bool,
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
    discount: Option<i64>,
    tax_rate: Option<TaxRate>,
    tax: Option<i64>,
}

fn line(text: &str) -> Result<Line, String> {
    let parts = text
        .rsplit_once('@')
        .and_then(|(goods, price)| Some((goods.rsplit_once('=')?, price)));
    let Some(((sku, quantity), price)) = parts else {
        return Err("expected SKU=QUANTITY@PRICE, such as 85123A=6@255".into());
    };
    let mut terms = price.split(',');
    let unit_price = terms.next().unwrap_or(price);
    let mut line = Line {
        sku: sku.into(),
        quantity: quantity
            .parse()
            .map_err(|_| format!("{quantity:?} is no quantity"))?,
        unit_price: unit_price
            .parse()
            .map_err(|_| format!("{unit_price:?} is no price in minor units"))?,
        discount: None,
        tax_rate: None,
        tax: None,
    };
    for term in terms {
        let amount = |text: &str| {
            let amount = text.parse::<i64>();
            amount.map_err(|_| format!("{text:?} is no amount in minor units"))
        };
        match term.split_once('=') {
            Some(("discount", text)) => line.discount = Some(amount(text)?),
            Some(("tax", text)) => line.tax = Some(amount(text)?),
            Some(("tax_rate", text)) => {
                line.tax_rate = Some(text.parse().map_err(|error| format!("{error}"))?);
            }
            _ => {
                let known = "discount=AMOUNT, tax_rate=PERCENT and tax=AMOUNT";
                return Err(format!("{term:?} is none of {known}"));
            }
        }
    }
    Ok(line)
}

impl Line {
    /// As a request has it: what was not said is left out.
    fn body(&self) -> Value {
        let mut body = json!({
            "sku": self.sku,
            "quantity": self.quantity,
            "unit_price": self.unit_price,
        });
        if let Some(discount) = self.discount {
            body["discount"] = discount.into();
        }
        if let Some(rate) = self.tax_rate {
            body["tax_rate"] = rate.to_string().into();
        }
        if let Some(tax) = self.tax {
            body["tax"] = tax.into();
        }
        body
    }
}

pub(super) async fn run(args: PlaceArgs) -> anyhow::Result<()> {
    let client = ApiClient::new(&args.api)?;
    let lines: Vec<Value> = args.lines.iter().map(Line::body).collect();
    let mut body = json!({
        "customer_id": args.customer,
        "currency": args.currency,
        "lines": lines,
        "payment_method": args.payment_method,
    });
    if let Some(discount) = args.discount {
        body["discount"] = discount.into();
    }
    if let Some(tax) = args.tax {
        body["tax"] = tax.into();
    }
    if args.tax_included {
        body["tax_included"] = true.into();
    }
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

    #[test]
    fn a_line_says_its_discount_and_tax_only_where_it_has_some() {
        let body = |text: &str| line(text).expect("it is a line").body();
        assert_eq!(
            body("A=2@100"),
            json!({ "sku": "A", "quantity": 2, "unit_price": 100 })
        );
        assert_eq!(
            body("A=2@100,discount=30,tax_rate=8.875"),
            json!({
                "sku": "A", "quantity": 2, "unit_price": 100, "discount": 30, "tax_rate": "8.875",
            })
        );
        assert_eq!(body("A=2@100,tax=7")["tax"], 7);
        for wrong in [
            "A=2@1,",
            "A=2@1,discount",
            "A=2@1,discount=x",
            "A=2@1,tax_rate=19%",
            "A=2@1,vat=1",
        ] {
            assert!(line(wrong).is_err(), "{wrong}");
        }
    }
}

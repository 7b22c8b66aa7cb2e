//! Real orders: the invoices of *Online Retail* (Daqing Chen, UCI Machine Learning Repository) that are
//! clean sales, as `orders import` takes them.

use anyhow::{Context, ensure};
use chrono::{DateTime, NaiveDateTime, Utc};
use domain::{
    Currency, CustomerId, OrderId, Sku,
    order::{LineTerms, NewLine, OrderTerms, PlaceOrder},
};
use proto::v1::{Address, NewOrderLine, PlaceOrderRequest};
use serde::Serialize;
use std::{collections::BTreeMap, path::Path};

/// Who ordered, where the file does not say.
const UNKNOWN_CUSTOMER: &str = "unknown";

/// One invoice.
#[derive(Debug, Clone, PartialEq)]
pub struct Invoice {
    number: String,
    customer: String,
    country: String,
    placed_at: DateTime<Utc>,
    lines: Vec<Line>,
}

/// One line of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Line {
    sku: String,
    quantity: i64,
    /// Pence.
    unit_price: i64,
}

/// The body of a request.
#[derive(Serialize)]
struct Body<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    idempotency_key: Option<&'a str>,
    customer_id: &'a str,
    currency: &'static str,
    lines: &'a [Line],
    shipping_address: Country<'a>,
    payment_method: &'static str,
    reference: &'a str,
    placed_at: DateTime<Utc>,
}

#[derive(Serialize)]
struct Country<'a> {
    country: &'a str,
}

impl Invoice {
    /// The clean sales of a file.
    ///
    /// # Errors
    /// It cannot be read, or is another file, or has none.
    pub fn read(path: &Path) -> anyhow::Result<Vec<Self>> {
        let bytes = std::fs::read(path).with_context(|| format!("read {}", path.display()))?;
        let invoices = parse(&bytes).with_context(|| format!("read {}", path.display()))?;
        ensure!(!invoices.is_empty(), "{} has no clean sale", path.display());
        Ok(invoices)
    }

    /// Writes the body of the request that places it, as a line with a key of its own if there is one.
    ///
    /// # Errors
    /// None: all of it can be written as JSON.
    pub fn write_body(&self, key: Option<&str>, into: &mut Vec<u8>) -> anyhow::Result<()> {
        let body = Body {
            idempotency_key: key,
            customer_id: &self.customer,
            currency: "GBP",
            lines: &self.lines,
            shipping_address: Country {
                country: &self.country,
            },
            payment_method: "tok_approve",
            reference: &self.number,
            placed_at: self.placed_at,
        };
        Ok(serde_json::to_writer(into, &body)?)
    }

    /// The body of the request that places it alone.
    ///
    /// # Errors
    /// None: all of it can be written as JSON.
    pub fn body(&self) -> anyhow::Result<String> {
        let mut body = Vec::new();
        self.write_body(None, &mut body)?;
        Ok(String::from_utf8(body)?)
    }

    /// Its number.
    pub fn number(&self) -> &str {
        &self.number
    }

    /// When it was written.
    pub const fn placed_at(&self) -> DateTime<Utc> {
        self.placed_at
    }

    /// The command that places it as `order_id`, without an address.
    ///
    /// # Errors
    /// What is in the file is not what an order may say.
    pub fn command(
        &self,
        order_id: OrderId,
        reference: String,
        placed_at: DateTime<Utc>,
    ) -> anyhow::Result<PlaceOrder> {
        let line = |line: &Line| -> anyhow::Result<NewLine> {
            Ok(NewLine {
                sku: Sku::parse(&line.sku)?,
                quantity: line.quantity,
                unit_price: line.unit_price,
                currency: None,
                terms: LineTerms::default(),
            })
        };
        Ok(PlaceOrder {
            order_id,
            customer_id: CustomerId::parse(&self.customer)?,
            currency: Currency::parse("GBP")?,
            lines: self.lines.iter().map(line).collect::<anyhow::Result<_>>()?,
            terms: OrderTerms::default(),
            total: None,
            shipping_address: None,
            payment_method: "tok_approve".into(),
            reference: Some(reference),
            placed_at,
        })
    }

    /// The message that places it.
    pub fn message(&self, key: String) -> PlaceOrderRequest {
        let line = |line: &Line| NewOrderLine {
            sku: line.sku.clone(),
            quantity: line.quantity,
            unit_price: line.unit_price,
            ..NewOrderLine::default()
        };
        PlaceOrderRequest {
            request_id: key,
            customer_id: self.customer.clone(),
            currency: "GBP".into(),
            lines: self.lines.iter().map(line).collect(),
            shipping_address: Some(Address {
                country: self.country.clone(),
                ..Address::default()
            }),
            payment_method: "tok_approve".into(),
            reference: Some(self.number.clone()),
            placed_at: Some(proto::timestamp(self.placed_at)),
            ..PlaceOrderRequest::default()
        }
    }
}

/// An invoice's rows need not stand together; one that is no clean sale leaves its invoice out.
fn parse(bytes: &[u8]) -> anyhow::Result<Vec<Invoice>> {
    // The file is ISO-8859-1, which windows-1252 agrees with wherever it has text.
    let (text, _, _) = encoding_rs::WINDOWS_1252.decode(bytes);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    ensure!(
        reader.headers()?.iter().next() == Some("InvoiceNo"),
        "it is not Online Retail"
    );
    let mut invoices: BTreeMap<String, Option<Invoice>> = BTreeMap::new();
    for record in reader.records() {
        let record = record?;
        let number = record[0].trim().to_owned();
        let invoice = invoices
            .entry(number.clone())
            .or_insert_with(|| begun(number, &record));
        let line = line(&record);
        *invoice = invoice.take().zip(line).map(|(mut invoice, line)| {
            invoice.lines.push(line);
            invoice
        });
    }
    Ok(invoices.into_values().flatten().collect())
}

/// An invoice without lines; `None` if it is a cancellation.
fn begun(number: String, record: &csv::StringRecord) -> Option<Invoice> {
    let placed_at = NaiveDateTime::parse_from_str(record[4].trim(), "%d/%m/%Y %H:%M").ok()?;
    let customer = Some(record[6].trim()).filter(|customer| !customer.is_empty());
    (!number.starts_with('C')).then_some(Invoice {
        number,
        customer: customer.unwrap_or(UNKNOWN_CUSTOMER).to_owned(),
        country: record[7].trim().to_owned(),
        placed_at: placed_at.and_utc(),
        lines: Vec::new(),
    })
}

fn line(record: &csv::StringRecord) -> Option<Line> {
    let quantity: i64 = record[3].trim().parse().ok()?;
    let pounds: f64 = record[5].trim().parse().ok()?;
    // Prices are of some pounds: rounding finds the pence that were written.
    let pence = (pounds * 100.0).round() as i64;
    (quantity > 0 && pence > 0).then(|| Line {
        sku: record[1].trim().to_owned(),
        quantity,
        unit_price: pence,
    })
}

#[cfg(test)]
impl Invoice {
    /// Two of them.
    pub(crate) fn samples() -> Vec<Self> {
        parse(tests::FILE).unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) const FILE: &[u8] =
        b"InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n\
        1,A,x,6,01/12/2010 08:26,2.55,17850,C\xf4te\n\
        2,B,y,1,02/12/2010 09:00,10,,France\n\
        C3,B,y,-1,02/12/2010 09:00,10,,France\n\
        4,B,y,1,02/12/2010 09:00,10,,France\n\
        4,B,y,1,02/12/2010 09:00,0,,France\n\
        1,B,x,2,01/12/2010 08:26,3.39,17850,C\xf4te\n";

    #[test]
    fn clean_sales_are_read_whole_and_nothing_else_is() {
        let invoices = parse(FILE).unwrap();
        let numbers: Vec<_> = invoices.iter().map(|invoice| &*invoice.number).collect();
        assert_eq!(numbers, ["1", "2"]);
        let line = |sku: &str, quantity, unit_price| Line {
            sku: sku.into(),
            quantity,
            unit_price,
        };
        let lines = [line("A", 6, 255), line("B", 2, 339)];
        assert_eq!(invoices[0].lines, lines);
        assert_eq!(invoices[0].country, "C\u{f4}te");
        assert_eq!(invoices[1].customer, UNKNOWN_CUSTOMER);
        parse(b"a,b\n1,2\n").unwrap_err();
    }

    #[test]
    fn both_ways_ask_for_the_same_order() {
        let invoice = &parse(FILE).unwrap()[0];
        let mut body = Vec::new();
        invoice.write_body(Some("k"), &mut body).unwrap();
        assert!(!body.contains(&b'\n'));
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        let message = invoice.message("k".into());
        assert_eq!(body["idempotency_key"], *message.request_id);
        assert_eq!(body["customer_id"], *message.customer_id);
        assert_eq!(body["currency"], *message.currency);
        assert_eq!(body["reference"], *message.reference.unwrap());
        assert_eq!(body["placed_at"], "2010-12-01T08:26:00Z");
        assert_eq!(message.placed_at.unwrap().seconds, 1_291_191_960);
        assert_eq!(body["lines"][1]["unit_price"], message.lines[1].unit_price);
        assert!(!invoice.body().unwrap().contains("idempotency_key"));
    }
}

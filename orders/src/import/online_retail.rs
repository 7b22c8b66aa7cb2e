//! *Online Retail* (Daqing Chen, UCI Machine Learning Repository): the invoices of a UK shop as CSV,
//! in ISO-8859-1 and with day-first dates.

use anyhow::{Context, bail};
use chrono::{DateTime, NaiveDateTime, Utc};
use domain::Currency;
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, path::Path};

/// One sale invoice of which every line is good.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Invoice {
    /// Its first row in the file, the heading being row 1.
    pub row: u64,
    pub number: String,
    pub customer: Option<String>,
    pub country: String,
    pub placed_at: DateTime<Utc>,
    pub lines: Vec<Line>,
}

/// One line of an invoice.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    pub sku: String,
    pub quantity: i64,
    /// In minor units of the file's currency.
    pub unit_price: i64,
}

/// An invoice that is not imported, and the first row that is why.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Refused {
    pub invoice: String,
    /// In the file, the heading being row 1.
    pub row: u64,
    pub reason: String,
}

/// What a file holds.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Invoices {
    pub clean: Vec<Invoice>,
    pub refused: Vec<Refused>,
    /// Of the file's bytes, in hexadecimal: it tells this file from all others.
    pub digest: String,
}

const COLUMNS: [&str; 8] = [
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
];

/// Reads a whole file, whose prices are in `currency`; an invoice's rows need not stand together.
pub(super) fn read(path: &Path, currency: Currency) -> anyhow::Result<Invoices> {
    let bytes =
        std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    parse(&bytes, currency).with_context(|| format!("{} is not Online Retail", path.display()))
}

fn parse(bytes: &[u8], currency: Currency) -> anyhow::Result<Invoices> {
    // ISO-8859-1 maps each byte to the character of that number; windows-1252, which WHATWG calls
    // by its name, differs only where Online Retail has no text.
    let (text, _, _) = encoding_rs::WINDOWS_1252.decode(bytes);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let headings = reader.headers()?.clone();
    if headings.iter().ne(COLUMNS) {
        bail!("its columns are not {}", COLUMNS.join(","));
    }
    let mut order = vec![];
    let mut rows: BTreeMap<String, Vec<(u64, csv::StringRecord)>> = BTreeMap::new();
    for record in reader.records() {
        let record = record?;
        let row = record.position().map_or(0, csv::Position::line);
        let number = record[0].trim().to_owned();
        let of_invoice = rows.entry(number.clone()).or_default();
        if of_invoice.is_empty() {
            order.push(number);
        }
        of_invoice.push((row, record));
    }
    let mut invoices = Invoices {
        digest: digest(bytes),
        ..Invoices::default()
    };
    for number in order {
        match invoice(&number, &rows[&number], currency) {
            Ok(invoice) => invoices.clean.push(invoice),
            Err((row, reason)) => {
                invoices.refused.push(Refused {
                    invoice: number,
                    row,
                    reason,
                });
            }
        }
    }
    Ok(invoices)
}

/// Half of SHA-256 is plenty to tell files apart.
fn digest(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest[..16]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// The invoice that `rows` are, or the first row that forbids it and why.
fn invoice(
    number: &str,
    rows: &[(u64, csv::StringRecord)],
    currency: Currency,
) -> Result<Invoice, (u64, String)> {
    let (first, head) = &rows[0];
    if number.starts_with('C') {
        return Err((*first, "a cancellation, not a sale".into()));
    }
    let mut lines = Vec::with_capacity(rows.len());
    for (row, record) in rows {
        lines.push(line(record, currency).map_err(|reason| (*row, reason))?);
    }
    let placed_at = date(&head[4]).map_err(|reason| (*first, reason))?;
    let customer = Some(head[6].trim()).filter(|customer| !customer.is_empty());
    Ok(Invoice {
        row: *first,
        number: number.into(),
        customer: customer.map(str::to_owned),
        country: head[7].trim().into(),
        placed_at,
        lines,
    })
}

fn line(record: &csv::StringRecord, currency: Currency) -> Result<Line, String> {
    let quantity: i64 = record[3]
        .trim()
        .parse()
        .map_err(|_| format!("Quantity {:?} is not a whole number", &record[3]))?;
    if quantity <= 0 {
        return Err(format!("Quantity {quantity} is not above 0"));
    }
    let text = record[5].trim();
    match minor_units(text, currency.decimals().into()) {
        Ok(unit_price) if unit_price > 0 => Ok(Line {
            sku: record[1].trim().into(),
            quantity,
            unit_price,
        }),
        Ok(_) => Err(format!("UnitPrice {text} is not above 0")),
        Err(NoAmount::Malformed) => Err(format!("UnitPrice {text:?} is not an amount")),
        Err(NoAmount::TooFine) => Err(format!(
            "UnitPrice {text} has more decimals than {currency}, which has {}",
            currency.decimals()
        )),
    }
}

/// Why a text is no amount of a currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NoAmount {
    /// It is no decimal number, or one that cannot be counted.
    Malformed,
    /// It says a part of the smallest unit.
    TooFine,
}

/// A decimal number as units of its last decimal of so many, without going through binary fractions.
fn minor_units(text: &str, decimals: usize) -> Result<i64, NoAmount> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() && fraction.is_empty() || !all_digits(whole) || !all_digits(fraction) {
        return Err(NoAmount::Malformed);
    }
    // Further zeros say nothing.
    let fraction = fraction.trim_end_matches('0');
    if fraction.len() > decimals {
        return Err(NoAmount::TooFine);
    }
    let units = format!("0{whole}{fraction:0<decimals$}");
    let units: i64 = units.parse().map_err(|_| NoAmount::Malformed)?;
    Ok(sign * units)
}

/// Day first, in UK time. The invoices are of winter, when that is UTC.
fn date(text: &str) -> Result<DateTime<Utc>, String> {
    NaiveDateTime::parse_from_str(text.trim(), "%d/%m/%Y %H:%M")
        .map(|date| date.and_utc())
        .map_err(|_| format!("date {text:?} is not DD/MM/YYYY HH:MM"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADINGS: &str =
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n";

    fn parsed(rows: &str) -> Invoices {
        parsed_in("GBP", rows)
    }

    fn parsed_in(currency: &str, rows: &str) -> Invoices {
        let currency = Currency::parse(currency).expect("it is a currency");
        let file = format!("{HEADINGS}{rows}");
        parse(file.as_bytes(), currency).expect("it is a file of this kind")
    }

    #[test]
    fn an_invoice_is_its_rows_wherever_they_stand() {
        let invoices = parsed(
            "1,A,x,6,01/12/2010 08:26,2.55,17850,United Kingdom\n\
             2,B,y,1,02/12/2010 09:00,10,,France\n\
             1,A,x,2,01/12/2010 08:26,3.39,17850,United Kingdom\n",
        );
        assert!(invoices.refused.is_empty());
        assert_eq!(invoices.clean.len(), 2);
        let first = &invoices.clean[0];
        assert_eq!(first.placed_at.to_rfc3339(), "2010-12-01T08:26:00+00:00");
        assert_eq!(first.customer.as_deref(), Some("17850"));
        let line = |quantity, unit_price| Line {
            sku: "A".into(),
            quantity,
            unit_price,
        };
        assert_eq!(first.lines, [line(6, 255), line(2, 339)]);
        assert_eq!(invoices.clean[1].customer, None);
        assert_eq!(invoices.clean[1].lines[0].unit_price, 1_000);
    }

    #[test]
    fn cancellations_and_bad_lines_are_refused_with_their_row() {
        let invoices = parsed(
            "C1,A,x,-6,01/12/2010 08:26,2.55,17850,United Kingdom\n\
             2,A,x,1,01/12/2010 08:26,2.55,1,France\n\
             2,A,x,-1,01/12/2010 08:26,2.55,1,France\n\
             3,A,x,1,01/12/2010 08:26,0,1,France\n\
             4,A,x,1,31.12.2010,1,1,France\n\
             5,A,x,one,01/12/2010 08:26,1,1,France\n",
        );
        assert!(invoices.clean.is_empty());
        let rows: Vec<_> = invoices
            .refused
            .iter()
            .map(|refused| (&*refused.invoice, refused.row))
            .collect();
        assert_eq!(rows, [("C1", 2), ("2", 4), ("3", 5), ("4", 6), ("5", 7)]);
        assert_eq!(invoices.refused[1].reason, "Quantity -1 is not above 0");
        assert_eq!(invoices.refused[2].reason, "UnitPrice 0 is not above 0");
    }

    #[test]
    fn prices_have_the_decimals_of_their_currency() {
        for (decimals, text, expected) in [
            (0, "18", Ok(18)),
            (0, "18.", Ok(18)),
            (0, "18.000", Ok(18)),
            (0, "18.5", Err(NoAmount::TooFine)),
            (2, "2.55", Ok(255)),
            (2, "2.5", Ok(250)),
            (2, "2.550", Ok(255)),
            (2, "2.555", Err(NoAmount::TooFine)),
            (2, "0.001", Err(NoAmount::TooFine)),
            (2, "18", Ok(1_800)),
            (2, ".5", Ok(50)),
            (2, "-11062.06", Ok(-1_106_206)),
            (3, "2.555", Ok(2_555)),
            (3, "2.5", Ok(2_500)),
            (3, "2.5555", Err(NoAmount::TooFine)),
            (4, "2.5555", Ok(25_555)),
            (4, "0.00001", Err(NoAmount::TooFine)),
            (2, "1,50", Err(NoAmount::Malformed)),
            (2, "1.5.0", Err(NoAmount::Malformed)),
            (2, "", Err(NoAmount::Malformed)),
            (2, ".", Err(NoAmount::Malformed)),
            (2, "+1", Err(NoAmount::Malformed)),
            (2, "92233720368547758.07", Ok(i64::MAX)),
            (2, "92233720368547758.08", Err(NoAmount::Malformed)),
        ] {
            assert_eq!(minor_units(text, decimals), expected, "{text} {decimals}");
        }
    }

    #[test]
    fn a_price_that_its_currency_does_not_have_is_named_with_its_row_and_column() {
        let row = |price: &str| format!("1,A,x,1,01/12/2010 08:26,{price},1,France\n");
        for (currency, price, units) in [
            ("JPY", "180", 180),
            ("GBP", "1.80", 180),
            ("KWD", "1.805", 1_805),
            ("CLF", "1.8051", 18_051),
        ] {
            let invoices = parsed_in(currency, &row(price));
            assert_eq!(invoices.clean[0].lines[0].unit_price, units);
        }
        let refused = &parsed_in("JPY", &row("18.5")).refused[0];
        assert_eq!(
            (refused.row, &*refused.reason),
            (2, "UnitPrice 18.5 has more decimals than JPY, which has 0")
        );
        let refused = &parsed_in("KWD", &row("1.8055")).refused[0];
        assert_eq!(
            refused.reason,
            "UnitPrice 1.8055 has more decimals than KWD, which has 3"
        );
    }

    #[test]
    fn text_is_iso_8859_1() {
        let mut bytes = HEADINGS.as_bytes().to_vec();
        bytes.extend(b"1,A,caf\xe9,6,01/12/2010 08:26,2.55,1,C\xf4te\n");
        let gbp = Currency::parse("GBP").expect("it is a currency");
        let invoices = parse(&bytes, gbp).expect("it is a file of this kind");
        assert_eq!(invoices.clean[0].country, "Côte");
    }

    #[test]
    fn files_are_told_apart_by_their_bytes() {
        let row = "1,A,x,6,01/12/2010 08:26,2.55,17850,United Kingdom\n";
        let (first, again) = (parsed(row), parsed(row));
        assert_eq!(first.digest, again.digest);
        assert_eq!(first.digest.len(), 32);
        assert_ne!(first.digest, parsed(&row.replace("1,A", "2,A")).digest);
    }

    #[test]
    fn another_file_is_refused() {
        let gbp = Currency::parse("GBP").expect("it is a currency");
        assert!(parse(b"a,b\n1,2\n", gbp).is_err());
    }
}

//! Tables for people.

use comfy_table::{Cell, CellAlignment, Table, presets::UTF8_FULL_CONDENSED};
use serde_json::Value;

/// A table with these headings.
pub(super) fn table(headings: &[&str]) -> Table {
    let mut table = Table::new();
    table
        .load_style(UTF8_FULL_CONDENSED)
        .set_header(headings.to_vec());
    table
}

/// A text of the answer; a dash where there is none.
pub(super) fn text(value: &Value) -> Cell {
    Cell::new(match value {
        Value::String(text) => text.clone(),
        Value::Null => "-".into(),
        other => other.to_string(),
    })
}

/// A number of the answer.
pub(super) fn number(value: &Value) -> Cell {
    Cell::new(value).set_alignment(CellAlignment::Right)
}

/// An amount of money: `19.99 EUR`.
pub(super) fn money(value: &Value) -> Cell {
    Cell::new(money_text(value)).set_alignment(CellAlignment::Right)
}

/// An amount of money as text.
pub(super) fn money_text(value: &Value) -> String {
    let amount = value["amount"].as_i64();
    let currency = value["currency"]
        .as_str()
        .and_then(|code| code.parse().ok());
    match (amount, currency) {
        (Some(amount), Some(currency)) => domain::Money::new(amount, currency).to_string(),
        _ => "-".into(),
    }
}

/// A time, to the second.
pub(super) fn time(value: &Value) -> Cell {
    let text = value.as_str().unwrap_or("-");
    let second = text.split(['.', 'Z', '+']).next().unwrap_or(text);
    Cell::new(second.replace('T', " "))
}

//! An amendment that is open, as an answer: what the order would be.

use crate::body::Money;
use chrono::{DateTime, Utc};
use domain::{
    Sku,
    order::{AmendedLine, AmendedStock, Amending, Placed},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// An amendment that is open: what the order would be.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OpenAmendment)]
pub(crate) struct Amendment<'a> {
    /// Which.
    pub amendment_id: Uuid,
    /// The lines of which another quantity would be wanted.
    pub lines: Vec<AmendmentLine<'a>>,
    /// The SKUs of which more, or less, would be kept.
    pub stock: Vec<AmendmentStock>,
    /// What all that is wanted comes to.
    pub total_before: Money<'a>,
    /// What it would come to.
    pub total: Money<'a>,
    /// How much more that is; less, if it is negative.
    pub difference: Money<'a>,
    /// What is set aside for the order: the total is never more.
    pub authorized: Money<'a>,
    /// What of that would be let go once the total is taken.
    pub released: Money<'a>,
    /// Why, for people.
    pub reason: String,
    /// Until when it may be applied; then it expires.
    pub expires_at: DateTime<Utc>,
}

/// A line of which another quantity would be wanted.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AmendmentLine<'a> {
    /// The order's line.
    pub line: u32,
    /// What.
    #[schema(value_type = String, example = "85123A")]
    pub sku: Sku,
    /// How many are wanted now.
    pub quantity_before: i64,
    /// How many would be.
    pub quantity: i64,
    /// Price of one, as it was placed.
    pub unit_price: Money<'a>,
    /// What discounts would take off.
    pub discount: Money<'a>,
    /// Their tax then.
    pub tax: Money<'a>,
    /// What is to be paid for those that are wanted now.
    pub total_before: Money<'a>,
    /// What would be paid for them.
    pub total: Money<'a>,
}

/// A SKU of which more, or less, would be kept.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AmendmentStock {
    /// What.
    #[schema(value_type = String, example = "85123A")]
    pub sku: Sku,
    /// How many more; less, if it is negative.
    pub difference: i64,
}

/// An open amendment, as the read model has it.
#[derive(Debug, Deserialize)]
pub(super) struct Open {
    amendment_id: Uuid,
    lines: Vec<AmendedLine>,
    stock: Vec<AmendedStock>,
    total_before: i64,
    total: i64,
    authorized: i64,
    reason: String,
    expires_at: DateTime<Utc>,
}

impl Open {
    /// That of an order as it was folded.
    pub(super) fn of_order(order: &Placed) -> Option<Self> {
        let open = order.open_amendment()?;
        Some(Self {
            amendment_id: open.amendment_id,
            lines: open.lines.clone(),
            stock: open.stock.clone(),
            total_before: open.total_before,
            total: open.total,
            authorized: open.authorized,
            reason: open.reason.clone(),
            expires_at: open.until,
        })
    }
}

impl Open {
    /// Whether it may still be applied at a time, and more would be kept then.
    pub(super) fn amending(&self, at: DateTime<Utc>) -> Amending {
        let differences = self.stock.iter().map(|stock| stock.difference);
        Amending::of_open(self.expires_at, differences, Some(at))
    }
}

impl<'a> Amendment<'a> {
    pub(super) fn of(open: Open, currency: &'a str) -> Self {
        let money = |amount| Money { amount, currency };
        let line = |line: AmendedLine| AmendmentLine {
            line: line.line,
            sku: line.sku,
            quantity_before: line.before,
            quantity: line.after,
            unit_price: money(line.unit_price),
            discount: money(line.discount),
            tax: money(line.tax),
            total_before: money(line.total_before),
            total: money(line.total),
        };
        let stock = |stock: AmendedStock| AmendmentStock {
            sku: stock.sku,
            difference: stock.difference,
        };
        Self {
            amendment_id: open.amendment_id,
            lines: open.lines.into_iter().map(line).collect(),
            stock: open.stock.into_iter().map(stock).collect(),
            total_before: money(open.total_before),
            total: money(open.total),
            difference: money(open.total.saturating_sub(open.total_before)),
            authorized: money(open.authorized),
            released: money(open.authorized.saturating_sub(open.total)),
            reason: open.reason,
            expires_at: open.expires_at,
        }
    }
}

//! The lines of an order: as they are now, how far they are, and what of them is still to be paid.

use crate::body::Money;
use domain::{
    Sku, TaxRate,
    order::{Line, LineProgress},
};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use utoipa::ToSchema;

/// How far the lines of an order are, as the read model has it: how many of each have left, have arrived, will
/// not arrive, have come back, and are cancelled.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Fulfilment(HashMap<u32, (i64, i64, i64, i64, i64)>);

impl Fulfilment {
    /// How far a line is.
    pub(super) fn of(&self, line: u32) -> LineProgress {
        let known = self.0.get(&line).copied().unwrap_or_default();
        let (shipped, delivered, lost, returned, cancelled) = known;
        LineProgress {
            shipped,
            delivered,
            lost,
            returned,
            cancelled,
        }
    }
}

/// Makes of `lines` as they were placed what they were amended to, and says what of them has neither left nor
/// is cancelled comes to, in minor units.
pub(super) fn amend(
    lines: &mut [Line],
    amended: Option<HashMap<u32, Line>>,
    progress: impl Fn(u32) -> LineProgress,
    tax_included: bool,
) -> i64 {
    let mut amended = amended.unwrap_or_default();
    lines.iter_mut().fold(0, |sum, line| {
        let anew = amended.remove(&line.line);
        let ordered = anew.as_ref().map_or(line.quantity, |anew| anew.quantity);
        let open = progress(line.line).open(ordered);
        let worth = line.worth(open, tax_included);
        if let Some(anew) = anew {
            *line = anew;
        }
        sum.saturating_add(worth)
    })
}

/// One line of an order.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OrderLine<'a> {
    /// Its number, from 1.
    pub line: u32,
    /// What.
    #[schema(value_type = String, example = "85123A")]
    pub sku: Sku,
    /// How many.
    pub quantity: i64,
    /// Price of one.
    pub unit_price: Money<'a>,
    /// Price of all.
    pub subtotal: Money<'a>,
    /// Its own discount.
    pub discount: Money<'a>,
    /// Its share of the order's discount.
    pub order_discount: Money<'a>,
    /// The rate that its tax was computed by, in per cent, if it was.
    #[schema(value_type = Option<String>, example = "19")]
    pub tax_rate: Option<TaxRate>,
    /// Its tax.
    pub tax: Money<'a>,
    /// What is paid for all: the price, less the discounts, with the tax.
    pub total: Money<'a>,
    /// How many have left.
    pub shipped: i64,
    /// How many of those have arrived.
    pub delivered: i64,
    /// How many of those will not arrive.
    pub lost: i64,
    /// How many of those that arrived have come back, and were accepted.
    pub returned: i64,
    /// How many are not wanted any more: they never leave.
    pub cancelled: i64,
}

/// Lines as answers, which have come so far.
pub(super) fn with_money(
    lines: Vec<Line>,
    currency: &str,
    progress: impl Fn(u32) -> LineProgress,
) -> Vec<OrderLine<'_>> {
    let money = |amount| Money { amount, currency };
    let line = |line: Line| {
        let progress = progress(line.line);
        OrderLine {
            line: line.line,
            subtotal: money(line.subtotal()),
            sku: line.sku,
            quantity: line.quantity,
            unit_price: money(line.unit_price),
            discount: money(line.discount),
            order_discount: money(line.order_discount),
            tax_rate: line.tax_rate,
            tax: money(line.tax),
            total: money(line.total),
            shipped: progress.shipped,
            delivered: progress.delivered,
            lost: progress.lost,
            returned: progress.returned,
            cancelled: progress.cancelled,
        }
    };
    lines.into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(number: u32, quantity: i64, discount: i64) -> Line {
        Line {
            line: number,
            sku: Sku::parse("A").unwrap(),
            quantity,
            unit_price: 100,
            discount,
            order_discount: 0,
            tax_rate: None,
            tax: 0,
            total: quantity * 100 - discount,
        }
    }

    #[test]
    fn what_is_still_to_be_paid_goes_by_what_was_placed() {
        let far: Fulfilment =
            serde_json::from_str(r#"{"1": [0,0,0,0,3], "2": [1,1,0,0,0]}"#).unwrap();
        let placed = || [line(1, 2, 50), line(2, 2, 0), line(3, 1, 0)];
        let mut lines = placed();
        // Five of the first, of which three are cancelled: two, as they were placed. One of the second has left.
        let amended = HashMap::from([(1, line(1, 5, 50))]);
        let open = amend(&mut lines, Some(amended), |line| far.of(line), false);
        assert_eq!(open, 150 + 100 + 100);
        assert_eq!((lines[0].quantity, lines[1].quantity), (5, 2));
        let none = Fulfilment::default();
        let mut lines = placed();
        assert_eq!(amend(&mut lines, None, |line| none.of(line), false), 450);
    }
}

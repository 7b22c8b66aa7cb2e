//! What an order comes to, and what parts of a line are worth.

use super::{Line, MAX_TOTAL, OrderPlaced};
use crate::share;

/// What an order comes to, in minor units, and of what that is made. Where its prices do not include
/// tax, `total = subtotal - discount_total + tax`; where they do, `total = subtotal - discount_total`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Prices times quantities.
    pub subtotal: i64,
    /// The order's own discount.
    pub discount: i64,
    /// All discounts: those of the lines, and the order's own.
    pub discount_total: i64,
    /// The tax of all lines.
    pub tax: i64,
    /// What is to be paid.
    pub total: i64,
}

impl Totals {
    /// Of all lines. Placements are bounded so that none of it comes near what can be counted.
    pub fn of(lines: &[Line]) -> Self {
        lines.iter().fold(Self::default(), |sum, line| Self {
            subtotal: sum.subtotal.saturating_add(line.subtotal()),
            discount: sum.discount.saturating_add(line.order_discount),
            discount_total: sum.discount_total.saturating_add(line.discounts()),
            tax: sum.tax.saturating_add(line.tax),
            total: sum.total.saturating_add(line.total),
        })
    }
}

impl OrderPlaced {
    /// What it comes to, and of what that is made.
    pub fn totals(&self) -> Totals {
        Totals::of(&self.lines)
    }
}

impl Line {
    /// The price of all, before discounts and tax, in minor units.
    pub const fn subtotal(&self) -> i64 {
        self.unit_price.saturating_mul(self.quantity)
    }

    /// Its own discount and its share of the order's, in minor units.
    pub const fn discounts(&self) -> i64 {
        self.discount.saturating_add(self.order_discount)
    }

    /// What the first `quantity` are worth of a line that was placed as this one, in minor units, whatever it
    /// was amended to since: of what is paid for all that was placed, their share to the nearest unit; of
    /// more, what that many come to. So it is the number alone that decides, and not how it came to be. What the
    /// pieces after the first `n` and up to the first `m` are worth is the difference; so however a line is
    /// taken apart, its parts are worth what it is.
    pub fn worth(&self, quantity: i64, tax_included: bool) -> i64 {
        match self.as_more(quantity, tax_included) {
            Some(more) => more.total,
            None => self.part(self.total, quantity),
        }
    }

    /// The tax on the first `quantity` of it, in minor units: their share, as of its worth.
    pub fn tax_on(&self, quantity: i64, tax_included: bool) -> i64 {
        match self.as_more(quantity, tax_included) {
            Some(more) => more.tax,
            None => self.part(self.tax, quantity),
        }
    }

    /// The line where more of it is wanted than was placed; none where no more is, and where that comes to
    /// more than an order may, which no order does.
    fn as_more(&self, quantity: i64, tax_included: bool) -> Option<Self> {
        let is_more = quantity > self.quantity;
        is_more.then(|| self.of_more(quantity, tax_included))?
    }

    /// Whether nobody knows what more of it would be taxed with: it was had for nothing, and so was taxed
    /// with nothing, where tax is a sum and no rate.
    pub(crate) fn hides_its_tax(&self) -> bool {
        let taxed = self.subtotal().saturating_sub(self.discounts());
        self.tax_rate.is_none() && self.unit_price > 0 && taxed <= 0
    }

    /// The line as it is where so many more of it are wanted than were placed: at the price of one that it
    /// has, without any further discount, and taxed as it is; where its tax is a sum and no rate, in
    /// proportion. None if it comes to more than an order may.
    pub(crate) fn of_more(&self, quantity: i64, tax_included: bool) -> Option<Self> {
        let net = self.subtotal().saturating_sub(self.discounts());
        let subtotal = self.unit_price.checked_mul(quantity)?;
        let then = subtotal.checked_sub(self.discounts())?;
        if !(0..=MAX_TOTAL).contains(&then) {
            return None;
        }
        let tax = match self.tax_rate {
            Some(rate) if tax_included => rate.contained_in(then),
            Some(rate) => rate.added_to(then),
            None if net <= 0 => 0,
            None => {
                let exact = i128::from(self.tax) * i128::from(then);
                let net = i128::from(net);
                i64::try_from((exact + net / 2) / net).ok()?
            }
        };
        let added = if tax_included { 0 } else { tax };
        Some(Self {
            quantity,
            tax,
            total: then.checked_add(added)?,
            ..self.clone()
        })
    }

    /// Of an amount for all of it, the part of the first `quantity`.
    fn part(&self, amount: i64, quantity: i64) -> i64 {
        let quantity = quantity.clamp(0, self.quantity.max(0));
        let parts = share(amount, &[quantity, self.quantity.saturating_sub(quantity)]);
        parts
            .ok()
            .and_then(|parts| parts.first().copied())
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::sku;
    use proptest::prelude::*;

    fn line(quantity: i64, total: i64) -> Line {
        Line {
            line: 1,
            sku: sku("A"),
            quantity,
            unit_price: 0,
            discount: 0,
            order_discount: 0,
            tax_rate: None,
            tax: 0,
            total,
        }
    }

    /// What `quantity` of it are worth after `before` of it.
    fn worth_after(line: &Line, before: i64, quantity: i64) -> i64 {
        let until = line.worth(before + quantity, false);
        until - line.worth(before, false)
    }

    #[test]
    fn pieces_are_worth_their_share_to_the_nearest_unit() {
        let three = line(3, 1_000);
        let first = |n| worth_after(&three, n, 1);
        assert_eq!([first(0), first(1), first(2)], [333, 334, 333]);
        let worth = |line: Line, n| line.worth(n, false);
        assert_eq!(worth(three, -1), 0);
        // What no command makes.
        assert_eq!(worth(line(-1, 5), 1), 0);
        assert_eq!(worth(line(2, -5), 1), 0);
    }

    #[test]
    fn more_of_a_line_is_had_at_its_price_without_a_further_discount() {
        let placed = Line {
            unit_price: 500,
            discount: 100,
            tax: 145,
            total: 1_045,
            ..line(2, 0)
        };
        let more = placed.of_more(3, false).unwrap();
        // 900 were taxed with 145, 1,400 are with 225.56.
        assert_eq!((more.quantity, more.tax, more.total), (3, 226, 1_626));
        assert_eq!((more.discount, more.unit_price), (100, 500));
        let included = placed.of_more(3, true).unwrap();
        assert_eq!((included.tax, included.total), (226, 1_400));
        let rated = Line {
            tax_rate: "20".parse().ok(),
            ..placed.clone()
        };
        assert_eq!(rated.of_more(3, false).unwrap().tax, 280);
        assert_eq!(rated.of_more(3, true).unwrap().tax, 233);
        assert_eq!(placed.of_more(i64::MAX, false), None);
        assert_eq!(placed.of_more(MAX_TOTAL, false), None);
        // What costs nothing costs nothing.
        assert_eq!(line(2, 0).of_more(9, false).unwrap().total, 0);
        assert_eq!(placed.tax_on(1, false), 73);
        assert_eq!(placed.tax_on(3, false), 226);
    }

    proptest! {
        #[test]
        fn however_a_line_is_taken_apart_its_parts_are_worth_what_it_is(
            total in prop_oneof![0..50_i64, 0..10_000_000_000_000_i64],
            parts in proptest::collection::vec(0..5_i64, 1..20),
        ) {
            let quantity: i64 = parts.iter().sum();
            prop_assume!(quantity > 0);
            let line = line(quantity, total);
            let (mut before, mut sum) = (0, 0);
            for part in parts {
                let worth = worth_after(&line, before, part);
                let exact = total as f64 * part as f64 / quantity as f64;
                prop_assert!(worth >= 0 && (worth as f64 - exact).abs() <= 1.0);
                before += part;
                sum += worth;
            }
            prop_assert_eq!(sum, total);
        }

        /// Nobody pays less for more, and a piece more costs what one costs: with its tax, and no discount.
        #[test]
        fn a_piece_more_is_never_worth_less_than_nothing(
            quantity in 1..20_i64,
            unit_price in 0..5_000_i64,
            (taken, taxed) in (0..=100_i64, 0..=30_i64),
            rate in proptest::sample::select(vec![None, Some("19"), Some("8.875")]),
            tax_included: bool,
        ) {
            let price = unit_price * quantity;
            let discount = price * taken / 100;
            let net = price - discount;
            let rate = rate.map(|text| crate::TaxRate::parse(text).unwrap());
            let tax = match rate {
                Some(rate) if tax_included => rate.contained_in(net),
                Some(rate) => rate.added_to(net),
                None => net * taxed / 100,
            };
            let placed = Line {
                unit_price,
                discount,
                tax_rate: rate,
                tax,
                total: if tax_included { net } else { net + tax },
                ..line(quantity, 0)
            };
            prop_assert_eq!(placed.worth(quantity, tax_included), placed.total);
            let mut before = 0;
            for n in 1..=2 * quantity {
                let worth = placed.worth(n, tax_included);
                prop_assert!(worth >= before, "{} {} {}", n, before, worth);
                let more = worth - before;
                match n > quantity {
                    false => {}
                    true if tax_included => prop_assert_eq!(more, unit_price),
                    true => prop_assert!(more >= unit_price),
                }
                before = worth;
            }
        }
    }
}

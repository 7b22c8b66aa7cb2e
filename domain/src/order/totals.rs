//! What an order comes to, and what parts of a line are worth.

use super::{Line, OrderPlaced};
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

    /// What the first `quantity` of it are worth, in minor units: of what is paid for all of it, their
    /// share to the nearest unit. What the pieces after the first `n` and up to the first `m` are worth
    /// is the difference; so however a line is taken apart, its parts are worth what it is.
    pub fn worth(&self, quantity: i64) -> i64 {
        let quantity = quantity.clamp(0, self.quantity.max(0));
        let parts = share(
            self.total,
            &[quantity, self.quantity.saturating_sub(quantity)],
        );
        parts
            .ok()
            .and_then(|parts| parts.first().copied())
            .unwrap_or_default()
    }

    /// What `quantity` of it are worth after `before` of it, in minor units.
    pub fn worth_after(&self, before: i64, quantity: i64) -> i64 {
        let until = self.worth(before.saturating_add(quantity));
        until.saturating_sub(self.worth(before))
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

    #[test]
    fn pieces_are_worth_their_share_to_the_nearest_unit() {
        let three = line(3, 1_000);
        let first = |n| three.worth_after(n, 1);
        assert_eq!([first(0), first(1), first(2)], [333, 334, 333]);
        assert_eq!((three.worth(-1), three.worth(4)), (0, 1_000));
        assert_eq!(three.worth_after(i64::MAX, i64::MAX), 0);
        // What no command makes.
        assert_eq!(line(-1, 5).worth(1), 0);
        assert_eq!(line(2, -5).worth(1), 0);
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
                let worth = line.worth_after(before, part);
                let exact = total as f64 * part as f64 / quantity as f64;
                prop_assert!(worth >= 0 && (worth as f64 - exact).abs() <= 1.0);
                before += part;
                sum += worth;
            }
            prop_assert_eq!(sum, total);
        }
    }
}

//! What allows or forbids commands to an order, as the read models have it.

use domain::{
    ReturnId,
    order::{Line, LineProgress, may_return},
};
use serde::Deserialize;
use std::collections::HashMap;

/// The returns of an order, as the read model has them.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Returning {
    opened: u32,
    open: HashMap<ReturnId, Vec<(u32, i64)>>,
}

impl Returning {
    /// Whether the customer has something of it that may be sent back, and is not to come back already.
    pub(super) fn may_be_more(
        &self,
        lines: &[Line],
        progress: impl Fn(u32) -> LineProgress,
    ) -> bool {
        let returning = |line: u32| {
            let all = self.open.values().flatten();
            let of_line = all.filter(|(known, _)| *known == line);
            of_line.fold(0_i64, |sum, (_, quantity)| sum.saturating_add(*quantity))
        };
        may_return(self.opened, self.open.len())
            && lines
                .iter()
                .any(|line| progress(line.line).kept() > returning(line.line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Sku;

    #[test]
    fn what_is_to_come_back_is_not_asked_back_again() {
        let line = |line| Line {
            line,
            sku: Sku::parse("A").unwrap(),
            quantity: 3,
            unit_price: 1,
            discount: 0,
            order_discount: 0,
            tax_rate: None,
            tax: 0,
            total: 3,
        };
        let delivered = |known| {
            move |line| LineProgress {
                shipped: 3,
                delivered: if line == known { 2 } else { 0 },
                ..LineProgress::default()
            }
        };
        let returning = |text: &str| serde_json::from_str::<Returning>(text).unwrap();
        let lines = [line(1), line(2)];
        assert!(Returning::default().may_be_more(&lines, delivered(1)));
        assert!(!Returning::default().may_be_more(&lines, delivered(3)));
        let id = "01920000-0001-7000-8000-000000000001";
        let one = returning(&format!(r#"{{"opened": 1, "open": {{"{id}": [[1, 1]]}}}}"#));
        assert!(one.may_be_more(&lines, delivered(1)));
        let both = returning(&format!(r#"{{"opened": 1, "open": {{"{id}": [[1, 2]]}}}}"#));
        assert!(!both.may_be_more(&lines, delivered(1)));
        assert!(both.may_be_more(&lines, delivered(2)));
        let all = returning(r#"{"opened": 1000, "open": {}}"#);
        assert!(!all.may_be_more(&lines, delivered(1)));
    }
}

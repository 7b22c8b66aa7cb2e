//! given / when / then of what a placement comes to: discounts and tax.

use super::*;
use crate::order::decide::{MAX_TOTAL, decide};
use crate::order::{LineTerms, OrderTerms, Totals};
use crate::{Refusal, TaxRate};
use proptest::prelude::*;

fn rate(text: &str) -> Option<TaxRate> {
    Some(TaxRate::parse(text).unwrap())
}

fn of(lines: &[(i64, i64, LineTerms)], terms: OrderTerms) -> PlaceOrder {
    let line = |(quantity, unit_price, terms): &(i64, i64, LineTerms)| NewLine {
        terms: *terms,
        ..line("A", *quantity, *unit_price)
    };
    PlaceOrder {
        lines: lines.iter().map(line).collect(),
        terms,
        total: None,
        ..placement()
    }
}

fn plain() -> LineTerms {
    LineTerms::default()
}

fn less(discount: i64) -> LineTerms {
    LineTerms {
        discount,
        ..plain()
    }
}

fn taxed(tax: i64) -> LineTerms {
    LineTerms {
        tax: Some(tax),
        ..plain()
    }
}

fn rated(text: &str) -> LineTerms {
    LineTerms {
        tax_rate: rate(text),
        ..plain()
    }
}

/// What the placement leads to: once, and then nothing any more.
#[track_caller]
fn placed_as(order: &PlaceOrder) -> OrderPlaced {
    let command = OrderCommand::Place(order.clone());
    let events = decide(&Order::Absent, &command).unwrap();
    on(vec![], command).then(events.clone());
    match &events[..] {
        [OrderEvent::OrderPlaced(placed)] => placed.clone(),
        other => panic!("{other:?}"),
    }
}

/// Discount, share of the order's, tax and total of each line.
#[track_caller]
fn lines_of(order: &PlaceOrder) -> Vec<[i64; 4]> {
    let lines = placed_as(order).lines;
    let amounts = |line: &Line| [line.discount, line.order_discount, line.tax, line.total];
    lines.iter().map(amounts).collect()
}

/// The example of docs/domain.md.
#[test]
fn discounts_and_taxes_are_kept_apart_for_each_line() {
    let coat = LineTerms {
        discount: 1_000,
        ..rated("19")
    };
    let terms = OrderTerms {
        discount: 600,
        ..OrderTerms::default()
    };
    let order = of(&[(1, 9_999, coat), (3, 1_250, rated("7"))], terms);
    assert_eq!(
        lines_of(&order),
        [[1_000, 424, 1_629, 10_204], [0, 176, 250, 3_824]]
    );
    let totals = Totals {
        subtotal: 13_749,
        discount: 600,
        discount_total: 1_600,
        tax: 1_879,
        total: 14_028,
    };
    let placed = placed_as(&order);
    assert_eq!((placed.totals(), placed.total), (totals, 14_028));
    assert_eq!(placed.lines[0].tax_rate, rate("19"));
    let book = &placed.lines[1];
    let until = [0, 1, 2, 3].map(|n| book.worth(n, false));
    let pieces = [0, 1, 2].map(|n| until[n + 1] - until[n]);
    assert_eq!(pieces, [1_275, 1_274, 1_275]);
    let page = include_str!("../../../../../docs/domain.md");
    for amount in [
        "89.99",
        "37.50",
        "4.24",
        "1.76",
        "85.75",
        "35.74",
        "16.29",
        "2.50",
        "102.04",
        "38.24",
        "140.28",
        "12.75, 12.74 and 12.75",
    ] {
        assert!(
            page.contains(amount),
            "docs/domain.md does not say {amount}"
        );
    }
}

#[test]
fn tax_that_prices_include_adds_nothing() {
    let terms = OrderTerms {
        tax_included: true,
        ..OrderTerms::default()
    };
    let order = of(&[(1, 1_190, rated("19")), (1, 107, taxed(7))], terms);
    assert_eq!(lines_of(&order), [[0, 0, 190, 1_190], [0, 0, 7, 107]]);
    assert!(placed_as(&order).tax_included);
}

#[test]
fn one_tax_for_the_order_is_shared_out_by_what_is_taxed() {
    let terms = OrderTerms {
        tax: Some(100),
        ..OrderTerms::default()
    };
    let order = of(
        &[(1, 10, plain()), (1, 10, plain()), (2, 5, plain())],
        terms,
    );
    refused(&order, OrderError::OrderTax { max: 30 }, "/tax");
    let terms = OrderTerms {
        tax: Some(20),
        ..terms
    };
    let order = of(
        &[(1, 10, plain()), (1, 10, plain()), (2, 5, plain())],
        terms,
    );
    assert_eq!(
        lines_of(&order),
        [[0, 0, 7, 17], [0, 0, 7, 17], [0, 0, 6, 16]]
    );
    let free = of(&[(1, 0, plain())], terms);
    refused(&free, OrderError::OrderTax { max: 0 }, "/tax");
}

#[test]
fn currencies_without_decimals_and_with_three_are_counted_alike() {
    for code in ["JPY", "EUR", "KWD", "CLF"] {
        let terms = OrderTerms {
            discount: 100,
            ..OrderTerms::default()
        };
        let order = PlaceOrder {
            currency: currency(code),
            ..of(&[(3, 333, rated("10")), (1, 1, rated("10"))], terms)
        };
        assert_eq!(
            lines_of(&order),
            [[0, 100, 90, 989], [0, 0, 0, 1]],
            "{code}"
        );
    }
}

#[track_caller]
fn refused(order: &PlaceOrder, error: OrderError, pointer: &str) {
    on(vec![], OrderCommand::Place(order.clone())).then_refused(error.clone());
    assert_eq!(Refusal::from(error).pointer.as_deref(), Some(pointer));
}

#[test]
fn discounts_and_taxes_out_of_their_bounds_are_refused_at_their_field() {
    use OrderError as E;
    let none = OrderTerms::default();
    for wrong in [-1, i64::MIN, 201, i64::MAX] {
        let error = E::Discount { line: 2, max: 200 };
        let order = of(&[(1, 1, plain()), (2, 100, less(wrong))], none);
        refused(&order, error, "/lines/1/discount");
    }
    for wrong in [-1, i64::MIN, 151, i64::MAX] {
        let lines = [(2, 100, less(50)), (1, 0, plain())];
        let terms = OrderTerms {
            discount: wrong,
            ..none
        };
        refused(
            &of(&lines, terms),
            E::OrderDiscount { max: 150 },
            "/discount",
        );
        let terms = OrderTerms {
            tax: Some(wrong),
            ..none
        };
        refused(&of(&lines, terms), E::OrderTax { max: 150 }, "/tax");
        let lines = [(1, 150, taxed(wrong))];
        refused(
            &of(&lines, none),
            E::Tax { line: 1, max: 150 },
            "/lines/0/tax",
        );
    }
    let twice = LineTerms {
        tax: Some(1),
        ..rated("19")
    };
    let order = of(&[(1, 100, twice)], none);
    refused(&order, E::TaxTwice { line: 1 }, "/lines/0/tax");
}

#[test]
fn sums_that_are_said_must_be_those_of_their_parts() {
    let terms = |tax| OrderTerms {
        tax: Some(tax),
        ..OrderTerms::default()
    };
    let lines = [(1, 100, rated("19")), (1, 100, taxed(7)), (1, 100, plain())];
    let said = of(&lines, terms(26));
    assert_eq!(placed_as(&said).totals().tax, 26);
    let error = OrderError::TaxMismatch { said: 27, sum: 26 };
    refused(&of(&lines, terms(27)), error, "/tax");
    let error = OrderError::TotalMismatch {
        said: 300,
        sum: 326,
    };
    let total = PlaceOrder {
        total: Some(300),
        ..said.clone()
    };
    refused(&total, error, "/total");
    let total = PlaceOrder {
        total: Some(326),
        ..said
    };
    assert_eq!(placed_as(&total).total, 326);
}

#[test]
fn an_order_that_its_tax_makes_too_much_is_refused_where_that_is_said() {
    let none = OrderTerms::default();
    let error = |line, field| OrderError::TaxedTotal {
        line,
        field,
        max: MAX_TOTAL,
    };
    let half = MAX_TOTAL / 2;
    let by_rate = of(&[(1, half, plain()), (1, half, rated("100"))], none);
    refused(&by_rate, error(Some(2), "tax_rate"), "/lines/1/tax_rate");
    let by_amount = of(&[(1, MAX_TOTAL, taxed(1))], none);
    refused(&by_amount, error(Some(1), "tax"), "/lines/0/tax");
    let terms = OrderTerms {
        tax: Some(1),
        ..none
    };
    let by_order = of(&[(1, MAX_TOTAL, plain())], terms);
    refused(&by_order, error(None, "tax"), "/tax");
    let within = OrderTerms {
        tax_included: true,
        ..terms
    };
    assert_eq!(
        placed_as(&of(&[(1, MAX_TOTAL, plain())], within)).total,
        MAX_TOTAL
    );
}

fn any_order() -> impl Strategy<Value = PlaceOrder> {
    let amount = || prop_oneof![0..20_i64, 0..100_000_i64];
    let of_line = prop_oneof![
        Just((None, None)),
        (0..=1_000_000_u32).prop_map(|parts| {
            let text = format!("{}.{:04}", parts / 10_000, parts % 10_000);
            (rate(&text), None)
        }),
        amount().prop_map(|tax| (None, Some(tax))),
    ];
    let line = (1..5_i64, amount(), amount(), of_line).prop_map(
        |(quantity, price, discount, (tax_rate, tax))| {
            let discount = discount.min(quantity * price);
            let terms = LineTerms {
                discount,
                tax_rate,
                tax: tax.map(|tax| tax.min(quantity * price - discount)),
            };
            (quantity, price, terms)
        },
    );
    let lines = proptest::collection::vec(line, 1..6);
    (
        lines,
        amount(),
        proptest::option::of(amount()),
        any::<bool>(),
    )
        .prop_map(|(lines, discount, tax, tax_included)| {
            let terms = OrderTerms {
                discount,
                tax,
                tax_included,
            };
            of(&lines, terms)
        })
}

proptest! {
    #[test]
    fn what_is_placed_is_the_sum_of_its_parts(order in any_order()) {
        let command = OrderCommand::Place(order.clone());
        let Ok(events) = decide(&Order::Absent, &command) else {
            return Ok(());
        };
        let [OrderEvent::OrderPlaced(placed)] = &events[..] else {
            panic!("{events:?}");
        };
        let totals = placed.totals();
        prop_assert_eq!(totals.total, placed.total);
        prop_assert_eq!(totals.discount, order.terms.discount);
        let added = if order.terms.tax_included { 0 } else { totals.tax };
        prop_assert_eq!(totals.subtotal - totals.discount_total + added, totals.total);
        prop_assert!(order.terms.tax.is_none_or(|said| said == totals.tax));
        for line in &placed.lines {
            let base = line.subtotal() - line.discounts();
            let added = if order.terms.tax_included { 0 } else { line.tax };
            prop_assert!(base >= 0 && (0..=base).contains(&line.tax), "{:?}", line);
            prop_assert_eq!(line.total, base + added);
        }
    }
}

//! What the lines of a placement come to: prices, discounts and tax, each apart, and all frozen.

use super::super::{Line, NewLine, OrderError, OrderTerms, PlaceOrder};
use super::{MAX_QUANTITY, MAX_TOTAL};
use crate::{Money, ShareError, share};

/// The lines of a placement, and what they come to, in minor units.
///
/// Of each line: price times quantity, less its own discount, less its share of the order's; that is
/// taxed. What is one sum for all lines is shared out by what they come to before it.
pub(super) fn lines(command: &PlaceOrder) -> Result<(Vec<Line>, i64), OrderError> {
    let mut lines = priced(command)?;
    take_off(&mut lines, command.terms.discount)?;
    let total = tax(&mut lines, command)?;
    Ok((lines, total))
}

/// The lines with their own discounts taken off.
fn priced(command: &PlaceOrder) -> Result<Vec<Line>, OrderError> {
    let mut sum = Money::new(0, command.currency);
    let mut lines = Vec::with_capacity(command.lines.len());
    for (index, new) in command.lines.iter().enumerate() {
        let line = index + 1;
        if !(1..=MAX_QUANTITY).contains(&new.quantity) {
            return Err(OrderError::Quantity {
                line,
                max: MAX_QUANTITY,
            });
        }
        if new.unit_price < 0 {
            return Err(OrderError::Price { line });
        }
        if new
            .currency
            .is_some_and(|currency| currency != command.currency)
        {
            return Err(OrderError::MixedCurrencies { line });
        }
        let subtotal = Money::new(new.unit_price, command.currency)
            .checked_mul(new.quantity)
            .map_err(|_| too_much(line))?;
        sum = sum.checked_add(subtotal).map_err(|_| too_much(line))?;
        if sum.amount > MAX_TOTAL {
            return Err(too_much(line));
        }
        if !(0..=subtotal.amount).contains(&new.terms.discount) {
            return Err(OrderError::Discount {
                line,
                max: subtotal.amount,
            });
        }
        lines.push(Line {
            line: line as u32,
            sku: new.sku.clone(),
            quantity: new.quantity,
            unit_price: new.unit_price,
            discount: new.terms.discount,
            order_discount: 0,
            tax_rate: new.terms.tax_rate,
            tax: 0,
            total: subtotal.amount - new.terms.discount,
        });
    }
    Ok(lines)
}

/// Takes the order's own discount off its lines.
fn take_off(lines: &mut [Line], discount: i64) -> Result<(), OrderError> {
    let max = sum(lines);
    if !(0..=max).contains(&discount) {
        return Err(OrderError::OrderDiscount { max });
    }
    let shares = shared(discount, lines).map_err(|_| OrderError::OrderDiscount { max })?;
    for (line, share) in lines.iter_mut().zip(shares) {
        line.order_discount = share;
        line.total -= share;
    }
    Ok(())
}

/// Taxes the lines, and says what they come to.
fn tax(lines: &mut [Line], command: &PlaceOrder) -> Result<i64, OrderError> {
    let terms = &command.terms;
    let said = |new: &NewLine| new.terms.tax.is_some() || new.terms.tax_rate.is_some();
    let by_line = command.lines.iter().any(said);
    let taxes = match terms.tax {
        Some(tax) if !by_line => {
            let max = sum(lines);
            let out_of_range = |_: ShareError| OrderError::OrderTax { max };
            match (0..=max).contains(&tax) {
                true => shared(tax, lines).map_err(out_of_range)?,
                false => return Err(OrderError::OrderTax { max }),
            }
        }
        _ => lines
            .iter()
            .zip(&command.lines)
            .map(|(line, new)| line_tax(line, new, terms))
            .collect::<Result<_, _>>()?,
    };
    let all = taxes
        .iter()
        .fold(0, |sum: i64, tax| sum.saturating_add(*tax));
    if let Some(said) = terms.tax.filter(|said| *said != all) {
        return Err(OrderError::TaxMismatch { said, sum: all });
    }
    let mut total = 0;
    for ((line, tax), new) in lines.iter_mut().zip(taxes).zip(&command.lines) {
        line.tax = tax;
        if !terms.tax_included {
            line.total += tax;
        }
        // At most twice as much as the bound, line by line: it is far from overflowing.
        total += line.total;
        if total > MAX_TOTAL {
            let field = match new.terms.tax_rate {
                Some(_) => "tax_rate",
                None => "tax",
            };
            let line = by_line.then_some(line.line as usize);
            return Err(OrderError::TaxedTotal {
                line,
                field,
                max: MAX_TOTAL,
            });
        }
    }
    Ok(total)
}

/// The tax that a line says itself.
fn line_tax(line: &Line, new: &NewLine, terms: &OrderTerms) -> Result<i64, OrderError> {
    let number = line.line as usize;
    match (new.terms.tax_rate, new.terms.tax) {
        (None, None) => Ok(0),
        (Some(rate), None) if terms.tax_included => Ok(rate.contained_in(line.total)),
        (Some(rate), None) => Ok(rate.added_to(line.total)),
        (None, Some(tax)) if (0..=line.total).contains(&tax) => Ok(tax),
        (None, Some(_)) => Err(OrderError::Tax {
            line: number,
            max: line.total,
        }),
        (Some(_), Some(_)) => Err(OrderError::TaxTwice { line: number }),
    }
}

/// Shares out what is one sum for all lines.
fn shared(amount: i64, lines: &[Line]) -> Result<Vec<i64>, ShareError> {
    let weights: Vec<i64> = lines.iter().map(|line| line.total).collect();
    share(amount, &weights)
}

fn sum(lines: &[Line]) -> i64 {
    lines.iter().map(|line| line.total).sum()
}

pub(super) const fn too_much(line: usize) -> OrderError {
    OrderError::Total {
        line,
        max: MAX_TOTAL,
    }
}

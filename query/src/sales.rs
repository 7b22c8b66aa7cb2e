//! Orders counted by what became of them.

use crate::{
    body::MoneySum,
    database::{Column, ReadError, corrupt},
};
use serde::Serialize;
use sqlx::postgres::PgRow;
use std::num::ParseIntError;
use utoipa::ToSchema;

/// Orders, and the sum of their totals in minor units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Count {
    pub orders: i64,
    pub amount: i128,
}

/// Orders by what became of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub all: Count,
    pub confirmed: Count,
    pub cancelled: Count,
    pub rejected: Count,
    pub expired: Count,
    /// Of those that are confirmed.
    pub completed: Count,
}

/// Orders, and what they are worth together.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub(crate) struct Worth<'a> {
    /// How many orders.
    pub orders: i64,
    /// The sum of their totals.
    pub total: MoneySum<'a>,
}

/// Orders of one currency: each counts once among all, and in at most one of confirmed, cancelled,
/// rejected and expired, which is where it is now.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub(crate) struct Sales<'a> {
    /// ISO 4217.
    #[schema(example = "GBP")]
    pub currency: &'a str,
    /// How many orders were placed.
    pub orders: i64,
    /// The sum of their totals.
    pub total: MoneySum<'a>,
    /// Those that the shop delivers, or has delivered.
    pub confirmed: Worth<'a>,
    /// Those of them that are completed.
    pub completed: Worth<'a>,
    /// Those that were cancelled.
    pub cancelled: Worth<'a>,
    /// Those that could not be had.
    pub rejected: Worth<'a>,
    /// Those that were not paid in time.
    pub expired: Worth<'a>,
    /// The others.
    pub open: Worth<'a>,
}

impl Counts {
    /// The twelve columns of `row` from `first` on: orders and amount of each, in the order above.
    pub(crate) fn read(row: &PgRow, table: &'static str, first: usize) -> Result<Self, ReadError> {
        let count = |nr: usize| -> Result<Count, ReadError> {
            Ok(Count {
                orders: row.column(table, first + 2 * nr)?,
                amount: wide(row, table, first + 2 * nr + 1)?,
            })
        };
        Ok(Self {
            all: count(0)?,
            confirmed: count(1)?,
            cancelled: count(2)?,
            rejected: count(3)?,
            expired: count(4)?,
            completed: count(5)?,
        })
    }

    /// Both together. Neither orders nor what they come to are ever more than these can hold: there
    /// are fewer than 2^63 events, and each adds less than 2^63.
    pub(crate) fn plus(self, other: Self) -> Self {
        let plus = |a: Count, b: Count| Count {
            orders: a.orders.saturating_add(b.orders),
            amount: a.amount.saturating_add(b.amount),
        };
        Self {
            all: plus(self.all, other.all),
            confirmed: plus(self.confirmed, other.confirmed),
            cancelled: plus(self.cancelled, other.cancelled),
            rejected: plus(self.rejected, other.rejected),
            expired: plus(self.expired, other.expired),
            completed: plus(self.completed, other.completed),
        }
    }

    /// As an answer has it.
    pub(crate) fn of(self, currency: &str) -> Sales<'_> {
        let worth = |count: Count| Worth {
            orders: count.orders,
            total: MoneySum {
                amount: count.amount,
                currency,
            },
        };
        Sales {
            currency,
            orders: self.all.orders,
            total: worth(self.all).total,
            confirmed: worth(self.confirmed),
            completed: worth(self.completed),
            cancelled: worth(self.cancelled),
            rejected: worth(self.rejected),
            expired: worth(self.expired),
            open: worth(self.open()),
        }
    }

    fn open(self) -> Count {
        let ended = [self.confirmed, self.cancelled, self.rejected, self.expired];
        ended.iter().fold(self.all, |open, ended| Count {
            orders: open.orders.saturating_sub(ended.orders),
            amount: open.amount.saturating_sub(ended.amount),
        })
    }
}

/// A sum that may have more than 64 bits: numeric in the table, and sent as text.
pub(crate) fn wide(row: &PgRow, table: &'static str, index: usize) -> Result<i128, ReadError> {
    let text: &str = row.column(table, index)?;
    text.parse()
        .map_err(|error: ParseIntError| corrupt(row, table, index, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(orders: i64, amount: i128) -> Count {
        Count { orders, amount }
    }

    #[test]
    fn what_has_not_ended_is_open_and_sums_go_on_where_64_bits_end() {
        let counts = Counts {
            all: count(10, 1_000),
            confirmed: count(4, 400),
            cancelled: count(1, 50),
            rejected: count(2, 150),
            expired: count(1, 100),
            completed: count(3, 350),
        };
        assert_eq!(counts.open(), count(2, 300));
        let twice = counts.plus(counts);
        assert_eq!(twice.all, count(20, 2_000));
        assert_eq!(twice.open(), count(4, 600));
        let huge = Counts {
            all: count(1, i64::MAX.into()),
            ..Counts::default()
        };
        let sum = i128::from(i64::MAX) + 1_000;
        assert_eq!(huge.plus(counts).all, count(11, sum));
        let answer = serde_json::to_string(&huge.plus(counts).of("EUR")).unwrap();
        assert!(
            answer.contains("\"amount\":9223372036854776807,"),
            "{answer}"
        );
    }
}

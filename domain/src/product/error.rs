//! Why a command to a product may be refused.

use crate::{Refusal, RefusalKind, TextError};

/// Why a command to a product was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProductError {
    /// It was never offered.
    #[error("there is no such product")]
    NotFound,
    /// It is offered otherwise.
    #[error("the product is listed already, with another name or price")]
    AlreadyListed,
    /// It is offered no more.
    #[error("the product was delisted, which does not allow to {command}")]
    Delisted {
        /// What was asked.
        command: &'static str,
    },
    /// A negative price, or one above the limit.
    #[error("price must be 0 to {max} minor units")]
    Price {
        /// The most that one may cost, in minor units.
        max: i64,
    },
    /// Too many prices.
    #[error("a product has a price in at most {max} currencies")]
    TooManyCurrencies {
        /// How many there may be.
        max: usize,
    },
    /// A line of an order names what was never offered.
    #[error("line {line}: SKU {sku} is not listed")]
    NotListed {
        /// The line's number, from 1.
        line: usize,
        /// What it names.
        sku: String,
    },
    /// A line of an order names what is offered no more.
    #[error("line {line}: SKU {sku} was delisted")]
    OrderedDelisted {
        /// The line's number, from 1.
        line: usize,
        /// What it names.
        sku: String,
    },
    /// A text that is not as it must be.
    #[error(transparent)]
    Text(#[from] TextError),
}

impl From<ProductError> for Refusal {
    fn from(error: ProductError) -> Self {
        use ProductError as E;
        use RefusalKind::{Meaning, NotFound, State};
        let (kind, code, pointer) = match &error {
            E::Text(error) => return error.clone().into(),
            E::NotFound => (NotFound, "PRODUCT_NOT_FOUND", None),
            E::AlreadyListed => (State, "PRODUCT_ALREADY_LISTED", None),
            E::Delisted { .. } => (State, "PRODUCT_DELISTED", None),
            E::Price { .. } => (Meaning, "PRICE_OUT_OF_RANGE", Some("/price".to_owned())),
            E::TooManyCurrencies { .. } => {
                let pointer = Some("/price/currency".to_owned());
                (State, "TOO_MANY_CURRENCIES", pointer)
            }
            E::NotListed { line, .. } => (State, "PRODUCT_NOT_LISTED", Some(sku_at(*line))),
            E::OrderedDelisted { line, .. } => (State, "PRODUCT_DELISTED", Some(sku_at(*line))),
        };
        let refusal = Self::new(kind, code, error.to_string());
        match pointer {
            Some(pointer) => refusal.at(pointer),
            None => refusal,
        }
    }
}

/// Where the SKU of a line stands; lines count from 1, and lists from 0.
fn sku_at(line: usize) -> String {
    format!("/lines/{}/sku", line.saturating_sub(1))
}

//! What several answers have in common.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An amount of money.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
#[schema(as = MoneyBody)]
pub(crate) struct Money<'a> {
    /// Minor units: 1999 is 19.99 EUR.
    #[schema(example = 1999)]
    pub amount: i64,
    /// ISO 4217.
    #[schema(example = "EUR")]
    pub currency: &'a str,
}

/// What many orders come to.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub(crate) struct MoneySum<'a> {
    /// Minor units; more than 64 bits hold, if so much was sold.
    #[schema(example = 1999)]
    pub amount: i128,
    /// ISO 4217.
    #[schema(example = "EUR")]
    pub currency: &'a str,
}

/// How much of an order was delivered, as filters take it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FulfilmentStatus {
    /// Nothing is shipped yet.
    Unfulfilled,
}

impl FulfilmentStatus {
    /// As it is written in read models.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Unfulfilled => "unfulfilled",
        }
    }
}

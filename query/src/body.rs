//! What several answers have in common.

use serde::Serialize;
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

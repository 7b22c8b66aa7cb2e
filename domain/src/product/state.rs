//! What decisions about a product stand on.

use crate::Currency;
use std::collections::BTreeMap;

/// A product.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Product {
    /// It was never offered.
    #[default]
    Absent,
    /// It is offered.
    Listed(Listing),
    /// It was offered, and is no more.
    Delisted(Listing),
}

/// How a product is offered, or was.
#[derive(Debug, Clone, PartialEq)]
pub struct Listing {
    /// What it is called, for people.
    pub name: String,
    /// What one costs, in minor units of each currency.
    pub prices: BTreeMap<Currency, i64>,
}

impl Product {
    /// Whether it may be ordered.
    pub const fn is_listed(&self) -> bool {
        matches!(self, Self::Listed(_))
    }

    /// What may be asked of it now.
    pub fn allowed_commands(&self) -> Vec<&'static str> {
        match self {
            Self::Absent | Self::Delisted(_) => vec!["list"],
            Self::Listed(_) => vec!["price", "delist"],
        }
    }

    /// About how many bytes it has beside itself.
    pub(crate) fn size_of_many(&self) -> usize {
        match self {
            Self::Absent => 0,
            Self::Listed(listing) | Self::Delisted(listing) => {
                listing.name.len() + listing.prices.len() * size_of::<(Currency, i64)>()
            }
        }
    }
}

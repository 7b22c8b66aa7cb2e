//! What may be asked of a product.

use crate::{Money, Sku};
use serde::{Deserialize, Serialize};

/// Anything that may be asked of a product.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum ProductCommand {
    /// Offer it, or offer it again.
    List(ListProduct),
    /// Ask another price for it, or one in another currency.
    Price(PriceProduct),
    /// Offer it no more.
    Delist(DelistProduct),
}

/// Offers a product.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ListProduct {
    /// Which.
    pub sku: Sku,
    /// What it is called, for people.
    pub name: String,
    /// What one costs.
    pub price: Money,
}

/// Asks a price for a product: the one of that currency, whatever it was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PriceProduct {
    /// Which.
    pub sku: Sku,
    /// What one costs from now on.
    pub price: Money,
}

/// Offers a product no more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DelistProduct {
    /// Which.
    pub sku: Sku,
    /// Why, for people.
    pub reason: String,
}

impl ProductCommand {
    /// Which product it is about.
    pub const fn sku(&self) -> &Sku {
        match self {
            Self::List(command) => &command.sku,
            Self::Price(command) => &command.sku,
            Self::Delist(command) => &command.sku,
        }
    }

    /// A short name for logs and metrics.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::List(_) => "list_product",
            Self::Price(_) => "price_product",
            Self::Delist(_) => "delist_product",
        }
    }
}

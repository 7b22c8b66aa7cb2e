//! What may happen to a product. These shapes are frozen: a new shape is a new version.

use crate::{Money, Sku, event::events};
use serde::{Deserialize, Serialize};

events! {
    /// Anything that may happen to a product.
    ProductEvent {
        /// It is offered.
        ProductListed = 1,
        /// Another price is asked for it.
        ProductPriced = 1,
        /// It is offered no more.
        ProductDelisted = 1,
    }
}

/// A product is offered. Where it was offered before, its former prices hold no more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProductListed {
    /// Which.
    pub sku: Sku,
    /// What it is called, for people.
    pub name: String,
    /// What one costs.
    pub price: Money,
}

/// Another price is asked for a product, in that currency.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProductPriced {
    /// Which.
    pub sku: Sku,
    /// What one costs from now on.
    pub price: Money,
}

/// A product is offered no more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProductDelisted {
    /// Which.
    pub sku: Sku,
    /// Why, for people.
    pub reason: String,
}

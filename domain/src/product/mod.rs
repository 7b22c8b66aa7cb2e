//! The product: what a shop offers under a SKU, at which prices, until it does no more.

mod command;
mod decide;
mod error;
mod event;
mod evolve;
#[cfg(test)]
mod properties;
mod state;

pub use command::{DelistProduct, ListProduct, PriceProduct, ProductCommand};
pub use error::ProductError;
pub use event::{ProductDelisted, ProductEvent, ProductListed, ProductPriced};
pub use state::{Listing, Product};

use crate::Decider;

/// The decider of products.
pub struct Products;

impl Decider for Products {
    type State = Product;
    type Command = ProductCommand;
    type Event = ProductEvent;
    type Error = ProductError;

    fn decide(
        state: &Product,
        command: &ProductCommand,
    ) -> Result<Vec<ProductEvent>, ProductError> {
        decide::decide(state, command)
    }

    fn evolve(state: Product, event: &ProductEvent) -> Product {
        evolve::evolve(state, event)
    }
}

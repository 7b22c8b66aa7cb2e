//! What events make of a product.

use super::{Listing, Product, ProductEvent};

pub(super) fn evolve(state: Product, event: &ProductEvent) -> Product {
    match (state, event) {
        (_, ProductEvent::ProductListed(event)) => Product::Listed(Listing {
            name: event.name.clone(),
            prices: [(event.price.currency, event.price.amount)].into(),
        }),
        (Product::Listed(mut listing), ProductEvent::ProductPriced(event)) => {
            let price = event.price;
            listing.prices.insert(price.currency, price.amount);
            Product::Listed(listing)
        }
        (Product::Listed(listing), ProductEvent::ProductDelisted(_)) => Product::Delisted(listing),
        // What no decision leads to changes nothing.
        (state, ProductEvent::ProductPriced(_) | ProductEvent::ProductDelisted(_)) => state,
    }
}

//! What becomes of products, in histories for tests.

use super::{History, sku};
use domain::{
    Event, Money, StreamId, TenantId,
    product::{ProductDelisted, ProductEvent, ProductListed, ProductPriced},
};

impl History {
    fn product(&mut self, name: &str, event: impl Into<ProductEvent>) {
        let stream = StreamId::product(&TenantId::default(), &sku(name));
        self.push(stream, Event::Product(event.into()));
    }

    /// A product is listed, at a price in euros.
    pub(crate) fn list_product(&mut self, name: &str, called: &str, amount: i64) {
        let listed = ProductListed {
            sku: sku(name),
            name: called.into(),
            price: Money::new(amount, "EUR".parse().unwrap()),
        };
        self.product(name, listed);
    }

    /// Another price is asked for a product.
    pub(crate) fn price_product(&mut self, name: &str, currency: &str, amount: i64) {
        let priced = ProductPriced {
            sku: sku(name),
            price: Money::new(amount, currency.parse().unwrap()),
        };
        self.product(name, priced);
    }

    /// A product is offered no more.
    pub(crate) fn delist_product(&mut self, name: &str, reason: &str) {
        let delisted = ProductDelisted {
            sku: sku(name),
            reason: reason.into(),
        };
        self.product(name, delisted);
    }
}

/// Everything that may happen to a product.
pub(crate) fn all_of_products(history: &mut History) {
    history.list_product("A", "Cup", 100);
    history.price_product("A", "USD", 120);
    history.delist_product("A", "old");
    history.list_product("A", "New cup", 90);
}

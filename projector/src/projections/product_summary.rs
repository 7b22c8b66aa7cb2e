//! One row per product: what it is called, what it costs, and whether it may be ordered.

use crate::{
    projection::{FoldError, Projection},
    row::{Json, row},
};
use chrono::{DateTime, Utc};
use domain::{
    Category, Currency, Envelope, Event, Recorded, Sku, StreamId, TenantId,
    product::{ProductEvent, ProductListed},
};
use std::collections::BTreeMap;

row! {
    /// A product.
    ProductSummaryRow in "product_summary" by
    /// Which product.
    ProductSummaryKey
    key {
        /// The shop.
        tenant: TenantId,
        /// What.
        sku: Sku,
    }
    state {
        /// What it is called.
        name: String,
        /// What one costs, in minor units of each currency.
        prices: Json<BTreeMap<Currency, i64>>,
        /// Why it may not be ordered any more.
        reason: Option<String>,
        /// When it was listed, the last time.
        listed_at: DateTime<Utc>,
        /// When it was delisted; none while it may be ordered.
        delisted_at: Option<DateTime<Utc>>,
        /// The version of its stream.
        version: i64,
        /// The position of its last event.
        position: i64,
        /// When that was recorded.
        updated_at: DateTime<Utc>,
    }
    once {}
}

/// Products.
pub struct ProductSummary;

impl Projection for ProductSummary {
    const NAME: &'static str = "product_summary";
    const VERSION: i32 = 1;
    type Row = ProductSummaryRow;

    fn types() -> Vec<&'static str> {
        ProductEvent::TYPES.to_vec()
    }

    fn key(event: &Recorded) -> Option<ProductSummaryKey> {
        let Event::Product(product) = &event.event else {
            return None;
        };
        let sku = match product {
            ProductEvent::ProductListed(event) => &event.sku,
            ProductEvent::ProductPriced(event) => &event.sku,
            ProductEvent::ProductDelisted(event) => &event.sku,
        };
        Some(ProductSummaryKey {
            tenant: event.envelope.tenant.clone(),
            sku: sku.clone(),
        })
    }

    fn key_of_stream(tenant: &TenantId, stream: &StreamId) -> Option<ProductSummaryKey> {
        let sku = match stream.category() {
            Category::Product => stream.key().parse().ok()?,
            _ => return None,
        };
        Some(ProductSummaryKey {
            tenant: tenant.clone(),
            sku,
        })
    }

    fn leave_out(
        row: Option<ProductSummaryRow>,
        _: ProductSummaryKey,
        envelope: &Envelope,
    ) -> Option<ProductSummaryRow> {
        row.map(|row| ProductSummaryRow {
            version: envelope.version.get(),
            ..row
        })
    }

    fn apply(
        row: Option<ProductSummaryRow>,
        event: &Recorded,
    ) -> Result<Option<ProductSummaryRow>, FoldError> {
        let Event::Product(product) = &event.event else {
            return Ok(row);
        };
        let mut row = match (product, row) {
            (ProductEvent::ProductListed(listed), None) => begin(event, listed),
            (_, row) => crate::projection::known(row)?,
        };
        if row.version + 1 != event.envelope.version.get() {
            return Err(FoldError::new(format!(
                "it follows on version {} of the stream, and the row is of version {}",
                event.envelope.version.get() - 1,
                row.version
            )));
        }
        let at = event.envelope.recorded_at;
        match product {
            ProductEvent::ProductListed(listed) => {
                let version = row.version;
                row = begin(event, listed);
                row.version = version;
            }
            ProductEvent::ProductPriced(priced) => {
                let price = priced.price;
                row.prices.0.insert(price.currency, price.amount);
            }
            ProductEvent::ProductDelisted(delisted) => {
                row.reason = Some(delisted.reason.clone());
                row.delisted_at = Some(at);
            }
        }
        row.version = event.envelope.version.get();
        row.position = event.envelope.position.get();
        row.updated_at = at;
        Ok(Some(row))
    }
}

/// As it is listed: what was before holds no more.
fn begin(event: &Recorded, listed: &ProductListed) -> ProductSummaryRow {
    let price = listed.price;
    ProductSummaryRow {
        tenant: event.envelope.tenant.clone(),
        sku: listed.sku.clone(),
        name: listed.name.clone(),
        prices: Json([(price.currency, price.amount)].into()),
        reason: None,
        listed_at: event.envelope.recorded_at,
        delisted_at: None,
        version: 0,
        position: 0,
        updated_at: event.envelope.recorded_at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{History, fold_all, types_are_those_that_have_a_key};

    #[test]
    fn a_product_is_as_it_was_left() {
        let mut history = History::default();
        history.list_product("A", "Cup", 100);
        history.price_product("A", "USD", 120);
        history.list_product("B", "Mug", 200);
        history.delist_product("A", "old");
        let rows = fold_all::<ProductSummary>(history.events()).unwrap();
        let row = |sku: &str| rows.values().find(|row| row.sku.as_str() == sku).unwrap();
        let cup = row("A");
        assert!(cup.delisted_at.is_some() && row("B").delisted_at.is_none());
        assert_eq!((cup.name.as_str(), cup.version), ("Cup", 3));
        assert_eq!(cup.reason.as_deref(), Some("old"));
        let prices: Vec<i64> = cup.prices.0.values().copied().collect();
        assert_eq!(prices, [100, 120]);

        history.list_product("A", "New cup", 90);
        let rows = fold_all::<ProductSummary>(history.events()).unwrap();
        let cup = rows.values().find(|row| row.sku.as_str() == "A").unwrap();
        assert_eq!(
            (cup.name.as_str(), cup.version, cup.prices.0.len()),
            ("New cup", 4, 1)
        );
        assert_eq!((cup.reason.as_ref(), cup.delisted_at), (None, None));
    }

    #[test]
    fn it_is_woken_by_what_it_folds() {
        types_are_those_that_have_a_key::<ProductSummary>();
    }
}

//! One value of every event of what is promised before it is there.

use super::{Example, order_id, sku};
use domain::{
    Location,
    stock::{
        BackorderCovered, BackorderDropped, BackorderExpired, BackorderLimitSet, Backordered,
        StockEvent,
    },
};

fn one(event: impl Into<StockEvent>) -> Example {
    (None, event.into().into())
}

pub(super) fn stocks() -> Vec<Example> {
    vec![
        one(BackorderLimitSet {
            location: Location::default(),
            sku: sku("85123A"),
            limit: 20,
        }),
        one(Backordered {
            order_id: order_id(),
            epoch: 1,
            location: Location::default(),
            sku: sku("85123A"),
            quantity: 5,
        }),
        one(BackorderCovered {
            order_id: order_id(),
            epoch: 1,
            location: Location::default(),
            sku: sku("85123A"),
            quantity: 3,
            left: 2,
            more: false,
        }),
        one(BackorderDropped {
            order_id: order_id(),
            epoch: 1,
            location: Location::default(),
            sku: sku("85123A"),
            quantity: 2,
            left: 0,
        }),
        one(BackorderExpired {
            order_id: order_id(),
            epoch: 1,
            location: Location::default(),
            sku: sku("85123A"),
            quantity: 2,
            part: 1,
            parts: 2,
        }),
    ]
}

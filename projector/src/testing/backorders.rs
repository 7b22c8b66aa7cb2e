//! Histories of orders that wait for stock.

use super::{History, sku};
use domain::{
    Location, OrderId,
    stock::{BackorderCovered, BackorderDropped, BackorderExpired, BackorderLimitSet, Backordered},
};

impl History {
    pub(crate) fn limit(&mut self, name: &str, limit: i64) {
        let set = BackorderLimitSet {
            location: Location::default(),
            sku: sku(name),
            limit,
        };
        self.stock_event(name, set);
    }

    pub(crate) fn backorder(&mut self, order_id: OrderId, name: &str, quantity: i64) {
        let late = Backordered {
            order_id,
            epoch: self.epoch(name),
            location: Location::default(),
            sku: sku(name),
            quantity,
        };
        self.stock_event(name, late);
    }

    pub(crate) fn cover(&mut self, order_id: OrderId, name: &str, quantity: i64, left: i64) {
        let covered = BackorderCovered {
            order_id,
            epoch: self.epoch(name),
            location: Location::default(),
            sku: sku(name),
            quantity,
            left,
            more: false,
        };
        self.stock_event(name, covered);
    }

    pub(crate) fn drop_backorder(&mut self, order_id: OrderId, name: &str, quantity: i64) {
        let dropped = BackorderDropped {
            order_id,
            epoch: self.epoch(name),
            location: Location::default(),
            sku: sku(name),
            quantity,
            left: 0,
        };
        self.stock_event(name, dropped);
    }

    fn expire_backorder(&mut self, order_id: OrderId, name: &str, quantity: i64) {
        let expired = BackorderExpired {
            order_id,
            epoch: self.epoch(name),
            location: Location::default(),
            sku: sku(name),
            quantity,
            part: 1,
            parts: 1,
        };
        self.stock_event(name, expired);
    }
}

/// An order waits for three pieces, of which one comes in time.
pub(crate) fn all_of_backorders(history: &mut History) {
    history.limit("LATE", 5);
    let order = history.place("c", &[("LATE", 3, 100)]);
    history.reserve(order, "LATE", 3);
    history.backorder(order, "LATE", 3);
    history.commit(order, "LATE", 3);
    history.receive("LATE", 1);
    history.cover(order, "LATE", 1, 2);
    history.expire_backorder(order, "LATE", 2);
    history.drop_backorder(order, "LATE", 2);
    history.release(order, "LATE", 3, true);
}

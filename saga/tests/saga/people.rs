//! What the people of a shop do.

use crate::harness::Shop;
use domain::{
    Command, Currency, CustomerId, Location, OrderId, Sealed, ShipmentId, Sku, TenantId,
    order::{
        Address, NewLine, OrderCommand, PlaceHold, PlaceOrder, ReleaseHold, RequestCancellation,
    },
    shipment::{PackShipment, ShipmentCommand},
    stock::{ReceiveStock, StockCommand},
};
use store::{Clock, SystemClock};

/// Where everything goes.
pub fn address() -> Address {
    Address {
        name: Some("Ada Lovelace".into()),
        lines: vec!["1 Main Street".into()],
        city: Some("Town".into()),
        postal_code: None,
        country: "DE".into(),
    }
}

/// Who orders everything.
pub fn customer() -> CustomerId {
    CustomerId::parse("c").unwrap()
}

/// The shipment of an order.
pub fn shipment(order_id: OrderId) -> ShipmentId {
    ShipmentId::of(order_id, &Location::default())
}

impl Shop {
    pub async fn receive(&self, sku: &str, quantity: i64) {
        let command = ReceiveStock {
            receipt_id: self.uuid(),
            location: Location::default(),
            sku: Sku::parse(sku).unwrap(),
            quantity,
            reference: None,
        };
        self.put(Command::Stock(StockCommand::Receive(command)))
            .await;
    }

    async fn sealed_address(&self, order_id: OrderId) -> Sealed {
        let tenant = TenantId::default();
        let (customer, address) = (customer(), address());
        let sealed = self
            .vault
            .seal_address(&tenant, &customer, order_id, &address);
        sealed.await.unwrap()
    }

    /// Orders one each of `skus`, paid with `card`.
    pub async fn place(&self, card: &str, skus: &[&str]) -> OrderId {
        self.place_at(1_999, card, skus).await
    }

    /// The same, at another price.
    pub async fn place_at(&self, unit_price: i64, card: &str, skus: &[&str]) -> OrderId {
        let order_id = OrderId::new(self.uuid());
        let line = |sku: &&str| NewLine {
            sku: Sku::parse(sku).unwrap(),
            quantity: 1,
            unit_price,
            currency: None,
            terms: Default::default(),
        };
        let place = PlaceOrder {
            order_id,
            customer_id: customer(),
            currency: Currency::parse("EUR").unwrap(),
            lines: skus.iter().map(line).collect(),
            terms: Default::default(),
            total: None,
            shipping_address: Some(self.sealed_address(order_id).await),
            payment_method: card.into(),
            reference: None,
            placed_at: SystemClock.now(),
        };
        self.put(Command::Order(order_id, OrderCommand::Place(place)))
            .await;
        order_id
    }

    pub async fn cancel(&self, order_id: OrderId) {
        let command = RequestCancellation {
            reason: "no more".into(),
        };
        let command = OrderCommand::RequestCancellation(command);
        self.put(Command::Order(order_id, command)).await;
    }

    /// Says that an order's goods are packed.
    pub async fn pack(&self, order_id: OrderId) {
        let command = ShipmentCommand::Pack(PackShipment);
        self.put(Command::Shipment(shipment(order_id), command))
            .await;
    }

    pub async fn hold(&self, order_id: OrderId) {
        let command = PlaceHold {
            hold: "fraud".into(),
            reason: "odd".into(),
        };
        self.put(Command::Order(order_id, OrderCommand::PlaceHold(command)))
            .await;
    }

    pub async fn let_go(&self, order_id: OrderId) {
        self.release(order_id, "fraud").await;
    }

    /// Takes a hold away that anybody put on an order.
    pub async fn release(&self, order_id: OrderId, hold: &str) {
        let command = ReleaseHold { hold: hold.into() };
        self.put(Command::Order(order_id, OrderCommand::ReleaseHold(command)))
            .await;
    }
}

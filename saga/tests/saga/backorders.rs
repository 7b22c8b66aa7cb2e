//! An order takes what is still to come: it is paid and confirmed, waits, and is packed or cancelled.

use crate::harness::{Rules, Shop};
use chrono::TimeDelta;
use domain::{
    Command, Location, Sku, StreamId, TenantId,
    policy::Limits,
    stock::{ReceiveStock, SetBackorderLimit, StockCommand},
};

/// A shop without any stock, in which one A may be promised.
async fn empty(limits: Limits) -> Shop {
    let shop = Shop::with(Rules {
        limits,
        ..Rules::default()
    })
    .await;
    shop.start();
    let limit = SetBackorderLimit {
        location: Location::default(),
        sku: Sku::parse("A").unwrap(),
        limit: 1,
    };
    shop.put(Command::Stock(StockCommand::SetBackorderLimit(limit)))
        .await;
    shop
}

#[tokio::test]
async fn what_is_still_to_come_is_packed_once_it_is_there() {
    let shop = empty(Limits::default()).await;
    let order = shop.place("tok_approve", &["A"]).await;
    shop.until_order(order, "DeadlineSet").await;
    assert_eq!(
        shop.order(order).await,
        ["OrderPlaced", "OrderConfirmed", "DeadlineSet"]
    );
    assert_eq!(shop.shipment(order).await, [""; 0]);
    let refused = shop.place("tok_approve", &["A"]).await;
    shop.until_order(refused, "OrderRejected").await;
    shop.receive("A", 1).await;
    shop.until_shipment(order, "ShipmentCreated").await;
    assert_eq!(
        shop.stock("A").await,
        [
            "BackorderLimitSet",
            "StockReserved",
            "Backordered",
            "ReservationCommitted",
            "StockReservationRejected",
            "StockReceived",
            "BackorderCovered",
        ]
    );
}

#[tokio::test]
async fn what_does_not_come_in_time_is_cancelled_and_paid_back() {
    let shop = empty(Limits {
        backorders: TimeDelta::milliseconds(50),
        ..Limits::default()
    })
    .await;
    let order = shop.place("tok_approve", &["A"]).await;
    shop.until_order(order, "OrderCancelled").await;
    let stock = shop.stock("A").await;
    assert_eq!(
        stock[3..],
        [
            "ReservationCommitted",
            "BackorderExpired",
            "BackorderDropped",
            "ReservationReleased",
        ]
    );
    assert_eq!(shop.shipment(order).await, ["ShipmentCancelled"]);
    assert_eq!(shop.sandbox.summary().counts.voided, 1);
}

#[tokio::test]
async fn an_order_is_sent_from_the_first_place_that_has_all_of_it() {
    let place = |name| Location::parse(name).unwrap();
    let shop = empty(Limits {
        locations: vec![Location::default(), place("east")],
        ..Limits::default()
    })
    .await;
    let receive = ReceiveStock {
        receipt_id: shop.uuid(),
        location: place("east"),
        sku: Sku::parse("A").unwrap(),
        quantity: 1,
        reference: None,
    };
    shop.put(Command::Stock(StockCommand::Receive(receive)))
        .await;
    let order = shop.place("tok_approve", &["A"]).await;
    shop.until_shipment(order, "ShipmentCreated").await;
    let east = StreamId::stock(
        &TenantId::default(),
        &place("east"),
        &Sku::parse("A").unwrap(),
    );
    assert_eq!(
        shop.types(east).await,
        ["StockReceived", "StockReserved", "ReservationCommitted"]
    );
    assert_eq!(shop.stock("A").await, ["BackorderLimitSet"]);
}

//! What follows from what customers send back: it is booked in and paid back once, or given up.

use crate::harness::{Rules, Shop, until};
use chrono::TimeDelta;
use domain::{
    Command, Location, OrderId, ReturnId, StreamId, TenantId,
    order::LineQuantity,
    policy::Limits,
    returns::{
        ApproveReturn, InspectReturn, InspectedLine, ReceiveReturn, RequestReturn, ReturnCommand,
    },
    shipment::{RecordDelivered, ShipmentCommand},
};
use store::{Clock, SystemClock};

/// A shop with one order of an A for 19.99, which has arrived.
async fn delivered(limits: Limits) -> (Shop, OrderId) {
    let shop = Shop::with(Rules {
        limits,
        ..Rules::default()
    })
    .await;
    shop.receive("A", 5).await;
    shop.start();
    let order = shop.place("tok_approve", &["A"]).await;
    shop.until_shipment(order, "ShipmentCreated").await;
    shop.pack(order).await;
    shop.until_order(order, "LinesShipped").await;
    let delivered_at = SystemClock.now();
    let delivered = ShipmentCommand::RecordDelivered(RecordDelivered { delivered_at });
    let shipment = crate::people::shipment(order);
    shop.put(Command::Shipment(shipment, delivered)).await;
    shop.until_order(order, "OrderCompleted").await;
    (shop, order)
}

impl Shop {
    async fn put_return(&self, id: ReturnId, command: ReturnCommand) {
        self.put(Command::Return(id, command)).await;
    }

    /// Lets the customer send the A back.
    async fn approved(&self, order_id: OrderId) -> ReturnId {
        let return_id = ReturnId::new(self.uuid());
        let line = LineQuantity {
            line: 1,
            quantity: 1,
        };
        let request = RequestReturn {
            return_id,
            order_id,
            lines: vec![line],
            reason: "too small".into(),
        };
        self.put_return(return_id, ReturnCommand::Request(request))
            .await;
        let location = Location::default();
        let approve = ReturnCommand::Approve(ApproveReturn { location });
        self.put_return(return_id, approve).await;
        return_id
    }

    /// The A comes, and is as told.
    async fn comes(&self, id: ReturnId, order_id: OrderId, [restocked, refused]: [i64; 2]) {
        let receive = ReceiveReturn {
            receipt_id: self.uuid(),
            lines: vec![],
        };
        self.put_return(id, ReturnCommand::Receive(receive)).await;
        let line = InspectedLine {
            line: 1,
            restocked,
            quarantined: 0,
            refused,
            reason: Some("looked at".into()),
        };
        let lines = vec![line];
        let inspect = ReturnCommand::Inspect(InspectReturn { order_id, lines });
        self.put_return(id, inspect).await;
    }

    async fn until_return(&self, id: ReturnId, event: &str) {
        let stream = StreamId::of_return(&TenantId::default(), id);
        until(event, async || {
            let seen = self.types(stream.clone()).await;
            seen.iter().any(|seen| seen == event)
        })
        .await;
    }

    /// Waits until nothing is left to be done, now or later.
    async fn until_nothing_is_left(&self) {
        until("nothing to be left", async || {
            let backlog = self.storage.backlog(SystemClock.now()).await.unwrap();
            backlog.first_due.is_none() && backlog.parked() == 0
        })
        .await;
    }
}

#[tokio::test]
async fn what_is_accepted_is_booked_in_and_paid_back() {
    let (shop, order) = delivered(Limits::default()).await;
    let id = shop.approved(order).await;
    shop.comes(id, order, [1, 0]).await;
    shop.until_return(id, "ReturnClosed").await;
    let stock = shop.stock("A").await;
    assert_eq!(stock[stock.len() - 2..], ["StockShipped", "StockRestocked"]);
    let payment = shop.payment(order).await;
    assert_eq!(
        payment[payment.len() - 2..],
        ["PaymentRefundRequested", "PaymentRefunded"]
    );
    let told = shop.order(order).await;
    assert!(
        told.iter().any(|event| event == "LinesReturned"),
        "{told:?}"
    );
    shop.until_nothing_is_left().await;
    let ledger = shop.sandbox.summary();
    assert_eq!(ledger.counts.refunded, 1);
    let totals: Vec<_> = ledger.currencies.values().collect();
    assert_eq!((totals[0].captured, totals[0].refunded), (1_999, 1_999));
}

#[tokio::test]
async fn what_is_not_accepted_is_neither() {
    let (shop, order) = delivered(Limits::default()).await;
    let id = shop.approved(order).await;
    shop.comes(id, order, [0, 1]).await;
    shop.until_return(id, "ReturnClosed").await;
    shop.settle().await;
    assert_eq!(shop.stock("A").await.last().unwrap(), "StockShipped");
    let payment = shop.payment(order).await;
    assert_eq!(payment.last().unwrap(), "PaymentCaptured");
    let told = shop.order(order).await;
    assert!(
        told.iter().any(|event| event == "ReturnDropped"),
        "{told:?}"
    );
}

#[tokio::test]
async fn what_does_not_arrive_in_time_is_given_up() {
    let soon = Limits {
        returns: TimeDelta::milliseconds(20),
        ..Limits::default()
    };
    let (shop, order) = delivered(soon).await;
    let id = shop.approved(order).await;
    shop.until_return(id, "ReturnCancelled").await;
    assert_eq!(shop.order(order).await.last().unwrap(), "ReturnDropped");
    shop.until_nothing_is_left().await;
    // It may be asked for again.
    shop.approved(order).await;
}

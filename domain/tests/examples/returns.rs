//! One value of every event of what a customer sends back.

use super::{Example, brief, eur, id, order_id, sku};
use domain::{
    Event, Location, ReturnId, ShipmentId,
    order::{
        LineQuantity, LinesReturned, OrderEvent, OrderReturnStatus, ReturnDropped, ReturnOpened,
    },
    payment::{PaymentEvent, PaymentRefundRequested, PaymentRefunded},
    returns::{
        InspectedLine, ReturnApproved, ReturnBookedIn, ReturnCancelled, ReturnClosed,
        ReturnDeclined, ReturnEvent, ReturnInTransit, ReturnInspected, ReturnLine, ReturnReceived,
        ReturnRefunded, ReturnRequested,
    },
    stock::{QuarantineCleared, StockEvent, StockQuarantined, StockRecovered, StockRestocked},
};

fn one<E: Into<Event>>(event: E) -> Example {
    (None, event.into())
}

fn case<E: Into<Event>>(case: &'static str, event: E) -> Example {
    (Some(case), event.into())
}

fn return_id() -> ReturnId {
    ReturnId::new(id(7))
}

fn quantities() -> Vec<LineQuantity> {
    let quantity = |line, quantity| LineQuantity { line, quantity };
    vec![quantity(1, 2), quantity(2, 1)]
}

pub(super) fn orders() -> Vec<Example> {
    vec![
        one(OrderEvent::from(ReturnOpened {
            order: brief(),
            return_id: return_id(),
            lines: quantities(),
            return_status: OrderReturnStatus::Open,
        })),
        one(OrderEvent::from(ReturnDropped {
            order: brief(),
            return_id: return_id(),
            return_status: OrderReturnStatus::None,
        })),
        one(OrderEvent::from(LinesReturned {
            order: brief(),
            return_id: return_id(),
            lines: quantities(),
            return_status: OrderReturnStatus::PartiallyReturned,
        })),
    ]
}

pub(super) fn stocks() -> Vec<Example> {
    vec![
        one(StockEvent::from(StockRestocked {
            order_id: order_id(),
            return_id: return_id(),
            location: Location::default(),
            sku: sku("85123A"),
            quantity: 1,
        })),
        one(StockEvent::from(StockQuarantined {
            order_id: order_id(),
            return_id: return_id(),
            location: Location::default(),
            sku: sku("85123A"),
            quantity: 1,
        })),
        one(StockEvent::from(QuarantineCleared {
            clearance_id: id(11),
            location: Location::default(),
            sku: sku("85123A"),
            restocked: 2,
            written_off: 1,
            reason: "two were cleaned".into(),
        })),
        one(StockEvent::from(StockRecovered {
            order_id: order_id(),
            shipment_id: ShipmentId::of(order_id(), &Location::default()),
            location: Location::default(),
            sku: sku("85123A"),
            restocked: 2,
            quarantined: 1,
        })),
    ]
}

pub(super) fn payments() -> Vec<Example> {
    vec![
        case(
            "return",
            PaymentEvent::from(PaymentRefundRequested {
                order_id: order_id(),
                shipment_id: None,
                return_id: Some(return_id()),
                authorization_id: "auth_1".into(),
                refund: 1,
                amount: eur(510),
                idempotency_key: format!("main:{}:return:{}:1", order_id(), return_id()),
                reason: "it was returned".into(),
            }),
        ),
        case(
            "return",
            PaymentEvent::from(PaymentRefunded {
                order_id: order_id(),
                shipment_id: None,
                return_id: Some(return_id()),
                authorization_id: "auth_1".into(),
                refund: 1,
                amount: eur(510),
            }),
        ),
    ]
}

fn sent(tracking_number: Option<&str>) -> ReturnEvent {
    ReturnInTransit {
        order_id: order_id(),
        return_id: return_id(),
        tracking_number: tracking_number.map(Into::into),
    }
    .into()
}

fn seen(
    line: u32,
    [restocked, quarantined, refused]: [i64; 3],
    reason: Option<&str>,
) -> InspectedLine {
    InspectedLine {
        line,
        restocked,
        quarantined,
        refused,
        reason: reason.map(Into::into),
    }
}

pub(super) fn returns() -> Vec<Example> {
    let (order_id, return_id) = (order_id(), return_id());
    vec![
        one(ReturnEvent::from(ReturnRequested {
            order_id,
            return_id,
            lines: vec![
                ReturnLine {
                    line: 1,
                    sku: sku("85123A"),
                    quantity: 2,
                    unit_price: 255,
                    amount: 510,
                },
                ReturnLine {
                    line: 2,
                    sku: sku("gift \"1\""),
                    quantity: 1,
                    unit_price: 239,
                    amount: 239,
                },
            ],
            amount: eur(749),
            reason: "too small".into(),
        })),
        one(ReturnEvent::from(ReturnApproved {
            order_id,
            return_id,
            location: Location::default(),
        })),
        one(ReturnEvent::from(ReturnDeclined {
            order_id,
            return_id,
            reason: "worn".into(),
        })),
        one(sent(Some("T1"))),
        case("untracked", sent(None)),
        one(ReturnEvent::from(ReturnReceived {
            order_id,
            return_id,
            receipt_id: id(8),
            lines: quantities(),
            all: true,
        })),
        one(ReturnEvent::from(ReturnInspected {
            order_id,
            return_id,
            location: Location::default(),
            lines: vec![
                seen(1, [1, 1, 0], Some("scratched")),
                seen(2, [0, 0, 1], Some("used")),
                seen(3, [1, 0, 0], None),
            ],
            skus: vec![sku("85123A")],
            refund: eur(510),
        })),
        one(ReturnEvent::from(ReturnBookedIn {
            order_id,
            return_id,
            location: Location::default(),
        })),
        one(ReturnEvent::from(ReturnRefunded {
            order_id,
            return_id,
            amount: eur(510),
        })),
        one(ReturnEvent::from(ReturnClosed {
            order_id,
            return_id,
        })),
        one(ReturnEvent::from(ReturnCancelled {
            order_id,
            return_id,
            reason: "it did not arrive in time".into(),
        })),
    ]
}

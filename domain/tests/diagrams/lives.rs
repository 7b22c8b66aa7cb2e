//! The life of each aggregate: every state that commands can bring it to, and the events in between.

use crate::{
    drawing::{BEGINNING, Drawing, drawn},
    samples::{eur, order_id, place, placement, shipment_id, time},
};
use domain::{
    CustomerId, Decider, Location, Sealed, Sku,
    customer::{
        ChangeCustomer, Customer, CustomerCommand, CustomerEvent, Customers, EraseCustomer,
        RegisterCustomer,
    },
    order::{
        CancelOrder, CompleteOrder, ConfirmOrder, ExpireOrder, LineQuantity, Order, OrderCommand,
        Orders, RejectCancellation, RejectOrder, RejectionReason, RequestCancellation,
    },
    order::{RecordDelivered as OrderDelivered, RecordLost as OrderLost, RecordShipped},
    payment::{
        HearProvider, Notice, Payment, PaymentCommand, Payments, RecordActionRequired,
        RecordAuthorized, RecordCaptureFailed, RecordCaptured, RecordDeclined,
        RecordOutcomeUnknown, RecordRefundFailed, RecordRefunded, RecordVoided,
        RequestAuthorization, RequestCapture, RequestRefund, RequestVoid, RetryRefund,
        SettleRefund,
    },
    product::{
        DelistProduct, ListProduct, PriceProduct, Product, ProductCommand, ProductEvent, Products,
    },
    shipment::{
        BookInShipment, CancelShipment, CarrierNotice, CreateShipment, FoundLine, GiveUpShipment,
        HearCarrier, MarkReady, PackShipment, RecordDelivered, RecordDispatched, RecordFailed,
        RecordLost, RecordRefused, RecordReturnedToSender, RecordTracked, RequestDispatch,
        Shipment, ShipmentCommand, Shipments, Whereabouts, over_order,
    },
    stock::{
        Ended, ReceiveStock, ReleaseReason, ReservationCommand, ReservationItem, ReservationLine,
        ReservationStep, Stock, StockCommand, Stocks, across,
    },
};
use serde::Serialize;
use uuid::Uuid;

/// The life of what a [`Decider`] decides about.
pub fn life<D: Decider>(
    commands: &[D::Command],
    status: impl Fn(&D::State) -> &'static str,
    event_type: impl Fn(&D::Event) -> &'static str,
) -> Drawing<D::State>
where
    D::State: Clone + std::fmt::Debug,
    D::Event: Clone,
    D::Command: Serialize,
{
    let decide = |state: &D::State| {
        let accepted = commands
            .iter()
            .filter_map(|command| D::decide(state, command).ok());
        accepted.filter(|events| !events.is_empty()).collect()
    };
    let drawing = drawn(D::State::default(), decide, D::evolve, status, event_type);
    drawing.by(commands)
}

pub fn order() -> Drawing<Order> {
    let lines = vec![LineQuantity {
        line: 1,
        quantity: 3,
    }];
    let shipment_id = shipment_id("main");
    // The first request, and one after its refusal.
    let rejections = [0, 1].map(|request| {
        OrderCommand::RejectCancellation(RejectCancellation {
            request,
            reason: "it has left".into(),
        })
    });
    let commands = [
        OrderCommand::Place(placement()),
        OrderCommand::Confirm(ConfirmOrder),
        OrderCommand::Reject(RejectOrder {
            reason: RejectionReason::OutOfStock,
            detail: "none are left".into(),
        }),
        OrderCommand::Expire(ExpireOrder),
        OrderCommand::RequestCancellation(RequestCancellation {
            reason: "no more".into(),
        }),
        OrderCommand::Cancel(CancelOrder),
        OrderCommand::RecordShipped(RecordShipped {
            shipment_id,
            lines: lines.clone(),
        }),
        OrderCommand::RecordDelivered(OrderDelivered {
            shipment_id,
            lines: lines.clone(),
        }),
        OrderCommand::RecordLost(OrderLost {
            shipment_id,
            lines,
            returned: false,
        }),
        OrderCommand::Complete(CompleteOrder),
    ];
    let commands: Vec<OrderCommand> = commands.into_iter().chain(rejections).collect();
    // Requests are numbered without end: two of them show all that there is.
    let decide = |state: &Order| {
        let accepted = commands
            .iter()
            .filter_map(|command| Orders::decide(state, command).ok());
        accepted
            .filter(|events| !events.is_empty() && !is_third_request(events))
            .collect()
    };
    drawn(
        Order::Absent,
        decide,
        Orders::evolve,
        |state| {
            state
                .placed()
                .map_or(BEGINNING, |order| order.status.as_str())
        },
        |event| event.event_type(),
    )
    .by(&commands)
}

fn is_third_request(events: &[domain::order::OrderEvent]) -> bool {
    events.iter().any(|event| {
        matches!(event, domain::order::OrderEvent::CancellationRequested(asked) if asked.request > 1)
    })
}

pub fn payment() -> Drawing<Payment> {
    let order_id = order_id();
    let (one, two) = (shipment_id("main"), shipment_id("other"));
    let mut commands = vec![];
    for attempt in [1, 2] {
        commands.push(PaymentCommand::RequestAuthorization(RequestAuthorization {
            order_id,
            amount: eur(600),
            payment_method: "tok_approve".into(),
            attempt,
            max_attempts: 2,
            idempotency_key: format!("authorize:{attempt}"),
        }));
        for amount in [600, 601] {
            commands.push(PaymentCommand::RecordAuthorized(RecordAuthorized {
                attempt,
                authorization_id: "auth".into(),
                amount: eur(amount),
                expires_at: None,
            }));
        }
        commands.push(PaymentCommand::RecordDeclined(RecordDeclined {
            attempt,
            code: "card_declined".into(),
        }));
        commands.push(PaymentCommand::RecordActionRequired(RecordActionRequired {
            attempt,
            authorization_id: "auth".into(),
            url: "https://provider.example/actions/1".into(),
            until: None,
        }));
        for last in [false, true] {
            commands.push(PaymentCommand::RecordOutcomeUnknown(RecordOutcomeUnknown {
                attempt,
                inquiries: 0,
                last,
                detail: "no answer".into(),
            }));
        }
    }
    commands.push(PaymentCommand::RequestVoid(RequestVoid {
        order_id,
        idempotency_key: "void".into(),
        reason: "cancelled".into(),
    }));
    commands.push(PaymentCommand::RecordVoided(RecordVoided {
        authorization_id: "auth".into(),
    }));
    for (shipment_id, amount) in [(one, 400), (two, 200)] {
        commands.push(PaymentCommand::RequestCapture(RequestCapture {
            order_id,
            shipment_id,
            amount: eur(amount),
            attempt: 1,
            max_attempts: 1,
            idempotency_key: format!("capture:{shipment_id}"),
            more: false,
        }));
        commands.push(PaymentCommand::RecordCaptured(RecordCaptured {
            authorization_id: "auth".into(),
            shipment_id: Some(shipment_id),
            attempt: 1,
            amount: eur(amount),
        }));
        commands.push(PaymentCommand::RecordCaptureFailed(RecordCaptureFailed {
            authorization_id: "auth".into(),
            shipment_id: Some(shipment_id),
            attempt: 1,
            code: "expired".into(),
        }));
        commands.push(PaymentCommand::RequestRefund(RequestRefund {
            order_id,
            shipment_id,
            amount: eur(amount),
            idempotency_key: format!("refund:{shipment_id}"),
            reason: "lost".into(),
        }));
    }
    // Refunds are numbered without end: two of them, with their further ones, show all that there is.
    for refund in 1..=2 {
        commands.push(PaymentCommand::RecordRefundFailed(RecordRefundFailed {
            authorization_id: "auth".into(),
            refund,
            code: "account_closed".into(),
        }));
        commands.push(PaymentCommand::RetryRefund(RetryRefund {
            order_id,
            refund,
            idempotency_key: format!("again:{refund}"),
        }));
        commands.push(PaymentCommand::SettleRefund(SettleRefund { refund }));
        for amount in [200, 400, 600] {
            commands.push(PaymentCommand::Hear(HearProvider {
                idempotency_key: format!("again:{refund}"),
                notice: Notice::RefundReversed {
                    authorization_id: "auth".into(),
                    amount: eur(amount),
                    code: "account_closed".into(),
                },
            }));
        }
    }
    for refund in 1..=3 {
        for amount in [200, 400, 600] {
            commands.push(PaymentCommand::RecordRefunded(RecordRefunded {
                authorization_id: "auth".into(),
                refund,
                amount: eur(amount),
            }));
        }
    }
    life::<Payments>(
        &commands,
        |state| state.status.as_str(),
        |event| event.event_type(),
    )
}

pub fn customer() -> Drawing<Customer> {
    let customer_id = || CustomerId::parse("17850").expect("samples are valid");
    let profile = |who: &str| Sealed::of_base64(who).expect("samples are valid");
    let commands = [
        CustomerCommand::Register(RegisterCustomer {
            customer_id: customer_id(),
            profile: profile("Ada"),
        }),
        CustomerCommand::Change(ChangeCustomer {
            customer_id: customer_id(),
            profile: profile("Eve"),
        }),
        CustomerCommand::Erase(EraseCustomer {
            customer_id: customer_id(),
        }),
    ];
    life::<Customers>(&commands, customer_status, CustomerEvent::event_type)
}

pub fn customer_status(state: &Customer) -> &'static str {
    match state {
        Customer::Absent => BEGINNING,
        Customer::Registered { .. } => "registered",
        Customer::Erased => "erased",
    }
}

pub fn product() -> Drawing<Product> {
    let sku = || Sku::parse("A").expect("samples are valid");
    let commands = [
        ProductCommand::List(ListProduct {
            sku: sku(),
            name: "Cup".into(),
            price: eur(100),
        }),
        ProductCommand::Price(PriceProduct {
            sku: sku(),
            price: eur(120),
        }),
        ProductCommand::Delist(DelistProduct {
            sku: sku(),
            reason: "sold out".into(),
        }),
    ];
    life::<Products>(&commands, product_status, ProductEvent::event_type)
}

pub fn product_status(state: &Product) -> &'static str {
    match state {
        Product::Absent => BEGINNING,
        Product::Listed(_) => "listed",
        Product::Delisted(_) => "delisted",
    }
}

pub fn shipment() -> Drawing<Shipment> {
    let (order_id, location) = (order_id(), Location::default());
    let create = ShipmentCommand::Create(CreateShipment {
        order_id,
        location: location.clone(),
        skus: vec![],
        further: vec![],
    });
    let mut commands = vec![
        create,
        ShipmentCommand::Pack(PackShipment),
        ShipmentCommand::MarkReady(MarkReady),
        ShipmentCommand::RequestDispatch(RequestDispatch { order_id }),
        ShipmentCommand::RecordFailed(RecordFailed {
            inquiries: 1,
            reason: "nobody in".into(),
        }),
        ShipmentCommand::RecordDelivered(RecordDelivered {
            delivered_at: time(9),
        }),
        ShipmentCommand::RecordTracked(RecordTracked { inquiries: 1 }),
        ShipmentCommand::RecordLost(RecordLost),
        ShipmentCommand::RecordReturnedToSender(RecordReturnedToSender),
        ShipmentCommand::BookIn(BookInShipment {
            location: location.clone(),
            skus: vec![Sku::parse("85123A").expect("samples are valid")],
            lines: vec![FoundLine {
                line: 1,
                restocked: 3,
                quarantined: 0,
            }],
            reason: None,
        }),
        ShipmentCommand::GiveUp(GiveUpShipment {
            attempt: 1,
            reason: "nobody saw to it".into(),
        }),
        ShipmentCommand::Cancel(CancelShipment {
            order_id,
            location,
            request: 0,
            reason: "no more".into(),
            parcels: 1,
        }),
    ];
    for attempt in [1, 2] {
        commands.push(ShipmentCommand::RecordDispatched(RecordDispatched {
            attempt,
            carrier: "post".into(),
            tracking_number: "T1".into(),
        }));
        commands.push(ShipmentCommand::RecordRefused(RecordRefused {
            attempt,
            code: "address_not_served".into(),
        }));
        commands
            .extend(heard().map(|notice| ShipmentCommand::Hear(HearCarrier { attempt, notice })));
    }
    let confirmed = [
        OrderCommand::Place(placement()),
        OrderCommand::Confirm(ConfirmOrder),
    ];
    let order = confirmed.iter().fold(Order::Absent, |order, command| {
        let events = Orders::decide(&order, command).expect("samples are valid");
        events.iter().fold(order, Orders::evolve)
    });
    // A refused dispatch may be tried again without end: two attempts show all that there is.
    let decide = |state: &Shipment| {
        let accepted = commands.iter().filter(|command| {
            let again = state.created().is_some_and(|parcel| parcel.attempt > 1);
            !(again && matches!(command, ShipmentCommand::RequestDispatch(_)))
        });
        let decided = accepted.filter_map(|command| over_order(state, command, &order).ok());
        decided.filter(|events| !events.is_empty()).collect()
    };
    drawn(
        Shipment::Absent,
        decide,
        Shipments::evolve,
        |state| state.status().map_or(BEGINNING, |status| status.as_str()),
        |event| event.event_type(),
    )
    .by(&commands)
}

/// What a carrier may say by itself.
fn heard() -> [CarrierNotice; 6] {
    let taken = |whereabouts| CarrierNotice::Taken {
        carrier: "post".into(),
        tracking_number: "T1".into(),
        whereabouts,
    };
    [
        CarrierNotice::Refused {
            code: "address_not_served".into(),
        },
        taken(Whereabouts::UnderWay),
        taken(Whereabouts::Failed {
            reason: "nobody in".into(),
        }),
        taken(Whereabouts::Delivered { at: time(9) }),
        taken(Whereabouts::Lost),
        taken(Whereabouts::Returned),
    ]
}

/// What becomes of the stock of one SKU for one order.
pub fn reservation() -> Drawing<Stock> {
    let (order_id, location) = (order_id(), place("main"));
    let sku = Sku::parse("85123A").expect("samples are valid");
    let received = Stocks::decide(
        &Stock::default(),
        &StockCommand::Receive(ReceiveStock {
            receipt_id: Uuid::from_u128(1),
            location: location.clone(),
            sku: sku.clone(),
            quantity: 3,
            reference: None,
        }),
    );
    let stocked = Stocks::fold(&received.expect("samples are valid"));
    let step = |quantity, step| ReservationCommand {
        order_id,
        epoch: 1,
        location: location.clone(),
        further: vec![],
        items: vec![ReservationItem {
            sku: sku.clone(),
            lines: vec![ReservationLine { line: 1, quantity }],
        }],
        step,
    };
    let reserve = ReservationStep::Reserve {
        until: time(900),
        split: false,
    };
    let commands = [
        step(3, reserve),
        step(4, reserve),
        step(3, ReservationStep::Commit),
        step(3, ReservationStep::Ship),
        step(3, ReservationStep::Release(ReleaseReason::Cancelled)),
        step(3, ReservationStep::Release(ReleaseReason::Expired)),
    ];
    let decide = |stock: &Stock| {
        let decided = commands
            .iter()
            .filter_map(|command| across(&[stock], command).ok());
        let events = decided.map(|events| events.into_iter().flatten().collect::<Vec<_>>());
        events.filter(|events| !events.is_empty()).collect()
    };
    let key = (order_id, 1);
    let status = move |stock: &Stock| match (stock.reservations.get(&key), stock.ended(&key)) {
        (Some(reservation), _) if reservation.committed => "committed",
        (Some(_), _) => "reserved",
        (None, Some(Ended::Rejected)) => "rejected",
        (None, Some(Ended::Shipped)) => "shipped",
        (None, Some(Ended::Released)) => "released",
        (None, None) => BEGINNING,
    };
    drawn(stocked, decide, Stocks::evolve, status, |event| {
        event.event_type()
    })
}

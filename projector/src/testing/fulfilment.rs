//! What becomes of confirmed orders, in histories for tests.

use super::{History, Stage};
use chrono::DateTime;
use domain::{
    Event, Location, Money, OrderId, ShipmentId, StreamId, TenantId,
    order::{
        Awaited, DeadlineSet, LineQuantity, LinesCancelled, LinesDelivered, LinesLost,
        LinesShipped, OrderBrief, OrderCompleted, OrderEvent, TaskParked, TaskResumed,
    },
    payment::{
        PaymentCaptureFailed, PaymentCaptureRequested, PaymentCaptured, PaymentEvent,
        PaymentRefundRequested, PaymentRefunded,
    },
    shipment::{
        DispatchRefused, DispatchRequested, RecoveredLine, ShipmentBookedIn,
        ShipmentCancellationRefused, ShipmentCancelled, ShipmentCreated, ShipmentDelivered,
        ShipmentDeliveryFailed, ShipmentDispatched, ShipmentEvent, ShipmentGivenUp, ShipmentLine,
        ShipmentLost, ShipmentPacked, ShipmentReady, ShipmentRefitted, ShipmentReturnedToSender,
        ShipmentStatus as S, ShipmentTracked,
    },
    stock::{ReservationReduced, StockEvent, StockRecovered, StockShipped},
};

/// What a shipment's events repeat.
struct Parcel {
    shipment_id: ShipmentId,
    location: Location,
    lines: Vec<ShipmentLine>,
    amount: Money,
}

impl Parcel {
    fn quantities(&self) -> Vec<LineQuantity> {
        let quantity = |line: &ShipmentLine| LineQuantity {
            line: line.line,
            quantity: line.quantity,
        };
        self.lines.iter().map(quantity).collect()
    }
}

impl History {
    pub(crate) fn shipment(&mut self, id: ShipmentId, event: impl Into<ShipmentEvent>) {
        let stream = StreamId::shipment(&TenantId::default(), id);
        self.push(stream, Event::Shipment(event.into()));
    }

    /// The one shipment of an order.
    fn parcel(&mut self, order: OrderId) -> Parcel {
        let location = Location::default();
        let known = self.known(order);
        let line = |(line, (sku, quantity)): (u32, &(domain::Sku, i64))| ShipmentLine {
            line,
            sku: sku.clone(),
            quantity: *quantity,
        };
        Parcel {
            shipment_id: ShipmentId::of(order, &location),
            location,
            lines: (1..).zip(&known.lines).map(line).collect(),
            amount: Money::new(known.brief.total, known.brief.currency),
        }
    }

    fn status_of(&mut self, order: OrderId, status: S) {
        self.known(order).shipment = Some(status);
    }

    /// All that comes before the carrier is asked.
    pub(crate) fn pack(&mut self, order: OrderId) {
        self.create(order);
        self.packed(order);
        self.captured(order);
    }

    fn create(&mut self, order: OrderId) {
        let parcel = self.parcel(order);
        let created = ShipmentCreated {
            order_id: order,
            shipment_id: parcel.shipment_id,
            location: parcel.location,
            lines: parcel.lines,
            amount: parcel.amount,
            parcels: 1,
        };
        self.shipment(parcel.shipment_id, created);
        self.status_of(order, S::Pending);
    }

    fn packed(&mut self, order: OrderId) {
        let parcel = self.parcel(order);
        let packed = ShipmentPacked {
            order_id: order,
            shipment_id: parcel.shipment_id,
            amount: parcel.amount,
        };
        self.shipment(parcel.shipment_id, packed);
        let attempt = |attempt| PaymentCaptureRequested {
            order_id: order,
            shipment_id: Some(parcel.shipment_id),
            authorization_id: "auth_1".into(),
            amount: parcel.amount,
            attempt,
            max_attempts: 4,
            idempotency_key: format!("main:{order}:capture:{attempt}"),
            more: false,
        };
        self.payment(order, attempt(1));
        let failed = PaymentCaptureFailed {
            order_id: order,
            shipment_id: Some(parcel.shipment_id),
            authorization_id: "auth_1".into(),
            amount: Some(parcel.amount),
            attempt: 1,
            attempts_left: 3,
            code: "try_later".into(),
        };
        self.payment(order, failed);
        self.payment(order, attempt(2));
        self.status_of(order, S::Packed);
    }

    fn captured(&mut self, order: OrderId) {
        let parcel = self.parcel(order);
        let captured = PaymentCaptured {
            order_id: order,
            shipment_id: Some(parcel.shipment_id),
            authorization_id: "auth_1".into(),
            amount: parcel.amount,
        };
        self.payment(order, captured);
        let ready = ShipmentReady {
            order_id: order,
            shipment_id: parcel.shipment_id,
        };
        self.shipment(parcel.shipment_id, ready);
        self.status_of(order, S::Ready);
    }

    fn ask_carrier(&mut self, order: OrderId, attempt: u32) {
        let parcel = self.parcel(order);
        let requested = DispatchRequested {
            order_id: order,
            shipment_id: parcel.shipment_id,
            attempt,
            idempotency_key: format!("{}:{attempt}", parcel.shipment_id),
        };
        self.shipment(parcel.shipment_id, requested);
    }

    /// The carrier refuses it once.
    pub(crate) fn refuse(&mut self, order: OrderId) {
        self.ask_carrier(order, 1);
        let shipment_id = self.parcel(order).shipment_id;
        let refused = DispatchRefused {
            order_id: order,
            shipment_id,
            attempt: 1,
            code: "no such street".into(),
        };
        self.shipment(shipment_id, refused);
        self.status_of(order, S::Refused);
    }

    /// The carrier refuses it still, and what was to be done about that is given up, and done again.
    pub(crate) fn give_up(&mut self, order: OrderId) {
        let shipment_id = self.parcel(order).shipment_id;
        let given_up = ShipmentGivenUp {
            order_id: order,
            shipment_id,
            attempt: 1,
            reason: "nobody saw to it".into(),
        };
        self.shipment(shipment_id, given_up);
        let task_id = shipment_id.uuid();
        let parked = TaskParked {
            order_id: order,
            task_id,
            task: "request_cancellation".into(),
            of: None,
            done: false,
            problem: "nobody knows".into(),
        };
        self.order(order, parked);
        let resumed = TaskResumed {
            order_id: order,
            task_id,
        };
        self.order(order, resumed);
        let deadline = DeadlineSet {
            order_id: order,
            what: Awaited::Dispatch,
            of: shipment_id.to_string(),
            until: DateTime::UNIX_EPOCH,
        };
        self.order(order, deadline);
    }

    /// One piece of it is not wanted any more, before it is packed.
    pub(crate) fn cancel_a_piece(&mut self, order: OrderId) {
        self.create(order);
        let parcel = self.parcel(order);
        let brief = self.known(order).brief.clone();
        let cancelled = LinesCancelled {
            order: brief,
            cancellation_id: parcel.shipment_id.uuid(),
            lines: vec![LineQuantity {
                line: 1,
                quantity: 1,
            }],
            amount: 1,
            all: false,
            reason: "too many".into(),
        };
        self.order(order, cancelled);
        let mut lines = parcel.lines.clone();
        lines[0].quantity -= 1;
        let refitted = ShipmentRefitted {
            order_id: order,
            shipment_id: parcel.shipment_id,
            lines,
            amount: Money::new(parcel.amount.amount - 1, parcel.amount.currency),
        };
        self.shipment(parcel.shipment_id, refitted);
        let first = &parcel.lines[0];
        let reduced = ReservationReduced {
            order_id: order,
            epoch: 1,
            location: Location::default(),
            sku: first.sku.clone(),
            quantity: 1,
            left: first.quantity - 1,
            committed: true,
            part: 1,
            parts: 1,
        };
        self.stock_event(first.sku.as_str(), reduced);
    }

    /// The carrier takes it, and all concerned hear of it.
    pub(crate) fn dispatch(&mut self, order: OrderId, attempt: u32) {
        self.ask_carrier(order, attempt);
        let parcel = self.parcel(order);
        let (id, quantities) = (parcel.shipment_id, parcel.quantities());
        let dispatched = ShipmentDispatched {
            order_id: order,
            shipment_id: id,
            location: parcel.location,
            lines: parcel.lines.clone(),
            carrier: "sandbox".into(),
            tracking_number: "T1".into(),
            amount: parcel.amount,
        };
        self.shipment(id, dispatched);
        for line in parcel.lines {
            self.ship_stock(order, line.sku.as_str(), line.quantity);
        }
        let shipped = LinesShipped {
            order: self.brief(order),
            shipment_id: id,
            lines: quantities,
            all: true,
        };
        self.order(order, shipped);
        self.status_of(order, S::Dispatched);
    }

    pub(crate) fn ship_stock(&mut self, order_id: OrderId, name: &str, quantity: i64) {
        self.ship_stock_of(order_id, name, quantity, 0);
    }

    /// So many leave, and so many more had been kept.
    pub(crate) fn ship_stock_of(
        &mut self,
        order_id: OrderId,
        name: &str,
        quantity: i64,
        given_back: i64,
    ) {
        let epoch = self
            .events()
            .iter()
            .rev()
            .find_map(|event| match &event.event {
                Event::Stock(StockEvent::StockReserved(reserved))
                    if reserved.order_id == order_id && reserved.sku.as_str() == name =>
                {
                    Some(reserved.epoch)
                }
                _ => None,
            });
        let shipped = StockShipped {
            order_id,
            epoch: epoch.expect("it was reserved"),
            location: Location::default(),
            sku: super::sku(name),
            quantity,
            given_back,
            part: 1,
            parts: 1,
        };
        self.stock_event(name, shipped);
    }

    /// It is still under way, and then tried to deliver in vain.
    pub(crate) fn fail(&mut self, order_id: OrderId) {
        let shipment_id = self.parcel(order_id).shipment_id;
        let tracking_number = || "T1".to_owned();
        let tracked = ShipmentTracked {
            order_id,
            shipment_id,
            tracking_number: tracking_number(),
            inquiries: 1,
        };
        self.shipment(shipment_id, tracked);
        let failed = ShipmentDeliveryFailed {
            order_id,
            shipment_id,
            tracking_number: tracking_number(),
            inquiries: 2,
            reason: "nobody opened".into(),
        };
        self.shipment(shipment_id, failed);
        self.status_of(order_id, S::Failed);
    }

    /// It arrives, and the order is completed.
    pub(crate) fn deliver(&mut self, order: OrderId) {
        let parcel = self.parcel(order);
        let (id, quantities) = (parcel.shipment_id, parcel.quantities());
        let delivered = ShipmentDelivered {
            order_id: order,
            shipment_id: id,
            lines: parcel.lines,
            delivered_at: super::time("2026-01-05T09:00:00Z"),
        };
        self.shipment(id, delivered);
        let order_brief = self.brief(order);
        let delivered = LinesDelivered {
            order: order_brief.clone(),
            shipment_id: id,
            lines: quantities,
            all: true,
        };
        self.order(order, delivered);
        self.complete(order, order_brief, S::Delivered);
    }

    /// All of what did not arrive is back.
    pub(crate) fn book_in(&mut self, order: OrderId) {
        let parcel = self.parcel(order);
        let id = parcel.shipment_id;
        let recovered = |line: &ShipmentLine| RecoveredLine {
            line: line.line,
            sku: line.sku.clone(),
            restocked: line.quantity,
            quarantined: 0,
        };
        let lines: Vec<RecoveredLine> = parcel.lines.iter().map(recovered).collect();
        for line in &lines {
            let recovered = StockRecovered {
                order_id: order,
                shipment_id: id,
                location: Location::default(),
                sku: line.sku.clone(),
                restocked: line.restocked,
                quarantined: line.quarantined,
            };
            self.stock_event(line.sku.as_str(), recovered);
        }
        let booked_in = ShipmentBookedIn {
            order_id: order,
            shipment_id: id,
            location: Location::default(),
            lines,
            reason: None,
        };
        self.shipment(id, booked_in);
    }

    /// It does not arrive, and what was paid is given back.
    pub(crate) fn lose(&mut self, order: OrderId, returned: bool) {
        let parcel = self.parcel(order);
        let (id, quantities) = (parcel.shipment_id, parcel.quantities());
        let (order_id, shipment_id) = (order, id);
        let (lines, amount) = (parcel.lines, parcel.amount);
        let event: ShipmentEvent = match returned {
            true => ShipmentReturnedToSender {
                order_id,
                shipment_id,
                lines,
                amount,
            }
            .into(),
            false => ShipmentLost {
                order_id,
                shipment_id,
                lines,
                amount,
            }
            .into(),
        };
        self.shipment(id, event);
        let order_brief = self.brief(order);
        let lost = LinesLost {
            order: order_brief.clone(),
            shipment_id: id,
            lines: quantities,
            returned,
        };
        self.order(order, lost);
        for event in refund(order, Some(id), amount) {
            self.payment(order, event);
        }
        self.complete(order, order_brief, S::Lost);
    }

    fn complete(&mut self, order: OrderId, brief: OrderBrief, status: S) {
        self.order(order, OrderCompleted { order: brief });
        self.status_of(order, status);
        self.known(order).stage = Stage::Ended;
    }

    /// A cancellation that the order's shipment answers.
    fn cancel_shipped(&mut self, order_id: OrderId, status: S) {
        let parcel = self.parcel(order_id);
        let shipment_id = parcel.shipment_id;
        let kept = matches!(status, S::Pending | S::Ready | S::Refused);
        let event: ShipmentEvent = match kept {
            true => ShipmentCancelled {
                order_id,
                shipment_id,
                location: parcel.location,
                reason: "changed my mind".into(),
                amount: None,
            }
            .into(),
            false => ShipmentCancellationRefused {
                order_id,
                shipment_id,
                request: 0,
                reason: "it has left".into(),
            }
            .into(),
        };
        self.shipment(shipment_id, event);
        if kept {
            self.cancel(order_id, true);
        }
    }

    /// What may happen next to the shipment of a confirmed order.
    pub(super) fn fulfil(&mut self, order: OrderId, pick: usize) {
        match (self.known(order).shipment, pick % 5) {
            (None, _) => self.create(order),
            (Some(status @ (S::Pending | S::Ready | S::Dispatched)), 4) => {
                self.cancel_shipped(order, status);
            }
            (Some(S::Pending), _) => self.packed(order),
            (Some(S::Packed), _) => self.captured(order),
            (Some(S::Ready), 0) => self.refuse(order),
            (Some(S::Ready), _) => self.dispatch(order, 1),
            (Some(S::Refused), _) => self.dispatch(order, 2),
            (Some(S::Dispatched), 0) => self.fail(order),
            (Some(S::Dispatched | S::Failed), 1) => self.lose(order, true),
            (Some(S::Dispatched | S::Failed), 2) => self.lose(order, false),
            _ => {
                self.deliver(order);
                self.maybe_give_back(order, pick / 5);
            }
        }
    }
}

/// All of `amount` is given back.
pub(crate) fn refund(
    order_id: OrderId,
    shipment_id: Option<ShipmentId>,
    amount: Money,
) -> [PaymentEvent; 2] {
    let requested = PaymentRefundRequested {
        order_id,
        shipment_id,
        return_id: None,
        authorization_id: "auth_1".into(),
        refund: 1,
        amount,
        idempotency_key: format!("main:{order_id}:refund:1"),
        reason: "it is lost".into(),
    };
    let refunded = PaymentRefunded {
        order_id,
        shipment_id,
        return_id: None,
        authorization_id: "auth_1".into(),
        refund: 1,
        amount,
    };
    [requested.into(), refunded.into()]
}

/// All that may become of a shipment, one after the other.
pub(crate) fn all_of_fulfilment(history: &mut History) {
    let fewer = history.confirmed_order("c", &[("A", 2, 100)]);
    history.cancel_a_piece(fewer);
    let other = history.confirmed_order("c", &[("A", 2, 100), ("B", 1, 50)]);
    history.amend(other);
    let order = history.confirmed_order("c", &[("A", 2, 100)]);
    history.pack(order);
    history.refuse(order);
    history.dispatch(order, 2);
    history.cancel_shipped(order, S::Dispatched);
    history.fail(order);
    history.deliver(order);
    for returned in [true, false] {
        let order = history.confirmed_order("c", &[("A", 1, 100)]);
        history.pack(order);
        history.dispatch(order, 1);
        history.lose(order, returned);
        history.book_in(order);
    }
    let order = history.confirmed_order("c", &[("A", 1, 100)]);
    history.pack(order);
    history.refuse(order);
    history.give_up(order);
    let order = history.confirmed_order("c", &[("A", 1, 100)]);
    history.create(order);
    history.cancel_shipped(order, S::Pending);
    assert!(matches!(
        history.events().last().map(|event| &event.event),
        Some(Event::Order(OrderEvent::OrderCancelled(_)))
    ));
}

//! What is expected, step by step.

mod actions;
mod amendments;
mod backorders;
mod contradictions;
mod disputes;
mod owed;
mod parcels;
mod returns;

use super::{Process, Stage, TimeLimits, What, Who, moves};
use crate::{
    Actor, CommandId, Currency, CustomerId, Envelope, Event, EventId, Location, Money, OrderId,
    Position, Recorded, ShipmentId, Sku, StreamId, TenantId, Version,
    order::OrderEvent,
    order::{
        Awaited, CancellationRejected, CancellationRequested, DeadlineSet, HoldPlaced,
        HoldReleased, OrderBrief, OrderCancelled, OrderCompleted, OrderConfirmed, OrderExpired,
        OrderPlaced, OrderRejected, RejectionReason, TaskParked, TaskResumed,
    },
    payment::{
        PaymentAuthorizationRequested, PaymentAuthorized, PaymentCaptureFailed,
        PaymentCaptureRequested, PaymentCaptured, PaymentDeclined, PaymentEvent,
        PaymentOutcomeUnknown, PaymentParked, PaymentRefundRequested, PaymentRefunded,
        PaymentVoidRequested, PaymentVoided,
    },
    shipment::{
        DispatchRefused, DispatchRequested, ShipmentCancelled, ShipmentCreated, ShipmentDelivered,
        ShipmentDispatched, ShipmentEvent, ShipmentLost, ShipmentPacked, ShipmentReady,
    },
    stock::{ReleaseReason, ReservationReleased, StockEvent, StockReserved},
};
use chrono::{DateTime, Duration, Utc};
use uuid::Uuid;

fn order_id() -> OrderId {
    OrderId::new(Uuid::from_u128(1))
}

fn shipment_id() -> ShipmentId {
    ShipmentId::of(order_id(), &Location::default())
}

fn euros() -> Money {
    Money::new(500, Currency::parse("EUR").unwrap())
}

fn start() -> DateTime<Utc> {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

fn brief() -> OrderBrief {
    OrderBrief {
        order_id: order_id(),
        customer_id: CustomerId::parse("c").unwrap(),
        currency: euros().currency,
        total: 500,
        placed_at: start(),
    }
}

/// A process, an event a minute.
struct Story {
    process: Option<Process>,
    minute: i64,
}

impl Story {
    fn begin() -> Self {
        let placed = OrderPlaced {
            order_id: order_id(),
            customer_id: brief().customer_id,
            currency: brief().currency,
            lines: vec![],
            total: 500,
            tax_included: false,
            shipping_address: None,
            payment_method: "tok".into(),
            reference: None,
            placed_at: start(),
        };
        let mut story = Self {
            process: None,
            minute: 0,
        };
        story.order(placed);
        story
    }

    fn now(&self) -> DateTime<Utc> {
        start() + Duration::minutes(self.minute)
    }

    fn take(&mut self, event: Event) {
        self.minute += 1;
        let command = CommandId::new(Uuid::from_u128(self.minute.unsigned_abs().into()));
        let event = Recorded {
            envelope: Envelope {
                event_id: EventId::of(command, 0),
                stream: StreamId::order(&TenantId::default(), order_id()),
                version: Version::new(self.minute),
                position: Position::new(self.minute),
                occurred_at: self.now(),
                recorded_at: self.now(),
                tenant: TenantId::default(),
                actor: Actor::parse("test").unwrap(),
                command_id: command,
                correlation_id: command.uuid(),
                causation_id: None,
                traceparent: None,
            },
            event,
        };
        assert!(moves(&event.event), "{:?}", event.event);
        let limits = TimeLimits::default();
        self.process = match self.process.take() {
            None => Process::begin(&limits, &event),
            Some(process) => Some(process.after(&limits, &event)),
        };
    }

    fn order(&mut self, event: impl Into<OrderEvent>) {
        self.take(Event::Order(event.into()));
    }

    fn stock(&mut self, event: impl Into<StockEvent>) {
        self.take(Event::Stock(event.into()));
    }

    fn payment(&mut self, event: impl Into<PaymentEvent>) {
        self.take(Event::Payment(event.into()));
    }

    fn shipment(&mut self, event: impl Into<ShipmentEvent>) {
        self.take(Event::Shipment(event.into()));
    }

    fn process(&self) -> &Process {
        self.process.as_ref().unwrap()
    }

    /// Where it is, and what is expected of whom, for how many minutes from now on.
    #[track_caller]
    fn is(&self, stage: Stage, expected: &[(What, Who, Option<i64>)]) {
        let process = self.process();
        let known: Vec<_> = process
            .expected
            .iter()
            .map(|known| {
                let until = known.until.map(|until| (until - self.now()).num_minutes());
                (known.what, known.who, until)
            })
            .collect();
        assert_eq!((process.stage(), known.as_slice()), (stage, expected));
    }

    fn reserved(&mut self) {
        let reserved = StockReserved {
            order_id: order_id(),
            epoch: 1,
            location: Location::default(),
            sku: Sku::parse("A").unwrap(),
            quantity: 1,
            lines: vec![],
            until: self.now() + Duration::minutes(16),
            part: 2,
            parts: 2,
            parcels: 1,
        };
        self.stock(reserved);
    }

    fn asked(&mut self, attempt: u32) {
        let asked = PaymentAuthorizationRequested {
            order_id: order_id(),
            amount: euros(),
            payment_method: "tok".into(),
            attempt,
            max_attempts: 3,
            idempotency_key: "key".into(),
        };
        self.payment(asked);
    }

    fn authorized(&mut self) {
        let authorized = PaymentAuthorized {
            order_id: order_id(),
            attempt: 1,
            authorization_id: "auth".into(),
            amount: euros(),
            expires_at: None,
        };
        self.payment(authorized);
    }

    fn confirmed() -> Self {
        let mut story = Self::begin();
        story.reserved();
        story.asked(1);
        story.authorized();
        story.order(OrderConfirmed { order: brief() });
        story
    }

    fn released(&mut self) {
        let released = ReservationReleased {
            order_id: order_id(),
            epoch: 1,
            location: Location::default(),
            sku: Sku::parse("A").unwrap(),
            quantity: 1,
            committed: false,
            reason: ReleaseReason::Cancelled,
            part: 1,
            parts: 1,
        };
        self.stock(released);
    }

    fn created(&mut self) {
        let created = ShipmentCreated {
            order_id: order_id(),
            shipment_id: shipment_id(),
            location: Location::default(),
            lines: vec![],
            amount: euros(),
            parcels: 1,
        };
        self.shipment(created);
    }

    fn packed(&mut self) {
        let packed = ShipmentPacked {
            order_id: order_id(),
            shipment_id: shipment_id(),
            amount: euros(),
        };
        self.shipment(packed);
    }

    fn charging(&mut self, attempt: u32) {
        let asked = PaymentCaptureRequested {
            order_id: order_id(),
            shipment_id: Some(shipment_id()),
            authorization_id: "auth".into(),
            amount: euros(),
            attempt,
            max_attempts: 4,
            idempotency_key: "key".into(),
            more: false,
        };
        self.payment(asked);
    }

    fn charge_failed(&mut self, attempts_left: u32) {
        let failed = PaymentCaptureFailed {
            order_id: order_id(),
            shipment_id: Some(shipment_id()),
            authorization_id: "auth".into(),
            amount: Some(euros()),
            attempt: 1,
            attempts_left,
            code: "later".into(),
        };
        self.payment(failed);
    }

    fn ready(&mut self) {
        let captured = PaymentCaptured {
            order_id: order_id(),
            shipment_id: Some(shipment_id()),
            authorization_id: "auth".into(),
            amount: euros(),
        };
        self.payment(captured);
        let ready = ShipmentReady {
            order_id: order_id(),
            shipment_id: shipment_id(),
        };
        self.shipment(ready);
    }

    fn dispatching(&mut self, attempt: u32) {
        let asked = DispatchRequested {
            order_id: order_id(),
            shipment_id: shipment_id(),
            attempt,
            idempotency_key: "key".into(),
        };
        self.shipment(asked);
    }

    fn dispatched(&mut self) {
        let dispatched = ShipmentDispatched {
            order_id: order_id(),
            shipment_id: shipment_id(),
            location: Location::default(),
            lines: vec![],
            carrier: "c".into(),
            tracking_number: "T1".into(),
            amount: euros(),
        };
        self.shipment(dispatched);
    }

    fn hold(&mut self, hold: &str) {
        let placed = HoldPlaced {
            order_id: order_id(),
            hold: hold.into(),
            reason: "odd".into(),
        };
        self.order(placed);
    }

    fn release(&mut self, hold: &str) {
        let released = HoldReleased {
            order_id: order_id(),
            hold: hold.into(),
        };
        self.order(released);
    }

    fn cancelling(&mut self, confirmed: bool) {
        let asked = CancellationRequested {
            order: brief(),
            confirmed,
            request: 0,
            reason: "changed my mind".into(),
        };
        self.order(asked);
    }
}

#[test]
fn a_good_order_goes_through_all_stages() {
    use {What as E, Who::*};
    let mut story = Story::begin();
    story.is(Stage::Reserving, &[(E::Reservation, Platform, Some(5))]);
    story.reserved();
    story.is(Stage::Paying, &[(E::Authorization, Provider, Some(15))]);
    story.asked(1);
    story.is(Stage::Paying, &[(E::Authorization, Provider, Some(14))]);
    story.authorized();
    story.is(Stage::Deciding, &[(E::Confirmation, Platform, Some(5))]);
    story.order(OrderConfirmed { order: brief() });
    story.is(Stage::Allocating, &[(E::Allocation, Platform, Some(5))]);
    story.created();
    story.is(Stage::Packing, &[(E::Packing, Warehouse, Some(48 * 60))]);
    story.packed();
    story.is(Stage::Charging, &[(E::Capture, Provider, Some(72 * 60))]);
    story.charging(1);
    story.charge_failed(3);
    story.charging(2);
    story.is(
        Stage::Charging,
        &[(E::Capture, Provider, Some(72 * 60 - 3))],
    );
    story.ready();
    story.is(Stage::Dispatching, &[(E::Dispatch, Platform, Some(5))]);
    story.dispatching(1);
    story.is(Stage::Dispatching, &[(E::Dispatch, Carrier, Some(24 * 60))]);
    story.dispatched();
    story.is(
        Stage::Delivering,
        &[(E::Delivery, Carrier, Some(14 * 24 * 60))],
    );
    let due = story.now() + Duration::days(14);
    assert_eq!(story.process().due_at(), Some(due));
    let delivered = ShipmentDelivered {
        order_id: order_id(),
        shipment_id: shipment_id(),
        lines: vec![],
        delivered_at: story.now(),
    };
    story.shipment(delivered);
    story.is(Stage::Completing, &[(E::Completion, Platform, Some(5))]);
    assert!(!story.process().is_ended());
    story.order(OrderCompleted { order: brief() });
    story.is(Stage::Ended, &[]);
    assert!(story.process().is_ended());
    assert_eq!(story.process().due_at(), None);
}

#[test]
fn a_hold_stops_the_clock_of_the_next_step() {
    use {What as E, Who::*};
    let mut story = Story::begin();
    story.hold("fraud");
    story.hold("address");
    story.reserved();
    story.authorized();
    let held = (E::Release, Operator, None);
    story.is(
        Stage::Deciding,
        &[held, held, (E::Confirmation, Platform, None)],
    );
    story.release("fraud");
    story.is(Stage::Deciding, &[held, (E::Confirmation, Platform, None)]);
    story.release("address");
    story.is(Stage::Deciding, &[(E::Confirmation, Platform, Some(5))]);
}

#[test]
fn what_the_carrier_refuses_is_for_an_operator_until_it_leaves() {
    use {What as E, Who::*};
    let mut story = Story::confirmed();
    story.created();
    story.packed();
    story.ready();
    story.dispatching(1);
    let refused = DispatchRefused {
        order_id: order_id(),
        shipment_id: shipment_id(),
        attempt: 1,
        code: "no such street".into(),
    };
    story.shipment(refused);
    story.hold("carrier-refused");
    let (refusal, hold) = (
        (E::Dispatch, Operator, Some(72 * 60 - 1)),
        (E::Release, Operator, None),
    );
    story.is(Stage::Dispatching, &[refusal, hold]);
    story.release("carrier-refused");
    story.dispatching(2);
    story.dispatched();
    story.is(
        Stage::Delivering,
        &[(E::Delivery, Carrier, Some(14 * 24 * 60))],
    );
}

#[test]
fn declined_payments_are_tried_again_and_then_rejected() {
    use {What as E, Who::*};
    let mut story = Story::begin();
    story.reserved();
    for attempts_left in [1, 0] {
        story.asked(1);
        let declined = PaymentDeclined {
            order_id: order_id(),
            attempt: 1,
            attempts_left,
            code: "no_funds".into(),
        };
        story.payment(declined);
    }
    story.is(Stage::Deciding, &[(E::Rejection, Platform, Some(5))]);
    let rejected = OrderRejected {
        order: brief(),
        reason: RejectionReason::PaymentDeclined,
        detail: "no funds".into(),
    };
    story.order(rejected);
    story.is(Stage::Settling, &[(E::StockRelease, Platform, Some(5))]);
    story.released();
    story.is(Stage::Ended, &[]);
}

#[test]
fn what_nobody_knows_is_parked_until_it_is_settled() {
    use {What as E, Who::*};
    let mut story = Story::begin();
    story.reserved();
    story.asked(1);
    let unknown = PaymentOutcomeUnknown {
        order_id: order_id(),
        attempt: 1,
        idempotency_key: "key".into(),
        inquiries: 0,
        detail: "timed out".into(),
    };
    story.payment(unknown);
    story.is(Stage::Paying, &[(E::Authorization, Provider, Some(120))]);
    let parked = PaymentParked {
        order_id: order_id(),
        attempt: 1,
        detail: "nobody knows".into(),
    };
    story.payment(parked);
    story.is(Stage::Paying, &[(E::Authorization, Operator, None)]);
    assert_eq!(story.process().parked(), Some("nobody knows"));
    story.order(OrderExpired { order: brief() });
    story.released();
    assert!(!story.process().is_ended(), "an operator must look");
    story.authorized();
    let asked = PaymentVoidRequested {
        order_id: order_id(),
        authorization_id: "auth".into(),
        idempotency_key: "key".into(),
        reason: "late".into(),
    };
    story.payment(asked);
    story.is(Stage::Settling, &[(E::Void, Provider, Some(24 * 60))]);
    let voided = PaymentVoided {
        order_id: order_id(),
        authorization_id: Some("auth".into()),
    };
    story.payment(voided);
    story.is(Stage::Ended, &[]);
}

#[test]
fn a_cancellation_stops_what_comes_next_and_gives_back() {
    use {What as E, Who::*};
    let mut story = Story::confirmed();
    story.created();
    story.cancelling(true);
    let cancellation = (E::Cancellation, Platform, Some(60));
    story.is(
        Stage::Cancelling,
        &[(E::Packing, Warehouse, Some(48 * 60 - 1)), cancellation],
    );
    let kept = ShipmentCancelled {
        order_id: order_id(),
        shipment_id: shipment_id(),
        location: Location::default(),
        reason: "changed my mind".into(),
        amount: None,
    };
    story.shipment(kept);
    let cancelled = OrderCancelled {
        order: brief(),
        confirmed: true,
        reason: "changed my mind".into(),
    };
    story.order(cancelled);
    story.is(Stage::Ended, &[]);

    let mut story = Story::begin();
    story.reserved();
    story.authorized();
    story.cancelling(false);
    story.is(
        Stage::Cancelling,
        &[(E::Confirmation, Platform, None), cancellation],
    );
    let rejected = CancellationRejected {
        order: brief(),
        confirmed: false,
        reason: "no".into(),
    };
    story.order(rejected);
    story.is(Stage::Deciding, &[(E::Confirmation, Platform, Some(5))]);
}

#[test]
fn what_is_lost_is_given_back_even_after_the_end() {
    use {What as E, Who::*};
    let mut story = Story::confirmed();
    story.created();
    story.packed();
    story.ready();
    story.dispatching(1);
    story.dispatched();
    let lost = ShipmentLost {
        order_id: order_id(),
        shipment_id: shipment_id(),
        lines: vec![],
        amount: euros(),
    };
    story.shipment(lost);
    let asked = PaymentRefundRequested {
        order_id: order_id(),
        shipment_id: Some(shipment_id()),
        return_id: None,
        authorization_id: "auth".into(),
        refund: 1,
        amount: euros(),
        idempotency_key: "key".into(),
        reason: "lost".into(),
    };
    story.payment(asked);
    story.order(OrderCompleted { order: brief() });
    story.is(Stage::Settling, &[(E::Refund, Provider, Some(24 * 60 - 1))]);
    let refunded = PaymentRefunded {
        order_id: order_id(),
        shipment_id: Some(shipment_id()),
        return_id: None,
        authorization_id: "auth".into(),
        refund: 1,
        amount: euros(),
    };
    story.payment(refunded);
    story.is(Stage::Ended, &[]);
}

#[test]
fn the_last_failed_capture_leads_to_a_cancellation() {
    use {What as E, Who::*};
    let mut story = Story::confirmed();
    story.created();
    story.packed();
    story.charging(4);
    story.charge_failed(0);
    story.is(Stage::Allocating, &[(E::Cancellation, Platform, Some(60))]);
    story.cancelling(true);
    story.is(Stage::Cancelling, &[(E::Cancellation, Platform, Some(60))]);
}

#[test]
fn a_limit_is_a_time_that_databases_know() {
    for (until, years) in [
        (DateTime::<Utc>::MAX_UTC, 10),
        (DateTime::<Utc>::MIN_UTC, -10),
    ] {
        let mut story = Story::begin();
        let reserved = StockReserved {
            order_id: order_id(),
            epoch: 1,
            location: Location::default(),
            sku: Sku::parse("A").unwrap(),
            quantity: 1,
            lines: vec![],
            until,
            part: 1,
            parts: 1,
            parcels: 1,
        };
        story.stock(reserved);
        let due = story.now() + Duration::days(years * 365);
        assert_eq!(story.process().due_at(), Some(due));
    }
}

#[test]
fn types_are_of_events_that_there_are() {
    let known: Vec<&str> = Event::types().collect();
    for name in super::TYPES.iter().chain(super::MILESTONES) {
        assert!(known.contains(name), "{name}");
    }
    for milestone in super::MILESTONES {
        let moves = super::TYPES.contains(milestone);
        let moves_nothing = [
            "ShipmentDeliveryFailed",
            "ShipmentBookedIn",
            "ShippingAddressChanged",
        ];
        assert!(moves || moves_nothing.contains(milestone), "{milestone}");
    }
}

#[test]
fn a_process_keeps_in_json() {
    let mut story = Story::confirmed();
    story.created();
    let json = serde_json::to_string(story.process()).unwrap();
    let read: Process = serde_json::from_str(&json).unwrap();
    assert_eq!(&read, story.process());
    for stage in [Stage::Reserving, Stage::Settling, Stage::Ended] {
        assert_eq!(serde_json::to_value(stage).unwrap(), stage.as_str());
    }
    for what in [
        What::StockRelease,
        What::Release,
        What::Void,
        What::Restocking,
    ] {
        assert_eq!(serde_json::to_value(what).unwrap(), what.as_str());
    }
    assert_eq!(
        serde_json::to_value(Who::Warehouse).unwrap(),
        Who::Warehouse.as_str()
    );
}

impl Story {
    fn given_up(&mut self, task: &str, of: Option<String>, done: bool) -> Uuid {
        let task_id = Uuid::from_u128(self.minute.unsigned_abs().into());
        self.order(TaskParked {
            order_id: order_id(),
            task_id,
            task: task.into(),
            of,
            done,
            problem: "it was refused".into(),
        });
        task_id
    }

    fn done_again(&mut self, task_id: Uuid) {
        self.order(TaskResumed {
            order_id: order_id(),
            task_id,
        });
    }
}

#[test]
fn what_was_given_up_waits_for_an_operator_until_it_has_happened_or_is_done_again() {
    use {What as E, Who::*};
    let of = || Some(shipment_id().to_string());
    let mut story = Story::confirmed();
    story.created();
    story.packed();
    story.charging(1);
    let task = story.given_up("capture", of(), false);
    story.is(Stage::Charging, &[(E::Capture, Operator, None)]);
    assert_eq!(story.process().parked(), Some("capture: it was refused"));
    story.done_again(task);
    story.is(Stage::Charging, &[(E::Capture, Provider, Some(72 * 60))]);
    assert_eq!(story.process().parked(), None);
    // A second time nothing is left to be done again.
    story.done_again(task);
    story.given_up("capture", of(), false);
    story.ready();
    assert_eq!(story.process().parked(), None);
    story.dispatching(1);
    story.given_up("dispatch", of(), false);
    assert_eq!(story.process().parked(), Some("dispatch: it was refused"));
    story.dispatched();
    assert_eq!(story.process().parked(), None);
    // It had left before that was said.
    story.given_up("dispatch", of(), false);
    story.is(
        Stage::Delivering,
        &[(E::Delivery, Carrier, Some(14 * 24 * 60 - 1))],
    );
    story.given_up("track", of(), false);
    story.is(Stage::Delivering, &[(E::Delivery, Operator, None)]);
    let delivered = ShipmentDelivered {
        order_id: order_id(),
        shipment_id: shipment_id(),
        lines: vec![],
        delivered_at: story.now(),
    };
    story.shipment(delivered);
    assert_eq!(story.process().parked(), None);
}

#[test]
fn what_only_an_operator_settles_keeps_an_order_from_its_end() {
    let mut story = Story::confirmed();
    let done = story.given_up("void", None, true);
    let command = story.given_up("reservation", None, false);
    story.order(OrderCompleted { order: brief() });
    assert_eq!(story.process().stage(), Stage::Settling);
    assert_eq!(story.process().parked(), Some("void: it was refused"));
    story.done_again(done);
    assert_eq!(
        story.process().parked(),
        Some("reservation: it was refused")
    );
    story.done_again(command);
    assert!(story.process().is_ended());
}

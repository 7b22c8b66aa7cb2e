//! What events make of a process.

mod backorder;
mod owed;
mod returns;

use super::{Expectation, Parked, Process, TimeLimits, What, Who};
use crate::{
    Event, Recorded,
    order::{DeadlineSet, OrderEvent, Status, TaskParked, TaskResumed},
    payment::PaymentEvent,
    policy::Owed,
    shipment::ShipmentEvent,
    stock::StockEvent,
};
use chrono::{DateTime, Duration, Utc};
use std::collections::BTreeMap;
use uuid::Uuid;

/// How far from now a limit may be, at most: commands may name times that no database knows.
const FURTHEST: Duration = Duration::days(3_650);

/// The process that the event begins.
pub(super) fn begin(limits: &TimeLimits, event: &Recorded) -> Option<Process> {
    let Event::Order(OrderEvent::OrderPlaced(placed)) = &event.event else {
        return None;
    };
    let at = event.envelope.recorded_at;
    let mut process = Process {
        order_id: placed.order_id,
        status: Status::Placed,
        started_at: at,
        expected: vec![],
        parked: vec![],
        reserved: false,
        waiting: BTreeMap::new(),
        owed: vec![],
    };
    process.expect(What::Reservation, Who::Platform, at, limits.platform);
    Some(process)
}

/// What the event makes of `process`.
pub(super) fn take(process: &mut Process, limits: &TimeLimits, event: &Recorded) {
    let at = event.envelope.recorded_at;
    match &event.event {
        Event::Order(event) => process.order(limits, at, event),
        Event::Stock(event) => process.stock(limits, at, event),
        Event::Payment(event) => process.payment(limits, at, event),
        Event::Shipment(event) => process.shipment(limits, at, event),
        Event::Return(event) => process.returned(limits, at, event),
        Event::Customer(_) | Event::Product(_) => {}
    }
}

/// The time so long after; the last that there is, if there is none.
fn after(at: DateTime<Utc>, wait: Duration) -> DateTime<Utc> {
    at.checked_add_signed(wait)
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// Whether it waits while a hold is on the order, or while that is being cancelled: what the platform is
/// to do next. Others are asked already.
const fn is_kept_by_holds(what: What, who: Who) -> bool {
    let next = matches!(what, What::Confirmation | What::Allocation | What::Dispatch);
    next && matches!(who, Who::Platform)
}

impl Process {
    /// Expects `what`, instead of an earlier expectation of the same.
    fn put(
        &mut self,
        what: What,
        of: Option<String>,
        who: Who,
        since: DateTime<Utc>,
        until: Option<DateTime<Utc>>,
    ) {
        let kept = self.is_kept() && is_kept_by_holds(what, who);
        self.met_of(what, of.as_deref());
        self.expected.push(Expectation {
            what,
            of,
            who,
            since,
            until: until
                .filter(|_| !kept)
                .map(|until| until.clamp(after(since, -FURTHEST), after(since, FURTHEST))),
        });
    }

    fn expect(&mut self, what: What, who: Who, at: DateTime<Utc>, wait: Duration) {
        self.put(what, None, who, at, Some(after(at, wait)));
    }

    fn expect_of(
        &mut self,
        what: What,
        of: impl ToString,
        who: Who,
        at: DateTime<Utc>,
        wait: Duration,
    ) {
        self.put(what, Some(of.to_string()), who, at, Some(after(at, wait)));
    }

    /// `what` is not expected any more.
    fn met(&mut self, what: What) {
        self.expected.retain(|known| known.what != what);
        self.parked.retain(|known| known.what != Some(what));
    }

    fn met_of(&mut self, what: What, of: Option<&str>) {
        self.expected
            .retain(|known| known.what != what || known.of.as_deref() != of);
        self.parked
            .retain(|known| known.what != Some(what) || known.of.as_deref() != of);
    }

    /// It was given up, and an operator must look, without a limit. What is not expected any more has
    /// happened before it was given up, unless it is just that which is refused here.
    fn park(&mut self, at: DateTime<Utc>, event: &TaskParked) {
        let what = What::of_task(&event.task).filter(|_| !event.done);
        if let Some(what) = what {
            let (mut expected, mut parked) = (self.expected.iter(), self.parked.iter());
            if expected.any(|known| known.what == what && known.of == event.of) {
                self.put(what, event.of.clone(), Who::Operator, at, None);
            } else if parked.any(|known| known.what == Some(what) && known.of == event.of) {
                self.met_of(what, event.of.as_deref());
            } else {
                return;
            }
        }
        self.parked.push(Parked {
            task_id: Some(event.task_id),
            what,
            of: event.of.clone(),
            problem: format!("{}: {}", event.task, event.problem),
        });
    }

    /// An operator has had it done: whoever was asked first is asked again.
    fn resume(&mut self, limits: &TimeLimits, at: DateTime<Utc>, event: &TaskResumed) {
        let is_it = |known: &Parked| known.task_id == Some(event.task_id);
        let Some(index) = self.parked.iter().position(is_it) else {
            return;
        };
        let parked = self.parked.remove(index);
        if let Some(what) = parked.what {
            let (who, wait) = match what {
                What::Dispatch => (Who::Carrier, limits.dispatch),
                What::Delivery => (Who::Carrier, limits.delivery),
                What::Capture => (Who::Provider, limits.capture),
                What::Authorization => (Who::Provider, limits.outcome),
                What::Arrival => (Who::Platform, limits.platform),
                _ => (Who::Provider, limits.giving_back),
            };
            self.put(what, parked.of, who, at, Some(after(at, wait)));
        }
    }

    /// Whoever acts when time is up has said when that is.
    fn settle(&mut self, event: &DeadlineSet) {
        let what = What::awaited(event.what);
        let mut expected = self.expected.iter_mut();
        let known =
            expected.find(|known| known.what == what && known.of.as_deref() == Some(&event.of));
        if let Some(known) = known {
            let (first, last) = (after(known.since, -FURTHEST), after(known.since, FURTHEST));
            known.until = Some(event.until.clamp(first, last));
        }
    }

    /// Whether something keeps the order from going on.
    fn is_kept(&self) -> bool {
        let mut expected = self.expected.iter();
        self.status == Status::Cancelling || expected.any(|known| known.what == What::Release)
    }

    /// What is kept has no limit; from when on it is not kept any more, it has one again.
    fn keep_or_let_go(&mut self, limits: &TimeLimits, at: DateTime<Utc>) {
        let kept = self.is_kept();
        for known in &mut self.expected {
            if is_kept_by_holds(known.what, known.who) {
                known.until = (!kept).then(|| after(at, limits.platform));
            }
        }
    }

    fn order(&mut self, limits: &TimeLimits, at: DateTime<Utc>, event: &OrderEvent) {
        match event {
            OrderEvent::OrderPlaced(_)
            | OrderEvent::NoteAdded(_)
            | OrderEvent::LinesShipped(_)
            | OrderEvent::LinesDelivered(_)
            | OrderEvent::LinesLost(_)
            | OrderEvent::ReturnOpened(_)
            | OrderEvent::ReturnDropped(_)
            | OrderEvent::LinesReturned(_)
            | OrderEvent::LinesCancelled(_)
            | OrderEvent::TagsSet(_)
            | OrderEvent::ShippingAddressChanged(_) => {}
            OrderEvent::AmendmentProposed(event) => {
                let of = Some(event.amendment_id.to_string());
                let until = Some(event.until);
                self.put(What::Amendment, of, Who::Operator, at, until);
            }
            OrderEvent::AmendmentApplied(event) => self.amended(event.amendment_id),
            OrderEvent::AmendmentWithdrawn(event) => self.amended(event.amendment_id),
            OrderEvent::AmendmentRejected(event) => self.amended(event.amendment_id),
            OrderEvent::AmendmentExpired(event) => self.amended(event.amendment_id),
            OrderEvent::OrderConfirmed(_) => {
                self.status = Status::Confirmed;
                self.met(What::Confirmation);
                // What is still to come is waited for first.
                if self.waiting.is_empty() {
                    self.expect(What::Allocation, Who::Platform, at, limits.platform);
                }
            }
            OrderEvent::OrderRejected(_) => self.end(limits, at, Status::Rejected),
            OrderEvent::OrderExpired(_) => self.end(limits, at, Status::Expired),
            OrderEvent::OrderCancelled(_) => self.end(limits, at, Status::Cancelled),
            OrderEvent::OrderCompleted(_) => self.end(limits, at, Status::Completed),
            OrderEvent::CancellationRequested(_) => {
                self.status = Status::Cancelling;
                // Nobody need get any more what is not wanted.
                self.expected.retain(|known| known.what != What::Stock);
                self.expect(What::Cancellation, Who::Platform, at, limits.cancellation);
                self.keep_or_let_go(limits, at);
            }
            OrderEvent::CancellationRejected(event) => {
                self.status = match event.confirmed {
                    true => Status::Confirmed,
                    false => Status::Placed,
                };
                self.met(What::Cancellation);
                self.keep_or_let_go(limits, at);
            }
            OrderEvent::HoldPlaced(event) => {
                let hold = Some(event.hold.clone());
                self.put(What::Release, hold, Who::Operator, at, None);
                self.keep_or_let_go(limits, at);
            }
            OrderEvent::TaskParked(event) => self.park(at, event),
            OrderEvent::TaskResumed(event) => self.resume(limits, at, event),
            OrderEvent::DeadlineSet(event) => self.settle(event),
            OrderEvent::HoldReleased(event) => {
                self.met_of(What::Release, Some(&event.hold));
                self.keep_or_let_go(limits, at);
            }
        }
    }

    /// Nobody need apply it any more.
    fn amended(&mut self, amendment: Uuid) {
        self.met_of(What::Amendment, Some(&amendment.to_string()));
    }

    /// The order has ended; what is to be given back is given back yet.
    fn end(&mut self, limits: &TimeLimits, at: DateTime<Utc>, status: Status) {
        self.status = status;
        let outlives = |what: What| what.outlives_the_order();
        self.expected.retain(|known| outlives(known.what));
        // Nor does the payment of which nobody knows what became of it.
        let is_open = |what: What| outlives(what) || what == What::Authorization;
        self.parked.retain(|known| known.what.is_none_or(is_open));
        if self.reserved && matches!(status, Status::Rejected | Status::Expired) {
            self.expect(What::StockRelease, Who::Platform, at, limits.platform);
        }
    }

    const fn is_open(&self) -> bool {
        matches!(
            self.status,
            Status::Placed | Status::Confirmed | Status::Cancelling
        )
    }

    fn stock(&mut self, limits: &TimeLimits, at: DateTime<Utc>, event: &StockEvent) {
        match event {
            StockEvent::StockReserved(event) if event.part == event.parts => {
                self.reserved = true;
                self.met(What::Reservation);
                if self.is_open() {
                    let until = Some(event.until);
                    self.put(What::Authorization, None, Who::Provider, at, until);
                }
            }
            StockEvent::StockReservationRejected(event) if event.part == event.parts => {
                self.met(What::Reservation);
                if self.is_open() {
                    self.expect(What::Rejection, Who::Platform, at, limits.platform);
                }
            }
            StockEvent::ReservationReleased(event) if event.part == event.parts => self.released(),
            StockEvent::ReservationExpired(event) if event.part == event.parts => self.released(),
            StockEvent::Backordered(event) => {
                self.waits_for(at, &event.location, &event.sku, event.quantity);
            }
            StockEvent::BackorderCovered(event) => {
                self.waits_for_less(limits, at, &event.location, &event.sku, event.quantity);
            }
            StockEvent::BackorderDropped(event) => {
                self.waits_for_less(limits, at, &event.location, &event.sku, event.quantity);
            }
            StockEvent::BackorderLimitSet(_)
            | StockEvent::BackorderExpired(_)
            | StockEvent::StockReceived(_)
            | StockEvent::StockAdjusted(_)
            | StockEvent::StockReserved(_)
            | StockEvent::StockReservationRejected(_)
            | StockEvent::ReservationCommitted(_)
            | StockEvent::ReservationReleased(_)
            | StockEvent::ReservationExpired(_)
            | StockEvent::StockShipped(_)
            | StockEvent::StockRestocked(_)
            | StockEvent::StockQuarantined(_)
            | StockEvent::ReservationReduced(_)
            | StockEvent::QuarantineCleared(_)
            | StockEvent::StockRecovered(_)
            | StockEvent::ReservationRaised(_) => {}
        }
    }

    fn released(&mut self) {
        self.reserved = false;
        self.met(What::StockRelease);
    }

    fn payment(&mut self, limits: &TimeLimits, at: DateTime<Utc>, event: &PaymentEvent) {
        use Who::{Customer, Operator, Platform, Provider};
        match event {
            PaymentEvent::PaymentAuthorizationRequested(_) => {
                // The reservation says until when; a further attempt has no more time.
                let known = self.expected.iter();
                let until = known
                    .filter(|known| known.what == What::Authorization)
                    .find_map(|known| known.until);
                let until = until.or_else(|| Some(after(at, limits.outcome)));
                self.put(What::Authorization, None, Provider, at, until);
            }
            PaymentEvent::PaymentActionRequired(event) => {
                // What is reserved is not kept any longer than before.
                let mut known = self.expected.iter();
                let limit = known.find(|known| known.what == What::Authorization);
                let limit = limit.and_then(|known| known.until);
                let until = [limit, event.until].into_iter().flatten().min();
                self.put(What::Authorization, None, Customer, at, until);
            }
            PaymentEvent::PaymentAuthorized(_) => {
                self.met(What::Authorization);
                if self.is_open() {
                    self.expect(What::Confirmation, Platform, at, limits.platform);
                }
            }
            PaymentEvent::PaymentDeclined(event) => {
                self.met(What::Authorization);
                if self.is_open() {
                    match event.attempts_left {
                        0 => self.expect(What::Rejection, Platform, at, limits.platform),
                        _ => self.expect(What::Authorization, Platform, at, limits.platform),
                    }
                }
            }
            PaymentEvent::PaymentOutcomeUnknown(_) => {
                self.expect(What::Authorization, Provider, at, limits.outcome);
            }
            PaymentEvent::PaymentParked(event) => {
                self.put(What::Authorization, None, Operator, at, None);
                self.parked.push(Parked {
                    task_id: None,
                    what: Some(What::Authorization),
                    of: None,
                    problem: event.detail.clone(),
                });
            }
            PaymentEvent::PaymentIntegrityMismatch(_) => {
                self.met(What::Authorization);
                if self.is_open() {
                    self.expect(What::Rejection, Platform, at, limits.platform);
                }
            }
            // Of which authorization, nobody knows yet.
            PaymentEvent::PaymentVoidDeferred(_) => {
                self.expect(What::Void, Provider, at, limits.giving_back);
            }
            PaymentEvent::PaymentVoidRequested(event) => {
                self.met_of(What::Void, None);
                let of = event.authorization_id.clone();
                self.expect_of(What::Void, of, Provider, at, limits.giving_back);
            }
            // What nobody waits for is given back by itself.
            PaymentEvent::PaymentVoided(event) => {
                self.met(What::Authorization);
                self.met_of(What::Void, None);
                self.met_of(What::Void, event.authorization_id.as_deref());
            }
            PaymentEvent::PaymentRestReleaseRequested(event) => {
                self.met_of(What::Void, None);
                let of = event.authorization_id.clone();
                self.expect_of(What::Void, of, Provider, at, limits.giving_back);
            }
            PaymentEvent::PaymentRestReleased(event) => {
                self.met_of(What::Void, Some(&event.authorization_id));
            }
            PaymentEvent::LatePaymentReversed(event) => {
                self.met_of(What::Void, Some(&event.authorization_id));
            }
            PaymentEvent::StrayAuthorizationFound(event) => {
                let of = event.authorization_id.clone();
                self.expect_of(What::Void, of, Provider, at, limits.giving_back);
            }
            PaymentEvent::PaymentReauthorizationRequested(_) => {
                self.expect(What::Reauthorization, Provider, at, limits.outcome);
            }
            PaymentEvent::PaymentReauthorized(event) => {
                self.met(What::Reauthorization);
                let of = event.former_authorization_id.clone();
                self.expect_of(What::Void, of, Provider, at, limits.giving_back);
            }
            PaymentEvent::PaymentReauthorizationFailed(_) => self.met(What::Reauthorization),
            PaymentEvent::FormerAuthorizationVoided(event) => {
                self.met_of(What::Void, Some(&event.authorization_id));
            }
            // A hold says so.
            PaymentEvent::PaymentAuthorizationExpired(_) => {}
            PaymentEvent::DisputeOpened(event) => {
                let of = event.dispute_id.clone();
                self.expect_of(What::Dispute, of, Provider, at, limits.dispute);
            }
            PaymentEvent::DisputeWon(event) => {
                self.met_of(What::Dispute, Some(&event.dispute_id));
            }
            PaymentEvent::DisputeLost(event) => {
                self.met_of(What::Dispute, Some(&event.dispute_id));
            }
            // It is the dispute that is waited for.
            PaymentEvent::PaymentRefundDeferred(event) => {
                self.asked_again(event.shipment_id, event.return_id, &event.reason);
                self.met_of(What::Void, None);
                if let Some(id) = event.return_id {
                    self.met_of(What::Refund, Some(&id.to_string()));
                }
            }
            PaymentEvent::PaymentCaptureRequested(event) => {
                let of = event.shipment_id.map(|id| id.to_string());
                let known = self.expected.iter();
                // All attempts together have so long.
                let until = known
                    .filter(|known| known.what == What::Capture && known.of == of)
                    .find_map(|known| known.until);
                let until = until.unwrap_or_else(|| after(at, limits.capture));
                self.put(What::Capture, of, Provider, at, Some(until));
            }
            PaymentEvent::PaymentCaptured(event) => {
                let of = event.shipment_id.map(|id| id.to_string());
                self.met_of(What::Capture, of.as_deref());
                // What is taken while the order is being cancelled is given back.
                if self.status == Status::Confirmed
                    && let Some(of) = of
                {
                    self.expect_of(What::Dispatch, of, Platform, at, limits.platform);
                }
            }
            PaymentEvent::PaymentCaptureFailed(event) if event.attempts_left == 0 => {
                let of = event.shipment_id.map(|id| id.to_string());
                self.met_of(What::Capture, of.as_deref());
                if self.is_open() {
                    self.expect(What::Cancellation, Platform, at, limits.cancellation);
                }
            }
            PaymentEvent::PaymentCaptureFailed(_) => {}
            PaymentEvent::PaymentRefundRequested(event) => {
                self.asked_again(event.shipment_id, event.return_id, &event.reason);
                // A void that waited for its outcome has become a refund.
                self.met_of(What::Void, None);
                if let Some(id) = event.return_id {
                    self.met_of(What::Refund, Some(&id.to_string()));
                }
                self.expect_of(What::Refund, event.refund, Provider, at, limits.giving_back);
            }
            PaymentEvent::PaymentRefunded(event) => {
                self.owed.retain(|owed| owed.refund != event.refund);
                self.met_of(What::Refund, Some(&event.refund.to_string()));
            }
            PaymentEvent::PaymentRefundFailed(event) => self.owes(
                at,
                Owed {
                    refund: event.refund,
                    shipment_id: event.shipment_id,
                    return_id: event.return_id,
                    reason: event.reason.clone(),
                },
            ),
            PaymentEvent::PaymentRefundReversed(event) => self.owes(
                at,
                Owed {
                    refund: event.refund,
                    shipment_id: event.shipment_id,
                    return_id: event.return_id,
                    reason: event.reason.clone(),
                },
            ),
        }
    }

    fn shipment(&mut self, limits: &TimeLimits, at: DateTime<Utc>, event: &ShipmentEvent) {
        use Who::{Carrier, Operator, Platform, Provider, Warehouse};
        match event {
            ShipmentEvent::ShipmentCreated(event) => {
                self.met(What::Allocation);
                let id = event.shipment_id;
                self.expect_of(What::Packing, id, Warehouse, at, limits.packing);
            }
            ShipmentEvent::ShipmentPacked(event) => {
                let id = event.shipment_id;
                self.met_of(What::Packing, Some(&id.to_string()));
                self.expect_of(What::Capture, id, Provider, at, limits.capture);
            }
            ShipmentEvent::ShipmentReady(event) => {
                let id = event.shipment_id;
                self.expect_of(What::Dispatch, id, Platform, at, limits.platform);
            }
            ShipmentEvent::DispatchRequested(event) => {
                let id = event.shipment_id;
                self.expect_of(What::Dispatch, id, Carrier, at, limits.dispatch);
            }
            ShipmentEvent::DispatchRefused(event) => {
                let id = event.shipment_id;
                self.expect_of(What::Dispatch, id, Operator, at, limits.refusal);
            }
            ShipmentEvent::ShipmentDispatched(event) => {
                let id = event.shipment_id;
                self.met_of(What::Dispatch, Some(&id.to_string()));
                self.expect_of(What::Delivery, id, Carrier, at, limits.delivery);
            }
            ShipmentEvent::ShipmentDelivered(event) => {
                self.arrived(limits, at, event.shipment_id.to_string());
            }
            ShipmentEvent::ShipmentLost(event) => {
                self.arrived(limits, at, event.shipment_id.to_string());
            }
            ShipmentEvent::ShipmentReturnedToSender(event) => {
                self.arrived(limits, at, event.shipment_id.to_string());
            }
            ShipmentEvent::ShipmentCancelled(event) => {
                self.met(What::Allocation);
                self.forget(&event.shipment_id.to_string());
                // The rest of the order goes its way.
                if event.amount.is_some() && self.status == Status::Confirmed {
                    self.met(What::Cancellation);
                }
            }
            ShipmentEvent::ShipmentTracked(_)
            | ShipmentEvent::ShipmentDeliveryFailed(_)
            | ShipmentEvent::ShipmentGivenUp(_)
            | ShipmentEvent::ShipmentCancellationRefused(_)
            | ShipmentEvent::ShipmentRefitted(_)
            | ShipmentEvent::ShipmentBookedIn(_) => {}
        }
    }

    /// Nothing is expected of it any more, nor waits for an operator unless only one settles it.
    fn forget(&mut self, of: &str) {
        self.expected
            .retain(|known| known.of.as_deref() != Some(of));
        self.parked
            .retain(|known| known.what.is_none() || known.of.as_deref() != Some(of));
    }

    /// A shipment is at its end; once the last one is, so is the order.
    fn arrived(&mut self, limits: &TimeLimits, at: DateTime<Utc>, shipment: String) {
        self.met_of(What::Delivery, Some(&shipment));
        let on_its_way = |known: &Expectation| known.what.stage().is_some();
        if self.is_open() && !self.expected.iter().any(on_its_way) {
            self.expect(What::Completion, Who::Platform, at, limits.platform);
        }
    }
}

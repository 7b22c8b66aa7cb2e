//! One row per order: what lists and single orders are answered from.

mod amendment;
mod fulfilment;
mod returning;
mod settlement;

pub use amendment::OpenAmendment;
pub use fulfilment::{Fulfilment, Progress};
pub use returning::Returning;
pub use settlement::Settlement;

use crate::{
    projection::{FoldError, Projection, known},
    row::{Json, row},
};
use chrono::{DateTime, Utc};
use domain::{
    Category, Currency, CustomerId, Event, OrderId, Recorded, Sealed, StreamId, TenantId,
    order::{
        FulfilmentStatus, Line, LineQuantity, OrderEvent, OrderPlaced, OrderReturnStatus,
        RejectionReason, Status,
    },
    payment::{PaymentEvent, PaymentStatus},
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, time::Duration};

row! {
    /// An order.
    OrderSummaryRow in "order_summary" by
    /// Which order.
    OrderSummaryKey
    key {
        /// The shop.
        tenant: TenantId,
        /// The order.
        order_id: OrderId,
    }
    state {
        /// The sum of the lines, in minor units.
        total: i64,
        /// Whether prices include tax.
        tax_included: bool,
        /// How many pieces were ordered.
        unit_count: i64,
        /// The version of the order's stream.
        version: i64,
        /// The position of the last event that changed the row.
        position: i64,
        /// When the customer ordered.
        placed_at: DateTime<Utc>,
        /// When the last event that changed the row was recorded.
        updated_at: DateTime<Utc>,
        /// How many lines there are.
        line_count: i32,
        /// How many holds are on it.
        hold_count: i32,
        /// Who ordered.
        customer_id: CustomerId,
        /// The currency of all amounts.
        currency: Currency,
        /// Where it is in its life.
        status: Status,
        /// Where its payment is.
        payment_status: PaymentStatus,
        /// How much of it has left and arrived.
        fulfilment_status: FulfilmentStatus,
        /// How much of it has come back.
        return_status: OrderReturnStatus,
        /// The shop's own order number.
        reference: Option<String>,
        /// Why it was rejected.
        rejection_reason: Option<String>,
        /// The same for people.
        rejection_detail: Option<String>,
        /// Why it is, or was, cancelled.
        cancellation_reason: Option<String>,
        /// The holds on it.
        holds: Json<Vec<Hold>>,
        /// What is taken for it and given back; none before something is to be taken.
        settlement: Option<Json<Settlement>>,
        /// How far its lines are; none before something has left. Only shipments and returns change it.
        fulfilment: Option<Json<Fulfilment>>,
        /// What it is tagged with; none where that is nothing.
        tags: Option<Json<Vec<String>>>,
        /// Where it goes since that was changed, sealed; none where it goes where it was placed to go.
        moved_to: Option<Sealed>,
        /// The amendment that is open.
        amendment: Option<Json<OpenAmendment>>,
        /// The lines that are not as they were placed, by their numbers; none where all are.
        amended: Option<Json<BTreeMap<u32, Line>>>,
        /// What is to come back of it; none before a return was asked for.
        open_returns: Option<Json<Returning>>,
    }
    once {
        /// Where it was placed to go: only its customer's key opens it.
        shipping_address: Option<Sealed>,
        /// What was ordered.
        lines: Option<Json<Vec<Line>>>,
    }
}

/// A hold on an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Which.
    pub hold: String,
    /// Why, for people.
    pub reason: String,
}

/// Orders.
pub struct OrderSummary;

impl Projection for OrderSummary {
    const NAME: &'static str = "order_summary";
    const VERSION: i32 = 6;
    const PACE: Duration = Duration::from_millis(5);
    type Row = OrderSummaryRow;

    fn types() -> Vec<&'static str> {
        [OrderEvent::TYPES, PaymentEvent::TYPES].concat()
    }

    fn key(event: &Recorded) -> Option<OrderSummaryKey> {
        let order_id = match &event.event {
            Event::Order(event) => super::order_of(event),
            Event::Payment(event) => super::order_of_payment(event),
            Event::Stock(_)
            | Event::Shipment(_)
            | Event::Return(_)
            | Event::Customer(_)
            | Event::Product(_) => {
                return None;
            }
        };
        Some(OrderSummaryKey {
            tenant: event.envelope.tenant.clone(),
            order_id,
        })
    }

    fn key_of_stream(tenant: &TenantId, stream: &StreamId) -> Option<OrderSummaryKey> {
        let order_id = match stream.category() {
            Category::Order | Category::Payment => stream.key().parse().ok()?,
            _ => return None,
        };
        Some(OrderSummaryKey {
            tenant: tenant.clone(),
            order_id,
        })
    }

    fn begins(event: &Recorded) -> bool {
        matches!(event.event, Event::Order(OrderEvent::OrderPlaced(_)))
    }

    fn apply(
        row: Option<OrderSummaryRow>,
        event: &Recorded,
    ) -> Result<Option<OrderSummaryRow>, FoldError> {
        let mut row = match (&event.event, row) {
            (
                Event::Stock(_)
                | Event::Shipment(_)
                | Event::Return(_)
                | Event::Customer(_)
                | Event::Product(_),
                row,
            ) => {
                return Ok(row);
            }
            (Event::Order(OrderEvent::OrderPlaced(placed)), None) => begin(event, placed)?,
            (Event::Order(OrderEvent::OrderPlaced(_)), Some(_)) => {
                return Err(FoldError::new("the order was placed before"));
            }
            (_, row) => known(row)?,
        };
        match &event.event {
            Event::Order(order) => {
                row.version = event.envelope.version.get();
                apply_order(&mut row, order)?;
            }
            Event::Payment(payment) => {
                apply_payment(&mut row, payment)?;
            }
            Event::Stock(_)
            | Event::Shipment(_)
            | Event::Return(_)
            | Event::Customer(_)
            | Event::Product(_) => {}
        }
        row.position = event.envelope.position.get();
        row.updated_at = event.envelope.recorded_at;
        Ok(Some(row))
    }
}

fn begin(event: &Recorded, placed: &OrderPlaced) -> Result<OrderSummaryRow, FoldError> {
    Ok(OrderSummaryRow {
        tenant: event.envelope.tenant.clone(),
        order_id: placed.order_id,
        total: placed.total,
        tax_included: placed.tax_included,
        unit_count: super::units(&placed.lines)?,
        version: 0,
        position: 0,
        placed_at: placed.placed_at,
        updated_at: event.envelope.recorded_at,
        line_count: i32::try_from(placed.lines.len()).unwrap_or(i32::MAX),
        hold_count: 0,
        customer_id: placed.customer_id.clone(),
        currency: placed.currency,
        status: Status::Placed,
        payment_status: PaymentStatus::Pending,
        fulfilment_status: FulfilmentStatus::Unfulfilled,
        return_status: OrderReturnStatus::None,
        reference: placed.reference.clone(),
        rejection_reason: None,
        rejection_detail: None,
        cancellation_reason: None,
        holds: Json(vec![]),
        settlement: None,
        fulfilment: None,
        tags: None,
        moved_to: None,
        amendment: None,
        amended: None,
        open_returns: None,
        shipping_address: placed.shipping_address.clone(),
        lines: Some(Json(placed.lines.clone())),
    })
}

fn apply_order(row: &mut OrderSummaryRow, event: &OrderEvent) -> Result<(), FoldError> {
    match event {
        OrderEvent::OrderPlaced(_)
        | OrderEvent::NoteAdded(_)
        | OrderEvent::TaskParked(_)
        | OrderEvent::TaskResumed(_)
        | OrderEvent::DeadlineSet(_) => {}
        OrderEvent::AmendmentProposed(event) => {
            row.amendment = Some(Json(event.into()));
        }
        OrderEvent::AmendmentApplied(event) => amendment::apply(row, event)?,
        OrderEvent::AmendmentWithdrawn(_)
        | OrderEvent::AmendmentRejected(_)
        | OrderEvent::AmendmentExpired(_) => row.amendment = None,
        OrderEvent::OrderConfirmed(_) => row.status = Status::Confirmed,
        OrderEvent::OrderRejected(event) => {
            row.status = Status::Rejected;
            row.rejection_reason = Some(reason(event.reason).into());
            row.rejection_detail = Some(event.detail.clone());
        }
        OrderEvent::OrderExpired(_) => row.status = Status::Expired,
        OrderEvent::CancellationRequested(event) => {
            row.status = Status::Cancelling;
            row.cancellation_reason = Some(event.reason.clone());
        }
        OrderEvent::CancellationRejected(event) => {
            row.status = match event.confirmed {
                true => Status::Confirmed,
                false => Status::Placed,
            };
            row.cancellation_reason = None;
        }
        OrderEvent::OrderCancelled(event) => {
            row.status = Status::Cancelled;
            row.cancellation_reason = Some(event.reason.clone());
        }
        OrderEvent::HoldPlaced(event) => {
            let hold = Hold {
                hold: event.hold.clone(),
                reason: event.reason.clone(),
            };
            row.holds.0.retain(|other| other.hold != hold.hold);
            row.holds.0.push(hold);
        }
        OrderEvent::HoldReleased(event) => row.holds.0.retain(|hold| hold.hold != event.hold),
        OrderEvent::LinesShipped(event) => progress(row, &event.lines, Progress::shipped)?,
        OrderEvent::LinesDelivered(event) => progress(row, &event.lines, Progress::delivered)?,
        OrderEvent::LinesLost(event) => progress(row, &event.lines, Progress::lost)?,
        OrderEvent::LinesCancelled(event) => progress(row, &event.lines, Progress::cancelled)?,
        OrderEvent::OrderCompleted(_) => row.status = Status::Completed,
        OrderEvent::ReturnOpened(event) => {
            row.return_status = event.return_status;
            row.open_returns.get_or_insert_default().0.enter(event);
        }
        OrderEvent::ReturnDropped(event) => {
            row.return_status = event.return_status;
            row.open_returns
                .get_or_insert_default()
                .0
                .end(event.return_id);
        }
        OrderEvent::LinesReturned(event) => {
            row.return_status = event.return_status;
            row.open_returns
                .get_or_insert_default()
                .0
                .end(event.return_id);
            progress(row, &event.lines, Progress::returned)?;
        }
        OrderEvent::TagsSet(event) => {
            row.tags = (!event.tags.is_empty()).then(|| Json(event.tags.clone()));
        }
        OrderEvent::ShippingAddressChanged(event) => {
            row.moved_to = Some(event.shipping_address.clone());
        }
    }
    row.hold_count = i32::try_from(row.holds.0.len()).unwrap_or(i32::MAX);
    Ok(())
}

/// Counts `lines` in where they are now.
fn progress(
    row: &mut OrderSummaryRow,
    lines: &[LineQuantity],
    counter: fn(&mut Progress) -> &mut i64,
) -> Result<(), FoldError> {
    let fulfilment = &mut row.fulfilment.get_or_insert_default().0;
    fulfilment.count(lines, counter)?;
    row.fulfilment_status = fulfilment.status(row.unit_count);
    Ok(())
}

/// The word that events use for it.
const fn reason(reason: RejectionReason) -> &'static str {
    match reason {
        RejectionReason::OutOfStock => "out_of_stock",
        RejectionReason::PaymentDeclined => "payment_declined",
        RejectionReason::PaymentIntegrity => "payment_integrity",
    }
}

fn apply_payment(row: &mut OrderSummaryRow, event: &PaymentEvent) -> Result<(), FoldError> {
    if settlement::is_about(event) {
        let settlement = &mut row.settlement.get_or_insert_default().0;
        settlement.apply(event)?;
        // A dispute that is told of before what it disputes changes nothing else.
        let of_dispute = matches!(
            event,
            PaymentEvent::DisputeWon(_) | PaymentEvent::DisputeLost(_)
        );
        if !of_dispute || settlement.has_begun() {
            row.payment_status = settlement.status(row.total);
        }
    } else if let Some(status) = payment_status(event) {
        row.payment_status = status;
    }
    Ok(())
}

/// Where the event leaves the payment, if it moves it; what is taken and given back aside.
const fn payment_status(event: &PaymentEvent) -> Option<PaymentStatus> {
    Some(match event {
        PaymentEvent::PaymentAuthorizationRequested(_) => PaymentStatus::Authorizing,
        PaymentEvent::PaymentAuthorized(_) | PaymentEvent::PaymentIntegrityMismatch(_) => {
            PaymentStatus::Authorized
        }
        PaymentEvent::PaymentDeclined(_) => PaymentStatus::Declined,
        PaymentEvent::PaymentActionRequired(_) => PaymentStatus::ActionRequired,
        PaymentEvent::PaymentOutcomeUnknown(_) | PaymentEvent::PaymentParked(_) => {
            PaymentStatus::OutcomeUnknown
        }
        PaymentEvent::PaymentVoidRequested(_) => PaymentStatus::Voiding,
        PaymentEvent::PaymentVoided(_) => PaymentStatus::Voided,
        PaymentEvent::PaymentVoidDeferred(_)
        | PaymentEvent::LatePaymentReversed(_)
        | PaymentEvent::PaymentRestReleaseRequested(_)
        | PaymentEvent::PaymentRestReleased(_)
        | PaymentEvent::PaymentCaptureRequested(_)
        | PaymentEvent::PaymentCaptured(_)
        | PaymentEvent::PaymentCaptureFailed(_)
        | PaymentEvent::PaymentRefundRequested(_)
        | PaymentEvent::PaymentRefunded(_)
        | PaymentEvent::PaymentRefundDeferred(_)
        | PaymentEvent::PaymentRefundFailed(_)
        | PaymentEvent::PaymentRefundReversed(_)
        | PaymentEvent::StrayAuthorizationFound(_)
        | PaymentEvent::PaymentReauthorizationRequested(_)
        | PaymentEvent::PaymentReauthorized(_)
        | PaymentEvent::PaymentReauthorizationFailed(_)
        | PaymentEvent::FormerAuthorizationVoided(_)
        | PaymentEvent::PaymentAuthorizationExpired(_)
        | PaymentEvent::DisputeOpened(_)
        | PaymentEvent::DisputeWon(_)
        | PaymentEvent::DisputeLost(_) => return None,
    })
}

#[cfg(test)]
mod tests;

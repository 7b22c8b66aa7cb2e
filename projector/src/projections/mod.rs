//! The projections, one per file. A new one is a file here, which is declared here; a migration that makes
//! its table; and a line in [`all`]. docs/projections.md shows it.

mod customer_summary;
mod order_process;
mod order_summary;
mod order_timeline;
mod payments_daily;
mod product_summary;
mod return_summary;
mod sales_daily;
mod shipment_summary;
mod stock_level;
mod tally;

pub use customer_summary::{CustomerSummary, CustomerSummaryKey, CustomerSummaryRow};
pub use order_process::{OrderProcess, OrderProcessKey, OrderProcessRow};
pub use order_summary::{
    Fulfilment, Hold, OrderSummary, OrderSummaryKey, OrderSummaryRow, Progress, Settlement,
};
pub use order_timeline::{OrderTimeline, OrderTimelineKey, OrderTimelineRow};
pub use payments_daily::{PaymentsDaily, PaymentsDailyKey, PaymentsDailyRow};
pub use product_summary::{ProductSummary, ProductSummaryKey, ProductSummaryRow};
pub use return_summary::{ReturnSummary, ReturnSummaryKey, ReturnSummaryRow};
pub use sales_daily::{SalesDaily, SalesDailyKey, SalesDailyRow};
pub use shipment_summary::{ShipmentSummary, ShipmentSummaryKey, ShipmentSummaryRow};
pub use stock_level::{StockLevel, StockLevelKey, StockLevelRow};

use crate::projection::{FoldError, Projection, add};
use domain::{
    OrderId, ReturnId, ShipmentId,
    order::{Line, OrderEvent},
    payment::PaymentEvent,
    returns::ReturnEvent,
    shipment::ShipmentEvent,
    stock::StockEvent,
};

/// Does something with each projection.
pub trait Visitor {
    /// Does it with `P`.
    fn visit<P: Projection>(&mut self);
}

/// Shows the visitor all projections there are.
pub fn all(visitor: &mut impl Visitor) {
    visitor.visit::<OrderSummary>();
    visitor.visit::<OrderTimeline>();
    visitor.visit::<OrderProcess>();
    visitor.visit::<ShipmentSummary>();
    visitor.visit::<ReturnSummary>();
    visitor.visit::<StockLevel>();
    visitor.visit::<CustomerSummary>();
    visitor.visit::<SalesDaily>();
    visitor.visit::<ProductSummary>();
    visitor.visit::<PaymentsDaily>();
}

/// The names of all projections.
pub fn names() -> Vec<&'static str> {
    struct Names(Vec<&'static str>);
    impl Visitor for Names {
        fn visit<P: Projection>(&mut self) {
            self.0.push(P::NAME);
        }
    }
    let mut names = Names(vec![]);
    all(&mut names);
    names.0
}

/// The order that the event is about.
const fn order_of(event: &OrderEvent) -> OrderId {
    match event {
        OrderEvent::OrderPlaced(event) => event.order_id,
        OrderEvent::OrderConfirmed(event) => event.order.order_id,
        OrderEvent::OrderRejected(event) => event.order.order_id,
        OrderEvent::OrderExpired(event) => event.order.order_id,
        OrderEvent::CancellationRequested(event) => event.order.order_id,
        OrderEvent::CancellationRejected(event) => event.order.order_id,
        OrderEvent::OrderCancelled(event) => event.order.order_id,
        OrderEvent::NoteAdded(event) => event.order_id,
        OrderEvent::HoldPlaced(event) => event.order_id,
        OrderEvent::HoldReleased(event) => event.order_id,
        OrderEvent::LinesShipped(event) => event.order.order_id,
        OrderEvent::LinesDelivered(event) => event.order.order_id,
        OrderEvent::LinesLost(event) => event.order.order_id,
        OrderEvent::OrderCompleted(event) => event.order.order_id,
        OrderEvent::TaskParked(event) => event.order_id,
        OrderEvent::TaskResumed(event) => event.order_id,
        OrderEvent::ReturnOpened(event) => event.order.order_id,
        OrderEvent::ReturnDropped(event) => event.order.order_id,
        OrderEvent::LinesReturned(event) => event.order.order_id,
        OrderEvent::DeadlineSet(event) => event.order_id,
        OrderEvent::LinesCancelled(event) => event.order.order_id,
        OrderEvent::TagsSet(event) => event.order_id,
        OrderEvent::ShippingAddressChanged(event) => event.order_id,
        OrderEvent::AmendmentProposed(event) => event.order.order_id,
        OrderEvent::AmendmentApplied(event) => event.order.order_id,
        OrderEvent::AmendmentWithdrawn(event) => event.order_id,
        OrderEvent::AmendmentRejected(event) => event.order_id,
        OrderEvent::AmendmentExpired(event) => event.order_id,
    }
}

/// The order whose payment the event is about.
const fn order_of_payment(event: &PaymentEvent) -> OrderId {
    match event {
        PaymentEvent::PaymentAuthorizationRequested(event) => event.order_id,
        PaymentEvent::PaymentAuthorized(event) => event.order_id,
        PaymentEvent::PaymentDeclined(event) => event.order_id,
        PaymentEvent::PaymentActionRequired(event) => event.order_id,
        PaymentEvent::PaymentOutcomeUnknown(event) => event.order_id,
        PaymentEvent::PaymentParked(event) => event.order_id,
        PaymentEvent::PaymentIntegrityMismatch(event) => event.order_id,
        PaymentEvent::PaymentVoidDeferred(event) => event.order_id,
        PaymentEvent::PaymentVoidRequested(event) => event.order_id,
        PaymentEvent::PaymentVoided(event) => event.order_id,
        PaymentEvent::LatePaymentReversed(event) => event.order_id,
        PaymentEvent::PaymentRestReleaseRequested(event) => event.order_id,
        PaymentEvent::PaymentRestReleased(event) => event.order_id,
        PaymentEvent::PaymentCaptureRequested(event) => event.order_id,
        PaymentEvent::PaymentCaptured(event) => event.order_id,
        PaymentEvent::PaymentCaptureFailed(event) => event.order_id,
        PaymentEvent::PaymentRefundRequested(event) => event.order_id,
        PaymentEvent::PaymentRefunded(event) => event.order_id,
        PaymentEvent::PaymentRefundDeferred(event) => event.order_id,
        PaymentEvent::PaymentRefundFailed(event) => event.order_id,
        PaymentEvent::PaymentRefundReversed(event) => event.order_id,
        PaymentEvent::StrayAuthorizationFound(event) => event.order_id,
        PaymentEvent::PaymentReauthorizationRequested(event) => event.order_id,
        PaymentEvent::PaymentReauthorized(event) => event.order_id,
        PaymentEvent::PaymentReauthorizationFailed(event) => event.order_id,
        PaymentEvent::FormerAuthorizationVoided(event) => event.order_id,
        PaymentEvent::PaymentAuthorizationExpired(event) => event.order_id,
        PaymentEvent::DisputeOpened(event) => event.order_id,
        PaymentEvent::DisputeWon(event) => event.order_id,
        PaymentEvent::DisputeLost(event) => event.order_id,
    }
}

/// The order that the stock is for, if it is for one.
const fn order_of_stock(event: &StockEvent) -> Option<OrderId> {
    match event {
        StockEvent::StockReceived(_)
        | StockEvent::StockAdjusted(_)
        | StockEvent::BackorderLimitSet(_)
        | StockEvent::QuarantineCleared(_) => None,
        StockEvent::Backordered(event) => Some(event.order_id),
        StockEvent::BackorderCovered(event) => Some(event.order_id),
        StockEvent::BackorderDropped(event) => Some(event.order_id),
        StockEvent::BackorderExpired(event) => Some(event.order_id),
        StockEvent::StockReserved(event) => Some(event.order_id),
        StockEvent::StockReservationRejected(event) => Some(event.order_id),
        StockEvent::ReservationCommitted(event) => Some(event.order_id),
        StockEvent::ReservationReleased(event) => Some(event.order_id),
        StockEvent::ReservationExpired(event) => Some(event.order_id),
        StockEvent::StockShipped(event) => Some(event.order_id),
        StockEvent::StockRestocked(event) => Some(event.order_id),
        StockEvent::StockQuarantined(event) => Some(event.order_id),
        StockEvent::ReservationReduced(event) => Some(event.order_id),
        StockEvent::ReservationRaised(event) => Some(event.order_id),
        StockEvent::StockRecovered(event) => Some(event.order_id),
    }
}

/// The order and the shipment that the event is about.
const fn order_and_shipment(event: &ShipmentEvent) -> (OrderId, ShipmentId) {
    match event {
        ShipmentEvent::ShipmentCreated(event) => (event.order_id, event.shipment_id),
        ShipmentEvent::ShipmentPacked(event) => (event.order_id, event.shipment_id),
        ShipmentEvent::ShipmentReady(event) => (event.order_id, event.shipment_id),
        ShipmentEvent::DispatchRequested(event) => (event.order_id, event.shipment_id),
        ShipmentEvent::ShipmentDispatched(event) => (event.order_id, event.shipment_id),
        ShipmentEvent::DispatchRefused(event) => (event.order_id, event.shipment_id),
        ShipmentEvent::ShipmentTracked(event) => (event.order_id, event.shipment_id),
        ShipmentEvent::ShipmentDelivered(event) => (event.order_id, event.shipment_id),
        ShipmentEvent::ShipmentDeliveryFailed(event) => (event.order_id, event.shipment_id),
        ShipmentEvent::ShipmentLost(event) => (event.order_id, event.shipment_id),
        ShipmentEvent::ShipmentReturnedToSender(event) => (event.order_id, event.shipment_id),
        ShipmentEvent::ShipmentCancelled(event) => (event.order_id, event.shipment_id),
        ShipmentEvent::ShipmentGivenUp(event) => (event.order_id, event.shipment_id),
        ShipmentEvent::ShipmentCancellationRefused(event) => (event.order_id, event.shipment_id),
        ShipmentEvent::ShipmentRefitted(event) => (event.order_id, event.shipment_id),
        ShipmentEvent::ShipmentBookedIn(event) => (event.order_id, event.shipment_id),
    }
}

/// The order and the return that the event is about.
const fn order_and_return(event: &ReturnEvent) -> (OrderId, ReturnId) {
    match event {
        ReturnEvent::ReturnRequested(event) => (event.order_id, event.return_id),
        ReturnEvent::ReturnApproved(event) => (event.order_id, event.return_id),
        ReturnEvent::ReturnDeclined(event) => (event.order_id, event.return_id),
        ReturnEvent::ReturnInTransit(event) => (event.order_id, event.return_id),
        ReturnEvent::ReturnReceived(event) => (event.order_id, event.return_id),
        ReturnEvent::ReturnInspected(event) => (event.order_id, event.return_id),
        ReturnEvent::ReturnBookedIn(event) => (event.order_id, event.return_id),
        ReturnEvent::ReturnRefunded(event) => (event.order_id, event.return_id),
        ReturnEvent::ReturnClosed(event) => (event.order_id, event.return_id),
        ReturnEvent::ReturnCancelled(event) => (event.order_id, event.return_id),
    }
}

/// How many pieces the lines are.
fn units(lines: &[Line]) -> Result<i64, FoldError> {
    let mut units = 0;
    for line in lines {
        add(&mut units, line.quantity)?;
    }
    Ok(units)
}

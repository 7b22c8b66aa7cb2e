//! All that can be asked, and over which streams it is decided.

use crate::{
    Actor, CommandId, EventId, OrderId, ReturnId, ShipmentId, StreamId, TenantId, Version,
    customer::CustomerCommand,
    order::OrderCommand,
    payment::PaymentCommand,
    product::ProductCommand,
    returns::ReturnCommand,
    shipment::ShipmentCommand,
    stock::{ReservationCommand, ReservationItem, ReservationStep, StockCommand},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Anything that can be asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Command {
    /// Of an order.
    Order(OrderId, OrderCommand),
    /// Of the stock of one SKU.
    Stock(StockCommand),
    /// Of the stock of all SKUs of an order together.
    Reservation(ReservationCommand),
    /// Of an order's payment.
    Payment(OrderId, PaymentCommand),
    /// Of a shipment.
    Shipment(ShipmentId, ShipmentCommand),
    /// Of a return.
    Return(ReturnId, ReturnCommand),
    /// Of a customer.
    Customer(CustomerCommand),
    /// Of a product.
    Product(ProductCommand),
}

impl Command {
    /// The streams that it is decided over, the one it is about first; each once.
    pub fn streams(&self, tenant: &TenantId) -> Vec<StreamId> {
        match self {
            Self::Order(
                order,
                OrderCommand::CancelLines(_)
                | OrderCommand::ChangeShippingAddress(_)
                | OrderCommand::ProposeAmendment(_),
            ) => with_shipments(tenant, *order).collect(),
            Self::Order(order, OrderCommand::ApplyAmendment(command)) => {
                let stocks = command.streams(tenant);
                with_shipments(tenant, *order).chain(stocks).collect()
            }
            Self::Order(order, OrderCommand::DropShipment(command)) => vec![
                StreamId::order(tenant, *order),
                StreamId::shipment(tenant, command.shipment_id),
            ],
            Self::Order(order, _) => vec![StreamId::order(tenant, *order)],
            Self::Payment(order, _) => vec![StreamId::payment(tenant, *order)],
            Self::Customer(command) => vec![StreamId::customer(tenant, command.customer_id())],
            Self::Product(command) => vec![StreamId::product(tenant, command.sku())],
            Self::Shipment(shipment, command) => {
                let shipment = StreamId::shipment(tenant, *shipment);
                let order = command.decided_over();
                let order = order.map(|order| StreamId::order(tenant, order));
                let stocks = match command {
                    ShipmentCommand::BookIn(command) => command.streams(tenant),
                    _ => vec![],
                };
                let first = std::iter::once(shipment);
                let further = command.further();
                let further = further.map(|parcel| StreamId::shipment(tenant, parcel));
                first.chain(order).chain(further).chain(stocks).collect()
            }
            Self::Return(id, command) => {
                let order = command.decided_over();
                let order = order.map(|order| StreamId::order(tenant, order));
                let stocks = match command {
                    ReturnCommand::BookIn(command) => command.streams(tenant),
                    _ => vec![],
                };
                let first = StreamId::of_return(tenant, *id);
                std::iter::once(first).chain(order).chain(stocks).collect()
            }
            Self::Stock(command) => {
                vec![StreamId::stock(tenant, command.location(), command.sku())]
            }
            Self::Reservation(command) => {
                let stock = |(place, item): (_, &ReservationItem)| {
                    StreamId::stock(tenant, place, &item.sku)
                };
                let order = || StreamId::order(tenant, command.order_id);
                let order = command.is_for_the_order().then(order);
                command.each().map(stock).chain(order).collect()
            }
        }
    }

    /// How many of its streams, the last ones, it only looks at: what it has led to holds, whatever
    /// happened to these at the same time. If it led to nothing, that may be because of them.
    pub const fn looks_at(&self) -> usize {
        match self {
            // An order that ends at the same moment gives back what is reserved for it.
            Self::Reservation(ReservationCommand {
                step: ReservationStep::Reserve { .. },
                ..
            }) => 1,
            // What is to be packed is what is wanted of the order, and what leaves cannot be called back:
            // neither lines that were cancelled before nor a hold must be overlooked. Nor must an amendment
            // that wants more again, where something is given back.
            _ => 0,
        }
    }

    /// Whether it begins a stream. That stream's id is the request's own, so nothing can be in it
    /// but what the same request has put there before: reading it first would be in vain.
    pub const fn begins_stream(&self) -> bool {
        matches!(self, Self::Order(_, OrderCommand::Place(_)))
    }

    /// A short name for logs and metrics.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Order(_, command) => match command {
                OrderCommand::Place(_) => "place_order",
                OrderCommand::Confirm(_) => "confirm_order",
                OrderCommand::Reject(_) => "reject_order",
                OrderCommand::Expire(_) => "expire_order",
                OrderCommand::RequestCancellation(_) => "request_cancellation",
                OrderCommand::RejectCancellation(_) => "reject_cancellation",
                OrderCommand::Cancel(_) => "cancel_order",
                OrderCommand::AddNote(_) => "add_note",
                OrderCommand::PlaceHold(_) => "place_hold",
                OrderCommand::ReleaseHold(_) => "release_hold",
                OrderCommand::RecordShipped(_) => "record_lines_shipped",
                OrderCommand::RecordDelivered(_) => "record_lines_delivered",
                OrderCommand::RecordLost(_) => "record_lines_lost",
                OrderCommand::Complete(_) => "complete_order",
                OrderCommand::ParkTask(_) => "park_task",
                OrderCommand::ResumeTask(_) => "resume_task",
                OrderCommand::SetDeadline(_) => "set_deadline",
                OrderCommand::CancelLines(_) => "cancel_lines",
                OrderCommand::SetTags(_) => "set_tags",
                OrderCommand::ChangeShippingAddress(_) => "change_shipping_address",
                OrderCommand::ProposeAmendment(_) => "propose_amendment",
                OrderCommand::ApplyAmendment(_) => "apply_amendment",
                OrderCommand::WithdrawAmendment(_) => "withdraw_amendment",
                OrderCommand::RejectAmendment(_) => "reject_amendment",
                OrderCommand::ExpireAmendment(_) => "expire_amendment",
                OrderCommand::SettleContradiction(_) => "settle_contradiction",
                OrderCommand::DropShipment(_) => "drop_shipment",
            },
            Self::Stock(StockCommand::Receive(_)) => "receive_stock",
            Self::Stock(StockCommand::Adjust(_)) => "adjust_stock",
            Self::Stock(StockCommand::Clear(_)) => "clear_quarantine",
            Self::Stock(StockCommand::SetBackorderLimit(_)) => "set_backorder_limit",
            Self::Stock(StockCommand::Cover(_)) => "cover_backorders",
            Self::Reservation(_) => "reservation",
            Self::Payment(_, PaymentCommand::RetryRefund(_)) => "retry_refund",
            Self::Payment(..) => "payment",
            Self::Shipment(_, command) => command.name(),
            Self::Return(_, command) => command.name(),
            Self::Customer(command) => command.name(),
            Self::Product(command) => command.name(),
        }
    }
}

/// The streams of an order and of all that may leave for it.
fn with_shipments(tenant: &TenantId, order: OrderId) -> impl Iterator<Item = StreamId> {
    let shipment = |parcel| StreamId::shipment(tenant, parcel);
    let shipments = ShipmentId::all(order).into_iter().map(shipment);
    std::iter::once(StreamId::order(tenant, order)).chain(shipments)
}

/// A command with who asks, why, and what makes it happen once.
#[derive(Debug, Clone, PartialEq)]
pub struct CommandEnvelope {
    /// What makes it happen once.
    pub id: CommandId,
    /// A digest of what was asked, to tell a repetition from another command under the same id.
    pub fingerprint: Option<[u8; 32]>,
    /// The shop.
    pub tenant: TenantId,
    /// Who asks.
    pub actor: Actor,
    /// What started it all.
    pub correlation_id: Uuid,
    /// The event that caused it, if a policy sends it.
    pub causation_id: Option<EventId>,
    /// The W3C trace context of the request.
    pub traceparent: Option<String>,
    /// When it was asked, by the asking process's clock.
    pub occurred_at: DateTime<Utc>,
    /// The version that the asker saw of the stream it is about, if it must still be that.
    pub expected: Option<Version>,
    /// What is asked.
    pub command: Command,
}

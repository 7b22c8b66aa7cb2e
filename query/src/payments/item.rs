//! A payment in a list.

use crate::{body::Money, orders::OrderItem, page::Page};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A payment in a list, as the read model of orders has it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PaymentItem<'r> {
    /// The order that is paid; a payment has no other name.
    pub order_id: Uuid,
    /// Where it is.
    #[schema(example = "captured")]
    pub status: &'r str,
    /// How much the order costs.
    pub amount: Money<'r>,
    /// How much was taken, in minor units.
    pub captured: i64,
    /// How much of that was given back, in minor units.
    pub refunded: i64,
    /// How much of it cardholders have got by disputes, in minor units.
    pub lost: i64,
    /// Who ordered.
    #[schema(example = "17850")]
    pub customer_id: &'r str,
    /// When the customer ordered.
    pub placed_at: DateTime<Utc>,
    /// When the last event of it or of its order was recorded.
    pub updated_at: DateTime<Utc>,
}

impl<'r> PaymentItem<'r> {
    /// The payments of a page of orders.
    pub(crate) fn page(orders: &Page<OrderItem<'r>>) -> Page<Self> {
        Page {
            items: orders.items.iter().map(Self::of).collect(),
            next_cursor: orders.next_cursor.clone(),
            prev_cursor: orders.prev_cursor.clone(),
            has_more: orders.has_more,
            as_of: orders.as_of,
        }
    }

    fn of(order: &OrderItem<'r>) -> Self {
        let [captured, refunded, lost] = order.settled;
        Self {
            order_id: order.order_id,
            status: order.payment_status,
            amount: order.total,
            captured,
            refunded,
            lost,
            customer_id: order.customer_id,
            placed_at: order.placed_at,
            updated_at: order.updated_at,
        }
    }
}

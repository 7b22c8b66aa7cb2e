//! What the API answers, as messages.

use crate::{
    body, freshness,
    orders::{Amendment, FieldChange, OrderAsOf, OrderBody, OrderDiff, OrderItem, TimelineEvent},
    page::Page,
};
use proto::{timestamp, v1};

impl From<body::Money<'_>> for v1::Money {
    fn from(money: body::Money<'_>) -> Self {
        Self {
            amount: money.amount,
            currency: money.currency.into(),
        }
    }
}

impl From<freshness::AsOf> for v1::AsOf {
    fn from(as_of: freshness::AsOf) -> Self {
        Self {
            position: as_of.position,
            lag_ms: as_of.lag_ms,
        }
    }
}

impl From<OrderBody<'_>> for v1::Order {
    fn from(order: OrderBody<'_>) -> Self {
        let lines = order.lines.into_iter().map(|line| v1::OrderLine {
            line: line.line,
            sku: line.sku.into(),
            quantity: line.quantity,
            unit_price: Some(line.unit_price.into()),
            subtotal: Some(line.subtotal.into()),
            discount: Some(line.discount.into()),
            order_discount: Some(line.order_discount.into()),
            tax_rate: line.tax_rate.map(Into::into),
            tax: Some(line.tax.into()),
            total: Some(line.total.into()),
            shipped: line.shipped,
            delivered: line.delivered,
            lost: line.lost,
            returned: line.returned,
            cancelled: line.cancelled,
        });
        let shipments = order
            .shipments
            .into_iter()
            .map(|shipment| v1::OrderShipment {
                shipment_id: shipment.shipment_id.to_string(),
                status: shipment.status,
                location: shipment.location,
            });
        let allowed = order.allowed_commands.into_iter().map(Into::into);
        let holds = order.holds.into_iter().map(|hold| v1::Hold {
            hold: hold.hold,
            reason: hold.reason,
        });
        Self {
            order_id: order.order_id.to_string(),
            version: order.version,
            etag: format!("\"{}\"", order.version),
            position: order.position,
            status: order.status.into(),
            payment_status: order.payment_status.into(),
            fulfilment_status: order.fulfilment_status.into(),
            return_status: order.return_status.into(),
            customer_id: order.customer_id.into(),
            reference: order.reference.map(Into::into),
            lines: lines.collect(),
            subtotal: Some(order.subtotal.into()),
            discount: Some(order.discount.into()),
            discount_total: Some(order.discount_total.into()),
            tax: Some(order.tax.into()),
            tax_included: order.tax_included,
            total: Some(order.total.into()),
            open_total: Some(order.open_total.into()),
            holds: holds.collect(),
            rejection: order.rejection.map(|rejection| v1::Rejection {
                reason: rejection.reason.into(),
                detail: rejection.detail.map(Into::into),
            }),
            cancellation_reason: order.cancellation_reason.map(Into::into),
            shipping_address: order.shipping_address.map(|address| v1::Address {
                name: address.name,
                lines: address.lines,
                city: address.city,
                postal_code: address.postal_code,
                country: address.country,
            }),
            erased: order.erased,
            placed_at: Some(timestamp(order.placed_at)),
            updated_at: Some(timestamp(order.updated_at)),
            captured: Some(order.captured.into()),
            refunded: Some(order.refunded.into()),
            shipments: shipments.collect(),
            allowed_commands: allowed.collect(),
            tags: order.tags,
            amendment: order.amendment.map(Into::into),
        }
    }
}

impl From<Amendment<'_>> for v1::Amendment {
    fn from(open: Amendment<'_>) -> Self {
        let lines = open.lines.into_iter().map(|line| v1::AmendmentLine {
            line: line.line,
            sku: line.sku.into(),
            quantity_before: line.quantity_before,
            quantity: line.quantity,
            unit_price: Some(line.unit_price.into()),
            discount: Some(line.discount.into()),
            tax: Some(line.tax.into()),
            total_before: Some(line.total_before.into()),
            total: Some(line.total.into()),
        });
        let stock = open.stock.into_iter().map(|stock| v1::AmendmentStock {
            sku: stock.sku.into(),
            difference: stock.difference,
        });
        Self {
            amendment_id: open.amendment_id.to_string(),
            lines: lines.collect(),
            stock: stock.collect(),
            total_before: Some(open.total_before.into()),
            total: Some(open.total.into()),
            difference: Some(open.difference.into()),
            authorized: Some(open.authorized.into()),
            released: Some(open.released.into()),
            reason: open.reason,
            expires_at: Some(timestamp(open.expires_at)),
        }
    }
}

impl From<&OrderItem<'_>> for v1::OrderItem {
    fn from(item: &OrderItem<'_>) -> Self {
        Self {
            order_id: item.order_id.to_string(),
            status: item.status.into(),
            payment_status: item.payment_status.into(),
            fulfilment_status: item.fulfilment_status.into(),
            return_status: item.return_status.into(),
            customer_id: item.customer_id.into(),
            reference: item.reference.map(Into::into),
            total: Some(item.total.into()),
            line_count: item.line_count,
            unit_count: item.unit_count,
            hold_count: item.hold_count,
            placed_at: Some(timestamp(item.placed_at)),
            updated_at: Some(timestamp(item.updated_at)),
            version: item.version,
        }
    }
}

impl From<&TimelineEvent<'_>> for v1::OrderEvent {
    fn from(event: &TimelineEvent<'_>) -> Self {
        Self {
            position: event.position,
            r#type: event.kind.into(),
            actor: event.actor.into(),
            occurred_at: Some(timestamp(event.occurred_at)),
            recorded_at: Some(timestamp(event.recorded_at)),
            event_id: event.event_id.to_string(),
            stream: event.stream.into(),
            version: event.version,
            command_id: event.command_id.to_string(),
            causation_id: event.causation_id.map(|id| id.to_string()),
            correlation_id: event.correlation_id.to_string(),
            data: event.data.get().into(),
        }
    }
}

impl From<&Page<OrderItem<'_>>> for v1::ListOrdersResponse {
    fn from(page: &Page<OrderItem<'_>>) -> Self {
        Self {
            orders: page.items.iter().map(Into::into).collect(),
            next_page_token: page.next_cursor.clone().unwrap_or_default(),
            previous_page_token: page.prev_cursor.clone().unwrap_or_default(),
            as_of: Some(page.as_of.into()),
        }
    }
}

impl From<&Page<TimelineEvent<'_>>> for v1::ListOrderEventsResponse {
    fn from(page: &Page<TimelineEvent<'_>>) -> Self {
        Self {
            events: page.items.iter().map(Into::into).collect(),
            next_page_token: page.next_cursor.clone().unwrap_or_default(),
            previous_page_token: page.prev_cursor.clone().unwrap_or_default(),
            as_of: Some(page.as_of.into()),
        }
    }
}

impl From<OrderAsOf> for v1::OrderAsOf {
    fn from(as_of: OrderAsOf) -> Self {
        Self {
            version: as_of.version,
            time: as_of.time.map(timestamp),
            position: as_of.position,
            is_current: as_of.is_current,
        }
    }
}

impl From<FieldChange> for v1::FieldChange {
    fn from(change: FieldChange) -> Self {
        Self {
            path: change.path,
            before: change.before.map(|value| value.to_string()),
            after: change.after.map(|value| value.to_string()),
        }
    }
}

impl From<OrderDiff<'_>> for v1::DiffOrderResponse {
    fn from(diff: OrderDiff<'_>) -> Self {
        Self {
            from: Some(diff.from.into()),
            to: Some(diff.to.into()),
            changes: diff.changes.into_iter().map(Into::into).collect(),
            events: diff.events.iter().map(Into::into).collect(),
            events_left_off: i64::try_from(diff.events_left_off).unwrap_or(i64::MAX),
        }
    }
}

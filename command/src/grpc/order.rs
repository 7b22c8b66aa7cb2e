//! What writes are answered with, as messages.

use crate::{CommandApi, execution::Done};
use domain::order::{self, Line, Packing, Placed};
use proto::v1::{Address, Hold, Money, Order, OrderLine, Receipt};

/// What `done` says of itself.
pub(super) fn receipt(api: &CommandApi, done: &Done) -> Receipt {
    Receipt {
        etag: etag(done.version()),
        version: done.version(),
        consistency_token: done
            .token(api)
            .map_or_else(String::new, |token| token.to_string()),
        replayed: done.is_replayed(),
    }
}

/// The order at `version`, as the write side knows it, which goes to `address`.
pub(super) fn order(order: &Placed, version: i64, address: Option<order::Address>) -> Order {
    let placed = &order.placed;
    let totals = placed.totals();
    let money = |amount| {
        Some(Money {
            amount,
            currency: placed.currency.as_str().into(),
        })
    };
    let line = |line: &Line| {
        let progress = order.progress(line.line);
        OrderLine {
            line: line.line,
            sku: line.sku.as_str().into(),
            quantity: line.quantity,
            unit_price: money(line.unit_price),
            subtotal: money(line.subtotal()),
            discount: money(line.discount),
            order_discount: money(line.order_discount),
            tax_rate: line.tax_rate.map(|rate| rate.to_string()),
            tax: money(line.tax),
            total: money(line.total),
            shipped: progress.shipped,
            delivered: progress.delivered,
            lost: progress.lost,
            returned: progress.returned,
            cancelled: progress.cancelled,
        }
    };
    let hold = |(hold, reason): (&String, &String)| Hold {
        hold: hold.clone(),
        reason: reason.clone(),
    };
    let address = address.map(|address| Address {
        name: address.name,
        lines: address.lines,
        city: address.city,
        postal_code: address.postal_code,
        country: address.country,
    });
    Order {
        order_id: placed.order_id.to_string(),
        version,
        etag: etag(version),
        status: order.status.as_str().into(),
        customer_id: placed.customer_id.as_str().into(),
        reference: placed.reference.clone(),
        lines: placed.lines.iter().map(line).collect(),
        subtotal: money(totals.subtotal),
        discount: money(totals.discount),
        discount_total: money(totals.discount_total),
        tax: money(totals.tax),
        tax_included: placed.tax_included,
        total: money(placed.total),
        holds: order.holds.iter().map(hold).collect(),
        shipping_address: address,
        placed_at: Some(proto::timestamp(placed.placed_at)),
        open_total: money(order.open_total()),
        // Nothing of it is packed while it is only placed.
        allowed_commands: order
            .allowed_commands(Packing::Unknown, None)
            .into_iter()
            .map(Into::into)
            .collect(),
        ..Order::default()
    }
}

fn etag(version: i64) -> String {
    format!("\"{version}\"")
}

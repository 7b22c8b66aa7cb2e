//! What people have orders be otherwise, in histories for tests.

use super::History;
use chrono::DateTime;
use domain::{
    Location, OrderId, Sealed, Sku,
    order::{
        AmendedLine, AmendedStock, AmendmentApplied, AmendmentExpired, AmendmentProposed,
        AmendmentRejected, AmendmentWithdrawn, Line, ShippingAddressChanged, TagsSet,
    },
    stock::ReservationRaised,
};
use uuid::Uuid;

impl History {
    /// Three of A and none of B, and it is a gift that goes somewhere else; what else is proposed comes to
    /// nothing.
    pub(crate) fn amend(&mut self, order: OrderId) {
        let brief = self.known(order).brief.clone();
        let tagged = TagsSet {
            order_id: order,
            tags: vec!["gift".into()],
        };
        self.order(order, tagged);
        let moved = ShippingAddressChanged {
            order_id: order,
            customer_id: brief.customer_id.clone(),
            shipping_address: Sealed::of_base64("RWxzZXdoZXJl").expect("it is base64"),
        };
        self.order(order, moved);
        let id = |n: u128| Uuid::from_u128(order.uuid().as_u128() + n);
        let (lines, stock) = (exchanged(), exchanged_stock());
        let proposed = |amendment_id| AmendmentProposed {
            order: brief.clone(),
            amendment_id,
            lines: lines.clone(),
            stock: stock.clone(),
            total_before: 250,
            total: 300,
            authorized: 250,
            until: DateTime::UNIX_EPOCH,
            reason: "rather so".into(),
        };
        let of = |n| (order, id(n));
        self.order(order, proposed(id(1)));
        let (order_id, amendment_id) = of(1);
        self.order(
            order,
            AmendmentWithdrawn {
                order_id,
                amendment_id,
            },
        );
        self.order(order, proposed(id(2)));
        let (order_id, amendment_id) = of(2);
        self.order(
            order,
            AmendmentExpired {
                order_id,
                amendment_id,
            },
        );
        self.order(order, proposed(id(3)));
        let (order_id, amendment_id) = of(3);
        let reason = "so".into();
        self.order(
            order,
            AmendmentRejected {
                order_id,
                amendment_id,
                reason,
            },
        );
        self.order(order, proposed(id(4)));
        let applied = AmendmentApplied {
            order: brief.clone(),
            amendment_id: id(4),
            lines: lines.clone(),
            total: 300,
        };
        self.order(order, applied);
        let raised = ReservationRaised {
            order_id: order,
            epoch: 1,
            location: Location::default(),
            sku: stock[0].sku.clone(),
            quantity: 1,
            kept: 3,
            committed: true,
            part: 1,
            parts: 1,
        };
        self.stock_event("A", raised);
        self.order(order, proposed(id(5)));
    }
}

/// Three of A instead of two, and none of B.
fn exchanged() -> Vec<AmendedLine> {
    let line = |line, name, before, after, unit_price| AmendedLine {
        line,
        sku: Sku::parse(name).expect("it is one"),
        before,
        after,
        ordered_before: before,
        ordered: before.max(after),
        unit_price,
        discount: 0,
        tax: 0,
        total: after * unit_price,
        total_before: before * unit_price,
        anew: (after > before).then(|| Line {
            line,
            sku: Sku::parse(name).expect("it is one"),
            quantity: after,
            unit_price,
            discount: 0,
            order_discount: 0,
            tax_rate: None,
            tax: 0,
            total: after * unit_price,
        }),
    };
    vec![line(1, "A", 2, 3, 100), line(2, "B", 1, 0, 50)]
}

fn exchanged_stock() -> Vec<AmendedStock> {
    let stock = |name, difference, wanted| AmendedStock {
        sku: Sku::parse(name).expect("it is one"),
        difference,
        wanted,
    };
    vec![stock("A", 1, 3), stock("B", -1, 0)]
}

//! What follows from amendments.

use super::*;
use crate::{
    order::{
        AmendedLine, AmendmentApplied, AmendmentExpired, AmendmentProposed, AmendmentRejected,
        AmendmentWithdrawn, RejectAmendment,
    },
    shipment::ShipmentPacked,
};

fn id() -> uuid::Uuid {
    uuid(10, 1)
}

fn proposed() -> Event {
    let proposed = AmendmentProposed {
        order: brief(),
        amendment_id: id(),
        lines: vec![],
        stock: vec![],
        total_before: 600,
        total: 500,
        authorized: 600,
        until: at(500),
        reason: "rather so".into(),
    };
    Event::Order(proposed.into())
}

/// So many of these lines of a SKU are wanted since.
fn applied(lines: &[(u32, &str, i64)]) -> Event {
    let line = |(line, name, after): &(u32, &str, i64)| AmendedLine {
        line: *line,
        sku: sku(name),
        before: 1,
        after: *after,
        ordered_before: 1,
        ordered: *after,
        unit_price: 100,
        discount: 0,
        tax: 0,
        total: 0,
        total_before: 0,
        anew: None,
    };
    let applied = AmendmentApplied {
        order: brief(),
        amendment_id: id(),
        lines: lines.iter().map(line).collect(),
        total: 500,
    };
    Event::Order(applied.into())
}

fn packed() -> Event {
    let packed = ShipmentPacked {
        order_id: order_id(1),
        shipment_id: shipment_id(),
        amount: eur(600),
    };
    Event::Shipment(packed.into())
}

fn ends() -> Vec<Event> {
    let (order_id, amendment_id) = (order_id(1), id());
    let withdrawn = AmendmentWithdrawn {
        order_id,
        amendment_id,
    };
    let rejected = AmendmentRejected {
        order_id,
        amendment_id,
        reason: "so".into(),
    };
    let expired = AmendmentExpired {
        order_id,
        amendment_id,
    };
    vec![
        applied(&[]),
        Event::Order(withdrawn.into()),
        Event::Order(rejected.into()),
        Event::Order(expired.into()),
    ]
}

#[test]
fn an_amendment_that_nobody_applies_expires() {
    let due = at(500);
    let expire = OrderCommand::ExpireAmendment(ExpireAmendment { amendment_id: id() });
    let timer = Timer {
        name: TimerName::Amendment,
        due,
        task: Task::Execute(Command::Order(order_id(1), expire)),
    };
    let begun = after_all::<OrderPolicy>(&[proposed()]);
    assert_eq!(begun, [Reaction::Schedule(timer)]);
    for end in ends() {
        let ended = after_all::<OrderPolicy>(&[proposed(), end.clone()]);
        assert_eq!(ended, [Reaction::Unschedule(TimerName::Amendment)]);
        assert_eq!(after_all::<OrderPolicy>(&[proposed(), end, packed()]), []);
    }
}

#[test]
fn what_is_packed_is_not_amended_any_more() {
    let reject = order(OrderCommand::RejectAmendment(RejectAmendment {
        amendment_id: id(),
        reason: "the order is packed".into(),
    }));
    assert_eq!(after_all::<OrderPolicy>(&[proposed(), packed()]), [reject]);
    assert_eq!(after_all::<OrderPolicy>(&[packed()]), []);
}

#[test]
fn inventory_knows_what_is_kept_since() {
    let wanted = |name, lines: &[(u32, i64)]| ReservationItem {
        sku: sku(name),
        lines: lines
            .iter()
            .map(|(line, quantity)| ReservationLine {
                line: *line,
                quantity: *quantity,
            })
            .collect(),
    };
    // The stock was told with the order that more is kept; what is given back is given back once.
    let amended = [placed(), applied(&[(1, "B", 5), (2, "A", 0), (4, "C", 1)])];
    let reduce = Reaction::Execute(Command::Reservation(ReservationCommand {
        order_id: order_id(1),
        epoch: 1,
        location: Location::default(),
        further: vec![],
        items: vec![wanted("A", &[])],
        step: ReservationStep::Reduce,
    }));
    assert_eq!(after_all::<Inventory>(&amended), [reduce]);
    let more = [placed(), applied(&[(1, "B", 5)])];
    assert_eq!(after_all::<Inventory>(&more), []);
    let given_up = [&amended[..], &[expired()]].concat();
    let all = vec![
        wanted("A", &[]),
        wanted("B", &[(3, 3), (1, 5)]),
        wanted("C", &[(4, 1)]),
    ];
    let release = Reaction::Execute(Command::Reservation(ReservationCommand {
        order_id: order_id(1),
        epoch: 1,
        location: Location::default(),
        further: vec![],
        items: all,
        step: ReservationStep::Release(ReleaseReason::Expired),
    }));
    assert_eq!(after_all::<Inventory>(&given_up), [release]);
}

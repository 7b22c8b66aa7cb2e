//! given / when / then of an order's tags, and of where it goes.

use super::*;
use crate::{
    Location, Money, ShipmentId,
    order::{ChangeShippingAddress, SetTags, ShippingAddressChanged, TagsSet, change_address},
    shipment::{
        DispatchRefused, DispatchRequested, Shipment, ShipmentCreated, ShipmentEvent, Shipments,
    },
};

fn set(tags: &[&str]) -> OrderCommand {
    let tags = tags.iter().map(ToString::to_string).collect();
    OrderCommand::SetTags(SetTags { tags })
}

fn tagged(tags: &[&str]) -> OrderEvent {
    TagsSet {
        order_id: order_id(1),
        tags: tags.iter().map(ToString::to_string).collect(),
    }
    .into()
}

fn elsewhere() -> Sealed {
    Sealed::of_base64("RWxzZXdoZXJl").unwrap()
}

fn moves(to: Sealed) -> ChangeShippingAddress {
    ChangeShippingAddress {
        shipping_address: to,
    }
}

fn moved(to: Sealed) -> OrderEvent {
    ShippingAddressChanged {
        order_id: order_id(1),
        customer_id: CustomerId::parse("17850").unwrap(),
        shipping_address: to,
    }
    .into()
}

fn shipment_id() -> ShipmentId {
    ShipmentId::of(order_id(1), &Location::default())
}

fn asked(attempt: u32) -> ShipmentEvent {
    DispatchRequested {
        order_id: order_id(1),
        shipment_id: shipment_id(),
        attempt,
        idempotency_key: format!("{}:{attempt}", shipment_id()),
    }
    .into()
}

fn created() -> ShipmentEvent {
    ShipmentCreated {
        order_id: order_id(1),
        shipment_id: shipment_id(),
        location: Location::default(),
        lines: vec![],
        amount: Money::new(4_298, currency("EUR")),
        parcels: 1,
    }
    .into()
}

#[test]
fn tags_are_a_set_that_is_set_as_a_whole() {
    on(vec![placed()], set(&["vip", "gift"])).then([tagged(&["gift", "vip"])]);
    let before = || vec![placed(), tagged(&["gift", "vip"])];
    on(before(), set(&["gift", "vip"])).then_nothing();
    on(before(), set(&["vip"])).then([tagged(&["vip"])]);
    on(before(), set(&[])).then([tagged(&[])]);
    on(vec![placed()], set(&[])).then_nothing();
    for status in ALL {
        on(super::history(status), set(&["late"])).then([tagged(&["late"])]);
    }
    on(vec![], set(&["a"])).then_refused(OrderError::NotFound);
}

#[test]
fn tags_are_few_short_plain_and_each_once() {
    let slug = |index: usize| {
        let field = format!("tags/{index}").into();
        OrderError::Text(TextError::Slug { field, max: 64 })
    };
    let refused = |tags: &[&str], error| {
        on(vec![placed()], set(tags)).then_refused(error);
    };
    refused(&["gift", "VIP"], slug(1));
    refused(&[""], slug(0));
    refused(&["a", "b", "x y"], slug(2));
    let long = "x".repeat(65);
    refused(&[&long], slug(0));
    refused(&["a", "b", "a"], OrderError::TagTwice { index: 2 });
    let many: Vec<String> = (0..33).map(|n| format!("t{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    refused(&many, OrderError::TooManyTags { max: 32 });
    let state = on(vec![placed()], set(&many[..32])).then({
        let mut sorted = many[..32].to_vec();
        sorted.sort_unstable();
        [tagged(&sorted)]
    });
    assert_eq!(state.placed().unwrap().tags().len(), 32);
}

#[test]
fn an_order_that_is_yet_to_leave_goes_somewhere_else() {
    let command = || OrderCommand::ChangeShippingAddress(moves(elsewhere()));
    for status in [Status::Placed, Status::Confirmed] {
        let state = on(super::history(status), command()).then([moved(elsewhere())]);
        let order = state.placed().unwrap();
        assert_eq!(order.shipping_address(), Some(&elsewhere()));
        assert_eq!(order.placed.shipping_address, Some(address()));
    }
    for status in ALL {
        if matches!(status, Status::Placed | Status::Confirmed) {
            continue;
        }
        let doing = "change where it goes";
        on(super::history(status), command()).then_refused(OrderError::State {
            status,
            command: doing,
        });
    }
    on(vec![], command()).then_refused(OrderError::NotFound);
    // Where it goes already, it goes.
    let same = OrderCommand::ChangeShippingAddress(moves(address()));
    on(vec![placed()], same).then_nothing();
    let back = OrderCommand::ChangeShippingAddress(moves(address()));
    on(vec![placed(), moved(elsewhere())], back).then([moved(address())]);
}

/// What the carrier was asked to take goes where its label says; what it refused gets another one.
#[test]
fn a_label_that_is_made_is_not_changed() {
    let order = Orders::fold(&[placed(), confirmed()]);
    let decide = |shipment: &[ShipmentEvent]| {
        let parcel = Shipments::fold(shipment);
        change_address(&order, &moves(elsewhere()), &[&parcel])
    };
    let refused = DispatchRefused {
        order_id: order_id(1),
        shipment_id: shipment_id(),
        attempt: 1,
        code: "no such street".into(),
    };
    let changes = Ok(vec![moved(elsewhere())]);
    assert_eq!(decide(&[created()]), changes);
    assert_eq!(
        decide(&[created(), asked(1)]),
        Err(OrderError::AlreadyLabelled)
    );
    assert_eq!(
        decide(&[created(), asked(1), refused.clone().into()]),
        changes
    );
    assert_eq!(
        decide(&[created(), asked(1), refused.into(), asked(2)]),
        Err(OrderError::AlreadyLabelled)
    );
    let forestalled = change_address(&order, &moves(elsewhere()), &[&Shipment::Forestalled]);
    assert_eq!(forestalled, changes);
}

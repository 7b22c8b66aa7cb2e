//! What an order is tagged with, and where it goes.

use super::{
    super::{
        ChangeShippingAddress, Order, OrderError, OrderEvent, Packing, Placed, SetTags,
        ShippingAddressChanged, Status, TagsSet,
    },
    Decision,
};
use crate::{TextError, shipment::Shipment, text};
use std::collections::BTreeSet;

/// The most tags that an order may have.
const MAX_TAGS: usize = 32;
/// The longest that a tag may be, in characters.
const MAX_TAG: usize = 64;

/// Checks a tag: tags stand in the queries of lists, and in labels.
///
/// # Errors
/// It is no short name of small letters, digits, `-` and `_`.
pub fn check_tag(tag: &str) -> Result<(), TextError> {
    text::slug("tag", tag, MAX_TAG)
}

/// Rules of meaning for all of an order's tags.
pub(super) fn check_tags(tags: &[String]) -> Result<(), OrderError> {
    if tags.len() > MAX_TAGS {
        return Err(OrderError::TooManyTags { max: MAX_TAGS });
    }
    let mut seen = BTreeSet::new();
    for (index, tag) in tags.iter().enumerate() {
        text::slug("tags", tag, MAX_TAG).map_err(|error| error.at(index))?;
        if !seen.insert(tag) {
            return Err(OrderError::TagTwice { index });
        }
    }
    Ok(())
}

/// Tags are a set: whoever says the same in another order says nothing new.
pub(super) fn set_tags(order: &Placed, command: &SetTags) -> Vec<OrderEvent> {
    let tags: BTreeSet<String> = command.tags.iter().cloned().collect();
    if tags == *order.tags() {
        return vec![];
    }
    vec![
        TagsSet {
            order_id: order.placed.order_id,
            tags: tags.into_iter().collect(),
        }
        .into(),
    ]
}

/// Decides the change of where an order goes over it and all its `shipments`: the address stands on the
/// label, which is made when the carrier is asked to take a shipment. One that the carrier has refused
/// gets another label when it is tried again.
///
/// # Errors
/// The customer was erased; the order has ended or is being cancelled, or the carrier was asked to take
/// something of it.
pub fn change_address(
    order: &Order,
    command: &ChangeShippingAddress,
    shipments: &[&Shipment],
) -> Decision {
    let order = order.placed().ok_or(OrderError::NotFound)?;
    let Some(shipping_address) = &command.shipping_address else {
        return Err(OrderError::CustomerErased);
    };
    if order.shipping_address() == Some(shipping_address) {
        return Ok(vec![]);
    }
    if !matches!(order.status, Status::Placed | Status::Confirmed) {
        return Err(OrderError::State {
            status: order.status,
            command: "change where it goes",
        });
    }
    if Packing::of_all(shipments) == Packing::Labelled {
        return Err(OrderError::AlreadyLabelled);
    }
    Ok(vec![
        ShippingAddressChanged {
            order_id: order.placed.order_id,
            customer_id: order.placed.customer_id.clone(),
            shipping_address: shipping_address.clone(),
        }
        .into(),
    ])
}

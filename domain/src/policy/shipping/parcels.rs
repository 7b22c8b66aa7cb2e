//! What is remembered of an order that leaves in several parcels.

use super::ShippingState;
use crate::{
    Command, OrderId, ShipmentId,
    order::{DropShipment, OrderCommand},
    policy::Reaction,
    shipment::Allotted,
    stock::StockReserved,
};

/// In how many parcels the order leaves.
pub(super) fn count(state: &ShippingState) -> u32 {
    u32::try_from(state.parcels.len())
        .unwrap_or(u32::MAX)
        .max(1)
}

/// All shipments of the order.
pub(super) fn all(
    state: &ShippingState,
    order_id: OrderId,
) -> impl Iterator<Item = ShipmentId> + use<> {
    let numbers = 1..=state.parcels.len().max(1);
    numbers.map(move |n| ShipmentId::parcel(order_id, n))
}

/// A SKU of the order is reserved at one of several places; they come one place after the other.
pub(super) fn reserved(parcels: &mut Vec<Allotted>, reserved: &StockReserved) {
    if reserved.part == 1 {
        parcels.clear();
    }
    match parcels.last_mut() {
        Some(last) if last.location == reserved.location => last.skus.push(reserved.sku.clone()),
        _ => parcels.push(Allotted {
            location: reserved.location.clone(),
            skus: vec![reserved.sku.clone()],
        }),
    }
}

/// A shipment is at its end: it has left, or what is left of the order does. Once all are, nothing need be
/// known of them any more. Where the first was kept that goes on for ever: it alone does not tell that
/// others have left.
pub(super) fn ended(state: &mut ShippingState, shipment: ShipmentId) {
    if state.parcels.len() < 2 {
        return;
    }
    state.ended.insert(shipment);
    if state.ended.len() >= state.parcels.len() {
        forget(state);
    }
}

/// A parcel cannot leave, and the rest of its order goes its way.
pub(super) fn drop_out(order_id: OrderId, shipment_id: ShipmentId, reason: &str) -> Reaction {
    let drop = OrderCommand::DropShipment(DropShipment {
        shipment_id,
        // What is packed is paid soon, or is not: it is dropped then.
        even_packed: false,
        reason: reason.into(),
    });
    Reaction::Execute(Command::Order(order_id, drop))
}

/// A parcel stays whose money somebody has got back.
pub(super) fn drop_lost(order_id: OrderId, shipment_id: ShipmentId) -> Reaction {
    drop_out(order_id, shipment_id, "a dispute of its payment was lost")
}

/// All stay that have not left; of those that have, and have not arrived, the shipments tell.
pub(super) fn drop_all(state: &ShippingState, order_id: OrderId) -> Vec<Reaction> {
    let open = all(state, order_id).filter(|shipment| !state.ended.contains(shipment));
    open.map(|shipment| drop_lost(order_id, shipment)).collect()
}

/// Nothing of the order leaves, or all of it has.
pub(super) fn forget(state: &mut ShippingState) {
    state.parcels.clear();
    state.ended.clear();
    state.lost = false;
}

//! What is taken for an order that leaves in several parcels: for each what it is worth, and of the rest the
//! provider lets go once nothing more is to be taken.

use super::{PaymentPolicyState, capture, key, record};
use crate::{
    OrderId, Recorded, ShipmentId,
    payment::{PaymentCaptured, PaymentCommand, ReleaseRest},
    policy::Reaction,
    shipment::{ShipmentCancelled, ShipmentCreated},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// How far the taking is for the parcels of an order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parcels {
    /// How many there are; none while that was not heard of.
    pub count: u32,
    /// Those for which it is taken, or which do not leave.
    pub settled: BTreeSet<ShipmentId>,
}

/// One of several parcels is to be packed.
pub(super) fn created(
    state: &mut PaymentPolicyState,
    event: &Recorded,
    created: &ShipmentCreated,
) -> Option<Reaction> {
    state.parcels.get_or_insert_default().count = created.parcels;
    release_rest(state, event, created.order_id)
}

/// Something is taken, for a parcel or for all of an order.
pub(super) fn taken(
    state: &mut PaymentPolicyState,
    event: &Recorded,
    captured: &PaymentCaptured,
) -> Option<Reaction> {
    let parcels = state.parcels.as_mut()?;
    parcels.settled.extend(captured.shipment_id);
    release_rest(state, event, captured.order_id)
}

/// A parcel is kept, and the rest of its order goes its way: what was taken for it is given back.
pub(super) fn dropped(
    state: &mut PaymentPolicyState,
    event: &Recorded,
    kept: &ShipmentCancelled,
) -> Vec<Reaction> {
    let (order_id, shipment) = (kept.order_id, kept.shipment_id);
    let amount = kept.amount.filter(|amount| amount.amount > 0);
    // Once all is settled nothing is remembered: then it was taken.
    let known = state.parcels.as_ref();
    let is_taken = known.is_none_or(|parcels| parcels.settled.contains(&shipment));
    let refund = amount.filter(|_| is_taken).map(|amount| {
        let reason = "it could not be sent";
        capture::refund(event, order_id, shipment, amount, reason)
    });
    if amount.is_none() {
        // Of what is empty it may be heard before the others.
        state.parcels.get_or_insert_default();
    }
    if let Some(parcels) = &mut state.parcels {
        parcels.settled.insert(shipment);
    }
    let rest = release_rest(state, event, order_id);
    refund.into_iter().chain(rest).collect()
}

/// The provider lets go of the rest, once it is known of each parcel whether something is taken for it.
fn release_rest(
    state: &mut PaymentPolicyState,
    event: &Recorded,
    order_id: OrderId,
) -> Option<Reaction> {
    let parcels = state.parcels.as_ref()?;
    if parcels.count == 0 || parcels.settled.len() < parcels.count as usize {
        return None;
    }
    state.parcels = None;
    let command = PaymentCommand::ReleaseRest(ReleaseRest {
        order_id,
        idempotency_key: key(event, order_id, "release-rest", 1),
    });
    Some(record(order_id, command))
}

//! What may be asked of an order after a command to it.

use crate::{CommandApi, execution::Done};
use domain::{
    MAX_PARCELS, ShipmentId, State, StreamId,
    order::{Packing, Placed},
    shipment::Shipment,
};
use store::{StoreError, Until, fold_stream};

/// What may be asked of `order`, which is as the command left it. Its shipments are taken as they were then,
/// too: so the answer is the same however often the command is repeated, and names nothing that is refused
/// because something of it was packed before. The command is done: where its shipments cannot be read, what
/// depends on them is left out.
pub(crate) async fn allowed_commands(
    api: &CommandApi,
    done: &Done,
    order: &Placed,
) -> Vec<&'static str> {
    let order_id = order.placed.order_id;
    let packing = match shipments(api, done, order).await {
        Ok(shipments) => Packing::of_all(&shipments.iter().collect::<Vec<_>>()),
        Err(error) => {
            tracing::warn!(
                %error,
                %order_id,
                "the shipments of order {order_id} cannot be read now: what they allow is left out"
            );
            Packing::Unknown
        }
    };
    order.allowed_commands(packing, None)
}

/// What leaves for an order: the first of its shipments says how many there are.
async fn shipments(
    api: &CommandApi,
    done: &Done,
    order: &Placed,
) -> Result<Vec<Shipment>, StoreError> {
    let mut all = vec![];
    let mut parcels = 1;
    for (index, id) in ShipmentId::all(order.placed.order_id).iter().enumerate() {
        if index == parcels {
            break;
        }
        let stream = StreamId::shipment(&api.tenant, *id);
        let until = Until::Position(done.position());
        let folded = fold_stream(api.reader.as_ref(), &stream, until).await?;
        let State::Shipment(shipment) = folded.state else {
            break;
        };
        parcels = match &shipment {
            // They are created at once.
            Shipment::Absent => break,
            // It was kept before it was created, as others may have been, or not.
            Shipment::Forestalled => MAX_PARCELS,
            Shipment::Created(parcel) => parcel.parcels as usize,
        };
        all.push(shipment);
    }
    Ok(all)
}

//! What may be asked of an order after a command to it.

use crate::{CommandApi, execution::Done, problem};
use chassis::Problem;
use domain::{
    ShipmentId, State, StreamId,
    order::{Packing, Placed},
    policy,
    shipment::Shipment,
};
use store::{Until, fold_stream};

/// What may be asked of `order`, which is as the command left it. Its shipments are taken as they were then,
/// too: so the answer is the same however often the command is repeated, and names nothing that is refused
/// because something of it was packed before.
pub(crate) async fn allowed_commands(
    api: &CommandApi,
    done: &Done,
    order: &Placed,
) -> Result<Vec<&'static str>, Problem> {
    let mut statuses = vec![];
    for place in policy::allocation() {
        let shipment = ShipmentId::of(order.placed.order_id, &place);
        let stream = StreamId::shipment(&api.tenant, shipment);
        let until = Until::Position(done.position());
        let folded = fold_stream(api.reader.as_ref(), &stream, until).await;
        let folded = folded.map_err(|error| problem::unfoldable(error, &stream))?;
        statuses.push(match &folded.state {
            State::Shipment(shipment) => Shipment::status(shipment),
            _ => None,
        });
    }
    Ok(order.allowed_commands(Packing::of(statuses), None))
}

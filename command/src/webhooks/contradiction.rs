//! What a provider says and our books contradict: it stands with the order until people have settled it.

use crate::{CommandApi, problem};
use chassis::Problem;
use domain::{
    Command, CommandEnvelope, CommandId, EventId, OrderId, Refusal, State, StreamId,
    order::{OrderCommand, ParkTask},
    shipment::Shipment,
};
use store::{Until, fold_stream, lane::Outcome};
use uuid::Uuid;

/// Has the order wait for people since `refusal` was the answer to what was `said` as the provider's `event`:
/// once, however often that is sent, and once as long as it waits for the same, whatever event says that.
///
/// # Errors
/// 503: not now. The provider sends it again.
pub(super) async fn stands(
    api: &CommandApi,
    said: CommandEnvelope,
    event: &str,
    refusal: &Refusal,
) -> Result<(), Problem> {
    let Some((order, about)) = order_of(api, &said.command).await? else {
        return Ok(());
    };
    let park = ParkTask::contradiction(about, event, refusal);
    let envelope = CommandEnvelope {
        // A word has no event: what follows from it has an id of its own all the same.
        id: CommandId::of(EventId::new(said.id.uuid()), "contradiction", 0),
        command: Command::Order(order, OrderCommand::ParkTask(park)),
        ..said
    };
    let parked = api.lane.execute(envelope).await.map_err(problem::failed)?;
    if let Outcome::Refused(refusal) = parked.outcome {
        tracing::warn!(
            event,
            order_id = %order,
            "event {event} contradicts the books, and order {order} cannot wait for people: {refusal}"
        );
    }
    Ok(())
}

/// The order that something was said of; and what that was said of, its payment or a shipment of it, by its id.
async fn order_of(api: &CommandApi, command: &Command) -> Result<Option<(OrderId, Uuid)>, Problem> {
    let (shipment, about) = match command {
        Command::Payment(order, _) => return Ok(Some((*order, order.uuid()))),
        Command::Shipment(id, _) => (StreamId::shipment(&api.tenant, *id), id.uuid()),
        _ => return Ok(None),
    };
    let folded = fold_stream(api.reader.as_ref(), &shipment, Until::End).await;
    let folded = folded.map_err(|error| problem::unfoldable(error, &shipment))?;
    Ok(match folded.state {
        State::Shipment(Shipment::Created(parcel)) => Some((parcel.order_id, about)),
        _ => None,
    })
}

//! An order's tags and where it goes, over REST and gRPC.

use crate::{CommandApi, execution::Done, problem, request::CommandRequest};
use chassis::Problem;
use domain::{
    Command, OrderId, Sealed, State, StreamId, Version,
    order::{Address, ChangeShippingAddress, Order, OrderCommand, OrderError, Placed, SetTags},
};
use store::{Until, fold_stream};
use vault::VaultError;

/// Says what an order is tagged with; and what it is tagged with then.
pub(crate) async fn tag(
    api: &CommandApi,
    request: CommandRequest,
    order_id: OrderId,
    tags: Vec<String>,
) -> Result<(Done, Vec<String>), Problem> {
    let mut sorted = tags.clone();
    sorted.sort_unstable();
    let command = Command::Order(order_id, OrderCommand::SetTags(SetTags { tags }));
    Ok((request.execute(api, command).await?, sorted))
}

/// Has an order go somewhere else. Its customer's key seals where: that is known once the order is.
pub(crate) async fn move_to(
    api: &CommandApi,
    request: CommandRequest,
    order_id: OrderId,
    address: &Address,
) -> Result<Done, Problem> {
    let refused = |error: OrderError| problem::refused(error.into(), Version::ZERO);
    address.check().map_err(refused)?;
    let stream = StreamId::order(&api.tenant, order_id);
    let placed = Done::begun(api, stream.clone()).await?;
    let placed = placed.state(api).await?;
    let State::Order(Order::Placed(order)) = placed.as_ref() else {
        return Err(refused(OrderError::NotFound));
    };
    let customer = &order.placed.customer_id;
    let sealing = api
        .vault
        .seal_address(&api.tenant, customer, order_id, address);
    let shipping_address = match sealing.await {
        Ok(sealed) => Some(match goes_there_unsealed(order, address) {
            true => as_it_stands(api, &stream).await?.unwrap_or(sealed),
            false => sealed,
        }),
        // Nothing can be sealed for them any more. What was asked before that has a record, which answers.
        Err(VaultError::Erased(_)) => None,
        Err(error) => return Err(problem::unsealed(error)),
    };
    let command = OrderCommand::ChangeShippingAddress(ChangeShippingAddress { shipping_address });
    request
        .execute(api, Command::Order(order_id, command))
        .await
}

/// Whether it was placed to go there before anything was sealed: what is sealed of the same address is
/// another text.
fn goes_there_unsealed(order: &Placed, address: &Address) -> bool {
    let plain = order.shipping_address().and_then(Sealed::plain);
    let plain: Option<Address> = plain.and_then(|json| serde_json::from_slice(&json).ok());
    plain.as_ref() == Some(address)
}

/// Where an order goes now, if that is not sealed.
async fn as_it_stands(api: &CommandApi, stream: &StreamId) -> Result<Option<Sealed>, Problem> {
    let folded = fold_stream(api.reader.as_ref(), stream, Until::End).await;
    let folded = folded.map_err(|error| problem::unfoldable(error, stream))?;
    Ok(match &folded.state {
        State::Order(Order::Placed(order)) => order.shipping_address().cloned(),
        _ => None,
    }
    .filter(|address| !address.is_sealed()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{
        Decider,
        order::{OrderEvent, Orders},
    };

    /// A placement as it was stored before anything was sealed.
    #[test]
    fn what_was_never_sealed_is_told_by_what_it_says() {
        let stored = include_bytes!("../../domain/golden/OrderPlaced.v1.json");
        let placed = OrderEvent::decode("OrderPlaced", 1, stored).unwrap();
        let order = Orders::fold(&[placed.unwrap()]);
        let order = order.placed().unwrap();
        let plain = order.shipping_address().unwrap().plain().unwrap();
        let mut address: Address = serde_json::from_slice(&plain).unwrap();
        assert!(goes_there_unsealed(order, &address));
        address.country.push('!');
        assert!(!goes_there_unsealed(order, &address));
    }
}

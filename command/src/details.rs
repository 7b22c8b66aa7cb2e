//! An order's tags and where it goes, over REST and gRPC.

use crate::{CommandApi, execution::Done, problem, request::CommandRequest};
use chassis::Problem;
use domain::{
    Command, OrderId, State, StreamId, Version,
    order::{Address, ChangeShippingAddress, Order, OrderCommand, OrderError, SetTags},
};

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
    let placed = Done::begun(api, StreamId::order(&api.tenant, order_id)).await?;
    let placed = placed.state(api).await?;
    let State::Order(Order::Placed(order)) = placed.as_ref() else {
        return Err(refused(OrderError::NotFound));
    };
    let customer = &order.placed.customer_id;
    let sealed = api
        .vault
        .seal_address(&api.tenant, customer, order_id, address)
        .await
        .map_err(problem::unsealed)?;
    let command = OrderCommand::ChangeShippingAddress(ChangeShippingAddress {
        shipping_address: sealed,
    });
    request
        .execute(api, Command::Order(order_id, command))
        .await
}

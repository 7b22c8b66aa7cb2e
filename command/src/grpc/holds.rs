//! Holds on an order, and what of it waits for people.

use super::{
    fields::{order_id, task_id},
    order::receipt,
    write::request,
};
use crate::CommandApi;
use chassis::{Problem, layers::RequestContext};
use domain::{
    Command,
    order::{OrderCommand, PlaceHold, ReleaseHold, SettleContradiction},
};
use proto::v1::{
    PlaceHoldRequest, PlaceHoldResponse, ReleaseHoldRequest, ReleaseHoldResponse,
    SettleContradictionRequest, SettleContradictionResponse,
};

pub(super) async fn place(
    api: &CommandApi,
    context: RequestContext,
    message: PlaceHoldRequest,
) -> Result<PlaceHoldResponse, Problem> {
    let request = request(api, context, &message)?;
    let order_id = order_id(&message.order_id)?;
    let PlaceHoldRequest { hold, reason, .. } = message;
    let command = OrderCommand::PlaceHold(PlaceHold { hold, reason });
    let done = request
        .execute(api, Command::Order(order_id, command))
        .await?;
    Ok(PlaceHoldResponse {
        order_id: order_id.to_string(),
        receipt: Some(receipt(api, &done)),
    })
}

pub(super) async fn release(
    api: &CommandApi,
    context: RequestContext,
    message: ReleaseHoldRequest,
) -> Result<ReleaseHoldResponse, Problem> {
    let request = request(api, context, &message)?;
    let order_id = order_id(&message.order_id)?;
    let hold = message.hold;
    let command = OrderCommand::ReleaseHold(ReleaseHold { hold });
    let done = request
        .execute(api, Command::Order(order_id, command))
        .await?;
    Ok(ReleaseHoldResponse {
        order_id: order_id.to_string(),
        receipt: Some(receipt(api, &done)),
    })
}

pub(super) async fn settle(
    api: &CommandApi,
    context: RequestContext,
    message: SettleContradictionRequest,
) -> Result<SettleContradictionResponse, Problem> {
    let request = request(api, context, &message)?;
    let order_id = order_id(&message.order_id)?;
    let task_id = task_id(&message.task_id)?;
    let command = OrderCommand::SettleContradiction(SettleContradiction {
        task_id,
        note_id: request.id.uuid(),
        reason: message.reason,
    });
    let done = request
        .execute(api, Command::Order(order_id, command))
        .await?;
    Ok(SettleContradictionResponse {
        order_id: order_id.to_string(),
        receipt: Some(receipt(api, &done)),
    })
}

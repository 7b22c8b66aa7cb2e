//! What may be promised of stock that is not there.

use super::{
    fields::{location, required, sku},
    order::receipt,
    write::request,
};
use crate::CommandApi;
use chassis::{Problem, layers::RequestContext};
use domain::{
    Command,
    stock::{SetBackorderLimit, StockCommand},
};
use proto::v1::{SetBackorderLimitRequest, SetBackorderLimitResponse};

pub(super) async fn set_backorder_limit(
    api: &CommandApi,
    context: RequestContext,
    message: SetBackorderLimitRequest,
) -> Result<SetBackorderLimitResponse, Problem> {
    let request = request(api, context, &message)?;
    let sku = sku(&message.sku)?;
    let location = location(message.location.as_deref())?;
    // What is not said is not 0: that would end what may be promised.
    let limit = required("/limit", message.limit)?;
    let command = SetBackorderLimit {
        location: location.clone(),
        sku: sku.clone(),
        limit,
    };
    let command = Command::Stock(StockCommand::SetBackorderLimit(command));
    let done = request.execute(api, command).await?;
    Ok(SetBackorderLimitResponse {
        sku: sku.into(),
        location: location.into(),
        limit,
        receipt: Some(receipt(api, &done)),
    })
}

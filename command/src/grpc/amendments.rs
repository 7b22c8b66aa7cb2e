//! The amendments among the calls of `orders.v1.OrderCommands`.

use super::{
    fields::{amendment_id, order_id},
    order::receipt,
    write::request,
};
use crate::{
    CommandApi,
    amendments::{self, AmendmentBody},
    body::MoneyBody,
};
use chassis::{Problem, layers::RequestContext};
use domain::order::LineQuantity;
use proto::v1::{
    self, ApplyAmendmentRequest, ApplyAmendmentResponse, ProposeAmendmentRequest,
    ProposeAmendmentResponse, WithdrawAmendmentRequest, WithdrawAmendmentResponse,
};

pub(super) async fn propose(
    api: &CommandApi,
    context: RequestContext,
    message: ProposeAmendmentRequest,
) -> Result<ProposeAmendmentResponse, Problem> {
    let request = request(api, context, &message)?;
    let order_id = order_id(&message.order_id)?;
    let lines = message.lines.iter().map(|line| LineQuantity {
        line: line.line,
        quantity: line.quantity,
    });
    let proposed =
        amendments::propose(api, request, order_id, lines.collect(), message.reason).await?;
    Ok(ProposeAmendmentResponse {
        order_id: order_id.to_string(),
        amendment: Some(amendment(proposed.proposal()?)),
        allowed_commands: names(proposed.allowed_commands(api).await?),
        receipt: Some(receipt(api, &proposed.done)),
    })
}

pub(super) async fn apply(
    api: &CommandApi,
    context: RequestContext,
    message: ApplyAmendmentRequest,
) -> Result<ApplyAmendmentResponse, Problem> {
    let request = request(api, context, &message)?;
    let order_id = order_id(&message.order_id)?;
    let amendment_id = amendment_id(&message.amendment_id)?;
    let applied = amendments::apply(api, request, order_id, amendment_id).await?;
    let order = applied.order()?;
    let open = order.all_open();
    let total = MoneyBody {
        amount: order.worth(&open),
        currency: order.placed.currency,
    };
    let open = open.into_iter().map(|line| v1::LineQuantity {
        line: line.line,
        quantity: line.quantity,
    });
    Ok(ApplyAmendmentResponse {
        order_id: order_id.to_string(),
        amendment_id: amendment_id.to_string(),
        open: open.collect(),
        total: Some(money(total)),
        allowed_commands: names(applied.allowed_commands(api).await?),
        receipt: Some(receipt(api, &applied.done)),
    })
}

pub(super) async fn withdraw(
    api: &CommandApi,
    context: RequestContext,
    message: WithdrawAmendmentRequest,
) -> Result<WithdrawAmendmentResponse, Problem> {
    let request = request(api, context, &message)?;
    let order_id = order_id(&message.order_id)?;
    let amendment_id = amendment_id(&message.amendment_id)?;
    let withdrawn = amendments::withdraw(api, request, order_id, amendment_id).await?;
    Ok(WithdrawAmendmentResponse {
        order_id: order_id.to_string(),
        amendment_id: amendment_id.to_string(),
        allowed_commands: names(withdrawn.allowed_commands(api).await?),
        receipt: Some(receipt(api, &withdrawn.done)),
    })
}

fn names(commands: Vec<&str>) -> Vec<String> {
    commands.into_iter().map(Into::into).collect()
}

/// An amount as a message.
pub(super) fn money(money: MoneyBody) -> v1::Money {
    v1::Money {
        amount: money.amount,
        currency: money.currency.as_str().into(),
    }
}

fn amendment(body: AmendmentBody) -> v1::Amendment {
    let lines = body.lines.into_iter().map(|line| v1::AmendmentLine {
        line: line.line,
        sku: line.sku.into(),
        quantity_before: line.quantity_before,
        quantity: line.quantity,
        unit_price: Some(money(line.unit_price)),
        discount: Some(money(line.discount)),
        tax: Some(money(line.tax)),
        total_before: Some(money(line.total_before)),
        total: Some(money(line.total)),
    });
    let stock = body.stock.into_iter().map(|stock| v1::AmendmentStock {
        sku: stock.sku.into(),
        difference: stock.difference,
    });
    v1::Amendment {
        amendment_id: body.amendment_id.to_string(),
        lines: lines.collect(),
        stock: stock.collect(),
        total_before: Some(money(body.total_before)),
        total: Some(money(body.total)),
        difference: Some(money(body.difference)),
        authorized: Some(money(body.authorized)),
        released: Some(money(body.released)),
        reason: body.reason,
        expires_at: Some(proto::timestamp(body.expires_at)),
    }
}

//! `orders.v1.ReturnCommands`

use super::{
    fields::{location, order_id, return_id},
    order::receipt,
    write::{answer, request},
};
use crate::{
    CommandApi,
    returns::{self, Changed},
};
use chassis::{Problem, grpc::context, layers::RequestContext};
use domain::{order::LineQuantity, returns::InspectedLine};
use proto::v1::{
    self, ApproveReturnRequest, ApproveReturnResponse, CancelReturnRequest, CancelReturnResponse,
    DeclineReturnRequest, DeclineReturnResponse, InspectReturnRequest, InspectReturnResponse,
    Receipt, ReceiveReturnRequest, ReceiveReturnResponse, RequestReturnRequest,
    RequestReturnResponse, ReturnLine, ReturnState, SendReturnRequest, SendReturnResponse,
    return_commands_server::ReturnCommands,
};
use tonic::{Request, Response, Status, async_trait};

/// The service.
#[derive(Clone)]
pub(super) struct Returns(pub CommandApi);

#[async_trait]
impl ReturnCommands for Returns {
    async fn request_return(
        &self,
        call: Request<RequestReturnRequest>,
    ) -> Result<Response<RequestReturnResponse>, Status> {
        let context = context(&call);
        let message = call.into_inner();
        let changed = request_return(&self.0, context.clone(), message).await;
        let answered = changed.map(|(returned, receipt)| RequestReturnResponse {
            returned: Some(returned),
            receipt: Some(receipt),
        });
        answer(&context, answered)
    }

    async fn approve_return(
        &self,
        call: Request<ApproveReturnRequest>,
    ) -> Result<Response<ApproveReturnResponse>, Status> {
        let context = context(&call);
        let message = call.into_inner();
        let changed = approve_return(&self.0, context.clone(), message).await;
        let answered = changed.map(|(returned, receipt)| ApproveReturnResponse {
            returned: Some(returned),
            receipt: Some(receipt),
        });
        answer(&context, answered)
    }

    async fn decline_return(
        &self,
        call: Request<DeclineReturnRequest>,
    ) -> Result<Response<DeclineReturnResponse>, Status> {
        let context = context(&call);
        let message = call.into_inner();
        let changed = decline_return(&self.0, context.clone(), message).await;
        let answered = changed.map(|(returned, receipt)| DeclineReturnResponse {
            returned: Some(returned),
            receipt: Some(receipt),
        });
        answer(&context, answered)
    }

    async fn send_return(
        &self,
        call: Request<SendReturnRequest>,
    ) -> Result<Response<SendReturnResponse>, Status> {
        let context = context(&call);
        let message = call.into_inner();
        let changed = send_return(&self.0, context.clone(), message).await;
        let answered = changed.map(|(returned, receipt)| SendReturnResponse {
            returned: Some(returned),
            receipt: Some(receipt),
        });
        answer(&context, answered)
    }

    async fn receive_return(
        &self,
        call: Request<ReceiveReturnRequest>,
    ) -> Result<Response<ReceiveReturnResponse>, Status> {
        let context = context(&call);
        let message = call.into_inner();
        let changed = receive_return(&self.0, context.clone(), message).await;
        let answered = changed.map(|(returned, receipt)| ReceiveReturnResponse {
            returned: Some(returned),
            receipt: Some(receipt),
        });
        answer(&context, answered)
    }

    async fn inspect_return(
        &self,
        call: Request<InspectReturnRequest>,
    ) -> Result<Response<InspectReturnResponse>, Status> {
        let context = context(&call);
        let message = call.into_inner();
        let changed = inspect_return(&self.0, context.clone(), message).await;
        let answered = changed.map(|(returned, receipt)| InspectReturnResponse {
            returned: Some(returned),
            receipt: Some(receipt),
        });
        answer(&context, answered)
    }

    async fn cancel_return(
        &self,
        call: Request<CancelReturnRequest>,
    ) -> Result<Response<CancelReturnResponse>, Status> {
        let context = context(&call);
        let message = call.into_inner();
        let changed = cancel_return(&self.0, context.clone(), message).await;
        let answered = changed.map(|(returned, receipt)| CancelReturnResponse {
            returned: Some(returned),
            receipt: Some(receipt),
        });
        answer(&context, answered)
    }
}

async fn request_return(
    api: &CommandApi,
    context: RequestContext,
    message: RequestReturnRequest,
) -> Result<(ReturnState, Receipt), Problem> {
    let request = request(api, context, &message)?;
    let order_id = order_id(&message.order_id)?;
    let lines = lines(&message.lines);
    let asked = returns::request_return(api, request, order_id, lines, message.reason);
    Ok(state(api, asked.await?))
}

async fn approve_return(
    api: &CommandApi,
    context: RequestContext,
    message: ApproveReturnRequest,
) -> Result<(ReturnState, Receipt), Problem> {
    let request = request(api, context, &message)?;
    let id = return_id(&message.return_id)?;
    let location = location(message.location.as_deref())?;
    let changed = returns::approve(api, request, id, location).await?;
    Ok(state(api, changed))
}

async fn decline_return(
    api: &CommandApi,
    context: RequestContext,
    message: DeclineReturnRequest,
) -> Result<(ReturnState, Receipt), Problem> {
    let request = request(api, context, &message)?;
    let id = return_id(&message.return_id)?;
    let changed = returns::decline(api, request, id, message.reason).await?;
    Ok(state(api, changed))
}

async fn send_return(
    api: &CommandApi,
    context: RequestContext,
    message: SendReturnRequest,
) -> Result<(ReturnState, Receipt), Problem> {
    let request = request(api, context, &message)?;
    let id = return_id(&message.return_id)?;
    let sent = returns::mark_in_transit(api, request, id, message.tracking_number);
    Ok(state(api, sent.await?))
}

async fn receive_return(
    api: &CommandApi,
    context: RequestContext,
    message: ReceiveReturnRequest,
) -> Result<(ReturnState, Receipt), Problem> {
    let request = request(api, context, &message)?;
    let id = return_id(&message.return_id)?;
    let changed = returns::receive(api, request, id, lines(&message.lines)).await?;
    Ok(state(api, changed))
}

async fn inspect_return(
    api: &CommandApi,
    context: RequestContext,
    message: InspectReturnRequest,
) -> Result<(ReturnState, Receipt), Problem> {
    let request = request(api, context, &message)?;
    let id = return_id(&message.return_id)?;
    let lines = message.lines.into_iter().map(inspected).collect();
    let changed = returns::inspect(api, request, id, lines).await?;
    Ok(state(api, changed))
}

async fn cancel_return(
    api: &CommandApi,
    context: RequestContext,
    message: CancelReturnRequest,
) -> Result<(ReturnState, Receipt), Problem> {
    let request = request(api, context, &message)?;
    let id = return_id(&message.return_id)?;
    let changed = returns::cancel(api, request, id, message.reason).await?;
    Ok(state(api, changed))
}

fn lines(lines: &[ReturnLine]) -> Vec<LineQuantity> {
    let quantity = |line: &ReturnLine| LineQuantity {
        line: line.line,
        quantity: line.quantity,
    };
    lines.iter().map(quantity).collect()
}

fn inspected(line: v1::InspectedLine) -> InspectedLine {
    let v1::InspectedLine {
        line,
        restocked,
        quarantined,
        refused,
        reason,
    } = line;
    InspectedLine {
        line,
        restocked,
        quarantined,
        refused,
        reason,
    }
}

fn state(api: &CommandApi, changed: Changed) -> (ReturnState, Receipt) {
    let receipt = receipt(api, &changed.done);
    let body = changed.body;
    let state = ReturnState {
        return_id: body.return_id.to_string(),
        order_id: body.order_id.to_string(),
        status: body.status.into(),
        allowed_commands: body.allowed_commands.into_iter().map(Into::into).collect(),
    };
    (state, receipt)
}

//! `orders.v1.OrderCommands`

use super::{
    amendments,
    fields::{address, location, new_order, order_id, required, sku},
    holds,
    order::{order, receipt},
    stock,
    write::{answer, request, request_of},
};
use crate::{
    CommandApi, details,
    execution::Done,
    lines,
    placement::{place, placed, shipping_address},
};
use chassis::{Problem, grpc::context, layers::RequestContext};
use domain::{
    Command, Location, Sku, State,
    order::{AddNote, Order, OrderCommand, RequestCancellation, Status as OrderStatus},
    stock::{AdjustStock, ClearQuarantine, ReceiveStock, StockCommand},
};
use prost::Message;
use proto::v1::{
    AddNoteRequest, AddNoteResponse, AdjustStockRequest, AdjustStockResponse,
    ApplyAmendmentRequest, ApplyAmendmentResponse, CancelLinesRequest, CancelLinesResponse,
    CancelOrderRequest, CancelOrderResponse, ChangeShippingAddressRequest,
    ChangeShippingAddressResponse, ClearQuarantineRequest, ClearQuarantineResponse, LineQuantity,
    PlaceHoldRequest, PlaceHoldResponse, PlaceOrderRequest, PlaceOrderResponse,
    ProposeAmendmentRequest, ProposeAmendmentResponse, ReceiveStockRequest, ReceiveStockResponse,
    ReleaseHoldRequest, ReleaseHoldResponse, SetBackorderLimitRequest, SetBackorderLimitResponse,
    SetTagsRequest, SetTagsResponse, SettleContradictionRequest, SettleContradictionResponse,
    WithdrawAmendmentRequest, WithdrawAmendmentResponse, order_commands_server::OrderCommands,
};
use tonic::{Request, Response, Status, async_trait};
use uuid::Uuid;

/// The service.
#[derive(Clone)]
pub(super) struct Commands(pub CommandApi);

#[async_trait]
impl OrderCommands for Commands {
    async fn place_order(
        &self,
        call: Request<PlaceOrderRequest>,
    ) -> Result<Response<PlaceOrderResponse>, Status> {
        let context = context(&call);
        let placed = order_placed(&self.0, context.clone(), call.into_inner()).await;
        answer(&context, placed)
    }

    async fn cancel_order(
        &self,
        call: Request<CancelOrderRequest>,
    ) -> Result<Response<CancelOrderResponse>, Status> {
        let context = context(&call);
        let cancelled = cancel_order(&self.0, context.clone(), call.into_inner()).await;
        answer(&context, cancelled)
    }

    async fn cancel_lines(
        &self,
        call: Request<CancelLinesRequest>,
    ) -> Result<Response<CancelLinesResponse>, Status> {
        let context = context(&call);
        let cancelled = cancel_lines(&self.0, context.clone(), call.into_inner()).await;
        answer(&context, cancelled)
    }

    async fn propose_amendment(
        &self,
        call: Request<ProposeAmendmentRequest>,
    ) -> Result<Response<ProposeAmendmentResponse>, Status> {
        let context = context(&call);
        let proposed = amendments::propose(&self.0, context.clone(), call.into_inner()).await;
        answer(&context, proposed)
    }

    async fn apply_amendment(
        &self,
        call: Request<ApplyAmendmentRequest>,
    ) -> Result<Response<ApplyAmendmentResponse>, Status> {
        let context = context(&call);
        let applied = amendments::apply(&self.0, context.clone(), call.into_inner()).await;
        answer(&context, applied)
    }

    async fn withdraw_amendment(
        &self,
        call: Request<WithdrawAmendmentRequest>,
    ) -> Result<Response<WithdrawAmendmentResponse>, Status> {
        let context = context(&call);
        let withdrawn = amendments::withdraw(&self.0, context.clone(), call.into_inner()).await;
        answer(&context, withdrawn)
    }

    async fn set_tags(
        &self,
        call: Request<SetTagsRequest>,
    ) -> Result<Response<SetTagsResponse>, Status> {
        let context = context(&call);
        let set = set_tags(&self.0, context.clone(), call.into_inner()).await;
        answer(&context, set)
    }

    async fn change_shipping_address(
        &self,
        call: Request<ChangeShippingAddressRequest>,
    ) -> Result<Response<ChangeShippingAddressResponse>, Status> {
        let context = context(&call);
        let changed = change_address(&self.0, context.clone(), call.into_inner()).await;
        answer(&context, changed)
    }

    async fn add_note(
        &self,
        call: Request<AddNoteRequest>,
    ) -> Result<Response<AddNoteResponse>, Status> {
        let context = context(&call);
        let added = add_note(&self.0, context.clone(), call.into_inner()).await;
        answer(&context, added)
    }

    async fn place_hold(
        &self,
        call: Request<PlaceHoldRequest>,
    ) -> Result<Response<PlaceHoldResponse>, Status> {
        let context = context(&call);
        let placed = holds::place(&self.0, context.clone(), call.into_inner()).await;
        answer(&context, placed)
    }

    async fn release_hold(
        &self,
        call: Request<ReleaseHoldRequest>,
    ) -> Result<Response<ReleaseHoldResponse>, Status> {
        let context = context(&call);
        let released = holds::release(&self.0, context.clone(), call.into_inner()).await;
        answer(&context, released)
    }

    async fn settle_contradiction(
        &self,
        call: Request<SettleContradictionRequest>,
    ) -> Result<Response<SettleContradictionResponse>, Status> {
        let context = context(&call);
        let settled = holds::settle(&self.0, context.clone(), call.into_inner()).await;
        answer(&context, settled)
    }

    async fn receive_stock(
        &self,
        call: Request<ReceiveStockRequest>,
    ) -> Result<Response<ReceiveStockResponse>, Status> {
        let context = context(&call);
        let received = stock_received(&self.0, context.clone(), call.into_inner()).await;
        answer(&context, received)
    }

    async fn clear_quarantine(
        &self,
        call: Request<ClearQuarantineRequest>,
    ) -> Result<Response<ClearQuarantineResponse>, Status> {
        let context = context(&call);
        let cleared = clear_quarantine(&self.0, context.clone(), call.into_inner()).await;
        answer(&context, cleared)
    }

    async fn set_backorder_limit(
        &self,
        call: Request<SetBackorderLimitRequest>,
    ) -> Result<Response<SetBackorderLimitResponse>, Status> {
        let context = context(&call);
        let set = stock::set_backorder_limit(&self.0, context.clone(), call.into_inner()).await;
        answer(&context, set)
    }

    async fn adjust_stock(
        &self,
        call: Request<AdjustStockRequest>,
    ) -> Result<Response<AdjustStockResponse>, Status> {
        let context = context(&call);
        let adjusted = adjust_stock(&self.0, context.clone(), call.into_inner()).await;
        answer(&context, adjusted)
    }
}

/// Places what `message` asks for, which is `content` when it is encoded.
pub(super) async fn place_order(
    api: &CommandApi,
    context: RequestContext,
    message: PlaceOrderRequest,
    content: &[u8],
) -> Result<Done, Problem> {
    let request = request_of(api, context, &message, content)?;
    let again = || new_order(PlaceOrderRequest::decode(content).ok()?).ok();
    place(api, request, new_order(message)?, again).await
}

async fn order_placed(
    api: &CommandApi,
    context: RequestContext,
    message: PlaceOrderRequest,
) -> Result<PlaceOrderResponse, Problem> {
    let content = message.encode_to_vec();
    let done = place_order(api, context, message, &content).await?;
    let state = done.state(api).await?;
    let placed = placed(&state, &done)?;
    let address = shipping_address(api, placed).await?;
    Ok(PlaceOrderResponse {
        order: Some(order(placed, done.version(), address)),
        receipt: Some(receipt(api, &done)),
    })
}

async fn cancel_order(
    api: &CommandApi,
    context: RequestContext,
    message: CancelOrderRequest,
) -> Result<CancelOrderResponse, Problem> {
    let request = request(api, context, &message)?;
    let order_id = order_id(&message.order_id)?;
    let command = RequestCancellation {
        reason: message.reason,
    };
    let command = Command::Order(order_id, OrderCommand::RequestCancellation(command));
    let done = request.execute_for_state(api, command).await?;
    let status = match done.state(api).await?.as_ref() {
        State::Order(Order::Placed(order)) => order.status,
        _ => OrderStatus::Cancelling,
    };
    Ok(CancelOrderResponse {
        order_id: order_id.to_string(),
        status: status.as_str().into(),
        receipt: Some(receipt(api, &done)),
    })
}

async fn cancel_lines(
    api: &CommandApi,
    context: RequestContext,
    message: CancelLinesRequest,
) -> Result<CancelLinesResponse, Problem> {
    let request = request(api, context, &message)?;
    let order_id = order_id(&message.order_id)?;
    let lines = message
        .lines
        .iter()
        .map(|line| domain::order::LineQuantity {
            line: line.line,
            quantity: line.quantity,
        });
    let changed = lines::cancel_lines(api, request, order_id, lines.collect(), message.reason);
    let changed = changed.await?;
    let receipt = Some(receipt(api, &changed.done));
    let body = changed.body;
    let open = body.open.into_iter().map(|line| LineQuantity {
        line: line.line,
        quantity: line.quantity,
    });
    let allowed = body.allowed_commands.into_iter();
    Ok(CancelLinesResponse {
        order_id: order_id.to_string(),
        status: body.status.into(),
        open: open.collect(),
        allowed_commands: allowed.map(Into::into).collect(),
        receipt,
        open_total: Some(amendments::money(body.open_total)),
    })
}

async fn set_tags(
    api: &CommandApi,
    context: RequestContext,
    message: SetTagsRequest,
) -> Result<SetTagsResponse, Problem> {
    let request = request(api, context, &message)?;
    let order_id = order_id(&message.order_id)?;
    let (done, tags) = details::tag(api, request, order_id, message.tags).await?;
    Ok(SetTagsResponse {
        order_id: order_id.to_string(),
        tags,
        receipt: Some(receipt(api, &done)),
    })
}

async fn change_address(
    api: &CommandApi,
    context: RequestContext,
    message: ChangeShippingAddressRequest,
) -> Result<ChangeShippingAddressResponse, Problem> {
    let request = request(api, context, &message)?.of_seen_version()?;
    let order_id = order_id(&message.order_id)?;
    let address = address(required("/shipping_address", message.shipping_address)?);
    let done = details::move_to(api, request, order_id, &address).await?;
    Ok(ChangeShippingAddressResponse {
        order_id: order_id.to_string(),
        receipt: Some(receipt(api, &done)),
    })
}

async fn add_note(
    api: &CommandApi,
    context: RequestContext,
    message: AddNoteRequest,
) -> Result<AddNoteResponse, Problem> {
    let request = request(api, context, &message)?;
    let order_id = order_id(&message.order_id)?;
    let note_id = request.id.uuid();
    let text = message.text;
    let command = OrderCommand::AddNote(AddNote { note_id, text });
    let done = request
        .execute(api, Command::Order(order_id, command))
        .await?;
    Ok(AddNoteResponse {
        order_id: order_id.to_string(),
        note_id: note_id.to_string(),
        receipt: Some(receipt(api, &done)),
    })
}

/// A delivery that was booked in.
pub(super) struct Received {
    pub sku: Sku,
    location: Location,
    receipt_id: Uuid,
    pub done: Done,
}

pub(super) async fn receive_stock(
    api: &CommandApi,
    context: RequestContext,
    message: ReceiveStockRequest,
) -> Result<Received, Problem> {
    let request = request(api, context, &message)?;
    let receipt_id = request.id.uuid();
    let sku = sku(&message.sku)?;
    let location = location(message.location.as_deref())?;
    let command = ReceiveStock {
        receipt_id,
        location: location.clone(),
        sku: sku.clone(),
        quantity: message.quantity,
        reference: message.reference,
    };
    let command = Command::Stock(StockCommand::Receive(command));
    Ok(Received {
        done: request.execute(api, command).await?,
        sku,
        location,
        receipt_id,
    })
}

async fn stock_received(
    api: &CommandApi,
    context: RequestContext,
    message: ReceiveStockRequest,
) -> Result<ReceiveStockResponse, Problem> {
    let received = receive_stock(api, context, message).await?;
    Ok(ReceiveStockResponse {
        receipt: Some(receipt(api, &received.done)),
        sku: received.sku.into(),
        location: received.location.into(),
        receipt_id: received.receipt_id.to_string(),
    })
}

async fn clear_quarantine(
    api: &CommandApi,
    context: RequestContext,
    message: ClearQuarantineRequest,
) -> Result<ClearQuarantineResponse, Problem> {
    let request = request(api, context, &message)?;
    let clearance_id = request.id.uuid();
    let sku = sku(&message.sku)?;
    let location = location(message.location.as_deref())?;
    let command = ClearQuarantine {
        clearance_id,
        location: location.clone(),
        sku: sku.clone(),
        restocked: message.restocked,
        written_off: message.written_off,
        reason: message.reason,
    };
    let command = Command::Stock(StockCommand::Clear(command));
    let done = request.execute(api, command).await?;
    Ok(ClearQuarantineResponse {
        sku: sku.into(),
        location: location.into(),
        clearance_id: clearance_id.to_string(),
        receipt: Some(receipt(api, &done)),
    })
}

async fn adjust_stock(
    api: &CommandApi,
    context: RequestContext,
    message: AdjustStockRequest,
) -> Result<AdjustStockResponse, Problem> {
    let request = request(api, context, &message)?;
    let adjustment_id = request.id.uuid();
    let sku = sku(&message.sku)?;
    let location = location(message.location.as_deref())?;
    let command = AdjustStock {
        adjustment_id,
        location: location.clone(),
        sku: sku.clone(),
        delta: message.delta,
        reason: message.reason,
    };
    let command = Command::Stock(StockCommand::Adjust(command));
    let done = request.execute(api, command).await?;
    Ok(AdjustStockResponse {
        sku: sku.into(),
        location: location.into(),
        adjustment_id: adjustment_id.to_string(),
        receipt: Some(receipt(api, &done)),
    })
}

//! `orders.v1.ShipmentCommands`

use super::{
    fields::{shipment_id, time},
    order::receipt,
    write::{answer, request},
};
use crate::{
    CommandApi,
    shipments::{Changed, book_in, deliver, dispatch, fail, put},
};
use chassis::{Problem, grpc::context, layers::RequestContext};
use domain::shipment::{
    FoundLine, PackShipment, RecordLost, RecordReturnedToSender, ShipmentCommand,
};
use proto::v1::{
    BookInShipmentRequest, BookInShipmentResponse, DeliverShipmentRequest, DeliverShipmentResponse,
    DispatchShipmentRequest, DispatchShipmentResponse, FailShipmentRequest, FailShipmentResponse,
    LoseShipmentRequest, LoseShipmentResponse, PackShipmentRequest, PackShipmentResponse, Receipt,
    ReturnShipmentRequest, ReturnShipmentResponse, ShipmentState,
    shipment_commands_server::ShipmentCommands,
};
use tonic::{Request, Response, Status, async_trait};

/// The service.
#[derive(Clone)]
pub(super) struct Shipments(pub CommandApi);

#[async_trait]
impl ShipmentCommands for Shipments {
    async fn pack_shipment(
        &self,
        call: Request<PackShipmentRequest>,
    ) -> Result<Response<PackShipmentResponse>, Status> {
        let context = context(&call);
        let message = call.into_inner();
        let changed = pack_shipment(&self.0, context.clone(), message).await;
        let answered = changed.map(|(shipment, receipt)| PackShipmentResponse {
            shipment: Some(shipment),
            receipt: Some(receipt),
        });
        answer(&context, answered)
    }

    async fn dispatch_shipment(
        &self,
        call: Request<DispatchShipmentRequest>,
    ) -> Result<Response<DispatchShipmentResponse>, Status> {
        let context = context(&call);
        let message = call.into_inner();
        let changed = dispatch_shipment(&self.0, context.clone(), message).await;
        let answered = changed.map(|(shipment, receipt)| DispatchShipmentResponse {
            shipment: Some(shipment),
            receipt: Some(receipt),
        });
        answer(&context, answered)
    }

    async fn deliver_shipment(
        &self,
        call: Request<DeliverShipmentRequest>,
    ) -> Result<Response<DeliverShipmentResponse>, Status> {
        let context = context(&call);
        let message = call.into_inner();
        let changed = deliver_shipment(&self.0, context.clone(), message).await;
        let answered = changed.map(|(shipment, receipt)| DeliverShipmentResponse {
            shipment: Some(shipment),
            receipt: Some(receipt),
        });
        answer(&context, answered)
    }

    async fn fail_shipment(
        &self,
        call: Request<FailShipmentRequest>,
    ) -> Result<Response<FailShipmentResponse>, Status> {
        let context = context(&call);
        let message = call.into_inner();
        let changed = fail_shipment(&self.0, context.clone(), message).await;
        let answered = changed.map(|(shipment, receipt)| FailShipmentResponse {
            shipment: Some(shipment),
            receipt: Some(receipt),
        });
        answer(&context, answered)
    }

    async fn lose_shipment(
        &self,
        call: Request<LoseShipmentRequest>,
    ) -> Result<Response<LoseShipmentResponse>, Status> {
        let context = context(&call);
        let message = call.into_inner();
        let changed = lose_shipment(&self.0, context.clone(), message).await;
        let answered = changed.map(|(shipment, receipt)| LoseShipmentResponse {
            shipment: Some(shipment),
            receipt: Some(receipt),
        });
        answer(&context, answered)
    }

    async fn return_shipment(
        &self,
        call: Request<ReturnShipmentRequest>,
    ) -> Result<Response<ReturnShipmentResponse>, Status> {
        let context = context(&call);
        let message = call.into_inner();
        let changed = return_shipment(&self.0, context.clone(), message).await;
        let answered = changed.map(|(shipment, receipt)| ReturnShipmentResponse {
            shipment: Some(shipment),
            receipt: Some(receipt),
        });
        answer(&context, answered)
    }

    async fn book_in_shipment(
        &self,
        call: Request<BookInShipmentRequest>,
    ) -> Result<Response<BookInShipmentResponse>, Status> {
        let context = context(&call);
        let message = call.into_inner();
        let changed = book_in_shipment(&self.0, context.clone(), message).await;
        let answered = changed.map(|(shipment, receipt)| BookInShipmentResponse {
            shipment: Some(shipment),
            receipt: Some(receipt),
        });
        answer(&context, answered)
    }
}

async fn book_in_shipment(
    api: &CommandApi,
    context: RequestContext,
    message: BookInShipmentRequest,
) -> Result<(ShipmentState, Receipt), Problem> {
    let request = request(api, context, &message)?;
    let shipment = shipment_id(&message.shipment_id)?;
    let found = |line: proto::v1::FoundLine| FoundLine {
        line: line.line,
        restocked: line.restocked,
        quarantined: line.quarantined,
    };
    let lines = message.lines.into_iter().map(found).collect();
    let changed = book_in(api, request, shipment, lines, message.reason).await?;
    Ok(state(api, changed))
}

async fn pack_shipment(
    api: &CommandApi,
    context: RequestContext,
    message: PackShipmentRequest,
) -> Result<(ShipmentState, Receipt), Problem> {
    let request = request(api, context, &message)?;
    let shipment = shipment_id(&message.shipment_id)?;
    let command = ShipmentCommand::Pack(PackShipment);
    let changed = put(api, request, shipment, command).await?;
    Ok(state(api, changed))
}

async fn dispatch_shipment(
    api: &CommandApi,
    context: RequestContext,
    message: DispatchShipmentRequest,
) -> Result<(ShipmentState, Receipt), Problem> {
    let request = request(api, context, &message)?;
    let shipment = shipment_id(&message.shipment_id)?;
    let changed = dispatch(api, request, shipment).await?;
    Ok(state(api, changed))
}

async fn deliver_shipment(
    api: &CommandApi,
    context: RequestContext,
    message: DeliverShipmentRequest,
) -> Result<(ShipmentState, Receipt), Problem> {
    let request = request(api, context, &message)?;
    let shipment = shipment_id(&message.shipment_id)?;
    let at = message.delivered_at.as_ref();
    let at = at.map(|at| time("/delivered_at", at)).transpose()?;
    let changed = deliver(api, request, shipment, at).await?;
    Ok(state(api, changed))
}

async fn fail_shipment(
    api: &CommandApi,
    context: RequestContext,
    message: FailShipmentRequest,
) -> Result<(ShipmentState, Receipt), Problem> {
    let request = request(api, context, &message)?;
    let shipment = shipment_id(&message.shipment_id)?;
    let changed = fail(api, request, shipment, message.reason).await?;
    Ok(state(api, changed))
}

async fn lose_shipment(
    api: &CommandApi,
    context: RequestContext,
    message: LoseShipmentRequest,
) -> Result<(ShipmentState, Receipt), Problem> {
    let request = request(api, context, &message)?;
    let shipment = shipment_id(&message.shipment_id)?;
    let command = ShipmentCommand::RecordLost(RecordLost);
    let changed = put(api, request, shipment, command).await?;
    Ok(state(api, changed))
}

async fn return_shipment(
    api: &CommandApi,
    context: RequestContext,
    message: ReturnShipmentRequest,
) -> Result<(ShipmentState, Receipt), Problem> {
    let request = request(api, context, &message)?;
    let shipment = shipment_id(&message.shipment_id)?;
    let command = ShipmentCommand::RecordReturnedToSender(RecordReturnedToSender);
    let changed = put(api, request, shipment, command).await?;
    Ok(state(api, changed))
}

fn state(api: &CommandApi, changed: Changed) -> (ShipmentState, Receipt) {
    let receipt = receipt(api, &changed.done);
    let body = changed.body;
    let state = ShipmentState {
        shipment_id: body.shipment_id.to_string(),
        order_id: body.order_id.to_string(),
        status: body.status.into(),
        allowed_commands: body.allowed_commands.into_iter().map(Into::into).collect(),
    };
    (state, receipt)
}

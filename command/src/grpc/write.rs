//! A call as a request for a command.

use crate::{CommandApi, request::CommandRequest};
use chassis::{
    Problem,
    extract::{IdempotencyKey, IfMatch},
    grpc::status,
    layers::RequestContext,
};
use prost::Message;
use tonic::{Response, Status};

/// A write, as its message names it: what is in it makes it happen once.
pub(super) trait Write: Message {
    /// The path of the call, which the key's scope has in it.
    const PATH: &'static str;

    /// Makes it happen once.
    fn request_id(&self) -> &str;

    /// The version that the caller saw; empty if that is of no matter.
    fn etag(&self) -> &str;
}

macro_rules! writes {
    ($($service:literal { $($message:ident: $method:literal, $etag:expr;)* })*) => {
        $($(impl Write for proto::v1::$message {
            const PATH: &'static str = concat!("/orders.v1.", $service, "/", $method);

            fn request_id(&self) -> &str {
                &self.request_id
            }

            fn etag(&self) -> &str {
                let etag: fn(&Self) -> &str = $etag;
                etag(self)
            }
        })*)*
    };
}

writes! {
    "OrderCommands" {
        PlaceOrderRequest: "PlaceOrder", |_| "";
        CancelOrderRequest: "CancelOrder", |message| &message.etag;
        CancelLinesRequest: "CancelLines", |message| &message.etag;
        ProposeAmendmentRequest: "ProposeAmendment", |message| &message.etag;
        ApplyAmendmentRequest: "ApplyAmendment", |message| &message.etag;
        WithdrawAmendmentRequest: "WithdrawAmendment", |message| &message.etag;
        SetTagsRequest: "SetTags", |message| &message.etag;
        ChangeShippingAddressRequest: "ChangeShippingAddress", |message| &message.etag;
        AddNoteRequest: "AddNote", |message| &message.etag;
        PlaceHoldRequest: "PlaceHold", |message| &message.etag;
        ReleaseHoldRequest: "ReleaseHold", |message| &message.etag;
        SettleContradictionRequest: "SettleContradiction", |message| &message.etag;
        ReceiveStockRequest: "ReceiveStock", |message| &message.etag;
        AdjustStockRequest: "AdjustStock", |message| &message.etag;
        ClearQuarantineRequest: "ClearQuarantine", |message| &message.etag;
        SetBackorderLimitRequest: "SetBackorderLimit", |message| &message.etag;
    }
    "ShipmentCommands" {
        PackShipmentRequest: "PackShipment", |message| &message.etag;
        DispatchShipmentRequest: "DispatchShipment", |message| &message.etag;
        DeliverShipmentRequest: "DeliverShipment", |message| &message.etag;
        FailShipmentRequest: "FailShipment", |message| &message.etag;
        LoseShipmentRequest: "LoseShipment", |message| &message.etag;
        ReturnShipmentRequest: "ReturnShipment", |message| &message.etag;
        BookInShipmentRequest: "BookInShipment", |message| &message.etag;
    }
    "ReturnCommands" {
        RequestReturnRequest: "RequestReturn", |_| "";
        ApproveReturnRequest: "ApproveReturn", |message| &message.etag;
        DeclineReturnRequest: "DeclineReturn", |message| &message.etag;
        SendReturnRequest: "SendReturn", |message| &message.etag;
        ReceiveReturnRequest: "ReceiveReturn", |message| &message.etag;
        InspectReturnRequest: "InspectReturn", |message| &message.etag;
        CancelReturnRequest: "CancelReturn", |message| &message.etag;
    }
    "CustomerCommands" {
        RegisterCustomerRequest: "RegisterCustomer", |_| "";
        ChangeCustomerRequest: "ChangeCustomer", |message| &message.etag;
    }
    "ProductCommands" {
        ListProductRequest: "ListProduct", |_| "";
        PriceProductRequest: "PriceProduct", |message| &message.etag;
        DelistProductRequest: "DelistProduct", |message| &message.etag;
    }
}

/// The request for a command that `message` is.
///
/// # Errors
/// 400: no request id, or one that is none, or an etag that is none.
pub(super) fn request<M: Write>(
    api: &CommandApi,
    context: RequestContext,
    message: &M,
) -> Result<CommandRequest, Problem> {
    request_of(api, context, message, &message.encode_to_vec())
}

/// The same, of a `message` that was encoded already, as `content`.
pub(super) fn request_of<M: Write>(
    api: &CommandApi,
    context: RequestContext,
    message: &M,
    content: &[u8],
) -> Result<CommandRequest, Problem> {
    let key = match message.request_id() {
        "" => Err((
            "REQUIRED",
            "it is required, so that the request can be repeated safely",
        )),
        key => IdempotencyKey::parse(key).map_err(|rule| ("INVALID", rule)),
    };
    let key = key.map_err(|(kind, rule)| {
        Problem::bad_request(
            "INVALID_REQUEST_ID",
            format!("The field request_id is wrong: {rule}."),
        )
        .with_error("/request_id", kind, rule)
    })?;
    let if_match = match message.etag() {
        "" => IfMatch(None),
        etag => IfMatch::parse(etag).map_err(|rule| {
            Problem::bad_request("INVALID_ETAG", format!("The field etag is wrong: {rule}."))
                .with_error("/etag", "INVALID", rule)
        })?,
    };
    Ok(CommandRequest::of_call(
        api,
        M::PATH,
        content,
        key,
        if_match,
        context,
    ))
}

/// The answer to a call: what it was sent for, or why not.
pub(super) fn answer<T>(
    context: &RequestContext,
    answered: Result<T, Problem>,
) -> Result<Response<T>, Status> {
    match answered {
        Ok(answer) => Ok(Response::new(answer)),
        Err(problem) => Err(failed(context, problem)),
    }
}

/// The status of a call that failed.
pub(super) fn failed(context: &RequestContext, problem: Problem) -> Status {
    status(&context.name(problem), &[])
}

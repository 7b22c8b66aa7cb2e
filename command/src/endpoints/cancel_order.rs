//! `POST /v1/orders/{order_id}/cancel`

use crate::{CommandApi, execution::CommandRequest};
use axum::{
    extract::State,
    http::{Method, StatusCode, Uri},
    response::Response,
};
use chassis::{
    Problem,
    extract::{IdempotencyKey, IfMatch, StrictJson},
    layers::RequestContext,
    problem::ProblemDetails,
};
use domain::{
    Command, OrderId, State as StreamState,
    order::{Order, OrderCommand, RequestCancellation, Status},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::OrderPath;

/// A cancellation to be asked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CancelOrderBody {
    /// Why, for people; 1 to 500 characters.
    #[schema(example = "the customer changed their mind")]
    reason: String,
}

/// A cancellation that was asked for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CancelOrderAnswer {
    /// The order.
    order_id: Uuid,
    /// Its version.
    version: i64,
    /// `cancelling` until stock is released and payment settled, then `cancelled`.
    #[schema(example = "cancelling")]
    status: &'static str,
    /// What to read to see how it ends.
    watch: String,
}

/// Cancel an order.
///
/// Answers 202 while stock and payment are being given back; the order is `cancelled` once they
/// are. Cancelling again is no error.
#[utoipa::path(
    post,
    path = "/v1/orders/{order_id}/cancel",
    tag = "orders",
    params(
        ("order_id" = Uuid, Path, description = "The order."),
        ("Idempotency-Key" = String, Header, description = "Names this request: sent again, it gets the first answer again."),
        ("If-Match" = Option<String>, Header, description = "The version that you saw, if it must still be that."),
    ),
    request_body = CancelOrderBody,
    responses(
        (status = 200, description = "It is cancelled already.", body = CancelOrderAnswer),
        (status = 202, description = "It is being cancelled.", body = CancelOrderAnswer),
        (status = 404, description = "There is no such order.", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, description = "Not allowed in its state.", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 412, description = "It is at another version.", body = ProblemDetails, content_type = "application/problem+json"),
    )
)]
#[expect(
    clippy::too_many_arguments,
    reason = "extractors: each is one part of the request"
)]
pub(crate) async fn cancel_order(
    State(api): State<CommandApi>,
    OrderPath(order_id): OrderPath,
    method: Method,
    uri: Uri,
    context: RequestContext,
    key: IdempotencyKey,
    if_match: IfMatch,
    body: StrictJson<CancelOrderBody>,
) -> Result<Response, Problem> {
    let request = CommandRequest::new(&api, (&method, &uri), &key, &body.raw, context, if_match);
    let command = RequestCancellation {
        reason: body.value.reason,
    };
    let command = Command::Order(order_id, OrderCommand::RequestCancellation(command));
    let done = request.execute(&api, command, true).await?;
    let state = done.state(&api).await?;
    let status = match state.as_ref() {
        StreamState::Order(Order::Placed(order)) => order.status,
        _ => Status::Cancelling,
    };
    let answer = CancelOrderAnswer {
        order_id: order_id.uuid(),
        version: done.version(),
        status: status.as_str(),
        watch: watch(order_id),
    };
    let code = if status == Status::Cancelled {
        StatusCode::OK
    } else {
        StatusCode::ACCEPTED
    };
    done.answer(&api, code, Some(watch(order_id)), &answer)
}

fn watch(order_id: OrderId) -> String {
    format!("/v1/orders/{order_id}")
}

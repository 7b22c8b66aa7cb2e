//! `POST /v1/orders/{order_id}/cancel`

use super::OrderPath;
use crate::{
    CommandApi,
    answers::WriteProblems,
    request::{Write, WriteHeaders},
};
use axum::{extract::State, http::StatusCode, response::Response};
use chassis::{Problem, problem::ProblemDetails};
use domain::{
    Command, OrderId, State as StreamState,
    order::{Order, OrderCommand, RequestCancellation, Status},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

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
/// are. Cancelling again is no error. Once one of its shipments has left, the order goes on.
#[utoipa::path(
    post,
    path = "/v1/orders/{order_id}/cancel",
    tag = "orders",
    params(
        ("order_id" = Uuid, Path, description = "The order."),
        WriteHeaders,
    ),
    request_body = CancelOrderBody,
    responses(
        (status = 200, description = "It is cancelled already.", body = CancelOrderAnswer),
        (status = 202, description = "It is being cancelled.", body = CancelOrderAnswer),
        (status = 404, description = "There is no such order.", body = ProblemDetails, content_type = "application/problem+json"),
        WriteProblems,
    )
)]
pub(crate) async fn cancel_order(
    State(api): State<CommandApi>,
    OrderPath(order_id): OrderPath,
    Write { request, body, .. }: Write<CancelOrderBody>,
) -> Result<Response, Problem> {
    let command = RequestCancellation {
        reason: body.reason,
    };
    let command = Command::Order(order_id, OrderCommand::RequestCancellation(command));
    let done = request.execute_for_state(&api, command).await?;
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

//! `POST /v1/orders/{order_id}/holds`

use super::{OrderChanged, OrderPath};
use crate::{
    CommandApi,
    answers::WriteProblems,
    request::{Write, WriteHeaders},
};
use axum::{extract::State, http::StatusCode, response::Response};
use chassis::{Problem, problem::ProblemDetails};
use domain::{
    Command,
    order::{OrderCommand, PlaceHold},
};
use serde::Deserialize;
use utoipa::ToSchema;

/// A hold to be put on an order.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlaceHoldBody {
    /// Which hold: a short name, by which it is released.
    #[schema(example = "fraud-check")]
    hold: String,
    /// Why, for people; 1 to 500 characters.
    #[schema(example = "first order of this customer over 1,000 EUR")]
    reason: String,
}

/// Put a hold on an order.
///
/// While any hold is on it, an order is neither confirmed nor dispatched. The same hold again is no error.
#[utoipa::path(
    post,
    path = "/v1/orders/{order_id}/holds",
    tag = "orders",
    params(
        ("order_id" = Uuid, Path, description = "The order."),
        WriteHeaders,
    ),
    request_body = PlaceHoldBody,
    responses(
        (status = 200, description = "Done.", body = OrderChanged),
        (status = 404, description = "There is no such order.", body = ProblemDetails, content_type = "application/problem+json"),
        WriteProblems,
    )
)]
pub(crate) async fn place_hold(
    State(api): State<CommandApi>,
    OrderPath(order_id): OrderPath,
    Write { request, body, .. }: Write<PlaceHoldBody>,
) -> Result<Response, Problem> {
    let command = PlaceHold {
        hold: body.hold,
        reason: body.reason,
    };
    let command = Command::Order(order_id, OrderCommand::PlaceHold(command));
    let done = request.execute(&api, command).await?;
    let answer = OrderChanged {
        order_id: order_id.uuid(),
        version: done.version(),
    };
    done.answer(&api, StatusCode::OK, None, &answer)
}

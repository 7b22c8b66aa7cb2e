//! `POST /v1/orders/{order_id}/holds/{hold}/release`

use super::{HoldPath, OrderChanged};
use crate::{
    CommandApi,
    answers::WriteProblems,
    request::{Write, WriteHeaders},
};
use axum::{extract::State, http::StatusCode, response::Response};
use chassis::{Problem, problem::ProblemDetails};
use domain::{
    Command,
    order::{OrderCommand, ReleaseHold},
};
use serde::Deserialize;
use utoipa::ToSchema;

/// Nothing is to be said of a release: an empty object, or no body.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReleaseHoldBody {}

/// Take a hold off an order.
///
/// Once the last hold is off and the payment is authorized, the order is confirmed. A hold that is not on the order is no error.
#[utoipa::path(
    post,
    path = "/v1/orders/{order_id}/holds/{hold}/release",
    tag = "orders",
    params(
        ("order_id" = Uuid, Path, description = "The order."),
        ("hold" = String, Path, description = "The hold's name."),
        WriteHeaders,
    ),
    request_body = ReleaseHoldBody,
    responses(
        (status = 200, description = "Done.", body = OrderChanged),
        (status = 404, description = "There is no such order.", body = ProblemDetails, content_type = "application/problem+json"),
        WriteProblems,
    )
)]
pub(crate) async fn release_hold(
    State(api): State<CommandApi>,
    HoldPath(order_id, hold): HoldPath,
    Write { request, body, .. }: Write<ReleaseHoldBody>,
) -> Result<Response, Problem> {
    let ReleaseHoldBody {} = body;
    let command = Command::Order(order_id, OrderCommand::ReleaseHold(ReleaseHold { hold }));
    let done = request.execute(&api, command).await?;
    let answer = OrderChanged {
        order_id: order_id.uuid(),
        version: done.version(),
    };
    done.answer(&api, StatusCode::OK, None, &answer)
}

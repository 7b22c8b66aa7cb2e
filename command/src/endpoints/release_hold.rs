//! `POST /v1/orders/{order_id}/holds/{hold}/release`

use super::{HoldPath, OrderChanged};
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
    Command,
    order::{OrderCommand, ReleaseHold},
};
use serde::Deserialize;
use utoipa::ToSchema;

/// Nothing is to be said of a release: an empty object.
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
        ("Idempotency-Key" = String, Header, description = "Names this request: sent again, it gets the first answer again."),
        ("If-Match" = Option<String>, Header, description = "The version that you saw, if it must still be that."),
    ),
    request_body = ReleaseHoldBody,
    responses(
        (status = 200, description = "Done.", body = OrderChanged),
        (status = 404, description = "There is no such order.", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, description = "Not allowed in its state.", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 412, description = "It is at another version.", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 422, description = "Breaks a rule.", body = ProblemDetails, content_type = "application/problem+json"),
    )
)]
#[expect(
    clippy::too_many_arguments,
    reason = "extractors: each is one part of the request"
)]
pub(crate) async fn release_hold(
    State(api): State<CommandApi>,
    HoldPath(order_id, hold): HoldPath,
    method: Method,
    uri: Uri,
    context: RequestContext,
    key: IdempotencyKey,
    if_match: IfMatch,
    body: StrictJson<ReleaseHoldBody>,
) -> Result<Response, Problem> {
    let request = CommandRequest::new(&api, (&method, &uri), &key, &body.raw, context, if_match);
    let ReleaseHoldBody {} = body.value;
    let command = Command::Order(order_id, OrderCommand::ReleaseHold(ReleaseHold { hold }));
    let done = request.execute(&api, command, false).await?;
    let answer = OrderChanged {
        order_id: order_id.uuid(),
        version: done.version(),
    };
    done.answer(&api, StatusCode::OK, None, &answer)
}

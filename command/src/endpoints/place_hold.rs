//! `POST /v1/orders/{order_id}/holds`

use super::{OrderChanged, OrderPath};
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
        ("Idempotency-Key" = String, Header, description = "Names this request: sent again, it gets the first answer again."),
        ("If-Match" = Option<String>, Header, description = "The version that you saw, if it must still be that."),
    ),
    request_body = PlaceHoldBody,
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
pub(crate) async fn place_hold(
    State(api): State<CommandApi>,
    OrderPath(order_id): OrderPath,
    method: Method,
    uri: Uri,
    context: RequestContext,
    key: IdempotencyKey,
    if_match: IfMatch,
    body: StrictJson<PlaceHoldBody>,
) -> Result<Response, Problem> {
    let request = CommandRequest::new(&api, (&method, &uri), &key, &body.raw, context, if_match);
    let command = PlaceHold {
        hold: body.value.hold,
        reason: body.value.reason,
    };
    let command = Command::Order(order_id, OrderCommand::PlaceHold(command));
    let done = request.execute(&api, command, false).await?;
    let answer = OrderChanged {
        order_id: order_id.uuid(),
        version: done.version(),
    };
    done.answer(&api, StatusCode::OK, None, &answer)
}

//! `POST /v1/orders/{order_id}/shipping-address`

use super::{OrderChanged, OrderPath};
use crate::{
    CommandApi,
    answers::WriteProblems,
    body::AddressBody,
    details::move_to,
    request::{VersionHeaders, Write},
};
use axum::{extract::State, http::StatusCode, response::Response};
use chassis::{Problem, problem::ProblemDetails};
use serde::Deserialize;
use utoipa::ToSchema;

/// Where an order is to go.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShippingAddressBody {
    /// Where to, as a whole: it takes the place of where it was to go.
    shipping_address: AddressBody,
}

/// Have an order go somewhere else.
///
/// Until the carrier is asked to take it, which has the label made; after a refusal of the carrier again,
/// until it is tried anew.
#[utoipa::path(
    post,
    path = "/v1/orders/{order_id}/shipping-address",
    tag = "orders",
    params(
        ("order_id" = uuid::Uuid, Path, description = "The order."),
        VersionHeaders,
    ),
    request_body = ShippingAddressBody,
    responses(
        (status = 200, description = "It goes there.", body = OrderChanged),
        (status = 404, description = "There is no such order.", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 428, description = "If-Match is missing.", body = ProblemDetails, content_type = "application/problem+json"),
        WriteProblems,
    )
)]
pub(crate) async fn change_shipping_address(
    State(api): State<CommandApi>,
    OrderPath(order_id): OrderPath,
    Write { request, body, .. }: Write<ShippingAddressBody>,
) -> Result<Response, Problem> {
    let request = request.of_seen_version()?;
    let done = move_to(&api, request, order_id, &body.shipping_address.into()).await?;
    let answer = OrderChanged {
        order_id: order_id.uuid(),
        version: done.version(),
    };
    done.answer(&api, StatusCode::OK, None, &answer)
}

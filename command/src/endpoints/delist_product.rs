//! `POST /v1/products/{sku}/delist`

use super::SkuPath;
use crate::{
    CommandApi,
    answers::WriteProblems,
    products::{ProductAnswer, put},
    request::{Write, WriteHeaders},
};
use axum::{extract::State, http::StatusCode, response::Response};
use chassis::{Problem, problem::ProblemDetails};
use domain::product::{DelistProduct, ProductCommand};
use serde::Deserialize;
use utoipa::ToSchema;

/// Why a product is offered no more.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DelistProductBody {
    /// Why, for people: 1 to 500 characters.
    #[schema(example = "sold out for good")]
    reason: String,
}

/// Delist a product.
///
/// Where only what is listed may be ordered (`orders.only_listed`), it is refused from now on. Orders
/// that were placed go on.
#[utoipa::path(
    post,
    path = "/v1/products/{sku}/delist",
    tag = "products",
    params(
        ("sku" = String, Path, description = "The article."),
        WriteHeaders,
    ),
    request_body = DelistProductBody,
    responses(
        (status = 200, description = "Done.", body = ProductAnswer),
        (status = 404, description = "There is no such product.", body = ProblemDetails, content_type = "application/problem+json"),
        WriteProblems,
    )
)]
pub(crate) async fn delist_product(
    State(api): State<CommandApi>,
    SkuPath(sku): SkuPath,
    Write { request, body, .. }: Write<DelistProductBody>,
) -> Result<Response, Problem> {
    let reason = body.reason;
    let command = ProductCommand::Delist(DelistProduct { sku, reason });
    let changed = put(&api, request, command).await?;
    changed
        .done
        .answer(&api, StatusCode::OK, None, &changed.body)
}

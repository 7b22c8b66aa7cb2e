//! `POST /v1/products/{sku}/price`

use super::{SkuPath, list_product::PriceBody};
use crate::{
    CommandApi,
    answers::WriteProblems,
    products::{ProductAnswer, put},
    request::{Write, WriteHeaders},
};
use axum::{extract::State, http::StatusCode, response::Response};
use chassis::{Problem, problem::ProblemDetails};
use domain::product::{PriceProduct, ProductCommand};
use serde::Deserialize;
use utoipa::ToSchema;

/// Another price.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PriceProductBody {
    /// What one costs from now on.
    price: PriceBody,
}

/// Ask another price for a product.
///
/// A product has one price in each currency, in 32 at most. Orders that were placed keep theirs.
#[utoipa::path(
    post,
    path = "/v1/products/{sku}/price",
    tag = "products",
    params(
        ("sku" = String, Path, description = "The article."),
        WriteHeaders,
    ),
    request_body = PriceProductBody,
    responses(
        (status = 200, description = "Done.", body = ProductAnswer),
        (status = 404, description = "There is no such product.", body = ProblemDetails, content_type = "application/problem+json"),
        WriteProblems,
    )
)]
pub(crate) async fn price_product(
    State(api): State<CommandApi>,
    SkuPath(sku): SkuPath,
    Write { request, body, .. }: Write<PriceProductBody>,
) -> Result<Response, Problem> {
    let price = body.price.into();
    let command = ProductCommand::Price(PriceProduct { sku, price });
    let changed = put(&api, request, command).await?;
    changed
        .done
        .answer(&api, StatusCode::OK, None, &changed.body)
}

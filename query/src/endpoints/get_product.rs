//! `GET /v1/products/{sku}`

use super::{Named, SkuPath};
use crate::{
    answer,
    api::Api,
    documentation::{ReadHeaders, ReadProblems},
    products::{ProductBody, get},
    read_your_writes::ReadYourWrites,
};
use axum::{extract::State, response::Response};
use chassis::{
    Problem,
    extract::{NoQuery, StrictQuery},
    problem::ProblemDetails,
};
use std::sync::Arc;

/// Get a product.
#[utoipa::path(
    get,
    path = "/v1/products/{sku}",
    tag = "products",
    params(
        ("sku" = String, Path, description = "The article."),
        ReadHeaders,
    ),
    responses(
        (status = 200, description = "The product.", body = ProductBody,
            headers(("ETag" = String, description = "Its version, for `If-Match`."))),
        (status = 404, description = "There is no such product.", body = ProblemDetails, content_type = "application/problem+json"),
        ReadProblems,
    )
)]
pub(crate) async fn get_product(
    State(api): State<Arc<Api>>,
    Named(sku): SkuPath,
    writes: ReadYourWrites,
    StrictQuery(NoQuery {}): StrictQuery<NoQuery>,
) -> Result<Response, Problem> {
    get(&api, &sku, &writes, |product| {
        answer::versioned(product.version, false, product)
    })
    .await
}

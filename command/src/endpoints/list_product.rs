//! `POST /v1/products`

use crate::{
    CommandApi,
    answers::WriteProblems,
    products::{ProductAnswer, put},
    request::{Write, WriteHeaders},
};
use axum::{extract::State, http::StatusCode, response::Response};
use chassis::{Problem, path::segment};
use domain::{
    Currency, Money, Sku,
    product::{ListProduct, ProductCommand},
};
use serde::Deserialize;
use utoipa::ToSchema;

/// A product to be listed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListProductBody {
    /// What it is ordered by.
    #[schema(value_type = String, example = "85123A")]
    sku: Sku,
    /// What it is called: 1 to 200 characters.
    #[schema(example = "White hanging heart")]
    name: String,
    /// What one costs.
    price: PriceBody,
}

/// What one costs.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewPrice)]
pub(crate) struct PriceBody {
    /// Minor units: 1999 is 19.99 EUR; not negative.
    #[schema(example = 1999)]
    amount: i64,
    /// ISO 4217.
    #[schema(value_type = String, example = "EUR")]
    currency: Currency,
}

impl From<PriceBody> for Money {
    fn from(price: PriceBody) -> Self {
        Self::new(price.amount, price.currency)
    }
}

/// List a product.
///
/// It may be ordered from now on. One that was delisted is listed anew, with this name and price alone.
/// Prices of orders are what their lines say: these are for whoever makes them.
#[utoipa::path(
    post,
    path = "/v1/products",
    tag = "products",
    params(WriteHeaders),
    request_body = ListProductBody,
    responses(
        (status = 201, description = "Listed.", body = ProductAnswer,
            headers(("Location" = String, description = "The product."))),
        WriteProblems,
    )
)]
pub(crate) async fn list_product(
    State(api): State<CommandApi>,
    Write { request, body, .. }: Write<ListProductBody>,
) -> Result<Response, Problem> {
    let ListProductBody { sku, name, price } = body;
    let price = price.into();
    let command = ProductCommand::List(ListProduct { sku, name, price });
    let changed = put(&api, request, command).await?;
    let location = format!("/v1/products/{}", segment(changed.body.sku.as_str()));
    let status = StatusCode::CREATED;
    changed
        .done
        .answer(&api, status, Some(location), &changed.body)
}

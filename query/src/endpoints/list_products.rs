//! `GET /v1/products`

use crate::{
    answer,
    api::Api,
    documentation::{ReadHeaders, ReadProblems},
    page::Page,
    products::{Filters, ListingStatus, ProductBody, list},
    read_your_writes::ReadYourWrites,
};
use axum::{extract::State, response::Response};
use chassis::{Problem, extract::StrictQuery};
use serde::Deserialize;
use std::sync::Arc;
use utoipa::IntoParams;

/// Which products.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListProductsQuery {
    /// Items on the page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` or `prev_cursor` of a page of the same list.
    cursor: Option<String>,
    /// `listed` or `delisted`.
    #[param(value_type = Option<String>, example = "listed")]
    status: Option<ListingStatus>,
}

/// List products, by SKU.
#[utoipa::path(
    get,
    path = "/v1/products",
    tag = "products",
    params(
        ListProductsQuery,
        ReadHeaders,
    ),
    responses(
        (status = 200, description = "A page.", body = Page<ProductBody>),
        ReadProblems,
    )
)]
pub(crate) async fn list_products(
    State(api): State<Arc<Api>>,
    writes: ReadYourWrites,
    StrictQuery(query): StrictQuery<ListProductsQuery>,
) -> Result<Response, Problem> {
    let filters = Filters {
        status: query.status,
    };
    let page = (query.limit, query.cursor.as_deref());
    list(&api, &filters, page, &writes, |page| answer::json(page)).await
}

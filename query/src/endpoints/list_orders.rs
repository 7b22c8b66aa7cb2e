//! `GET /v1/orders`

use crate::{
    answer,
    api::Api,
    documentation::{ReadHeaders, ReadProblems},
    orders::{OrderItem, list, orders_query},
    page::Page,
    read_your_writes::ReadYourWrites,
};
use axum::{extract::State, response::Response};
use chassis::{Problem, extract::StrictQuery};
use domain::CustomerId;
use std::sync::Arc;

orders_query! {
    /// Which orders.
    ListOrdersQuery {
        /// Who ordered.
        #[param(value_type = Option<String>, example = "17850")]
        customer_id: Option<CustomerId>,
    }
}

/// List orders.
#[utoipa::path(
    get,
    path = "/v1/orders",
    tag = "orders",
    params(
        ListOrdersQuery,
        ReadHeaders,
    ),
    responses(
        (status = 200, description = "A page.", body = Page<OrderItem>),
        ReadProblems,
    )
)]
pub(crate) async fn list_orders(
    State(api): State<Arc<Api>>,
    writes: ReadYourWrites,
    StrictQuery(query): StrictQuery<ListOrdersQuery>,
) -> Result<Response, Problem> {
    let filters = query.filters(query.customer_id.clone())?;
    let listed = list(&api, &filters, query.page(), &writes, |page| {
        answer::json(page)
    })
    .await?;
    Ok(listed.answer)
}

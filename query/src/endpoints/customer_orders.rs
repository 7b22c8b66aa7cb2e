//! `GET /v1/customers/{customer_id}/orders`

use super::CustomerPath;
use crate::{
    answer,
    api::Api,
    customers::orders,
    documentation::{ReadHeaders, ReadProblems},
    orders::{OrderItem, orders_query},
    page::Page,
    read_your_writes::ReadYourWrites,
};
use axum::{extract::State, response::Response};
use chassis::{Problem, extract::StrictQuery, problem::ProblemDetails};
use std::sync::Arc;

orders_query! {
    /// Which of the customer's orders.
    CustomerOrdersQuery {}
}

/// List the orders of a customer.
#[utoipa::path(
    get,
    path = "/v1/customers/{customer_id}/orders",
    tag = "customers",
    params(
        ("customer_id" = String, Path, description = "The customer."),
        CustomerOrdersQuery,
        ReadHeaders,
    ),
    responses(
        (status = 200, description = "A page.", body = Page<OrderItem>),
        (status = 404, description = "The customer has not ordered anything.", body = ProblemDetails, content_type = "application/problem+json"),
        ReadProblems,
    )
)]
pub(crate) async fn customer_orders(
    State(api): State<Arc<Api>>,
    super::Named(customer_id): CustomerPath,
    writes: ReadYourWrites,
    StrictQuery(query): StrictQuery<CustomerOrdersQuery>,
) -> Result<Response, Problem> {
    let filters = query.filters(Some(customer_id.clone()))?;
    orders(
        &api,
        &customer_id,
        &filters,
        query.page(),
        &writes,
        |page| answer::json(page),
    )
    .await
}

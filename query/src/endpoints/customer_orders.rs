//! `GET /v1/customers/{customer_id}/orders`

use super::CustomerPath;
use crate::{
    answer,
    api::Api,
    documentation::{ReadHeaders, ReadProblems},
    orders::{OrderItem, list, orders_query},
    page::Page,
    problem,
    read_your_writes::ReadYourWrites,
    sql::Sql,
};
use axum::{extract::State, response::Response};
use chassis::{Problem, extract::StrictQuery, problem::ProblemDetails};
use domain::CustomerId;
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
    let listed = list(&api, &filters, query.page(), &writes, |page| {
        answer::json(page)
    })
    .await?;
    if listed.nothing && !has_ordered(&api, &customer_id).await? {
        return Err(problem::no_such_customer(&customer_id));
    }
    Ok(listed.answer)
}

async fn has_ordered(api: &Api, customer_id: &CustomerId) -> Result<bool, Problem> {
    let mut sql = Sql::new("SELECT 1 FROM read.order_summary WHERE tenant = ");
    sql.bind(api.tenant.as_str())
        .push(" AND customer_id = ")
        .bind(customer_id.as_str())
        .limit(1);
    Ok(!api.fetch(sql).await?.is_empty())
}

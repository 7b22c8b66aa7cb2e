//! `GET /v1/customers/{customer_id}/orders`

use super::CustomerPath;
use crate::{
    api::Api,
    body::FulfilmentStatus,
    orders::{Filters, OrderItem, Sort, list},
    page::Page,
    parameters::Time,
    problem,
    read_your_writes::ReadYourWrites,
    sql::Sql,
};
use axum::{extract::State, response::Response};
use chassis::{Problem, extract::StrictQuery, problem::ProblemDetails};
use domain::{Currency, CustomerId, order::Status, payment::PaymentStatus};
use serde::Deserialize;
use std::sync::Arc;
use utoipa::IntoParams;

/// Which of the customer's orders.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct CustomerOrdersQuery {
    /// Items on the page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` or `prev_cursor` of a page of the same list.
    cursor: Option<String>,
    /// How they are sorted.
    #[param(inline)]
    sort: Option<Sort>,
    /// As for all orders.
    #[param(value_type = Option<String>, example = "confirmed")]
    status: Option<Status>,
    /// As for all orders.
    #[param(value_type = Option<String>, example = "authorized")]
    payment_status: Option<PaymentStatus>,
    /// As for all orders.
    #[param(inline)]
    fulfilment_status: Option<FulfilmentStatus>,
    /// ISO 4217.
    #[param(value_type = Option<String>, example = "EUR")]
    currency: Option<Currency>,
    /// Placed then or later.
    #[serde(rename = "placed_at[gte]")]
    #[param(value_type = Option<String>, format = DateTime)]
    placed_from: Option<Time>,
    /// Placed before that.
    #[serde(rename = "placed_at[lt]")]
    #[param(value_type = Option<String>, format = DateTime)]
    placed_before: Option<Time>,
    /// Total of at least so many minor units.
    #[serde(rename = "total[gte]")]
    total_from: Option<i64>,
    /// Total of less than so many minor units.
    #[serde(rename = "total[lt]")]
    total_below: Option<i64>,
    /// Orders whose id or reference begins with this.
    #[param(max_length = 100)]
    q: Option<String>,
}

/// List the orders of a customer.
#[utoipa::path(
    get,
    path = "/v1/customers/{customer_id}/orders",
    tag = "customers",
    params(
        ("customer_id" = String, Path, description = "The customer."),
        CustomerOrdersQuery,
        ("Consistency-Token" = Option<String>, Header, description = "Of a write that must be seen."),
        ("Prefer" = Option<String>, Header, description = "`wait=N`: wait so many seconds for it; 2, unless told otherwise."),
    ),
    responses(
        (status = 200, description = "A page.", body = Page<OrderItem>),
        (status = 400, description = "A parameter is wrong.", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 404, description = "The customer has not ordered anything.", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, description = "The token is of a former event store.", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 503, description = "Not now, or the write is not seen yet.", body = ProblemDetails, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn customer_orders(
    State(api): State<Arc<Api>>,
    super::Named(customer_id): CustomerPath,
    writes: ReadYourWrites,
    StrictQuery(query): StrictQuery<CustomerOrdersQuery>,
) -> Result<Response, Problem> {
    let filters = Filters {
        sort: query.sort.unwrap_or_default(),
        status: query.status,
        payment_status: query.payment_status,
        fulfilment_status: query.fulfilment_status,
        customer_id: Some(customer_id.clone()),
        currency: query.currency,
        placed_from: query.placed_from,
        placed_before: query.placed_before,
        total_from: query.total_from,
        total_below: query.total_below,
        search: None,
    };
    let filters = filters.searching(query.q.as_deref())?.checked()?;
    let page = (query.limit, query.cursor.as_deref());
    let listed = list(&api, &filters, page, &writes).await?;
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

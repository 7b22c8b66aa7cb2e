//! `GET /v1/orders`

use crate::{
    api::Api,
    body::FulfilmentStatus,
    orders::{Filters, OrderItem, Sort, list},
    page::Page,
    parameters::Time,
    read_your_writes::ReadYourWrites,
};
use axum::{extract::State, response::Response};
use chassis::{Problem, extract::StrictQuery, problem::ProblemDetails};
use domain::{Currency, CustomerId, order::Status, payment::PaymentStatus};
use serde::Deserialize;
use std::sync::Arc;
use utoipa::IntoParams;

/// Which orders.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListOrdersQuery {
    /// Items on the page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` or `prev_cursor` of a page of the same list.
    cursor: Option<String>,
    /// How they are sorted.
    #[param(inline)]
    sort: Option<Sort>,
    /// `placed`, `confirmed`, `rejected`, `expired`, `cancelling` or `cancelled`.
    #[param(value_type = Option<String>, example = "confirmed")]
    status: Option<Status>,
    /// `pending`, `authorizing`, `authorized`, `declined`, `outcome_unknown`, `voiding`, `voided`,
    /// `capturing` or `captured`.
    #[param(value_type = Option<String>, example = "authorized")]
    payment_status: Option<PaymentStatus>,
    /// How much of it was delivered.
    #[param(inline)]
    fulfilment_status: Option<FulfilmentStatus>,
    /// Who ordered.
    #[param(value_type = Option<String>, example = "17850")]
    customer_id: Option<CustomerId>,
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
    /// Orders whose id, customer or reference begins with this.
    #[param(max_length = 100)]
    q: Option<String>,
}

/// List orders.
#[utoipa::path(
    get,
    path = "/v1/orders",
    tag = "orders",
    params(
        ListOrdersQuery,
        ("Consistency-Token" = Option<String>, Header, description = "Of a write that must be seen."),
        ("Prefer" = Option<String>, Header, description = "`wait=N`: wait so many seconds for it; 2, unless told otherwise."),
    ),
    responses(
        (status = 200, description = "A page.", body = Page<OrderItem>),
        (status = 400, description = "A parameter is wrong.", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, description = "The token is of a former event store.", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 503, description = "Not now, or the write is not seen yet.", body = ProblemDetails, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list_orders(
    State(api): State<Arc<Api>>,
    writes: ReadYourWrites,
    StrictQuery(query): StrictQuery<ListOrdersQuery>,
) -> Result<Response, Problem> {
    let filters = Filters {
        sort: query.sort.unwrap_or_default(),
        status: query.status,
        payment_status: query.payment_status,
        fulfilment_status: query.fulfilment_status,
        customer_id: query.customer_id,
        currency: query.currency,
        placed_from: query.placed_from,
        placed_before: query.placed_before,
        total_from: query.total_from,
        total_below: query.total_below,
        search: None,
    };
    let filters = filters.searching(query.q.as_deref())?.checked()?;
    let page = (query.limit, query.cursor.as_deref());
    Ok(list(&api, &filters, page, &writes).await?.answer)
}

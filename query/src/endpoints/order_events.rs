//! `GET /v1/orders/{order_id}/events`

use super::{Named, OrderPath};
use crate::{
    answer,
    api::Api,
    documentation::{ReadHeaders, ReadProblems},
    orders::{TimelineEvent, timeline},
    page::Page,
    read_your_writes::ReadYourWrites,
};
use axum::{extract::State, response::Response};
use chassis::{Problem, extract::StrictQuery, problem::ProblemDetails};
use serde::Deserialize;
use std::sync::Arc;
use utoipa::IntoParams;

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct OrderEventsQuery {
    /// Items on the page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` or `prev_cursor` of a page of the same list.
    cursor: Option<String>,
}

/// List what happened to an order: who, when, why.
///
/// In the order in which it happened, with its payment and the stock for it.
#[utoipa::path(
    get,
    path = "/v1/orders/{order_id}/events",
    tag = "orders",
    params(
        ("order_id" = Uuid, Path, description = "The order."),
        OrderEventsQuery,
        ReadHeaders,
    ),
    responses(
        (status = 200, description = "A page.", body = Page<TimelineEvent>),
        (status = 404, description = "There is no such order.", body = ProblemDetails, content_type = "application/problem+json"),
        ReadProblems,
    )
)]
pub(crate) async fn order_events(
    State(api): State<Arc<Api>>,
    Named(order_id): OrderPath,
    writes: ReadYourWrites,
    StrictQuery(query): StrictQuery<OrderEventsQuery>,
) -> Result<Response, Problem> {
    let page = (query.limit, query.cursor.as_deref());
    timeline(&api, order_id, page, &writes, |page| answer::json(page)).await
}

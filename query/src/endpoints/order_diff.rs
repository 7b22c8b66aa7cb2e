//! `GET /v1/orders/{order_id}/diff`

use super::{Named, OrderPath};
use crate::{
    answer,
    api::Api,
    documentation::ReadProblems,
    orders::{At, OrderDiff, diff},
    parameters::Moment,
};
use axum::{extract::State, response::Response};
use chassis::{Problem, extract::StrictQuery, problem::ProblemDetails};
use serde::Deserialize;
use std::sync::Arc;
use utoipa::IntoParams;

/// From when to when.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct OrderDiffQuery {
    /// From when: a version, such as `1`, or a time, such as `2010-12-01T08:26:00Z`.
    #[param(value_type = String, example = "1")]
    from: Moment,
    /// To when: a version or a time; now, if it is left out.
    #[param(value_type = Option<String>, example = "2")]
    to: Option<Moment>,
}

/// Tell what became of an order from one moment to another: which fields, by which events.
///
/// A moment is a version (until the next event of the order) or a time (what was recorded by then); the
/// one may be a version and the other a time. Both orders are folded from their events, so every write
/// that was answered is seen.
#[utoipa::path(
    get,
    path = "/v1/orders/{order_id}/diff",
    tag = "orders",
    params(
        ("order_id" = uuid::Uuid, Path, description = "The order."),
        OrderDiffQuery,
    ),
    responses(
        (status = 200, description = "What became of it.", body = OrderDiff),
        (status = 404, description = "There is no such order, or it was not there then.", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 422, description = "Too much had happened to it by then: more than 10,000 events.", body = ProblemDetails, content_type = "application/problem+json"),
        ReadProblems,
    )
)]
pub(crate) async fn order_diff(
    State(api): State<Arc<Api>>,
    Named(order_id): OrderPath,
    StrictQuery(query): StrictQuery<OrderDiffQuery>,
) -> Result<Response, Problem> {
    let moments = (query.from.0, query.to.map_or(At::End, |to| to.0));
    diff(&api, order_id, moments, |diff| answer::json(&diff)).await
}

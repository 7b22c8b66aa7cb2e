//! `GET /v1/orders/{order_id}`

use super::{Named, OrderPath};
use crate::{
    answer,
    api::Api,
    documentation::{ReadHeaders, ReadProblems},
    freshness::Projection,
    orders::{At, Found, OrderBody, fold},
    parameters::{Time, refused},
    problem,
    read_your_writes::ReadYourWrites,
    sql::Sql,
};
use axum::{extract::State, response::Response};
use chassis::{Problem, extract::StrictQuery, problem::ProblemDetails};
use domain::{OrderId, Version};
use serde::Deserialize;
use std::sync::Arc;
use utoipa::IntoParams;

/// As of when.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct GetOrderQuery {
    /// As it was while it had this version: until the next event of it.
    #[param(minimum = 1)]
    version: Option<i64>,
    /// As it was at this time.
    #[param(value_type = Option<String>, format = DateTime)]
    as_of: Option<Time>,
}

/// Get an order, as it is or as it was.
///
/// As it is, it is read from the read model; where that does not have the write that the
/// `Consistency-Token` names in time, and for the order as it was, it is folded from its events.
#[utoipa::path(
    get,
    path = "/v1/orders/{order_id}",
    tag = "orders",
    params(
        ("order_id" = uuid::Uuid, Path, description = "The order."),
        GetOrderQuery,
        ReadHeaders,
    ),
    responses(
        (status = 200, description = "The order.", body = OrderBody,
            headers(
                ("ETag" = String, description = "Its version, for `If-Match`."),
                ("Served-From" = String, description = "`stream` where it was folded from its events."),
            )),
        (status = 404, description = "There is no such order, or it was not there then.", body = ProblemDetails, content_type = "application/problem+json"),
        ReadProblems,
    )
)]
pub(crate) async fn get_order(
    State(api): State<Arc<Api>>,
    Named(order_id): OrderPath,
    writes: ReadYourWrites,
    StrictQuery(query): StrictQuery<GetOrderQuery>,
) -> Result<Response, Problem> {
    match (query.version, query.as_of) {
        (None, None) => current(&api, order_id, writes).await,
        (Some(version), None) if version < 1 => {
            Err(refused("version", "OUT_OF_RANGE", "it must be 1 or more"))
        }
        (Some(version), None) => {
            as_it_was(&api, order_id, At::Version(Version::new(version))).await
        }
        (None, Some(time)) => as_it_was(&api, order_id, At::Time(time.0)).await,
        (Some(_), Some(_)) => Err(refused(
            "as_of",
            "CONFLICTING",
            "version and as_of cannot be given together",
        )),
    }
}

async fn current(
    api: &Api,
    order_id: OrderId,
    writes: ReadYourWrites,
) -> Result<Response, Problem> {
    if !writes.is_seen(api, Projection::Orders).await? {
        return as_it_was(api, order_id, At::End).await;
    }
    let mut sql = Sql::new(include_str!("../orders/order.sql"));
    sql.value(api.tenant.as_str()).value(order_id.uuid());
    let rows = api.fetch(sql).await?;
    let row = rows
        .first()
        .ok_or_else(|| problem::no_such_order(order_id))?;
    let order = OrderBody::of_row(order_id, row).map_err(problem::unreadable)?;
    answer::versioned(order.version(), false, &order)
}

async fn as_it_was(api: &Api, order_id: OrderId, at: At) -> Result<Response, Problem> {
    let found = fold(api.reader.as_ref(), &api.tenant, order_id, at).await;
    match found.map_err(|error| problem::unfoldable(error, order_id))? {
        Found::Order(history) => {
            let order = OrderBody::of_history(&history);
            answer::versioned(order.version(), true, &order)
        }
        Found::NotThatFar { current } => Err(Problem::not_found(
            "VERSION_NOT_FOUND",
            format!("Order {order_id} has not had that version yet."),
        )
        .with_current_version(current.get().unsigned_abs())),
        Found::NotYet => Err(Problem::not_found(
            "ORDER_NOT_YET_PLACED",
            format!("Order {order_id} had not been placed at that time."),
        )),
        Found::Absent => Err(problem::no_such_order(order_id)),
    }
}

//! `GET /v1/orders/{order_id}`

use super::{Named, OrderPath};
use crate::{
    answer,
    api::Api,
    documentation::{ReadHeaders, ReadProblems},
    orders::{At, OrderBody, get},
    parameters::{Time, refused},
    read_your_writes::ReadYourWrites,
};
use axum::{extract::State, response::Response};
use chassis::{Problem, extract::StrictQuery, problem::ProblemDetails};
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
    /// As it was at this time: with what was recorded by then.
    #[param(value_type = Option<String>, format = DateTime)]
    as_of: Option<Time>,
}

/// Get an order, as it is or as it was.
///
/// As it is, it is read from the read model; where that does not have the write that the
/// `Consistency-Token` names in time, and for the order as it was, it is folded from its events. As it
/// was, it says in `as_of` as of when that is; what is personal of it is as it is now: gone, once its
/// customer was erased.
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
        (status = 422, description = "Too much had happened to it by then: more than 10,000 events.", body = ProblemDetails, content_type = "application/problem+json"),
        ReadProblems,
    )
)]
pub(crate) async fn get_order(
    State(api): State<Arc<Api>>,
    Named(order_id): OrderPath,
    writes: ReadYourWrites,
    StrictQuery(query): StrictQuery<GetOrderQuery>,
) -> Result<Response, Problem> {
    let at = match (query.version, query.as_of) {
        (None, None) => None,
        (Some(version), None) => Some(At::version("version", version)?),
        (None, Some(time)) => Some(At::Time(time.0)),
        (Some(_), Some(_)) => {
            return Err(refused(
                "as_of",
                "CONFLICTING",
                "version and as_of cannot be given together",
            ));
        }
    };
    let got = get(&api, order_id, at, writes).await?;
    let order = got.order(&api).await?;
    answer::versioned(order.version(), got.is_folded(), &order)
}

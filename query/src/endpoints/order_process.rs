//! `GET /v1/orders/{order_id}/process`

use super::{Named, OrderPath};
use crate::{
    answer,
    api::Api,
    documentation::{ReadHeaders, ReadProblems},
    processes::{OrderProcess, get},
    read_your_writes::ReadYourWrites,
};
use axum::{extract::State, response::Response};
use chassis::{
    Problem,
    extract::{NoQuery, StrictQuery},
    problem::ProblemDetails,
};
use std::sync::Arc;

/// Tell where an order is on its way: what has happened, what is expected next, of whom, until when.
///
/// It is read from the read model; where that does not have the write that the `Consistency-Token` names
/// in time, what was recorded since is folded into it.
#[utoipa::path(
    get,
    path = "/v1/orders/{order_id}/process",
    tag = "orders",
    params(
        ("order_id" = uuid::Uuid, Path, description = "The order."),
        ReadHeaders,
    ),
    responses(
        (status = 200, description = "Where it is.", body = OrderProcess,
            headers(
                ("Served-From" = String, description = "`stream` where it was folded from its events."),
            )),
        (status = 404, description = "There is no such order.", body = ProblemDetails, content_type = "application/problem+json"),
        ReadProblems,
    )
)]
pub(crate) async fn order_process(
    State(api): State<Arc<Api>>,
    Named(order_id): OrderPath,
    writes: ReadYourWrites,
    StrictQuery(NoQuery {}): StrictQuery<NoQuery>,
) -> Result<Response, Problem> {
    let (process, from_stream) = get(&api, order_id, &writes).await?;
    answer::json_from(from_stream, &process)
}

//! `GET /v1/payments/{order_id}`

use super::{Named, OrderPath};
use crate::{
    answer,
    api::Api,
    documentation::{ReadHeaders, ReadProblems},
    payments::{PaymentBody, get},
    read_your_writes::ReadYourWrites,
};
use axum::{extract::State, response::Response};
use chassis::{
    Problem,
    extract::{NoQuery, StrictQuery},
    problem::ProblemDetails,
};
use std::sync::Arc;

/// Get the payment of an order, with its operations and disputes.
///
/// It is folded from its own events: every write is seen.
#[utoipa::path(
    get,
    path = "/v1/payments/{order_id}",
    tag = "payments",
    params(
        ("order_id" = uuid::Uuid, Path, description = "The order that is paid."),
        ReadHeaders,
    ),
    responses(
        (status = 200, description = "The payment.", body = PaymentBody,
            headers(("ETag" = String, description = "Its version."))),
        (status = 404, description = "Nothing was asked of the provider for such an order.", body = ProblemDetails, content_type = "application/problem+json"),
        ReadProblems,
    )
)]
pub(crate) async fn get_payment(
    State(api): State<Arc<Api>>,
    Named(order_id): OrderPath,
    _writes: ReadYourWrites,
    StrictQuery(NoQuery {}): StrictQuery<NoQuery>,
) -> Result<Response, Problem> {
    get(&api, order_id, |version, payment| {
        answer::versioned(version.get(), true, payment)
    })
    .await
}

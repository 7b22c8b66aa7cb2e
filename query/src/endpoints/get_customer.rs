//! `GET /v1/customers/{customer_id}`

use super::{CustomerPath, Named};
use crate::{
    answer,
    api::Api,
    customers::{Customer, get},
    documentation::{ReadHeaders, ReadProblems},
    read_your_writes::ReadYourWrites,
};
use axum::{extract::State, response::Response};
use chassis::{
    Problem,
    extract::{NoQuery, StrictQuery},
    problem::ProblemDetails,
};
use std::sync::Arc;

/// Get a customer: who they are, and what they have ordered.
///
/// Who they are is as the last write has left it; what they have ordered is as the read model has it.
#[utoipa::path(
    get,
    path = "/v1/customers/{customer_id}",
    tag = "customers",
    params(
        ("customer_id" = String, Path, description = "The customer."),
        ReadHeaders,
    ),
    responses(
        (status = 200, description = "The customer.", body = Customer,
            headers(("ETag" = String, description = "The version of what is known, for `If-Match`."))),
        (status = 404, description = "The customer is not registered, and has not ordered anything.", body = ProblemDetails, content_type = "application/problem+json"),
        ReadProblems,
    )
)]
pub(crate) async fn get_customer(
    State(api): State<Arc<Api>>,
    Named(customer_id): CustomerPath,
    writes: ReadYourWrites,
    StrictQuery(NoQuery {}): StrictQuery<NoQuery>,
) -> Result<Response, Problem> {
    get(&api, &customer_id, &writes, |customer| {
        match customer.version {
            0 => answer::json(&customer),
            version => answer::versioned(version, false, &customer),
        }
    })
    .await
}

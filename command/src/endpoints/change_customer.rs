//! `POST /v1/customers/{customer_id}/profile`

use super::CustomerPath;
use crate::{
    CommandApi,
    answers::WriteProblems,
    customers::{CustomerAnswer, ProfileBody, change},
    request::{Write, WriteHeaders},
};
use axum::{extract::State, http::StatusCode, response::Response};
use chassis::{Problem, problem::ProblemDetails};

/// Change who a customer is.
///
/// What is sent takes the place of all that was known; what is left out is known no more. At least one of
/// name, email and phone is required.
#[utoipa::path(
    post,
    path = "/v1/customers/{customer_id}/profile",
    tag = "customers",
    params(
        ("customer_id" = String, Path, description = "The customer."),
        WriteHeaders,
    ),
    request_body = ProfileBody,
    responses(
        (status = 200, description = "Changed.", body = CustomerAnswer),
        (status = 404, description = "There is no such customer.", body = ProblemDetails, content_type = "application/problem+json"),
        WriteProblems,
    )
)]
pub(crate) async fn change_customer(
    State(api): State<CommandApi>,
    CustomerPath(customer_id): CustomerPath,
    Write { request, body, .. }: Write<ProfileBody>,
) -> Result<Response, Problem> {
    let done = change(&api, request, &customer_id, &body.into()).await?;
    let answer = CustomerAnswer {
        customer_id,
        version: done.version(),
    };
    done.answer(&api, StatusCode::OK, None, &answer)
}

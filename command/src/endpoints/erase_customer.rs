//! `DELETE /v1/customers/{customer_id}`

use super::CustomerPath;
use crate::{
    CommandApi,
    answers::EraseProblems,
    customers::erase,
    request::{CommandRequest, NoQuery},
};
use axum::{extract::State, http::StatusCode, response::Response};
use chassis::{
    Problem,
    extract::{IdempotencyKey, IfMatch, StrictQuery},
    layers::RequestContext,
    problem::ProblemDetails,
};
use domain::CustomerId;
use serde::Serialize;
use utoipa::ToSchema;

/// What names the one erasure that a customer may have, in place of a key: it is the same however often
/// it is asked for.
const ONLY_ONCE: &str = "erase";

/// A customer that was erased.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CustomerErasedAnswer {
    /// The customer.
    #[schema(value_type = String, example = "17850")]
    customer_id: CustomerId,
    /// The version of the customer's stream.
    version: i64,
    /// When no process can read anything personal any more: so many seconds after this answer.
    complete_within_s: u64,
}

/// Erase a customer.
///
/// The customer's key is destroyed: names and addresses, of all orders that were ever placed, can be read
/// nowhere any more, in this process at once, and in the others when they have forgotten the key.
/// Nothing personal is taken for that number again. An order that waits for its carrier cannot be sent
/// any more: it is refused, and in time cancelled and given back. Erasing again is the same; no
/// Idempotency-Key is needed.
#[utoipa::path(
    delete,
    path = "/v1/customers/{customer_id}",
    tag = "customers",
    params(("customer_id" = String, Path, description = "The customer.")),
    responses(
        (status = 200, description = "Erased.", body = CustomerErasedAnswer),
        (status = 404, description = "Nothing personal of such a customer was ever taken down.", body = ProblemDetails, content_type = "application/problem+json"),
        EraseProblems,
    )
)]
pub(crate) async fn erase_customer(
    State(api): State<CommandApi>,
    CustomerPath(customer_id): CustomerPath,
    StrictQuery(NoQuery {}): StrictQuery<NoQuery>,
    if_match: IfMatch,
    context: RequestContext,
) -> Result<Response, Problem> {
    if if_match.0.is_some() {
        let detail = "who is erased is erased at whatever version";
        return Err(
            Problem::bad_request("INVALID_IF_MATCH", format!("If-Match: {detail}.")).with_error(
                "header:If-Match",
                "INVALID",
                detail,
            ),
        );
    }
    let Ok(key) = IdempotencyKey::parse(ONLY_ONCE) else {
        return Err(Problem::internal());
    };
    let path = format!("/v1/customers/{customer_id}");
    let request = CommandRequest::of_part(&api, "DELETE", &path, &[], key, context);
    let done = erase(&api, request, &customer_id).await?;
    let answer = CustomerErasedAnswer {
        customer_id,
        version: done.version(),
        complete_within_s: api.vault.remembers().as_secs(),
    };
    done.answer(&api, StatusCode::OK, None, &answer)
}

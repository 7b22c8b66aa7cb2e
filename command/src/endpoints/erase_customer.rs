//! `DELETE /v1/customers/{customer_id}`

use super::CustomerPath;
use crate::{CommandApi, answers::EraseProblems, customers::erase};
use axum::{extract::State, http::StatusCode, response::Response};
use chassis::{
    Problem,
    extract::{IfMatch, NoQuery, StrictQuery},
    layers::RequestContext,
};
use domain::CustomerId;
use serde::Serialize;
use utoipa::ToSchema;

/// A customer that was erased.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CustomerErasedAnswer {
    /// The customer.
    #[schema(value_type = String, example = "17850")]
    customer_id: CustomerId,
    /// The version of the customer's stream.
    version: i64,
    /// Whether anything personal was ever taken down for that number.
    known: bool,
    /// When no process can read anything personal any more: so many seconds after this answer.
    complete_within_s: u64,
}

/// Erase a customer.
///
/// The customer's key is destroyed: names and addresses, of all orders that were ever placed, can be read
/// nowhere any more, in this process at once, and in the others when they have forgotten the key.
/// Nothing personal is taken for that number again. An order that waits for its carrier cannot be sent
/// any more. The carrier is asked first what it took before: that is followed until it arrives. What it
/// did not take is refused, and on hold until it is cancelled, by people or in time; the money is given
/// back. Erasing again is the same; no Idempotency-Key is needed. A number of which nothing was known is erased, too: nothing personal is
/// taken for it any more, and `known` is false.
#[utoipa::path(
    delete,
    path = "/v1/customers/{customer_id}",
    tag = "customers",
    params(("customer_id" = String, Path, description = "The customer.")),
    responses(
        (status = 200, description = "Erased.", body = CustomerErasedAnswer),
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
    let erasure = erase(&api, &customer_id, context).await?;
    let answer = CustomerErasedAnswer {
        customer_id,
        version: erasure.done.version(),
        known: erasure.known,
        complete_within_s: api.vault.remembers().as_secs(),
    };
    erasure.done.answer(&api, StatusCode::OK, None, &answer)
}

//! `POST /v1/emails/redeliver`

use crate::api::{
    NotifierApi,
    body::{RedeliverRangeBody, RedeliveredRange},
    deliveries,
    documentation::WriteProblems,
    request::{Write, WriteHeaders},
};
use axum::{extract::State, response::Response};
use chassis::Problem;

/// Send once more the e-mails that did not arrive within a time.
///
/// At most 10,000 at once, each to the address that its customer has by then.
#[utoipa::path(
    post,
    path = "/v1/emails/redeliver",
    tag = "emails",
    params(WriteHeaders),
    request_body = RedeliverRangeBody,
    responses(
        (status = 200, description = "How much is sent again.", body = RedeliveredRange),
        WriteProblems,
    )
)]
pub(crate) async fn redeliver_emails(
    State(api): State<NotifierApi>,
    write: Write<RedeliverRangeBody>,
) -> Result<Response, Problem> {
    deliveries::all_again(&api, None, write).await?.respond()
}

//! `POST /v1/orders/{order_id}/amendments/{amendment_id}/withdraw`

use super::AmendmentPath;
use crate::{
    CommandApi,
    amendments::withdraw,
    answers::WriteProblems,
    request::{VersionHeaders, Write},
};
use axum::{extract::State, http::StatusCode, response::Response};
use chassis::{Problem, problem::ProblemDetails};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Nothing is to be said of it but which: an empty object, or no body.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WithdrawAmendmentBody {}

/// An order of which nothing is proposed any more.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WithdrawAmendmentAnswer {
    /// The order.
    order_id: Uuid,
    /// Its version.
    version: i64,
    /// The amendment.
    amendment_id: Uuid,
    /// What may be asked of it now.
    allowed_commands: Vec<&'static str>,
}

/// Take back what was proposed.
///
/// The order stays as it is.
#[utoipa::path(
    post,
    path = "/v1/orders/{order_id}/amendments/{amendment_id}/withdraw",
    tag = "orders",
    params(
        ("order_id" = Uuid, Path, description = "The order."),
        ("amendment_id" = Uuid, Path, description = "The amendment."),
        VersionHeaders,
    ),
    request_body = WithdrawAmendmentBody,
    responses(
        (status = 200, description = "It is withdrawn.", body = WithdrawAmendmentAnswer),
        (status = 404, description = "There is no such order, or no such amendment.", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 428, description = "If-Match is missing.", body = ProblemDetails, content_type = "application/problem+json"),
        WriteProblems,
    )
)]
pub(crate) async fn withdraw_amendment(
    State(api): State<CommandApi>,
    AmendmentPath(order_id, amendment_id): AmendmentPath,
    Write { request, body, .. }: Write<WithdrawAmendmentBody>,
) -> Result<Response, Problem> {
    let WithdrawAmendmentBody {} = body;
    let withdrawn = withdraw(&api, request, order_id, amendment_id).await?;
    let answer = WithdrawAmendmentAnswer {
        order_id: order_id.uuid(),
        version: withdrawn.done.version(),
        amendment_id,
        allowed_commands: withdrawn.allowed_commands(&api).await?,
    };
    withdrawn.done.answer(&api, StatusCode::OK, None, &answer)
}

//! `POST /v1/projections/{name}/parked/{position}/skip`

use crate::{
    api::{
        ProjectorApi,
        problem::{self, CommonProblems, WriteProblems},
        request::{position, projection},
    },
    parking::{LONGEST_NAME, LONGEST_REASON, said},
    storage::{Asked, SkippedEvent},
};
use axum::{Json, extract::State, http::StatusCode};
use chassis::{
    Problem,
    extract::{NoQuery, StrictJson, StrictPath, StrictQuery},
    problem::ProblemDetails,
};
use serde::Deserialize;
use utoipa::ToSchema;

/// Why an event is skipped, and who says so.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SkipRequest {
    /// Why: from 1 to 500 characters.
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
    /// Who: from 1 to 128 characters.
    #[schema(min_length = 1, max_length = 128)]
    by: String,
}

/// Leave the event that stops a sequence out of a read model, for good, and go on with what waits behind it.
///
/// The event stays in the store; rebuilds of the read model leave it out as well. To ask again for what
/// was skipped changes nothing, nor why and by whom: so no `Idempotency-Key` is needed, and none is read.
#[utoipa::path(
    post,
    path = "/v1/projections/{name}/parked/{position}/skip",
    tag = "projections",
    params(
        ("name" = String, Path, description = "The projection.", example = "order_summary"),
        ("position" = i64, Path, description = "Where the sequence stops."),
    ),
    request_body = SkipRequest,
    responses(
        (status = 202, description = "It is recorded; what waits is folded next.", body = SkippedEvent),
        (status = 409, description = "The event only waits behind another sequence.", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 422, description = "Breaks a rule of meaning.", body = ProblemDetails, content_type = "application/problem+json"),
        CommonProblems,
        WriteProblems,
    )
)]
pub(crate) async fn skip_parked(
    State(api): State<ProjectorApi>,
    StrictPath((name, at)): StrictPath<(String, String)>,
    StrictQuery(NoQuery {}): StrictQuery<NoQuery>,
    StrictJson { value, .. }: StrictJson<SkipRequest>,
) -> Result<(StatusCode, Json<SkippedEvent>), Problem> {
    let (name, position) = (projection(&name)?, position(&at)?);
    let wrong = |field| move |rule: String| problem::wrong_text(field, &rule);
    let reason = said(&value.reason, LONGEST_REASON).map_err(wrong("reason"))?;
    let by = said(&value.by, LONGEST_NAME).map_err(wrong("by"))?;
    let asked = api.models.skip_parked(name, position, reason, by).await;
    match asked.map_err(problem::failed)? {
        Asked::Behind(stream) => return Err(problem::behind(&stream, position)),
        Asked::Noted | Asked::NotParked => {}
    }
    // Also where it was skipped before.
    let skipped = api.models.find_skipped(name, position).await;
    let skipped = skipped.map_err(problem::failed)?;
    skipped
        .map(|skipped| (StatusCode::ACCEPTED, Json(skipped)))
        .ok_or_else(|| problem::not_parked(name, position))
}

//! `POST /v1/projections/{name}/parked/{position}/retry`

use super::get_parked::find;
use crate::{
    api::{
        ProjectorApi,
        problem::{self, CommonProblems, WriteProblems},
        request::{NoBody, position, projection},
    },
    parking::ParkedSequence,
    storage::Asked,
};
use axum::{Json, extract::State, http::StatusCode};
use chassis::{
    Problem,
    extract::{NoQuery, StrictJson, StrictPath, StrictQuery},
};

/// Try a parked sequence again: its events are folded in their order, from where it stops.
///
/// The leader of the projection does it when it looks next. To ask again is to ask once: so no
/// `Idempotency-Key` is needed, and none is read.
#[utoipa::path(
    post,
    path = "/v1/projections/{name}/parked/{position}/retry",
    tag = "projections",
    params(
        ("name" = String, Path, description = "The projection.", example = "order_summary"),
        ("position" = i64, Path, description = "Where the sequence stops."),
    ),
    request_body = NoBody,
    responses(
        (status = 202, description = "It will be tried again.", body = ParkedSequence),
        CommonProblems,
        WriteProblems,
    )
)]
pub(crate) async fn retry_parked(
    State(api): State<ProjectorApi>,
    StrictPath((name, at)): StrictPath<(String, String)>,
    StrictQuery(NoQuery {}): StrictQuery<NoQuery>,
    StrictJson {
        value: NoBody {}, ..
    }: StrictJson<NoBody>,
) -> Result<(StatusCode, Json<ParkedSequence>), Problem> {
    let (name, position) = (projection(&name)?, position(&at)?);
    let parked = find(&api, name, position).await?;
    let asked = api.models.retry_parked(name, position).await;
    match asked.map_err(problem::failed)? {
        Asked::Noted => {
            let Json(parked) = parked;
            let parked = ParkedSequence {
                wanted: true,
                ..parked
            };
            Ok((StatusCode::ACCEPTED, Json(parked)))
        }
        Asked::NotParked | Asked::Behind(_) => Err(problem::not_parked(name, position)),
    }
}

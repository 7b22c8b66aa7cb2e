//! `GET /faults` and `PUT /faults`

use axum::{Json, extract::State};
use chassis::{Problem, extract::StrictJson};

use crate::{faults::Faults, sandbox::Sandbox};

pub(super) async fn get(State(sandbox): State<Sandbox>) -> Json<Faults> {
    Json(sandbox.faults())
}

pub(super) async fn put(
    State(sandbox): State<Sandbox>,
    body: StrictJson<Faults>,
) -> Result<Json<Faults>, Problem> {
    sandbox
        .set_faults(body.value)
        .map_err(|error| Problem::unprocessable("INVALID_FAULTS", format!("{error}.")))?;
    tracing::info!(faults = ?body.value, "fault switches are set");
    Ok(Json(sandbox.faults()))
}

//! `GET /carrier/ledger` and `GET /carrier/summary`: the independent witness.

use std::sync::Arc;

use axum::{Json, extract::State};
use chassis::{Problem, clock::now, extract::StrictQuery};
use serde::Serialize;

use crate::{
    api::page::Page,
    carrier::{CarrierEntry, CarrierSummary},
    sandbox::Sandbox,
};

#[derive(Debug, Serialize)]
pub(super) struct Entries {
    entries: Vec<Arc<CarrierEntry>>,
    has_more: bool,
}

pub(super) async fn entries(
    State(sandbox): State<Sandbox>,
    StrictQuery(page): StrictQuery<Page>,
) -> Result<Json<Entries>, Problem> {
    let found = page.of(|after, limit| sandbox.depot().entries(after, limit, now()))?;
    let (entries, has_more) = found;
    Ok(Json(Entries { entries, has_more }))
}

pub(super) async fn summary(State(sandbox): State<Sandbox>) -> Json<CarrierSummary> {
    Json(sandbox.carrier_summary())
}

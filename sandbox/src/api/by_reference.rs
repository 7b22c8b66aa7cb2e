//! `GET /authorizations?reference=…`: how a merchant resolves an unknown outcome.

use axum::{Json, extract::State};
use chassis::{Problem, clock::now, extract::StrictQuery};
use serde::{Deserialize, Serialize};

use super::answer::AuthorizationView;
use crate::sandbox::Sandbox;

/// Attempts of one reference in an answer at most, the newest.
const MAX_ATTEMPTS: usize = 100;

#[derive(Debug, Deserialize)]
pub(super) struct Filter {
    reference: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Found {
    authorizations: Vec<AuthorizationView>,
    has_more: bool,
}

pub(super) async fn by_reference(
    State(sandbox): State<Sandbox>,
    StrictQuery(filter): StrictQuery<Filter>,
) -> Result<Json<Found>, Problem> {
    let (found, has_more) = sandbox
        .ledger()
        .authorizations(&filter.reference, MAX_ATTEMPTS);
    let now = now();
    let authorizations = found
        .iter()
        .filter_map(|one| AuthorizationView::at(one, now))
        .collect();
    Ok(Json(Found {
        authorizations,
        has_more,
    }))
}

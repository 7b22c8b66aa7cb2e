//! `GET /authorizations/{id}`

use axum::{
    Json,
    extract::{Path, State},
};
use chassis::{Problem, clock::now};

use super::answer::AuthorizationView;
use crate::{
    ledger::{Authorization, Refusal},
    sandbox::Sandbox,
    value::AuthorizationId,
};

pub(super) async fn get(
    State(sandbox): State<Sandbox>,
    Path(id): Path<String>,
) -> Result<Json<AuthorizationView>, Problem> {
    view(sandbox.ledger().authorization(authorization_id(&id)?))
}

/// What has not the form of an id is the id of nothing.
pub(super) fn authorization_id(text: &str) -> Result<AuthorizationId, Problem> {
    text.parse()
        .map_err(|_| Refusal::UnknownAuthorization.into())
}

pub(super) fn view(
    found: Result<Authorization, Refusal>,
) -> Result<Json<AuthorizationView>, Problem> {
    AuthorizationView::at(&found?, now())
        .map(Json)
        .ok_or_else(|| Refusal::UnknownAuthorization.into())
}

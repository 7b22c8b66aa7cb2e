//! `GET /authorizations/by-key/{key}`: the authorization that the operation with this key made or
//! acted on. 404 says that the key has booked nothing.

use axum::{
    Json,
    extract::{Path, State},
};
use chassis::Problem;

use super::{answer::AuthorizationView, get::view};
use crate::sandbox::Sandbox;

pub(super) async fn by_key(
    State(sandbox): State<Sandbox>,
    Path(key): Path<String>,
) -> Result<Json<AuthorizationView>, Problem> {
    view(sandbox.ledger().authorization_by_key(&key))
}

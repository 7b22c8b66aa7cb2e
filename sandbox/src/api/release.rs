//! `POST /authorizations/{id}/release`: of an authorization of which some was taken, the rest is let go. There
//! is nothing to say in the body, so it is not read.

use axum::extract::{Path, State};
use chassis::{Problem, extract::IdempotencyKey};

use super::get::authorization_id;
use crate::{
    ledger::{Booking, Request},
    sandbox::Sandbox,
};

pub(super) async fn release(
    State(sandbox): State<Sandbox>,
    Path(id): Path<String>,
    key: IdempotencyKey,
) -> Result<Booking, Problem> {
    let request = Request::Release {
        authorization_id: authorization_id(&id)?,
    };
    Ok(sandbox.perform(key.as_str().into(), request).await?)
}

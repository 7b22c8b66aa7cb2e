//! `POST /authorizations/{id}/complete` and `POST /authorizations/{id}/refuse`: who pays does what is asked
//! of them, or will not. There is nothing to say in the body, so it is not read.

use axum::extract::{Path, State};
use chassis::{Problem, extract::IdempotencyKey};

use super::get::authorization_id;
use crate::{
    ledger::{Booking, Request},
    sandbox::Sandbox,
};

pub(super) async fn complete(
    State(sandbox): State<Sandbox>,
    Path(id): Path<String>,
    key: IdempotencyKey,
) -> Result<Booking, Problem> {
    act(&sandbox, &id, &key, true).await
}

pub(super) async fn refuse(
    State(sandbox): State<Sandbox>,
    Path(id): Path<String>,
    key: IdempotencyKey,
) -> Result<Booking, Problem> {
    act(&sandbox, &id, &key, false).await
}

async fn act(
    sandbox: &Sandbox,
    id: &str,
    key: &IdempotencyKey,
    done: bool,
) -> Result<Booking, Problem> {
    let request = Request::Act {
        authorization_id: authorization_id(id)?,
        done,
    };
    Ok(sandbox.perform(key.as_str().into(), request).await?)
}

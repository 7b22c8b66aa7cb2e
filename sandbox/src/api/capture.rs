//! `POST /authorizations/{id}/captures`

use axum::extract::{Path, State};
use chassis::{
    Problem,
    extract::{IdempotencyKey, StrictJson},
};
use serde::Deserialize;

use super::{
    authorize::{amount, currency},
    get::authorization_id,
};
use crate::{
    ledger::{Booking, Request},
    sandbox::Sandbox,
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Body {
    pub amount: u64,
    pub currency: String,
    /// Whether nothing more will be captured: the rest is let go then.
    #[serde(default)]
    pub last: bool,
}

pub(super) async fn capture(
    State(sandbox): State<Sandbox>,
    Path(id): Path<String>,
    key: IdempotencyKey,
    body: StrictJson<Body>,
) -> Result<Booking, Problem> {
    let request = Request::Capture {
        authorization_id: authorization_id(&id)?,
        amount: amount(body.value.amount)?,
        currency: currency(&body.value.currency)?,
        last: body.value.last,
    };
    Ok(sandbox.perform(key.as_str().into(), request).await?)
}

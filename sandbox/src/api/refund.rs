//! `POST /authorizations/{id}/refunds`

use axum::extract::{Path, State};
use chassis::{
    Problem,
    extract::{IdempotencyKey, StrictJson},
};

use super::{
    authorize::{amount, currency},
    capture::Body,
    get::authorization_id,
};
use crate::{
    ledger::{Booking, Request},
    sandbox::Sandbox,
};

pub(super) async fn refund(
    State(sandbox): State<Sandbox>,
    Path(id): Path<String>,
    key: IdempotencyKey,
    body: StrictJson<Body>,
) -> Result<Booking, Problem> {
    let request = Request::Refund {
        authorization_id: authorization_id(&id)?,
        amount: amount(body.value.amount)?,
        currency: currency(&body.value.currency)?,
    };
    Ok(sandbox.perform(key.as_str().into(), request).await?)
}

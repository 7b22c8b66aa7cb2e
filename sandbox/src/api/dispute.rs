//! `POST /authorizations/{id}/disputes`: a cardholder wants back what was taken.

use axum::extract::{Path, State};
use chassis::{
    Problem,
    extract::{IdempotencyKey, StrictJson},
};
use serde::Deserialize;

use super::{
    authorize::{amount, currency},
    get::authorization_id,
    text,
};
use crate::{
    ledger::{Booking, Request},
    sandbox::Sandbox,
};

/// The longest reason, in bytes.
const MAX_REASON: usize = 200;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Body {
    amount: u64,
    currency: String,
    #[serde(default = "fraudulent")]
    reason: String,
}

fn fraudulent() -> String {
    "fraudulent".into()
}

pub(super) async fn dispute(
    State(sandbox): State<Sandbox>,
    Path(id): Path<String>,
    key: IdempotencyKey,
    body: StrictJson<Body>,
) -> Result<Booking, Problem> {
    let request = Request::Dispute {
        authorization_id: authorization_id(&id)?,
        amount: amount(body.value.amount)?,
        currency: currency(&body.value.currency)?,
        reason: text("/reason", &body.value.reason, MAX_REASON)?.into(),
    };
    Ok(sandbox.perform(key.as_str().into(), request).await?)
}

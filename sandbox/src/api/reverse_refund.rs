//! `POST /refunds/{idempotency_key}/reverse`: what was given back under that key comes back. There is
//! nothing to say in the body, so it is not read.

use axum::extract::{Path, State};
use chassis::{Problem, extract::IdempotencyKey};

use crate::{
    ledger::{Booking, Request},
    sandbox::Sandbox,
};

pub(super) async fn reverse_refund(
    State(sandbox): State<Sandbox>,
    Path(refund_key): Path<String>,
    key: IdempotencyKey,
) -> Result<Booking, Problem> {
    let request = Request::ReverseRefund {
        refund_key: refund_key.into(),
    };
    Ok(sandbox.perform(key.as_str().into(), request).await?)
}

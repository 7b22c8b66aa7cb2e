//! `POST /disputes/{id}/won` and `POST /disputes/{id}/lost`: it is settled who has what was disputed.

use axum::{
    extract::{Path, State},
    http::Uri,
};
use chassis::{Problem, extract::IdempotencyKey, problem::route_not_found};

use crate::{
    ledger::{Booking, Refusal, Request},
    sandbox::{Failure, Sandbox},
};

pub(super) async fn end_dispute(
    State(sandbox): State<Sandbox>,
    Path((id, end)): Path<(String, String)>,
    uri: Uri,
    key: IdempotencyKey,
) -> Result<Booking, Problem> {
    let won = match end.as_str() {
        "won" => true,
        "lost" => false,
        _ => return Err(route_not_found(uri).await),
    };
    let dispute_id = id
        .parse()
        .map_err(|_| Failure::from(Refusal::UnknownDispute))?;
    let request = Request::EndDispute { dispute_id, won };
    Ok(sandbox.perform(key.as_str().into(), request).await?)
}

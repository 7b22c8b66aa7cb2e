//! `PUT /shipments/{tracking_number}`: where a shipment is, as a test wants it. It stays there, and
//! goes on by itself no more.

use axum::{
    Json,
    extract::{Path, State},
};
use chassis::{Problem, clock::now, extract::StrictJson};
use serde::Deserialize;

use super::{
    get::{tracking_number, view},
    view::ShipmentView,
};
use crate::{carrier::ShipmentStatus, sandbox::Sandbox};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Body {
    status: ShipmentStatus,
}

pub(super) async fn set(
    State(sandbox): State<Sandbox>,
    Path(number): Path<String>,
    body: StrictJson<Body>,
) -> Result<Json<ShipmentView>, Problem> {
    let number = tracking_number(&number)?;
    view(&sandbox.depot().set(number, body.value.status, now())?)
}

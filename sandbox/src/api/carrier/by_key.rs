//! `GET /shipments/by-key/{key}`: the shipment whose label this key has made. 404 says that the key
//! has made none, be it that it was refused.

use axum::{
    Json,
    extract::{Path, State},
};
use chassis::{Problem, clock::now};

use super::{get::view, view::ShipmentView};
use crate::sandbox::Sandbox;

pub(super) async fn by_key(
    State(sandbox): State<Sandbox>,
    Path(key): Path<String>,
) -> Result<Json<ShipmentView>, Problem> {
    view(&sandbox.depot().shipment_by_key(&key, now())?)
}

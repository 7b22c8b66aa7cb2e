//! `GET /shipments?reference=…`: every label of a reference; a careful sender has one at most.

use axum::{Json, extract::State};
use chassis::{Problem, clock::now, extract::StrictQuery};
use serde::{Deserialize, Serialize};

use super::view::ShipmentView;
use crate::sandbox::Sandbox;

/// Shipments of one reference in an answer at most, the newest.
const MAX_SHIPMENTS: usize = 100;

#[derive(Debug, Deserialize)]
pub(super) struct Filter {
    reference: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Found {
    shipments: Vec<ShipmentView>,
    has_more: bool,
}

pub(super) async fn by_reference(
    State(sandbox): State<Sandbox>,
    StrictQuery(filter): StrictQuery<Filter>,
) -> Result<Json<Found>, Problem> {
    let depot = sandbox.depot();
    let (found, has_more) = depot.shipments(&filter.reference, MAX_SHIPMENTS, now());
    Ok(Json(Found {
        shipments: found.iter().filter_map(ShipmentView::of).collect(),
        has_more,
    }))
}

//! `GET /ledger` and `GET /ledger/summary`: the independent witness.

use std::sync::Arc;

use axum::{Json, extract::State};
use chassis::{Problem, extract::StrictQuery};
use serde::{Deserialize, Serialize};

use super::problem::invalid_field;
use crate::{
    ledger::{Operation, Summary},
    sandbox::Sandbox,
};

const DEFAULT_LIMIT: usize = 1_000;
const MAX_LIMIT: usize = 10_000;

#[derive(Debug, Deserialize)]
pub(super) struct Page {
    /// The last sequence that is known already.
    #[serde(default)]
    after: u64,
    limit: Option<u32>,
}

#[derive(Debug, Serialize)]
pub(super) struct Operations {
    operations: Vec<Arc<Operation>>,
    has_more: bool,
}

pub(super) async fn operations(
    State(sandbox): State<Sandbox>,
    StrictQuery(page): StrictQuery<Page>,
) -> Result<Json<Operations>, Problem> {
    let limit = page.limit.map_or(DEFAULT_LIMIT, |limit| limit as usize);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(invalid_field(
            "query:limit",
            &format!("an integer from 1 to {MAX_LIMIT}"),
        ));
    }
    // One more than asked for tells whether there is a next page.
    let mut operations = sandbox.ledger().operations(page.after, limit + 1);
    let has_more = operations.len() > limit;
    operations.truncate(limit);
    Ok(Json(Operations {
        operations,
        has_more,
    }))
}

pub(super) async fn summary(State(sandbox): State<Sandbox>) -> Json<Summary> {
    Json(sandbox.summary())
}

//! `GET /ledger` and `GET /ledger/summary`: the independent witness.

use std::sync::Arc;

use axum::{Json, extract::State};
use chassis::{Problem, extract::StrictQuery};
use serde::Serialize;

use super::page::Page;
use crate::{
    ledger::{Operation, Summary},
    sandbox::Sandbox,
};

#[derive(Debug, Serialize)]
pub(super) struct Operations {
    operations: Vec<Arc<Operation>>,
    has_more: bool,
}

pub(super) async fn operations(
    State(sandbox): State<Sandbox>,
    StrictQuery(page): StrictQuery<Page>,
) -> Result<Json<Operations>, Problem> {
    let found = page.of(|after, limit| sandbox.ledger().operations(after, limit))?;
    let (operations, has_more) = found;
    Ok(Json(Operations {
        operations,
        has_more,
    }))
}

pub(super) async fn summary(State(sandbox): State<Sandbox>) -> Json<Summary> {
    Json(sandbox.summary())
}

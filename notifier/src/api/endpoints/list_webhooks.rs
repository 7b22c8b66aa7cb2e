//! `GET /v1/webhooks`

use crate::{
    api::{
        NotifierApi,
        body::Webhook,
        documentation::ReadProblems,
        page::{Page, Wanted, refused},
        problem,
        request::Read,
    },
    storage::Endpoint,
};
use axum::{Json, extract::State};
use chassis::{Problem, extract::StrictQuery};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

/// Which webhooks.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListWebhooksQuery {
    /// How many at most.
    limit: Option<u32>,
    /// Where the page before ended.
    cursor: Option<String>,
}

/// List webhooks, the oldest first.
#[utoipa::path(
    get,
    path = "/v1/webhooks",
    tag = "webhooks",
    params(ListWebhooksQuery),
    responses(
        (status = 200, description = "A page of webhooks.", body = Page<Webhook>),
        ReadProblems,
    )
)]
pub(crate) async fn list_webhooks(
    State(api): State<NotifierApi>,
    _: Read,
    StrictQuery(query): StrictQuery<ListWebhooksQuery>,
) -> Result<Json<Page<Webhook>>, Problem> {
    let cursor = query.cursor.as_deref();
    let wanted = Wanted::new(&api, "webhooks".into(), query.limit, cursor)?;
    let after = wanted.after.as_deref().map(|bytes| {
        place(bytes).ok_or_else(|| refused("cursor", "INVALID", "was not given out by this API"))
    });
    let after = after.transpose()?;
    let rows = api.store.endpoints(&api.tenant, after, wanted.rows()).await;
    let rows = rows.map_err(problem::failed)?;
    Ok(Json(wanted.page(&api, rows, key)))
}

fn key(endpoint: &Endpoint) -> Vec<u8> {
    let mut key = endpoint
        .created_at
        .timestamp_micros()
        .to_be_bytes()
        .to_vec();
    key.extend(endpoint.id.as_bytes());
    key
}

fn place(bytes: &[u8]) -> Option<(DateTime<Utc>, Uuid)> {
    let (micros, id) = bytes.split_at_checked(8)?;
    let at = DateTime::from_timestamp_micros(i64::from_be_bytes(micros.try_into().ok()?))?;
    Some((at, Uuid::from_slice(id).ok()?))
}

//! `GET /v1/webhooks`

use crate::api::{
    NotifierApi, body::Webhook, documentation::ReadProblems, page::Page, request::Read, webhooks,
};
use axum::{Json, extract::State};
use chassis::{Problem, extract::StrictQuery};
use serde::Deserialize;
use utoipa::IntoParams;

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
    let page = webhooks::list(&api, query.limit, query.cursor.as_deref());
    page.await.map(Json)
}

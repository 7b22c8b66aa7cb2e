//! `GET /v1/webhooks/{webhook_id}/deliveries`

use crate::api::{
    NotifierApi,
    body::DeliveryItem,
    deliveries,
    documentation::ReadProblems,
    page::Page,
    request::{Named, Read},
};
use axum::{Json, extract::State};
use chassis::{Problem, extract::StrictQuery, problem::ProblemDetails};
use serde::Deserialize;
use utoipa::IntoParams;

/// Which deliveries.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeliveriesQuery {
    /// Only those of this status: `pending`, `delivered`, `failed` or `skipped`.
    pub status: Option<String>,
    /// How many at most.
    pub limit: Option<u32>,
    /// Where the page before ended.
    pub cursor: Option<String>,
}

/// List what was sent to a webhook, and what is to be: the latest events first.
///
/// What is settled is forgotten after `notification.keep_days`.
#[utoipa::path(
    get,
    path = "/v1/webhooks/{webhook_id}/deliveries",
    tag = "webhooks",
    params(
        ("webhook_id" = uuid::Uuid, Path, description = "The webhook."),
        DeliveriesQuery,
    ),
    responses(
        (status = 200, description = "A page of deliveries.", body = Page<DeliveryItem>),
        (status = 404, description = "There is no such webhook.", body = ProblemDetails, content_type = "application/problem+json"),
        ReadProblems,
    )
)]
pub(crate) async fn list_deliveries(
    State(api): State<NotifierApi>,
    Named(id): Named,
    _: Read,
    StrictQuery(query): StrictQuery<DeliveriesQuery>,
) -> Result<Json<Page<DeliveryItem>>, Problem> {
    let state = query.status.as_deref();
    let page = deliveries::list(&api, Some(id), state, query.limit, query.cursor.as_deref());
    page.await.map(Json)
}

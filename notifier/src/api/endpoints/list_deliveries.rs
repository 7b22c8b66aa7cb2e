//! `GET /v1/webhooks/{webhook_id}/deliveries`

use crate::{
    api::{
        NotifierApi,
        body::DeliveryItem,
        documentation::ReadProblems,
        page::{Page, Wanted, refused},
        problem,
        request::{Named, Read},
    },
    storage::{Delivery, LogFilter},
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
    status: Option<String>,
    /// How many at most.
    pub limit: Option<u32>,
    /// Where the page before ended.
    pub cursor: Option<String>,
}

impl DeliveriesQuery {
    /// The status, which is one of those there are.
    pub(crate) fn state(&self) -> Result<Option<&str>, Problem> {
        const STATES: [&str; 4] = ["pending", "delivered", "failed", "skipped"];
        match self.status.as_deref() {
            Some(status) if !STATES.contains(&status) => Err(refused(
                "status",
                "INVALID",
                "must be pending, delivered, failed or skipped",
            )),
            status => Ok(status),
        }
    }
}

/// Where the page begins: before the event at this position.
pub(crate) fn before(wanted: &Wanted) -> Result<Option<i64>, Problem> {
    let Some(bytes) = wanted.after.as_deref() else {
        return Ok(None);
    };
    let bytes = bytes.try_into();
    let bytes = bytes.map_err(|_| refused("cursor", "INVALID", "was not given out by this API"))?;
    Ok(Some(i64::from_be_bytes(bytes)))
}

/// What names a delivery in its log: no other one is of an event at that position.
pub(crate) fn key(delivery: &Delivery) -> Vec<u8> {
    delivery.position.to_be_bytes().to_vec()
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
    let state = query.state()?;
    let scope = format!("deliveries {id} {}", state.unwrap_or_default());
    let wanted = Wanted::new(&api, scope, query.limit, query.cursor.as_deref())?;
    let endpoint = api.store.endpoint(&api.tenant, id).await;
    if endpoint.map_err(problem::failed)?.is_none() {
        return Err(problem::no_such_webhook(id));
    }
    let filter = LogFilter {
        tenant: &api.tenant,
        endpoint: Some(id),
        state,
        before: before(&wanted)?,
    };
    let rows = api.store.log(&filter, wanted.rows()).await;
    let rows = rows.map_err(problem::failed)?;
    Ok(Json(wanted.page(&api, rows, key)))
}

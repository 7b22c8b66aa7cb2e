//! `GET /v1/emails`

use super::list_deliveries::{DeliveriesQuery, before, key};
use crate::{
    api::{
        NotifierApi,
        body::DeliveryItem,
        documentation::ReadProblems,
        page::{Page, Wanted},
        problem,
        request::Read,
    },
    storage::LogFilter,
};
use axum::{Json, extract::State};
use chassis::{Problem, extract::StrictQuery};

/// List the e-mails that were sent to customers, and those that are to be: the latest events first.
///
/// Who they go to is not kept: it is looked up when they are sent.
#[utoipa::path(
    get,
    path = "/v1/emails",
    tag = "emails",
    params(DeliveriesQuery),
    responses(
        (status = 200, description = "A page of deliveries.", body = Page<DeliveryItem>),
        ReadProblems,
    )
)]
pub(crate) async fn list_emails(
    State(api): State<NotifierApi>,
    _: Read,
    StrictQuery(query): StrictQuery<DeliveriesQuery>,
) -> Result<Json<Page<DeliveryItem>>, Problem> {
    let state = query.state()?;
    let scope = format!("emails {}", state.unwrap_or_default());
    let wanted = Wanted::new(&api, scope, query.limit, query.cursor.as_deref())?;
    let filter = LogFilter {
        tenant: &api.tenant,
        endpoint: None,
        state,
        before: before(&wanted)?,
    };
    let rows = api.store.log(&filter, wanted.rows()).await;
    let rows = rows.map_err(problem::failed)?;
    Ok(Json(wanted.page(&api, rows, key)))
}

//! `GET /v1/emails`

use super::list_deliveries::DeliveriesQuery;
use crate::api::{
    NotifierApi, body::DeliveryItem, deliveries, documentation::ReadProblems, page::Page,
    request::Read,
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
    let state = query.status.as_deref();
    let page = deliveries::list(&api, None, state, query.limit, query.cursor.as_deref());
    page.await.map(Json)
}

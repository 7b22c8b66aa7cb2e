//! `GET /v1/returns`

use crate::{
    answer,
    api::Api,
    documentation::{ReadHeaders, ReadProblems},
    page::Page,
    read_your_writes::ReadYourWrites,
    returns::{Filters, ReturnBody, list},
};
use axum::{extract::State, response::Response};
use chassis::{Problem, extract::StrictQuery};
use domain::{OrderId, returns::ReturnStatus};
use serde::Deserialize;
use std::sync::Arc;
use utoipa::IntoParams;

/// Which returns.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListReturnsQuery {
    /// Items on the page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` or `prev_cursor` of a page of the same list.
    cursor: Option<String>,
    /// Those of this order.
    #[param(value_type = Option<uuid::Uuid>)]
    order_id: Option<OrderId>,
    /// `requested`, `approved`, `declined`, `in_transit`, `partially_received`, `received`, `inspected`,
    /// `closed` or `cancelled`.
    #[param(value_type = Option<String>, example = "requested")]
    status: Option<ReturnStatus>,
}

/// List returns, the oldest first.
#[utoipa::path(
    get,
    path = "/v1/returns",
    tag = "returns",
    params(
        ListReturnsQuery,
        ReadHeaders,
    ),
    responses(
        (status = 200, description = "A page.", body = Page<ReturnBody>),
        ReadProblems,
    )
)]
pub(crate) async fn list_returns(
    State(api): State<Arc<Api>>,
    writes: ReadYourWrites,
    StrictQuery(query): StrictQuery<ListReturnsQuery>,
) -> Result<Response, Problem> {
    let filters = Filters {
        order_id: query.order_id,
        status: query.status,
    };
    let page = (query.limit, query.cursor.as_deref());
    list(&api, &filters, page, &writes, |page| answer::json(page)).await
}

//! `GET /v1/shipments`

use crate::{
    answer,
    api::Api,
    documentation::{ReadHeaders, ReadProblems},
    page::Page,
    read_your_writes::ReadYourWrites,
    shipments::{Filters, ShipmentBody, list},
};
use axum::{extract::State, response::Response};
use chassis::{Problem, extract::StrictQuery};
use domain::{OrderId, shipment::ShipmentStatus};
use serde::Deserialize;
use std::sync::Arc;
use utoipa::IntoParams;

/// Which shipments.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListShipmentsQuery {
    /// Items on the page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` or `prev_cursor` of a page of the same list.
    cursor: Option<String>,
    /// Those of this order.
    #[param(value_type = Option<uuid::Uuid>)]
    order_id: Option<OrderId>,
    /// `pending`, `packed`, `ready`, `dispatching`, `dispatched`, `delivered`, `cancelled`, `refused`,
    /// `failed`, `lost`, `returned_to_sender` or `booked_in`.
    #[param(value_type = Option<String>, example = "pending")]
    status: Option<ShipmentStatus>,
}

/// List shipments, the oldest first.
///
/// An order has one, or several from several locations.
#[utoipa::path(
    get,
    path = "/v1/shipments",
    tag = "shipments",
    params(
        ListShipmentsQuery,
        ReadHeaders,
    ),
    responses(
        (status = 200, description = "A page.", body = Page<ShipmentBody>),
        ReadProblems,
    )
)]
pub(crate) async fn list_shipments(
    State(api): State<Arc<Api>>,
    writes: ReadYourWrites,
    StrictQuery(query): StrictQuery<ListShipmentsQuery>,
) -> Result<Response, Problem> {
    let filters = Filters {
        order_id: query.order_id,
        status: query.status,
    };
    let page = (query.limit, query.cursor.as_deref());
    list(&api, &filters, page, &writes, |page| answer::json(page)).await
}

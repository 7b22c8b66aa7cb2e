//! A page of shipments, by one statement.

use super::ShipmentBody;
use crate::{
    api::Api,
    cursor::Scope,
    freshness::Projection,
    page::{Page, Paging},
    problem,
    read_your_writes::ReadYourWrites,
    sql::Sql,
};
use chassis::Problem;
use domain::{OrderId, shipment::ShipmentStatus};
use serde::Serialize;
use uuid::Uuid;

/// All that chooses shipments.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(crate) struct Filters {
    pub order_id: Option<OrderId>,
    pub status: Option<ShipmentStatus>,
}

/// The page of the shipments that `filters` choose, the oldest first, as `answer` makes it of them.
///
/// # Errors
/// 400: a limit or a cursor that cannot be; 503: not now, or not yet.
pub(crate) async fn list<T>(
    api: &Api,
    filters: &Filters,
    (limit, cursor): (Option<u32>, Option<&str>),
    writes: &ReadYourWrites,
    answer: impl FnOnce(&Page<ShipmentBody<'_>>) -> Result<T, Problem>,
) -> Result<T, Problem> {
    let scope = Scope::new("shipments", filters);
    let paging = Paging::<(i64, Uuid)>::parse(api, scope, limit, cursor)?;
    let bounds = paging.bounds(false);
    let mut sql = Sql::new(include_str!("columns.sql"));
    sql.push("WHERE tenant = ").bind(api.tenant.as_str());
    if let Some(order) = filters.order_id {
        sql.push("\n  AND order_id = ").bind(order.uuid());
    }
    if let Some(status) = filters.status {
        sql.push("\n  AND status = ").bind(status.as_str());
    }
    if let (Some(compare), Some((created_at, shipment))) = (bounds.compare, paging.key()) {
        let created_at = chrono::DateTime::from_timestamp_micros(*created_at).unwrap_or_default();
        sql.push("\n  AND (created_at, shipment_id)")
            .push(compare)
            .push("(")
            .bind(created_at)
            .push(", ")
            .bind(*shipment)
            .push(")");
    }
    sql.push(match bounds.descending {
        false => "\nORDER BY created_at, shipment_id",
        true => "\nORDER BY created_at DESC, shipment_id DESC",
    });
    paging.limit(&mut sql);

    writes.insist(api, Projection::Shipments).await?;
    let as_of = api.freshness.as_of(Projection::Shipments);
    let rows = api.fetch(sql).await?;
    let items: Result<Vec<_>, _> = rows.iter().map(ShipmentBody::read).collect();
    let items = items.map_err(problem::unreadable)?;
    answer(&paging.page(api, items, ShipmentBody::key, as_of))
}

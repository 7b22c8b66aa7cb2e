//! A page of returns, by one statement.

use super::ReturnBody;
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
use domain::{OrderId, returns::ReturnStatus};
use serde::Serialize;
use uuid::Uuid;

/// All that chooses returns.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(crate) struct Filters {
    pub order_id: Option<OrderId>,
    pub status: Option<ReturnStatus>,
}

/// The page of the returns that `filters` choose, the oldest first, as `answer` makes it of them.
///
/// # Errors
/// 400: a limit or a cursor that cannot be; 503: not now, or not yet.
pub(crate) async fn list<T>(
    api: &Api,
    filters: &Filters,
    (limit, cursor): (Option<u32>, Option<&str>),
    writes: &ReadYourWrites,
    answer: impl FnOnce(&Page<ReturnBody<'_>>) -> Result<T, Problem>,
) -> Result<T, Problem> {
    let scope = Scope::new("returns", filters);
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
    if let (Some(compare), Some((requested_at, id))) = (bounds.compare, paging.key()) {
        let requested_at =
            chrono::DateTime::from_timestamp_micros(*requested_at).unwrap_or_default();
        sql.push("\n  AND (requested_at, return_id)")
            .push(compare)
            .push("(")
            .bind(requested_at)
            .push(", ")
            .bind(*id)
            .push(")");
    }
    sql.push(match bounds.descending {
        false => "\nORDER BY requested_at, return_id",
        true => "\nORDER BY requested_at DESC, return_id DESC",
    });
    paging.limit(&mut sql);

    writes.insist(api, Projection::Returns).await?;
    let as_of = api.freshness.as_of(Projection::Returns);
    let rows = api.fetch(sql).await?;
    let items: Result<Vec<_>, _> = rows.iter().map(ReturnBody::read).collect();
    let items = items.map_err(problem::unreadable)?;
    answer(&paging.page(api, items, ReturnBody::key, as_of))
}

//! A page of products, by one statement.

use super::{ListingStatus, ProductBody};
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
use serde::Serialize;

/// All that chooses products.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(crate) struct Filters {
    pub status: Option<ListingStatus>,
}

/// The page of the products that `filters` choose, by their SKUs, as `answer` makes it of them.
///
/// # Errors
/// 400: a limit or a cursor that cannot be; 503: not now, or not yet.
pub(crate) async fn list<T>(
    api: &Api,
    filters: &Filters,
    (limit, cursor): (Option<u32>, Option<&str>),
    writes: &ReadYourWrites,
    answer: impl FnOnce(&Page<ProductBody<'_>>) -> Result<T, Problem>,
) -> Result<T, Problem> {
    let paging = Paging::<String>::parse(api, Scope::new("products", filters), limit, cursor)?;
    let bounds = paging.bounds(false);
    let mut sql = Sql::new(include_str!("columns.sql"));
    sql.push("WHERE tenant = ").bind(api.tenant.as_str());
    match filters.status {
        Some(ListingStatus::Listed) => sql.push("\n  AND delisted_at IS NULL"),
        Some(ListingStatus::Delisted) => sql.push("\n  AND delisted_at IS NOT NULL"),
        None => &mut sql,
    };
    if let (Some(compare), Some(sku)) = (bounds.compare, paging.key()) {
        sql.push("\n  AND sku").push(compare).bind(sku.as_str());
    }
    sql.push(match bounds.descending {
        false => "\nORDER BY sku",
        true => "\nORDER BY sku DESC",
    });
    paging.limit(&mut sql);

    writes.insist(api, Projection::Products).await?;
    let as_of = api.freshness.as_of(Projection::Products);
    let rows = api.fetch(sql).await?;
    let items: Result<Vec<_>, _> = rows.iter().map(ProductBody::read).collect();
    let items = items.map_err(problem::unreadable)?;
    let key = |item: &ProductBody<'_>| item.sku.to_owned();
    answer(&paging.page(api, items, key, as_of))
}

//! A page of orders, by one statement.

use super::{Filters, OrderItem};
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

/// A page of orders.
pub(crate) struct Listed<T> {
    pub answer: T,
    /// Whether there are no such orders at all.
    pub nothing: bool,
}

/// The page of the orders that `filters` choose, as `answer` makes it of them.
///
/// # Errors
/// 400: a limit or a cursor that cannot be; 503: not now, or not yet.
pub(crate) async fn list<T>(
    api: &Api,
    filters: &Filters,
    (limit, cursor): (Option<u32>, Option<&str>),
    writes: &ReadYourWrites,
    answer: impl FnOnce(&Page<OrderItem<'_>>) -> Result<T, Problem>,
) -> Result<Listed<T>, Problem> {
    let paging = Paging::parse(api, Scope::new("orders", filters), limit, cursor)?;
    let sort = filters.sort;
    let mut sql = Sql::new(include_str!("list.sql"));
    filters.push(&api.tenant, &mut sql);
    sort.push(&paging.bounds(sort.is_descending()), paging.key(), &mut sql);
    paging.limit(&mut sql);

    writes.insist(api, Projection::Orders).await?;
    let as_of = api.freshness.as_of(Projection::Orders);
    let rows = api.fetch(sql).await?;
    let items: Result<Vec<OrderItem<'_>>, _> = rows.iter().map(OrderItem::read).collect();
    let items = items.map_err(problem::unreadable)?;
    let nothing = items.is_empty() && paging.is_first();
    let page = paging.page(api, items, |item| item.key(sort), as_of);
    Ok(Listed {
        answer: answer(&page)?,
        nothing,
    })
}

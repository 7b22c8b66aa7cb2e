//! `GET /v1/stock/{sku}`

use super::{Named, SkuPath, list_stock::StockItem};
use crate::{
    answer,
    api::Api,
    documentation::{ReadHeaders, ReadProblems},
    freshness::{AsOf, Projection},
    problem,
    read_your_writes::ReadYourWrites,
    sql::Sql,
};
use axum::{extract::State, response::Response};
use chassis::{
    Problem,
    extract::{NoQuery, StrictQuery},
    problem::ProblemDetails,
};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// Locations in one answer at most; no shop has as many.
const MAX_LOCATIONS: u32 = 1_000;

/// The stock of an article, in all and by location.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StockOfSku<'a> {
    /// The article.
    #[schema(example = "85123A")]
    sku: &'a str,
    /// How many are there.
    on_hand: i64,
    /// How many of them wait for an order's payment.
    reserved: i64,
    /// How many of them are promised to confirmed orders.
    committed: i64,
    /// How many there are beyond what is promised, less what is still to come, of all locations together:
    /// what is free at one may be waited for at another.
    available: i64,
    /// How many of those that are there are nobody's yet. An order has all it takes from one location.
    free: i64,
    /// How many more have come back and cannot be sold as they are.
    quarantined: i64,
    /// How many of what is promised to orders are still to come.
    backordered: i64,
    /// How many more than there are may be promised.
    backorder_limit: i64,
    /// The same, by location.
    locations: Vec<StockItem<'a>>,
    /// How old it is.
    as_of: AsOf,
}

/// Get the stock of an article.
#[utoipa::path(
    get,
    path = "/v1/stock/{sku}",
    tag = "stock",
    params(
        ("sku" = String, Path, description = "The article."),
        ReadHeaders,
    ),
    responses(
        (status = 200, description = "The stock.", body = StockOfSku),
        (status = 404, description = "There was never any.", body = ProblemDetails, content_type = "application/problem+json"),
        ReadProblems,
    )
)]
pub(crate) async fn get_stock(
    State(api): State<Arc<Api>>,
    Named(sku): SkuPath,
    writes: ReadYourWrites,
    StrictQuery(NoQuery {}): StrictQuery<NoQuery>,
) -> Result<Response, Problem> {
    let mut sql = Sql::new(include_str!("stock_columns.sql"));
    sql.push("WHERE tenant = ")
        .bind(api.tenant.as_str())
        .push("\n  AND sku = ")
        .bind(sku.as_str())
        .push("\nORDER BY location")
        .limit(MAX_LOCATIONS);
    writes.insist(&api, Projection::Stock).await?;
    let as_of = api.freshness.as_of(Projection::Stock);
    let rows = api.fetch(sql).await?;
    if rows.is_empty() {
        return Err(problem::no_such_stock(&sku));
    }
    let locations: Result<Vec<StockItem<'_>>, _> = rows.iter().map(StockItem::read).collect();
    let locations = locations.map_err(problem::unreadable)?;
    let sum = |of: fn(&StockItem<'_>) -> i64| {
        let add = |sum: i64, item: &StockItem<'_>| sum.saturating_add(of(item));
        locations.iter().fold(0, add)
    };
    answer::json(&StockOfSku {
        sku: sku.as_str(),
        on_hand: sum(|item| item.on_hand),
        reserved: sum(|item| item.reserved),
        committed: sum(|item| item.committed),
        available: sum(|item| item.available),
        free: sum(|item| item.free),
        quarantined: sum(|item| item.quarantined),
        backordered: sum(|item| item.backordered),
        backorder_limit: sum(|item| item.backorder_limit),
        locations,
        as_of,
    })
}

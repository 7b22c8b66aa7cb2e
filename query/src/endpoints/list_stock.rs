//! `GET /v1/stock`

use crate::{
    answer,
    api::Api,
    cursor::Scope,
    database::{Column, ReadError},
    documentation::{ReadHeaders, ReadProblems},
    freshness::Projection,
    page::{Page, Paging},
    parameters::refused,
    problem,
    read_your_writes::ReadYourWrites,
    sql::{Sql, after_prefix},
};
use axum::{extract::State, response::Response};
use chassis::{Problem, extract::StrictQuery};
use chrono::{DateTime, Utc};
use domain::Location;
use serde::{Deserialize, Serialize};
use sqlx::postgres::PgRow;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

const TABLE: &str = "stock_level";
const MAX_PREFIX: usize = 64;

/// Which stock.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListStockQuery {
    /// Items on the page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` or `prev_cursor` of a page of the same list.
    cursor: Option<String>,
    /// SKUs that begin with this.
    #[serde(rename = "sku[prefix]")]
    #[param(max_length = 64, example = "851")]
    sku_prefix: Option<String>,
    /// Only what is there.
    #[param(value_type = Option<String>, example = "main")]
    location: Option<Location>,
}

/// The stock of an article at a location.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StockItem<'r> {
    /// The article.
    #[schema(example = "85123A")]
    pub(super) sku: &'r str,
    /// Where.
    #[schema(example = "main")]
    pub(super) location: &'r str,
    /// How many are there.
    pub(super) on_hand: i64,
    /// How many of them wait for an order's payment.
    pub(super) reserved: i64,
    /// How many of them are promised to confirmed orders.
    pub(super) committed: i64,
    /// How many there are beyond what is promised; below zero, so many are still to come.
    pub(super) available: i64,
    /// How many of those that are there are nobody's yet.
    pub(super) free: i64,
    /// How many more have come back and cannot be sold as they are.
    pub(super) quarantined: i64,
    /// How many of what is promised to orders are still to come.
    pub(super) backordered: i64,
    /// How many more than there are may be promised.
    pub(super) backorder_limit: i64,
    /// The version of its stream.
    pub(super) version: i64,
    /// When its last event was recorded.
    pub(super) updated_at: DateTime<Utc>,
}

impl<'r> StockItem<'r> {
    /// The stock in a row of `stock_columns.sql`.
    pub(super) fn read(row: &'r PgRow) -> Result<Self, ReadError> {
        let (available, backordered): (i64, i64) = (row.column(TABLE, 3)?, row.column(TABLE, 9)?);
        Ok(Self {
            on_hand: row.column(TABLE, 0)?,
            reserved: row.column(TABLE, 1)?,
            committed: row.column(TABLE, 2)?,
            available,
            free: available.saturating_add(backordered),
            version: row.column(TABLE, 4)?,
            updated_at: row.column(TABLE, 5)?,
            location: row.column(TABLE, 6)?,
            sku: row.column(TABLE, 7)?,
            quarantined: row.column(TABLE, 8)?,
            backordered,
            backorder_limit: row.column(TABLE, 10)?,
        })
    }
}

/// List stock, by SKU and location.
#[utoipa::path(
    get,
    path = "/v1/stock",
    tag = "stock",
    params(
        ListStockQuery,
        ReadHeaders,
    ),
    responses(
        (status = 200, description = "A page.", body = Page<StockItem>),
        ReadProblems,
    )
)]
pub(crate) async fn list_stock(
    State(api): State<Arc<Api>>,
    writes: ReadYourWrites,
    StrictQuery(query): StrictQuery<ListStockQuery>,
) -> Result<Response, Problem> {
    let prefix = query.sku_prefix.as_deref();
    if prefix.is_some_and(|prefix| {
        !(1..=MAX_PREFIX).contains(&prefix.len())
            || !prefix.bytes().all(|b| (b' '..=b'~').contains(&b))
    }) {
        let rule = "1 to 64 printable ASCII characters are expected";
        return Err(refused("sku[prefix]", "INVALID", rule));
    }
    let scope = Scope::new("stock", &(prefix, &query.location));
    let paging =
        Paging::<(String, String)>::parse(&api, scope, query.limit, query.cursor.as_deref())?;
    let bounds = paging.bounds(false);
    let mut sql = Sql::new(include_str!("stock_columns.sql"));
    sql.push("WHERE tenant = ").bind(api.tenant.as_str());
    if let Some(location) = &query.location {
        sql.push("\n  AND location = ").bind(location.as_str());
    }
    if let Some(prefix) = prefix {
        sql.push("\n  AND sku >= ").bind(prefix);
        if let Some(after) = after_prefix(prefix) {
            sql.push(" AND sku < ").bind(after);
        }
    }
    if let (Some(compare), Some((sku, location))) = (bounds.compare, paging.key()) {
        sql.push("\n  AND (sku, location)")
            .push(compare)
            .push("(")
            .bind(sku.as_str())
            .push(", ")
            .bind(location.as_str())
            .push(")");
    }
    sql.push(match bounds.descending {
        false => "\nORDER BY sku, location",
        true => "\nORDER BY sku DESC, location DESC",
    });
    paging.limit(&mut sql);

    writes.insist(&api, Projection::Stock).await?;
    let as_of = api.freshness.as_of(Projection::Stock);
    let rows = api.fetch(sql).await?;
    let items: Result<Vec<StockItem<'_>>, _> = rows.iter().map(StockItem::read).collect();
    let items = items.map_err(problem::unreadable)?;
    let key = |item: &StockItem<'_>| (item.sku.to_owned(), item.location.to_owned());
    answer::json(&paging.page(&api, items, key, as_of))
}

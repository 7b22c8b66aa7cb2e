//! `GET /v1/customers/{customer_id}`

use super::{CustomerPath, Named, get_stock::NoQuery};
use crate::{
    answer,
    api::Api,
    database::{Column, ReadError},
    documentation::{ReadHeaders, ReadProblems},
    freshness::{AsOf, Projection},
    problem,
    read_your_writes::ReadYourWrites,
    sales::{Counts, Sales},
    sql::Sql,
};
use axum::{extract::State, response::Response};
use chassis::{Problem, extract::StrictQuery, problem::ProblemDetails};
use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::postgres::PgRow;
use std::sync::Arc;
use utoipa::ToSchema;

const TABLE: &str = "customer_summary";

/// What a customer has ordered.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Customer<'a> {
    /// The customer.
    #[schema(example = "17850")]
    customer_id: &'a str,
    /// How many orders, of whatever currency and status.
    orders: i64,
    /// When the first was placed.
    first_order_at: DateTime<Utc>,
    /// When the last was placed.
    last_order_at: DateTime<Utc>,
    /// By currency, since sums of several currencies are none.
    currencies: Vec<CustomerSales<'a>>,
    /// How old it is.
    as_of: AsOf,
}

/// What a customer has ordered in one currency.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CustomerSales<'a> {
    #[serde(flatten)]
    sales: Sales<'a>,
    /// When the first was placed.
    first_order_at: DateTime<Utc>,
    /// When the last was placed.
    last_order_at: DateTime<Utc>,
}

impl<'a> CustomerSales<'a> {
    fn read(row: &'a PgRow) -> Result<(i64, Self), ReadError> {
        let counts = Counts::read(row, TABLE, 1)?;
        let sales = Self {
            sales: counts.of(row.column(TABLE, 0)?),
            first_order_at: row.column(TABLE, 13)?,
            last_order_at: row.column(TABLE, 14)?,
        };
        Ok((counts.all.orders, sales))
    }
}

/// Get a customer: what they have ordered.
#[utoipa::path(
    get,
    path = "/v1/customers/{customer_id}",
    tag = "customers",
    params(
        ("customer_id" = String, Path, description = "The customer."),
        ReadHeaders,
    ),
    responses(
        (status = 200, description = "The customer.", body = Customer),
        (status = 404, description = "The customer has not ordered anything.", body = ProblemDetails, content_type = "application/problem+json"),
        ReadProblems,
    )
)]
pub(crate) async fn get_customer(
    State(api): State<Arc<Api>>,
    Named(customer_id): CustomerPath,
    writes: ReadYourWrites,
    StrictQuery(NoQuery {}): StrictQuery<NoQuery>,
) -> Result<Response, Problem> {
    let mut sql = Sql::new(include_str!("get_customer.sql"));
    sql.value(api.tenant.as_str()).value(customer_id.as_str());
    writes.insist(&api, Projection::Customers).await?;
    let as_of = api.freshness.as_of(Projection::Customers);
    let rows = api.fetch(sql).await?;
    let read: Result<Vec<_>, _> = rows.iter().map(CustomerSales::read).collect();
    let (orders, currencies): (Vec<i64>, Vec<CustomerSales<'_>>) =
        read.map_err(problem::unreadable)?.into_iter().unzip();
    let first = currencies.iter().map(|sales| sales.first_order_at).min();
    let last = currencies.iter().map(|sales| sales.last_order_at).max();
    let (Some(first_order_at), Some(last_order_at)) = (first, last) else {
        return Err(problem::no_such_customer(&customer_id));
    };
    answer::json(&Customer {
        customer_id: customer_id.as_str(),
        orders: orders.into_iter().fold(0, i64::saturating_add),
        first_order_at,
        last_order_at,
        currencies,
        as_of,
    })
}

//! A product as an answer.

use crate::{
    api::Api,
    body::Money,
    database::{Column, ReadError, corrupt},
    freshness::Projection,
    problem,
    read_your_writes::ReadYourWrites,
    sql::Sql,
};
use chassis::Problem;
use chrono::{DateTime, Utc};
use domain::Sku;
use serde::{Deserialize, Serialize};
use sqlx::postgres::PgRow;
use std::{borrow::Cow, collections::BTreeMap};
use utoipa::ToSchema;

const TABLE: &str = "product_summary";

/// Whether a product may be ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ListingStatus {
    /// It may.
    Listed,
    /// It may not any more.
    Delisted,
}

/// What a shop offers under a SKU, or did.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Product)]
pub(crate) struct ProductBody<'r> {
    /// The SKU.
    #[schema(example = "85123A")]
    pub sku: &'r str,
    /// How many events its stream has; also its ETag.
    pub version: i64,
    /// What it is called.
    #[schema(example = "White hanging heart")]
    pub name: &'r str,
    /// Whether it may be ordered.
    pub status: ListingStatus,
    /// What one costs, one price in each currency.
    pub prices: Vec<Price<'r>>,
    /// Why it may not be ordered any more.
    pub reason: Option<&'r str>,
    /// What may be asked of it now.
    pub allowed_commands: Vec<&'static str>,
    /// When it was listed, the last time.
    pub listed_at: DateTime<Utc>,
    /// When it was delisted.
    pub delisted_at: Option<DateTime<Utc>>,
    /// When its last event was recorded.
    pub updated_at: DateTime<Utc>,
}

/// What one of a product costs.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct Price<'r> {
    /// Minor units: 1999 is 19.99 EUR.
    #[schema(example = 1999)]
    pub amount: i64,
    /// ISO 4217.
    #[schema(value_type = String, example = "EUR")]
    pub currency: Cow<'r, str>,
}

impl<'r> From<&'r Price<'_>> for Money<'r> {
    fn from(price: &'r Price<'_>) -> Self {
        Self {
            amount: price.amount,
            currency: &price.currency,
        }
    }
}

impl ListingStatus {
    /// What may be asked of a product then.
    fn allowed_commands(self) -> Vec<&'static str> {
        match self {
            Self::Listed => vec!["price", "delist"],
            Self::Delisted => vec!["list"],
        }
    }
}

impl<'r> ProductBody<'r> {
    /// The product in a row of `columns.sql`.
    pub(super) fn read(row: &'r PgRow) -> Result<Self, ReadError> {
        let prices: &str = row.column(TABLE, 2)?;
        let prices: BTreeMap<Cow<'r, str>, i64> =
            serde_json::from_str(prices).map_err(|error| corrupt(row, TABLE, 2, error))?;
        let price = |(currency, amount)| Price { amount, currency };
        let delisted_at: Option<DateTime<Utc>> = row.column(TABLE, 5)?;
        let status = match delisted_at {
            None => ListingStatus::Listed,
            Some(_) => ListingStatus::Delisted,
        };
        Ok(Self {
            sku: row.column(TABLE, 0)?,
            name: row.column(TABLE, 1)?,
            prices: prices.into_iter().map(price).collect(),
            reason: row.column(TABLE, 3)?,
            listed_at: row.column(TABLE, 4)?,
            delisted_at,
            version: row.column(TABLE, 6)?,
            updated_at: row.column(TABLE, 7)?,
            status,
            allowed_commands: status.allowed_commands(),
        })
    }
}

/// The product, as `answer` makes it of its row.
///
/// # Errors
/// 404: there is no such product; 503: not now, or not yet.
pub(crate) async fn get<T>(
    api: &Api,
    sku: &Sku,
    writes: &ReadYourWrites,
    answer: impl FnOnce(&ProductBody<'_>) -> Result<T, Problem>,
) -> Result<T, Problem> {
    let mut sql = Sql::new(include_str!("columns.sql"));
    sql.push("WHERE tenant = ")
        .bind(api.tenant.as_str())
        .push("\n  AND sku = ")
        .bind(sku.as_str());
    writes.insist(api, Projection::Products).await?;
    let rows = api.fetch(sql).await?;
    let row = rows.first();
    let row = row.ok_or_else(|| problem::no_such_product(sku))?;
    answer(&ProductBody::read(row).map_err(problem::unreadable)?)
}

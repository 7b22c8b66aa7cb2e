//! Customers: who they are, what they have ordered, and their orders.

use crate::{
    api::Api,
    database::{Column, ReadError},
    freshness::{AsOf, Projection},
    orders::{Filters, Listed, OrderItem, list},
    page::Page,
    problem,
    read_your_writes::ReadYourWrites,
    sales::{Counts, Sales},
    sql::Sql,
};
use chassis::Problem;
use chrono::{DateTime, Utc};
use domain::{
    CustomerId, State as StreamState, StreamId, Version,
    customer::{self, Profile},
};
use serde::Serialize;
use sqlx::postgres::PgRow;
use store::{Until, fold_stream};
use utoipa::ToSchema;
use vault::Opened;

const TABLE: &str = "customer_summary";

/// Who a customer is, and what they have ordered.
#[derive(Serialize, ToSchema)]
pub(crate) struct Customer<'a> {
    /// The customer.
    #[schema(example = "17850")]
    pub customer_id: &'a str,
    /// The version of what is known of them; also its ETag. 0, and without one, if they were never
    /// registered or erased.
    pub version: i64,
    /// What they are called.
    pub name: Option<String>,
    /// Where they get e-mail.
    pub email: Option<String>,
    /// Where they are called.
    pub phone: Option<String>,
    /// Whether what was known of them is gone: they were erased.
    pub erased: bool,
    /// How many orders, of whatever currency and status.
    pub orders: i64,
    /// When the first was placed, if any was.
    pub first_order_at: Option<DateTime<Utc>>,
    /// When the last was placed.
    pub last_order_at: Option<DateTime<Utc>>,
    /// By currency, since sums of several currencies are none.
    pub currencies: Vec<CustomerSales<'a>>,
    /// How old it is.
    pub as_of: AsOf,
}

/// What a customer has ordered in one currency.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CustomerSales<'a> {
    #[serde(flatten)]
    pub sales: Sales<'a>,
    /// When the first was placed.
    pub first_order_at: DateTime<Utc>,
    /// When the last was placed.
    pub last_order_at: DateTime<Utc>,
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

/// The customer, as `answer` makes it. Who they are is as the last write has left it; what they have ordered
/// is as the read model has it.
///
/// # Errors
/// 404: the customer is not registered, and has not ordered anything; 503: not now, or not yet.
pub(crate) async fn get<T>(
    api: &Api,
    customer_id: &CustomerId,
    writes: &ReadYourWrites,
    answer: impl FnOnce(Customer<'_>) -> Result<T, Problem>,
) -> Result<T, Problem> {
    let mut sql = Sql::new(include_str!("customer.sql"));
    sql.value(api.tenant.as_str()).value(customer_id.as_str());
    writes.insist(api, Projection::Customers).await?;
    let as_of = api.freshness.as_of(Projection::Customers);
    let rows = api.fetch(sql).await?;
    let read: Result<Vec<_>, _> = rows.iter().map(CustomerSales::read).collect();
    let (orders, currencies): (Vec<i64>, Vec<CustomerSales<'_>>) =
        read.map_err(problem::unreadable)?.into_iter().unzip();
    let first = currencies.iter().map(|sales| sales.first_order_at).min();
    let last = currencies.iter().map(|sales| sales.last_order_at).max();
    let person = person(api, customer_id).await?;
    if first.is_none() && person.version == Version::ZERO {
        return Err(problem::no_such_customer(customer_id));
    }
    let profile = person.profile;
    answer(Customer {
        customer_id: customer_id.as_str(),
        version: person.version.get(),
        name: profile.name,
        email: profile.email,
        phone: profile.phone,
        erased: person.erased,
        orders: orders.into_iter().fold(0, i64::saturating_add),
        first_order_at: first,
        last_order_at: last,
        currencies,
        as_of,
    })
}

/// A page of the orders of a customer, of those that `filters` choose.
///
/// # Errors
/// 404: the customer has not ordered anything; and as [`list`] has it.
pub(crate) async fn orders<T>(
    api: &Api,
    customer_id: &CustomerId,
    filters: &Filters,
    page: (Option<u32>, Option<&str>),
    writes: &ReadYourWrites,
    answer: impl FnOnce(&Page<OrderItem<'_>>) -> Result<T, Problem>,
) -> Result<T, Problem> {
    let Listed { answer, nothing } = list(api, filters, page, writes, answer).await?;
    if nothing && !has_ordered(api, customer_id).await? {
        return Err(problem::no_such_customer(customer_id));
    }
    Ok(answer)
}

async fn has_ordered(api: &Api, customer_id: &CustomerId) -> Result<bool, Problem> {
    let mut sql = Sql::new("SELECT 1 FROM read.order_summary WHERE tenant = ");
    sql.bind(api.tenant.as_str())
        .push(" AND customer_id = ")
        .bind(customer_id.as_str())
        .limit(1);
    Ok(!api.fetch(sql).await?.is_empty())
}

/// Who somebody is.
struct Person {
    version: Version,
    profile: Profile,
    erased: bool,
}

/// Who the customer is now, from the few events that say so.
async fn person(api: &Api, customer_id: &CustomerId) -> Result<Person, Problem> {
    let stream = StreamId::customer(&api.tenant, customer_id);
    let folded = fold_stream(api.reader.as_ref(), &stream, Until::End).await;
    let folded = folded.map_err(|error| problem::unfoldable_stream(error, &stream))?;
    let mut person = Person {
        version: folded.version,
        profile: Profile {
            name: None,
            email: None,
            phone: None,
        },
        erased: folded.state == StreamState::Customer(customer::Customer::Erased),
    };
    if let StreamState::Customer(customer::Customer::Registered { profile }) = &folded.state {
        let opened = api.vault.open_profile(&api.tenant, customer_id, profile);
        match opened
            .await
            .map_err(|error| problem::unopened(error, &stream))?
        {
            Opened::Plain(profile) => person.profile = profile,
            Opened::Erased => person.erased = true,
        }
    }
    Ok(person)
}

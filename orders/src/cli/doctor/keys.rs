//! The keys of personal data: whether those are there that what was sealed needs.

use super::{
    PATIENCE,
    finding::{Finding, well, wrong},
};
use anyhow::Context;
use sqlx::{Connection, PgConnection};
use tokio::time::timeout;

const WHAT: &str = "keys of personal data";

/// What to do where some are lost.
const ADVICE: &str = "the keys that are there are another database's, or from before these were made: \
    bring back those of `personal.key` that belong to this store (docs/personal-data.md); a customer \
    whose key cannot be brought back can be erased: `orders customers erase`";

/// So many of the newest orders with an address are looked at: whoever restored keys of an earlier time
/// misses the newest, and whoever restored others misses all.
const ORDERS: i64 = 10_000;

/// Whose addresses are sealed, by shop and customer.
const SEALED: &str = "
    SELECT DISTINCT newest.tenant, newest.customer_id
    FROM (
        SELECT tenant, customer_id
        FROM read.order_summary
        WHERE shipping_address LIKE 'sealed:1:%'
           OR moved_to LIKE 'sealed:1:%'
        ORDER BY placed_at DESC
        LIMIT $1
    ) AS newest";

/// Those of these that have no key, and were not erased.
const LOST: &str = "
    SELECT asked.tenant, asked.customer_id
    FROM unnest($1::text[], $2::text[]) AS asked (tenant, customer_id)
    WHERE NOT EXISTS (
        SELECT FROM personal.key AS k
        WHERE k.tenant = asked.tenant AND k.customer_id = asked.customer_id
    )
    ORDER BY asked.tenant, asked.customer_id";

/// Looks at the keys at `url` of those whose data are in `read`.
pub(super) async fn look(read: &mut PgConnection, url: &str) -> Finding {
    look_for(read, url)
        .await
        .unwrap_or_else(|error| wrong(WHAT, format!("{error:#}"), "see the database's log"))
}

async fn look_for(read: &mut PgConnection, url: &str) -> anyhow::Result<Finding> {
    let mut keys = timeout(PATIENCE, PgConnection::connect(url))
        .await
        .context("their database does not answer within 5 s")?
        .context("their database cannot be reached")?;
    let sealed: Vec<(String, String)> = sqlx::query_as(SEALED)
        .bind(ORDERS)
        .fetch_all(read)
        .await
        .context("the orders cannot be read")?;
    let customers = sealed.len();
    let (tenants, names): (Vec<String>, Vec<String>) = sealed.into_iter().unzip();
    let lost: Vec<(String, String)> = sqlx::query_as(LOST)
        .bind(tenants)
        .bind(names)
        .fetch_all(&mut keys)
        .await
        .context("personal.key cannot be read")?;
    Ok(match lost.first() {
        None => well(
            WHAT,
            format!("none is missed of {customers} customers whose newest addresses are sealed"),
        ),
        Some((_, first)) => wrong(
            WHAT,
            format!(
                "{} of {customers} customers have lost theirs, and were not erased; one is {first}",
                lost.len()
            ),
            ADVICE,
        ),
    })
}

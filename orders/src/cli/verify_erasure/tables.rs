//! The tables: read models, what the sagas remember, remembered commands, keys.

use super::{Check, Wanted};
use anyhow::Context;
use chassis::config::Settings;
use secrecy::ExposeSecret;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::{collections::BTreeSet, time::Duration};
use tokio::time::timeout;

/// How long a database may take to answer first.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is personal of the customer in read models, and whether it is sealed: how many, and how many not.
const UNSEALED: [(&str, &str); 2] = [
    (
        "read.order_summary",
        "SELECT
             count(*),
             count(*) FILTER (
                 WHERE shipping_address NOT LIKE 'sealed:1:%'
                    OR moved_to NOT LIKE 'sealed:1:%'
             )
         FROM read.order_summary
         WHERE tenant = $1
           AND customer_id = $2",
    ),
    (
        "read.order_timeline",
        "SELECT
             count(*),
             count(*) FILTER (WHERE data ->> 'shipping_address' NOT LIKE 'sealed:1:%')
         FROM read.order_timeline
         WHERE tenant = $1
           AND type IN ('OrderPlaced', 'ShippingAddressChanged')
           AND data ->> 'customer_id' = $2",
    ),
];

/// Every table of ours.
const TABLES: &str = "
    SELECT format('%I.%I', schemaname, tablename)
    FROM pg_tables
    WHERE schemaname IN ('store', 'read', 'saga', 'notify', 'personal')
    ORDER BY 1";

pub(super) async fn check_read_models(
    settings: &Settings,
    wanted: &Wanted,
) -> anyhow::Result<Vec<Check>> {
    let mut checks = vec![];
    let read_url = settings.read_url().expose_secret();
    let mut connection = connect(read_url).await?;
    for (table, sql) in UNSEALED {
        let (looked_at, plain): (i64, i64) = sqlx::query_as(sql)
            .bind(wanted.tenant.as_str())
            .bind(wanted.customer_id.as_str())
            .fetch_one(&mut connection)
            .await
            .with_context(|| format!("{table} cannot be read"))?;
        checks.push(Check {
            place: format!("addresses in {table}"),
            looked_at: looked_at.unsigned_abs(),
            problem: (plain > 0).then(|| format!("{plain} are not sealed")),
        });
    }
    Ok(checks)
}

/// Looks for the texts in every row of every table of ours.
pub(super) async fn check_texts(
    settings: &Settings,
    wanted: &Wanted,
) -> anyhow::Result<Vec<Check>> {
    let mut checks = vec![];
    let mut urls = BTreeSet::from([
        settings.read_url().expose_secret(),
        settings.saga_url().expose_secret(),
        settings.keys_url().expose_secret(),
    ]);
    if !settings.store_is_kurrentdb() {
        urls.insert(settings.store.url.expose_secret());
    }
    for url in urls {
        let mut connection = connect(url).await?;
        let tables: Vec<String> = sqlx::query_scalar(TABLES)
            .fetch_all(&mut connection)
            .await
            .context("the tables cannot be listed")?;
        for table in tables {
            checks.push(searched(&mut connection, table, wanted).await?);
        }
    }
    Ok(checks)
}

/// Looks for the texts in every row of a table.
async fn searched(
    connection: &mut PgConnection,
    table: String,
    wanted: &Wanted,
) -> anyhow::Result<Check> {
    let sql = format!(
        "SELECT
             count(*),
             count(*) FILTER (WHERE EXISTS (
                 SELECT FROM unnest($1::text[]) AS needle
                 WHERE position(needle IN to_jsonb(t)::text) > 0
             ))
         FROM {table} AS t"
    );
    // The server has quoted the name.
    let (looked_at, found): (i64, i64) = sqlx::query_as(AssertSqlSafe(sql))
        .bind(wanted.needles.texts())
        .fetch_one(connection)
        .await
        .with_context(|| format!("{table} cannot be searched"))?;
    Ok(Check {
        place: format!("rows of {table}"),
        looked_at: looked_at.unsigned_abs(),
        problem: (found > 0).then(|| format!("a text stands in {found} rows")),
    })
}

pub(in crate::cli) async fn connect(url: &str) -> anyhow::Result<PgConnection> {
    timeout(PATIENCE, PgConnection::connect(url))
        .await
        .context("a database does not answer within 5 s")?
        .context("a database cannot be reached")
}

//! The tables: read models, what the sagas remember, remembered commands, keys.

use super::{Check, Wanted};
use anyhow::Context;
use chassis::config::Settings;
use projector::past::MARK;
use secrecy::ExposeSecret;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::{collections::BTreeSet, time::Duration};
use tokio::time::timeout;

/// How long a database may take to answer first.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is personal of the customer in a read model, and whether it is sealed: how many, and how many not. Tables
/// of the past may have fewer columns than those of this build.
const UNSEALED: [(&str, &str); 2] = [
    (
        "order_summary",
        "SELECT
             count(*),
             count(*) FILTER (
                 WHERE to_jsonb(t) ->> 'shipping_address' NOT LIKE 'sealed:1:%'
                    OR to_jsonb(t) ->> 'moved_to' NOT LIKE 'sealed:1:%'
             )
         FROM {table} AS t
         WHERE tenant = $1
           AND customer_id = $2",
    ),
    (
        "order_timeline",
        "SELECT
             count(*),
             count(*) FILTER (WHERE data ->> 'shipping_address' NOT LIKE 'sealed:1:%')
         FROM {table}
         WHERE tenant = $1
           AND type IN ('OrderPlaced', 'ShippingAddressChanged')
           AND data ->> 'customer_id' = $2",
    ),
];

/// Every table of ours: those of the platform, and those of schemas that read models of the past were put into.
const TABLES: &str = "
    SELECT
        tablename,
        format('%I.%I', schemaname, tablename)
    FROM pg_tables AS t
    WHERE schemaname IN ('store', 'read', 'saga', 'notify', 'personal')
       OR EXISTS (
           SELECT
           FROM pg_class AS c
           JOIN pg_namespace AS n ON n.oid = c.relnamespace
           WHERE n.nspname = t.schemaname
             AND obj_description(c.oid, 'pg_class') = $1
       )
    ORDER BY 2";

pub(super) async fn check_read_models(
    settings: &Settings,
    wanted: &Wanted,
) -> anyhow::Result<Vec<Check>> {
    let mut checks = vec![];
    let read_url = settings.read_url().expose_secret();
    let mut connection = connect(read_url).await?;
    let tables = tables(&mut connection).await?;
    for (model, sql) in UNSEALED {
        // Also what a rebuild has replaced, and keeps for a rollback.
        let names = [model.to_owned(), format!("{model}__old")];
        for (_, table) in tables.iter().filter(|(name, _)| names.contains(name)) {
            // The server has quoted the name.
            let sql = AssertSqlSafe(sql.replace("{table}", table));
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
    }
    Ok(checks)
}

/// Every table of ours in that database: its name, and what it is written as with its schema.
async fn tables(connection: &mut PgConnection) -> anyhow::Result<Vec<(String, String)>> {
    sqlx::query_as(TABLES)
        .bind(MARK)
        .fetch_all(connection)
        .await
        .context("the tables cannot be listed")
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
        for (_, table) in tables(&mut connection).await? {
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

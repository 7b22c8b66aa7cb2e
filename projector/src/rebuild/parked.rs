//! What is parked of tables that are swapped goes with them.

use super::site::OLD;
use crate::storage::postgres::NEW;
use sqlx::PgConnection;
use std::collections::HashMap;
use uuid::Uuid;

/// Puts what is parked of the new table in the place of what is of the live one. False if an operator has
/// had more skipped than was left out of the new table: whoever skips an event holds its sequence, so that
/// either is seen by the other.
pub(super) async fn swap_parked(
    connection: &mut PgConnection,
    name: &str,
    kept: bool,
    left_out: &HashMap<i64, Uuid>,
) -> Result<bool, sqlx::Error> {
    sqlx::query("SELECT FROM read.parked_sequence WHERE projection = $1 FOR UPDATE")
        .bind(name)
        .execute(&mut *connection)
        .await?;
    // Of what stays parked at the same event it stays known since when, how often it was tried, and that
    // somebody asks for it.
    sqlx::query(
        "UPDATE read.parked_sequence AS new
         SET since    = live.since,
             tried_at = live.tried_at,
             attempts = GREATEST(live.attempts, new.attempts),
             wanted   = live.wanted,
             revision = live.revision + 1
         FROM read.parked_sequence AS live
         WHERE new.projection = $2
           AND live.projection = $1
           AND live.sequence = new.sequence
           AND live.event_id = new.event_id",
    )
    .bind(name)
    .bind(format!("{name}{NEW}"))
    .execute(&mut *connection)
    .await?;
    let old = format!("{name}{OLD}");
    sqlx::query("DELETE FROM read.parked_sequence WHERE projection = $1")
        .bind(if kept { &old } else { name })
        .execute(&mut *connection)
        .await?;
    if kept {
        sqlx::query("UPDATE read.parked_sequence SET projection = $2 WHERE projection = $1")
            .bind(name)
            .bind(&old)
            .execute(&mut *connection)
            .await?;
    }
    sqlx::query("UPDATE read.parked_sequence SET projection = $1 WHERE projection = $2")
        .bind(name)
        .bind(format!("{name}{NEW}"))
        .execute(&mut *connection)
        .await?;
    let skipped: Vec<(i64, Uuid)> =
        sqlx::query_as("SELECT position, event_id FROM read.skipped_event WHERE projection = $1")
            .bind(name)
            .fetch_all(connection)
            .await?;
    Ok(skipped.into_iter().collect::<HashMap<_, _>>() == *left_out)
}

/// Puts what is parked of the kept table in the place of what is of the live one. What was skipped since is
/// asked for, so that the leader goes on with what waits behind it. False if an event was skipped since that
/// the kept table has in it.
pub(super) async fn swap_parked_back(
    connection: &mut PgConnection,
    name: &str,
) -> Result<bool, sqlx::Error> {
    let old = format!("{name}{OLD}");
    // Whoever skips an event holds its sequence.
    sqlx::query("SELECT FROM read.parked_sequence WHERE projection = $1 FOR UPDATE")
        .bind(name)
        .execute(&mut *connection)
        .await?;
    let folded: i64 = sqlx::query_scalar(include_str!("skipped_since.sql"))
        .bind(name)
        .bind(&old)
        .fetch_one(&mut *connection)
        .await?;
    if folded > 0 {
        return Ok(false);
    }
    sqlx::query("DELETE FROM read.parked_sequence WHERE projection = $1")
        .bind(name)
        .execute(&mut *connection)
        .await?;
    sqlx::query(
        "UPDATE read.parked_sequence AS p
         SET projection = $1,
             revision   = p.revision + 1,
             wanted     = p.wanted OR EXISTS (
                 SELECT
                 FROM read.skipped_event AS s
                 WHERE s.projection = $1
                   AND s.position = p.position
                   AND s.event_id = p.event_id
             )
         WHERE p.projection = $2",
    )
    .bind(name)
    .bind(&old)
    .execute(&mut *connection)
    .await?;
    Ok(true)
}

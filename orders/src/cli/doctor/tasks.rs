//! What the sagas have still to do: calls and timers that were given up, or that nobody does.

use super::finding::{Finding, well, wrong};
use sqlx::{PgConnection, Row};
use uuid::Uuid;

const WHAT: &str = "tasks of the sagas";
/// A task that is due for longer is not waiting for its turn any more, in minutes.
const LATE_MINUTES: i32 = 5;

/// Looks at the tasks.
pub(super) async fn look(connection: &mut PgConnection) -> Result<Finding, sqlx::Error> {
    let row = sqlx::query(
        "SELECT
             count(*)                                        AS open,
             count(*) FILTER (WHERE parked_at IS NOT NULL)   AS parked,
             count(*) FILTER (
                 WHERE parked_at IS NULL
                   AND due_at < now() - make_interval(mins => $1)
             )                                               AS late
         FROM saga.task",
    )
    .bind(LATE_MINUTES)
    .fetch_one(&mut *connection)
    .await?;
    let (open, parked, late): (i64, i64, i64) = (
        row.try_get("open")?,
        row.try_get("parked")?,
        row.try_get("late")?,
    );
    if parked > 0 {
        let (order_id, problem): (Uuid, Option<String>) = sqlx::query_as(
            "SELECT order_id, problem
             FROM saga.task
             WHERE parked_at IS NOT NULL
             ORDER BY parked_at DESC
             LIMIT 1",
        )
        .fetch_one(connection)
        .await?;
        return Ok(wrong(
            WHAT,
            format!(
                "{parked} given up; the last one is of order {order_id}: {}",
                problem.as_deref().unwrap_or("nobody says why")
            ),
            format!(
                "mend the cause (`orders get {order_id} --events` tells what happened); then see \
                 `saga parked`, and `saga retry` or `saga settle` each"
            ),
        ));
    }
    Ok(match late {
        0 => well(WHAT, format!("{open} open, none late, none given up")),
        late => wrong(
            WHAT,
            format!("{late} are due for more than {LATE_MINUTES} minutes"),
            "start the saga service if it does not run, and see its log",
        ),
    })
}

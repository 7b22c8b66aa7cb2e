//! Holds a transaction up in the database, for as long as a test wants.

use super::eventually;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

/// The advisory lock that stands for the barrier; nobody else uses it.
const KEY: i64 = 1_651_798_642;

/// A barrier before one order: whoever writes its first event waits until it is lifted.
#[derive(Debug)]
pub struct Barrier(PgConnection);

impl Barrier {
    /// Holds up the order that is placed with this reference.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn before_order(database: &str, reference: &str) -> Self {
        assert!(!reference.contains('\''), "{reference:?} is quoted in SQL");
        let mut holder = PgConnection::connect(database)
            .await
            .expect("the database answers");
        let sql = format!(
            "CREATE FUNCTION barrier() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN
                 PERFORM pg_advisory_xact_lock({KEY});
                 RETURN NULL;
             END $$;
             CREATE TRIGGER barrier AFTER INSERT ON store.events FOR EACH ROW
             WHEN (NEW.type = 'OrderPlaced' AND NEW.payload ->> 'reference' = '{reference}')
             EXECUTE FUNCTION barrier();
             SELECT pg_advisory_lock({KEY});"
        );
        sqlx::raw_sql(AssertSqlSafe(sql))
            .execute(&mut holder)
            .await
            .expect("a barrier can be set up");
        Self(holder)
    }

    /// Waits until somebody stands before it.
    ///
    /// # Panics
    /// When nobody comes.
    pub async fn is_reached(&mut self) {
        eventually("somebody stands before the barrier", async || {
            let reached = sqlx::query_scalar(
                "SELECT EXISTS (SELECT FROM pg_locks \
                 WHERE locktype = 'advisory' AND objid::bigint = $1 AND NOT granted)",
            )
            .bind(KEY)
            .fetch_one(&mut self.0)
            .await;
            match reached {
                Ok(true) => Ok(()),
                Ok(false) => Err("nobody does".into()),
                Err(error) => Err(error.to_string()),
            }
        })
        .await;
    }

    /// Lifts it, and waits until whoever stood before it has got through, or has given up.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn lift(mut self) {
        // The trigger can only be dropped when no transaction that has fired it is left.
        let sql = format!(
            "SELECT pg_advisory_unlock({KEY});
             DROP TRIGGER barrier ON store.events;
             DROP FUNCTION barrier();"
        );
        sqlx::raw_sql(AssertSqlSafe(sql))
            .execute(&mut self.0)
            .await
            .expect("a barrier can be lifted");
    }
}

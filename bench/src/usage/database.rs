//! What PostgreSQL wrote: transactions and log.

use anyhow::Context;
use sqlx::PgConnection;

/// How far a server was.
#[derive(Debug, Clone, Copy)]
pub struct DatabaseMark {
    transactions: i64,
    log: i64,
}

/// What a server did between two marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DatabaseUse {
    /// Transactions that wrote something. Counted by the transaction ids handed out, which is exact
    /// at once; the statistics views lag by up to a second.
    pub transactions: i64,
    /// Bytes of write-ahead log.
    pub log_bytes: i64,
}

impl DatabaseMark {
    /// How far the server is now.
    ///
    /// # Errors
    /// When it cannot be asked.
    pub async fn now(connection: &mut PgConnection) -> anyhow::Result<Self> {
        let (transactions, log) = sqlx::query_as(
            "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint,
                    (pg_current_wal_insert_lsn() - '0/0')::bigint",
        )
        .fetch_one(connection)
        .await
        .context("ask PostgreSQL how far it is")?;
        Ok(Self { transactions, log })
    }

    /// What happened since then.
    ///
    /// # Errors
    /// When it cannot be asked.
    pub async fn since(self, connection: &mut PgConnection) -> anyhow::Result<DatabaseUse> {
        let now = Self::now(connection).await?;
        Ok(DatabaseUse {
            transactions: now.transactions - self.transactions,
            log_bytes: now.log - self.log,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sqlx::Connection;

    #[tokio::test]
    async fn writing_transactions_are_counted_and_reads_are_not() {
        let database = local::SharedPostgres::database().await.unwrap();
        let mut connection = PgConnection::connect(database.url()).await.unwrap();
        sqlx::query("CREATE TABLE things (id int)")
            .execute(&mut connection)
            .await
            .unwrap();
        let mark = DatabaseMark::now(&mut connection).await.unwrap();
        for number in 0..5 {
            sqlx::query("SELECT count(*) FROM things")
                .execute(&mut connection)
                .await
                .unwrap();
            sqlx::query("INSERT INTO things VALUES ($1)")
                .bind(number)
                .execute(&mut connection)
                .await
                .unwrap();
        }
        let used = mark.since(&mut connection).await.unwrap();
        // The server's own housekeeping may write something too.
        assert!((5..10).contains(&used.transactions), "{used:?}");
        assert!(used.log_bytes > 0);
    }
}

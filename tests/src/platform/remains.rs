//! Where a text is left: in tables, in the broker's stream, in what the processes have written.

use super::Platform;
use async_nats::jetstream;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

/// How many rows of a table are shown that have the text.
const SHOWN: usize = 3;

/// Every place that has one of `texts` in it: a row of any table of the database, a message of the
/// broker's stream, a line of a process's log. The sandbox's are left out: it is another company, and
/// was told.
///
/// # Panics
/// When a place cannot be looked at.
pub async fn remains_of(platform: &Platform, texts: &[&str]) -> Vec<String> {
    let mut found = tables(&platform.database(), texts).await;
    found.extend(messages(platform, texts).await);
    for process in platform.processes() {
        if process.name() == "sandbox" {
            continue;
        }
        let log = process.log();
        assert!(!log.is_empty(), "{} writes a log", process.name());
        let lines = log.lines().filter(|line| has(line, texts));
        found.extend(lines.map(|line| format!("log of {}: {line}", process.name())));
    }
    found
}

fn has(text: &str, texts: &[&str]) -> bool {
    texts.iter().any(|wanted| text.contains(wanted))
}

async fn tables(database: &str, texts: &[&str]) -> Vec<String> {
    let mut connection = PgConnection::connect(database)
        .await
        .expect("the database answers");
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables \
         WHERE schemaname NOT IN ('pg_catalog', 'information_schema')",
    )
    .fetch_all(&mut connection)
    .await
    .expect("tables are listed");
    assert!(
        tables.iter().any(|table| table == "personal.key"),
        "{tables:?}"
    );
    let mut found = vec![];
    for table in tables {
        let sql = format!("SELECT t::text FROM {table} AS t");
        let rows: Vec<String> = sqlx::query_scalar(AssertSqlSafe(sql))
            .fetch_all(&mut connection)
            .await
            .expect("rows are read");
        let rows = rows.into_iter().filter(|row| has(row, texts)).take(SHOWN);
        found.extend(rows.map(|row| format!("{table}: {row}")));
    }
    found
}

async fn messages(platform: &Platform, texts: &[&str]) -> Vec<String> {
    let Some(nats) = &platform.nats else {
        return vec![];
    };
    let client = async_nats::connect(nats.url())
        .await
        .expect("NATS takes clients");
    let stream = jetstream::new(client).get_stream(nats.stream()).await;
    let stream = stream.expect("the stream is there");
    let state = stream.cached_info().state.clone();
    assert!(state.messages > 0, "{state:?}");
    let mut found = vec![];
    for sequence in state.first_sequence..=state.last_sequence {
        let message = stream.get_raw_message(sequence).await;
        let message = message.expect("a message is read");
        let text = String::from_utf8_lossy(&message.payload);
        let headers = format!("{:?}", message.headers);
        if has(&text, texts) || has(&headers, texts) {
            found.push(format!("message {sequence}: {text}"));
        }
    }
    found
}

//! A standby is not the store: it may lack what was acknowledged. Whatever the other tests run against,
//! the standby is a local server: it becomes one by a file that is laid beside its data.

use crate::build::*;
use domain::Position;
use local::{Postgres, PostgresOptions as ServerOptions};
use sqlx::{Connection, PgConnection};
use std::time::{Duration, Instant};
use store::{EventReader, EventStore, PostgresOptions, PostgresReader, PostgresStore, StoreError};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_is_refused_until_it_is_promoted() {
    let server = Postgres::start(ServerOptions::throwaway()).await.unwrap();
    server.create_database("orders").await.unwrap();
    let url = server.url("orders");
    let options = || PostgresOptions::new(&url).accept_data_loss();
    let store = PostgresStore::connect(options()).await.unwrap();
    store.migrate().await.unwrap();
    done(&store, &append(&[(&new_stream(), 0, 1)])).await;

    server.stop().await.unwrap();
    std::fs::write(server.home().join("data/standby.signal"), "").unwrap();
    server.restart().await.unwrap();
    // Those who come anew, and those who were there before.
    let refused = [
        PostgresStore::connect(options()).await.err().unwrap(),
        PostgresReader::connect(options()).await.err().unwrap(),
        store.read_all(Position::ZERO, 1).await.unwrap_err(),
        store.head().await.unwrap_err(),
    ];
    for error in refused {
        assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
        let why = std::error::Error::source(&error).unwrap().to_string();
        assert!(why.contains("standby"), "{why}");
    }

    let mut operator = PgConnection::connect(&url).await.unwrap();
    let promoted: bool = sqlx::query_scalar("SELECT pg_promote()")
        .fetch_one(&mut operator)
        .await
        .unwrap();
    assert!(promoted);
    let deadline = Instant::now() + Duration::from_secs(30);
    while let Err(error) = store.read_all(Position::ZERO, 1).await {
        assert!(error.is_transient(), "{error:?}");
        assert!(Instant::now() < deadline, "still refused: {error:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // The connection that appends has not been used since.
    let next = append(&[(&new_stream(), 0, 1)]);
    while let Err(error) = store.append(std::slice::from_ref(&next)).await {
        assert!(error.is_transient(), "{error:?}");
        assert!(Instant::now() < deadline, "still refused: {error:?}");
    }
    assert_eq!(kind(&put(&store, &next).await), "duplicate");
}

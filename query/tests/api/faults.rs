//! What happens when the database is not as it should be.

use crate::stage::Stage;
use chassis::health::State;
use sqlx::{Connection, Executor};
use std::time::{Duration, Instant};

#[tokio::test]
async fn without_a_schema_reads_are_503_and_readiness_names_what_is_missing() {
    let stage = Stage::with(|_| {}).await;
    let answer = stage.get("/v1/orders").await;
    let answer = answer.problem(503, "READ_MODELS_MISSING");
    assert_eq!(answer.header("retry-after"), Some("5"));
    assert_eq!(answer.body["retryable"], true);
    let report = stage.health.report().await;
    assert_eq!(report.status, State::NotReady);
    let reason = report.checks["read models"].reason.clone().unwrap();
    for table in ["read.checkpoint", "read.order_summary", "read.stock_level"] {
        assert!(reason.contains(table), "{reason}");
    }

    stage.migrate().await;
    let page = stage.get("/v1/orders").await.expect(200);
    assert_eq!(page.body["as_of"]["position"], 0);
    let deadline = Instant::now() + Duration::from_secs(10);
    while stage.health.report().await.status != State::Ready {
        assert!(
            Instant::now() < deadline,
            "{:?}",
            stage.health.report().await
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_statement_that_takes_too_long_is_given_up() {
    let stage = Stage::with(|settings| settings.query.statement_timeout_ms = 100).await;
    stage.migrate().await;
    stage.get("/v1/orders").await.expect(200);
    let mut other = stage.connection().await;
    let mut transaction = other.begin().await.unwrap();
    transaction
        .execute("LOCK TABLE read.order_summary IN ACCESS EXCLUSIVE MODE")
        .await
        .unwrap();
    let began = Instant::now();
    let answer = stage.get("/v1/orders").await;
    answer.problem(503, "READ_TOO_SLOW");
    assert!(began.elapsed() < Duration::from_secs(5));
    transaction.rollback().await.unwrap();
    stage.get("/v1/orders").await.expect(200);
}

/// Clients that hang up leave no statements behind, and never have more of them run than there are
/// connections.
#[tokio::test]
async fn what_nobody_waits_for_is_ended() {
    let stage = Stage::with(|settings| {
        settings.query.statement_timeout_ms = 600_000;
        settings.read.pool_size = 4;
    })
    .await;
    stage.migrate().await;
    stage.get("/v1/orders").await.expect(200);
    let mut other = stage.connection().await;
    let mut transaction = other.begin().await.unwrap();
    transaction
        .execute("LOCK TABLE read.order_summary IN ACCESS EXCLUSIVE MODE")
        .await
        .unwrap();
    let waiting = "SELECT count(*) FROM pg_stat_activity
        WHERE application_name = 'query' AND datname = current_database()
          AND wait_event_type = 'Lock'";
    let mut watcher = stage.connection().await;
    let mut waiting = async || -> i64 {
        sqlx::query_scalar(waiting)
            .fetch_one(&mut watcher)
            .await
            .unwrap()
    };
    let (mut most, began) = (0, Instant::now());
    while began.elapsed() < Duration::from_secs(3) {
        let abandoned = (0..8).map(|_| stage.get_and_hang_up("/v1/orders"));
        futures::future::join_all(abandoned).await;
        most = most.max(waiting().await);
    }
    assert!((1..=4).contains(&most), "{most} at once");
    let deadline = Instant::now() + Duration::from_secs(20);
    while waiting().await > 0 {
        assert!(Instant::now() < deadline, "{} still run", waiting().await);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    transaction.rollback().await.unwrap();
    stage.get("/v1/orders").await.expect(200);
}

#[tokio::test]
async fn connections_that_broke_are_replaced_without_anybody_noticing() {
    let stage = Stage::new().await;
    for round in 0..3 {
        let at_once = (0..16).map(|_| stage.get("/v1/orders"));
        for answer in futures::future::join_all(at_once).await {
            answer.expect(200);
        }
        stage
            .sql(
                "SELECT pg_terminate_backend(pid)
                 FROM pg_stat_activity
                 WHERE application_name = 'query' AND datname = current_database()",
            )
            .await;
        let answer = stage.get("/v1/orders").await;
        assert_eq!(answer.status, 200, "round {round}: {}", answer.body);
    }
}

//! A transaction that takes long never makes a reader skip what it writes, or wait for it.

use crate::{
    build::*,
    follow::{Follower, check_order, read_to_end},
    world::World,
};
use domain::{EventId, Position};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::time::{Duration, Instant};
use tokio::time::timeout;

/// The type of event that takes long.
pub const SLOW: &str = "Slow";

/// The advisory lock that the insertion of such an event waits for; nobody else uses it.
const KEY: i64 = 1_936_486_263;

/// No test waits longer for anything.
const DEADLINE: Duration = Duration::from_secs(20);

/// Holds up transactions that insert events of the type [`SLOW`].
pub struct HeldUp(PgConnection);

impl HeldUp {
    pub async fn at(url: &str) -> Self {
        let mut holder = PgConnection::connect(url).await.unwrap();
        let sql = format!(
            "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ \
             BEGIN PERFORM pg_advisory_xact_lock({KEY}); RETURN NEW; END $$; \
             CREATE TRIGGER slow AFTER INSERT ON store.events FOR EACH ROW \
             WHEN (NEW.type = '{SLOW}') EXECUTE FUNCTION slow(); \
             SELECT pg_advisory_lock({KEY});"
        );
        let sql = AssertSqlSafe(sql);
        sqlx::raw_sql(sql).execute(&mut holder).await.unwrap();
        Self(holder)
    }

    /// Waits until a transaction is held up, and says in which server process.
    pub async fn somebody(&mut self) -> i32 {
        let deadline = Instant::now() + DEADLINE;
        loop {
            let waits: Option<i32> = sqlx::query_scalar(
                "SELECT pid FROM pg_locks \
                 WHERE locktype = 'advisory' AND objid::bigint = $1 AND NOT granted \
                 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            )
            .bind(KEY)
            .fetch_optional(&mut self.0)
            .await
            .unwrap();
            if let Some(pid) = waits {
                return pid;
            }
            assert!(Instant::now() < deadline, "nobody is held up");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Ends the session of a server process.
    pub async fn end(&mut self, pid: i32) {
        let ended: bool = sqlx::query_scalar("SELECT pg_terminate_backend($1)")
            .bind(pid)
            .fetch_one(&mut self.0)
            .await
            .unwrap();
        assert!(ended);
    }

    pub async fn let_go(self) {
        self.0.close().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_reader_skips_or_stalls_on_a_slow_transaction() {
    let world = World::postgres().await;
    let World::Postgres(database) = &world else {
        unreachable!("it is over PostgreSQL")
    };
    let mut held_up = HeldUp::at(database.url()).await;
    let store = world.store().await;
    let (slow_writer, quick_writer) = (world.store().await, world.store().await);
    let follower = Follower::start(world.store().await);
    for _ in 0..3 {
        done(store.as_ref(), &append(&[(&new_stream(), 0, 2)])).await;
    }

    let mut slow = append(&[(&new_stream(), 0, 2)]);
    slow.streams[0].events[1].event_type = SLOW;
    let slow_id = slow.streams[0].events[1].id;
    let slowly = tokio::spawn(async move { put(slow_writer.as_ref(), &slow).await });
    held_up.somebody().await;
    let quick = append(&[(&new_stream(), 0, 1)]);
    let quick_id = quick.streams[0].events[0].id;
    let quickly = tokio::spawn(async move { put(quick_writer.as_ref(), &quick).await });

    // Reads meanwhile: all that is committed, and nothing of what is under way. A reader that waited
    // for the writer would wait for ever.
    for _ in 0..20 {
        let reading = read_to_end(store.as_ref(), Position::ZERO);
        let events = timeout(DEADLINE, reading).await.expect("readers stall");
        assert_eq!(events.len(), 6);
        assert_eq!(store.head().await.unwrap().position, Position::new(6));
    }
    assert!(!slowly.is_finished() && !quickly.is_finished());

    held_up.let_go().await;
    assert_eq!(kind(&slowly.await.unwrap()), "done");
    assert_eq!(kind(&quickly.await.unwrap()), "done");
    let events = follower.finish().await;
    check_order(&events);
    let ids: Vec<EventId> = events.iter().map(|event| event.envelope.event_id).collect();
    let place = |id: EventId| ids.iter().position(|other| *other == id);
    assert_eq!(
        (place(slow_id), place(quick_id)),
        (Some(7), Some(8)),
        "in order of commits"
    );
}

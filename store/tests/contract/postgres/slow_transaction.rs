//! A transaction that takes long never makes a reader skip what it writes, or wait for it.

use crate::{
    build::*,
    follow::{Follower, check_order, read_to_end},
    world::World,
};
use domain::{EventId, Position};
use sqlx::{Connection, PgConnection};
use std::time::{Duration, Instant};

/// The type of event that takes long.
pub const SLOW: &str = "Slow";

/// How long it takes.
const SECONDS: f64 = 1.5;

/// Makes the insertion of events of the type [`SLOW`] sleep.
pub async fn slow_down(url: &str, seconds: f64) {
    let sql = format!(
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ \
         BEGIN PERFORM pg_sleep({seconds}); RETURN NEW; END $$; \
         CREATE TRIGGER slow AFTER INSERT ON store.events FOR EACH ROW \
         WHEN (NEW.type = '{SLOW}') EXECUTE FUNCTION slow();"
    );
    super::checks::meddle(url, &sql).await;
}

/// Waits until an insertion sleeps.
pub async fn until_asleep(watcher: &mut PgConnection) {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let asleep: bool = sqlx::query_scalar(
            "SELECT EXISTS (SELECT FROM pg_stat_activity \
             WHERE wait_event = 'PgSleep' AND datname = current_database())",
        )
        .fetch_one(&mut *watcher)
        .await
        .unwrap();
        if asleep {
            return;
        }
        assert!(Instant::now() < deadline, "nothing sleeps");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_reader_skips_or_stalls_on_a_slow_transaction() {
    let world = World::postgres().await;
    let World::Postgres(database) = &world else {
        unreachable!("it is over PostgreSQL")
    };
    slow_down(database.url(), SECONDS).await;
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
    let mut watcher = PgConnection::connect(database.url()).await.unwrap();
    until_asleep(&mut watcher).await;
    let quick = append(&[(&new_stream(), 0, 1)]);
    let quick_id = quick.streams[0].events[0].id;
    let quickly = tokio::spawn(async move { put(quick_writer.as_ref(), &quick).await });

    // Reads while it sleeps: all that is committed, at once, and nothing of what is under way.
    let began = Instant::now();
    let mut reads = 0;
    while !slowly.is_finished() && began.elapsed() < Duration::from_secs(1) {
        let events = read_to_end(store.as_ref(), Position::ZERO).await;
        assert_eq!(events.len(), 6);
        assert_eq!(store.head().await.unwrap().position, Position::new(6));
        reads += 1;
    }
    assert!(
        reads > 3,
        "only {reads} reads in a second: readers wait for the writer"
    );

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

//! SIGKILL at any instant of a rebuild: readers see nothing of it, and the next one finds nothing in its
//! way.

use super::{at_work, connect, hold_until_it_swaps, is_so, rows, run};
use crate::chaos;
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use serde_json::Value;
use sqlx::{AssertSqlSafe, PgConnection};
use std::{
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};
use tests::platform::{Api, CommandLine, Placement, Platform, eventually, read_model_rows, say};
use tokio::{
    process::Child,
    task::JoinSet,
    time::{Instant, sleep},
};

/// How many rebuilds are killed.
const KILLS: usize = 50;

/// What is built anew: few large rows, many small ones, and sums.
const NAMES: [&str; 3] = ["order_summary", "order_timeline", "sales_daily"];

/// The instant at which a rebuild is killed.
#[derive(Debug, Clone, Copy)]
enum Instants {
    /// At any time from its start on.
    Any,
    /// Once there is a new table.
    Building,
    /// From when the live table is let go that it waits for to swap.
    Swapping,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_that_is_killed_at_any_instant_leaves_the_right_rows() {
    let seed = chaos::seed();
    let mut rng = StdRng::seed_from_u64(seed);
    let platform = at_work(150).await;
    let terminal = CommandLine::of_operator(&platform);
    let database = platform.database();
    let expected = read_model_rows(&database).await;
    let readers = Readers::start(&platform).await;

    let began = Instant::now();
    terminal.projector(&["rebuild", NAMES[0]]).await.well();
    let whole = began.elapsed();
    let mut connection = connect(&platform).await;
    let (mut killed, mut swapped) = (0, 0);
    for _ in 0..KILLS {
        let name = NAMES.choose(&mut rng).expect("there are names");
        nobody_builds(&mut connection, name).await;
        let before = table(&mut connection, name).await;
        let mut rebuild = terminal.command("projector", &["rebuild", name]);
        let rebuild = rebuild.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let mut rebuild = rebuild.expect("it can be started");
        let at = [Instants::Any, Instants::Building, Instants::Swapping];
        let at = *at.choose(&mut rng).expect("there are instants");
        let most = comes(at, name, &mut rebuild, &mut connection, whole).await;
        // At random: this is not to wait for something.
        sleep(most.mul_f64(rng.random_range(0.0..1.0))).await;
        // It may have ended already.
        let _ = rebuild.start_kill();
        let ended = rebuild.wait().await.expect("it can be waited for");
        killed += usize::from(ended.code().is_none());
        swapped += usize::from(table(&mut connection, name).await != before);
        let rows = rows(&mut connection, &format!("read.{name}")).await;
        assert_eq!(rows, expected[*name], "{name}, killed at {at:?}: {ended}");
    }
    say(&format!(
        "{killed} of {KILLS} had not ended, {swapped} had swapped"
    ));
    assert!(killed > KILLS / 3, "only {killed} of {KILLS} were killed");
    // Before the swap, and after it.
    assert!((1..KILLS).contains(&swapped), "{swapped} had swapped");

    for name in NAMES {
        nobody_builds(&mut connection, name).await;
        eventually("the next rebuild is done", async || {
            let ran = terminal.projector(&["rebuild", name]).await;
            // Whoever clears up after the one that was killed is somebody else, for a moment.
            match ran.code {
                0 => Ok(()),
                _ if ran.err.contains("by somebody else") => Err(ran.to_string()),
                _ => panic!("{ran}"),
            }
        })
        .await;
    }
    assert_eq!(leftovers(&mut connection).await, Vec::<String>::new());
    readers.saw_nothing().await;
    let verified = terminal.projector(&["verify", "--all"]).await.well();
    let equal = verified.out.matches(": equal: ").count();
    assert_eq!(equal, projector::projections::names().len(), "{verified}");
    assert_eq!(read_model_rows(&database).await, expected);

    // The live ones go on from there.
    platform.api.receive("AFTER", 1).await;
    let order = platform.api.place(&Placement::of("AFTER", 1, 100)).await;
    platform
        .api
        .order_that_is("confirmed", &order.order_id())
        .await;
    platform.stop().await;
}

/// Waits until it may be killed, or has ended; says within which time from then on.
async fn comes(
    at: Instants,
    name: &str,
    rebuild: &mut Child,
    connection: &mut PgConnection,
    whole: Duration,
) -> Duration {
    match at {
        Instants::Any => whole,
        Instants::Building => {
            let begun = format!("SELECT to_regclass('read.{name}__new') IS NOT NULL");
            eventually("there is a new table", async || {
                let has_ended = !matches!(rebuild.try_wait(), Ok(None));
                match has_ended || is_so(connection, &begun).await {
                    true => Ok(()),
                    false => Err("there is none".into()),
                }
            })
            .await;
            whole / 2
        }
        Instants::Swapping => {
            let held = hold_until_it_swaps(connection, name, rebuild).await;
            run(connection, "ROLLBACK").await;
            if let Err(why) = held {
                say(&why);
            }
            Duration::from_millis(20)
        }
    }
}

/// Waits until nobody builds it anew: the server may notice late that whoever did is gone.
async fn nobody_builds(connection: &mut PgConnection, name: &str) {
    let free = format!("SELECT pg_try_advisory_xact_lock(hashtextextended('read.{name}', 0))");
    eventually("nobody builds it anew", async || {
        match is_so(connection, &free).await {
            true => Ok(()),
            false => Err("somebody does".into()),
        }
    })
    .await;
}

/// Which table has that name now.
async fn table(connection: &mut PgConnection, name: &str) -> i64 {
    sqlx::query_scalar("SELECT ('read.' || $1)::regclass::oid::bigint")
        .bind(name)
        .fetch_one(connection)
        .await
        .expect("the database answers")
}

/// What is left of rebuilds that did not end.
async fn leftovers(connection: &mut PgConnection) -> Vec<String> {
    sqlx::query_scalar(
        "SELECT relname::text
         FROM pg_class AS c
         JOIN pg_namespace AS n ON n.oid = c.relnamespace
         WHERE n.nspname = 'read'
           AND relname LIKE '%\\_\\_new%'
         UNION ALL
         SELECT name FROM read.checkpoint WHERE name LIKE '%\\_\\_new'
         UNION ALL
         SELECT projection FROM read.parked_sequence WHERE projection LIKE '%\\_\\_new'",
    )
    .fetch_all(connection)
    .await
    .expect("the database answers")
}

/// Those who read all the time, by SQL and by HTTP, while nobody writes: every answer should be the same.
struct Readers {
    stop: Arc<AtomicBool>,
    reads: Arc<AtomicU64>,
    tasks: JoinSet<Result<(), String>>,
}

impl Readers {
    async fn start(platform: &Platform) -> Self {
        let (stop, reads) = (Arc::<AtomicBool>::default(), Arc::<AtomicU64>::default());
        let mut tasks = JoinSet::new();
        for name in NAMES {
            let connection = connect(platform).await;
            tasks.spawn(by_sql(connection, name, stop.clone(), reads.clone()));
        }
        let api = platform.api.clone();
        tasks.spawn(by_http(api, stop.clone(), reads.clone()));
        Self { stop, reads, tasks }
    }

    /// Has them stop: what was not as it should be fails the test.
    async fn saw_nothing(mut self) {
        self.stop.store(true, Ordering::Relaxed);
        while let Some(ended) = self.tasks.join_next().await {
            ended
                .expect("it ends")
                .expect("nothing is seen of a rebuild");
        }
        let reads = self.reads.load(Ordering::Relaxed);
        assert!(reads > 200, "only {reads} reads");
    }
}

async fn by_sql(
    mut connection: PgConnection,
    name: &'static str,
    stop: Arc<AtomicBool>,
    reads: Arc<AtomicU64>,
) -> Result<(), String> {
    let sql = format!(
        "SELECT count(*) || ' ' || sum(hashtextextended(t::text, 0)) FROM read.{name} AS t"
    );
    let mut before = None;
    while !stop.load(Ordering::Relaxed) {
        let read = sqlx::query_scalar::<_, Option<String>>(AssertSqlSafe(sql.clone()));
        let now = read.fetch_one(&mut connection).await;
        let now = now.map_err(|error| format!("{name}: {error}"))?;
        let now = now.ok_or_else(|| format!("{name} is empty"))?;
        let first = before.get_or_insert_with(|| now.clone());
        if *first != now {
            return Err(format!("{name} was {first}, and is {now}"));
        }
        reads.fetch_add(1, Ordering::Relaxed);
        sleep(Duration::from_millis(2)).await;
    }
    Ok(())
}

async fn by_http(api: Api, stop: Arc<AtomicBool>, reads: Arc<AtomicU64>) -> Result<(), String> {
    let mut before: Option<Vec<Value>> = None;
    while !stop.load(Ordering::Relaxed) {
        let now = api.list("/v1/orders").await?;
        let first = before.get_or_insert_with(|| now.clone());
        if *first != now {
            return Err(format!(
                "there were {} orders, and are {}",
                first.len(),
                now.len()
            ));
        }
        reads.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

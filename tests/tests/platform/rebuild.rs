//! Read models that are built anew by processes that are killed, that meet, or that have no broker; and
//! those of the past.

mod killed;
mod past;
mod writes;

use futures::future::join_all;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tests::platform::{
    CommandLine, Load, LoadOptions, Placement, Platform, Shape, at_rest, audit, eventually,
    projections_are_at, say, stock_up,
};
use tokio::process::Child;

/// How many orders are placed at once.
const AT_ONCE: usize = 16;

/// A platform that has taken so many orders, and has come to rest: nobody packs them.
async fn at_work(orders: usize) -> Platform {
    let platform = Platform::start(Shape::AllInOne, &[]).await;
    platform.api.receive("WORK", 1_000_000).await;
    let numbers: Vec<usize> = (0..orders).collect();
    for numbers in numbers.chunks(AT_ONCE) {
        let placed = numbers.iter().map(async |number| {
            let customer = format!("c-{}", number % 20);
            let placement = Placement::of("WORK", 1, 100).customer(&customer);
            platform.api.place(&placement).await
        });
        join_all(placed).await;
    }
    let history = at_rest(&platform).await;
    projections_are_at(&platform.database(), history.head()).await;
    platform
}

async fn connect(platform: &Platform) -> PgConnection {
    PgConnection::connect(&platform.database())
        .await
        .expect("the database answers")
}

/// A yes or no of the database.
async fn is_so(connection: &mut PgConnection, sql: &str) -> bool {
    sqlx::query_scalar(AssertSqlSafe(sql.to_owned()))
        .fetch_one(connection)
        .await
        .expect("the database answers")
}

/// All rows of a table, in the order of what is in them.
async fn rows(connection: &mut PgConnection, table: &str) -> Vec<String> {
    let sql = format!("SELECT to_jsonb(t)::text FROM {table} AS t ORDER BY 1");
    sqlx::query_scalar(AssertSqlSafe(sql))
        .fetch_all(connection)
        .await
        .expect("rows are read")
}

async fn run(connection: &mut PgConnection, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
        .execute(connection)
        .await
        .expect("the database answers");
}

/// Holds the read model as one who reads it for long, until a rebuild waits to swap it.
async fn hold_until_it_swaps(
    reader: &mut PgConnection,
    name: &str,
    rebuild: &mut Child,
) -> Result<(), String> {
    run(reader, &format!("BEGIN; SELECT FROM read.{name}")).await;
    let waits = format!(
        "SELECT EXISTS (
             SELECT FROM pg_locks
             WHERE relation = 'read.{name}'::regclass
               AND mode = 'AccessExclusiveLock'
               AND NOT granted
         )"
    );
    eventually("a rebuild waits for who reads", async || {
        if let Ok(Some(status)) = rebuild.try_wait() {
            return Ok(Err(format!("it ended before, with {status}")));
        }
        match is_so(reader, &waits).await {
            true => Ok(Ok(())),
            false => Err("it does not".into()),
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_that_build_the_same_anew_one_is_refused() {
    let platform = at_work(40).await;
    let terminal = CommandLine::of_operator(&platform);
    let mut reader = connect(&platform).await;
    let words = ["rebuild", "order_summary"];
    let mut first = terminal.command("projector", &words);
    let mut first = first.spawn().expect("it can be started");
    let held = hold_until_it_swaps(&mut reader, "order_summary", &mut first).await;
    held.expect("it waits");
    let second = terminal.projector(&words).await.ended(1);
    second.says(&["read.order_summary", "built anew", "by somebody else"]);
    // Another one is nobody else's.
    terminal.projector(&["rebuild", "sales_daily"]).await.well();
    run(&mut reader, "ROLLBACK").await;
    let ended = first.wait().await.expect("it can be waited for");
    assert!(ended.success(), "{ended}");
    terminal.projector(&["verify", "--all"]).await.well();
    platform.stop().await;
}

/// What is rebuilt comes from the store alone, and the broker is never asked.
#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_does_not_miss_the_broker() {
    let platform = Platform::start(Shape::Separate, &[]).await;
    let nats = platform.nats.as_ref().expect("this shape has a broker");
    let client = async_nats::connect(nats.url())
        .await
        .expect("NATS takes clients");
    let jetstream = async_nats::jetstream::new(client);
    let terminal = CommandLine::of_operator(&platform);
    stock_up(&platform.api).await;
    let load = Load::start(&platform.api, &LoadOptions::default());
    for _ in 0..2 {
        load.goes_on(100).await;
        let rebuild = async { terminal.projector(&["rebuild", "--all"]).await.well() };
        let delete = async {
            let deleted = jetstream.delete_stream(nats.stream()).await;
            deleted.expect("the stream was there to be deleted");
            say("deleted");
        };
        tokio::join!(rebuild, delete);
        eventually("the stream is there again", async || {
            let stream = jetstream.get_stream(nats.stream()).await;
            stream.map(|_| ()).map_err(|error| error.to_string())
        })
        .await;
    }
    let acked = load.stop().await;
    audit(&platform, &acked).await;
    terminal.projector(&["verify", "--all"]).await.well();
    platform.stop().await;
}

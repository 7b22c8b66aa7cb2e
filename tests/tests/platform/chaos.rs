//! Kill -9 of anything, a broker's disk that is gone, networks that are cut off, in any order, under
//! load: nothing that was acknowledged is lost, nothing is done twice, and everything comes to its
//! end. Where servers are containers it is those that are killed, wiped and cut off.
//!
//! `ORDERS_CHAOS_ROUNDS` says how often each harm is done (1), `ORDERS_CHAOS_SEED` in which order and
//! when (random, and printed).

use futures::FutureExt;
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::SliceRandom};
use servers::{Nats, Postgres};
use sqlx::{Connection, PgConnection};
use std::{panic::AssertUnwindSafe, time::Duration};
use tests::platform::{
    Acked, Load, LoadOptions, Platform, Shape, audit, eventually, say, stock_up,
};
use tokio::time::sleep;

/// How long a server is cut off: longer than most who wait for it are patient.
const CUT_OFF: Duration = Duration::from_secs(30);

/// How many writes are acknowledged between two harms: the platform works again.
const WRITES_BETWEEN: u64 = 60;

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok().filter(|text| !text.is_empty())?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name} must be a number, not {text:?}")),
    )
}

fn rounds() -> u64 {
    number("ORDERS_CHAOS_ROUNDS").unwrap_or(1)
}

/// The seed of what is done at random, which is said.
pub(crate) fn seed() -> u64 {
    let seed =
        number("ORDERS_CHAOS_SEED").unwrap_or_else(|| rand::rng().random_range(0..1_000_000));
    say(&format!("ORDERS_CHAOS_SEED={seed}"));
    seed
}

#[tokio::test(flavor = "multi_thread")]
async fn chaos_in_separate_processes() {
    let victims = [
        "command",
        "saga",
        "projector",
        "query",
        "sandbox",
        "nats-server",
        "the disk of nats-server",
        "PostgreSQL",
    ];
    chaos(Shape::Separate, &victims).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn chaos_of_networks() {
    if !servers::networks_can_be_cut() {
        return;
    }
    let victims = ["the network of nats-server", "the network of PostgreSQL"];
    chaos(Shape::Separate, &victims).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn chaos_all_in_one() {
    chaos(Shape::AllInOne, &["orders", "PostgreSQL", "orders"]).await;
}

async fn chaos(shape: Shape, victims: &[&str]) {
    if !(Postgres::may_be_killed() && (shape == Shape::AllInOne || Nats::may_be_killed())) {
        return;
    }
    let seed = seed();
    let mut rng = StdRng::seed_from_u64(seed);
    let mut order: Vec<&str> = (0..rounds())
        .flat_map(|_| victims.iter().copied())
        .collect();
    order.shuffle(&mut rng);
    say(&format!("harmed in this order: {order:?}"));

    let platform = Platform::start(shape, &[]).await;
    stock_up(&platform.api).await;
    let options = LoadOptions {
        seed,
        ..LoadOptions::default()
    };
    let load = Load::start(&platform.api, &options);
    for victim in order {
        load.goes_on(WRITES_BETWEEN).await;
        // Chaos is not to be in step with anything; this is not to wait for something.
        sleep(Duration::from_millis(rng.random_range(0..200))).await;
        let away = Duration::from_millis(rng.random_range(0..400));
        harm(&platform, victim, away).await;
    }
    let acked = load.stop().await;
    audit(&platform, &acked).await;
    platform.stop().await;
}

/// Does harm to a part of the platform, and has it work again after a while.
async fn harm(platform: &Platform, victim: &str, away: Duration) {
    let nats = || platform.nats.as_ref().expect("this shape has a broker");
    match victim {
        "nats-server" => {
            nats().kill9().await.expect("it can be killed");
            sleep(away).await;
            nats().restart().await.expect("it starts again");
        }
        "the disk of nats-server" => {
            nats().kill9().await.expect("it can be killed");
            nats()
                .lose_disk()
                .await
                .expect("its streams can be removed");
            sleep(away).await;
            nats().restart().await.expect("it starts again");
        }
        "the network of nats-server" => {
            nats().disconnect().await.expect("it can be cut off");
            sleep(CUT_OFF).await;
            nats().connect().await.expect("it is reached again");
        }
        "the network of PostgreSQL" => {
            platform
                .postgres
                .disconnect()
                .await
                .expect("it can be cut off");
            sleep(CUT_OFF).await;
            platform
                .postgres
                .connect()
                .await
                .expect("it is reached again");
        }
        "PostgreSQL" => {
            platform.postgres.kill9().await.expect("it can be killed");
            sleep(away).await;
            platform.postgres.restart().await.expect("it starts again");
        }
        service => {
            let process = platform.process(service);
            process.kill().await;
            sleep(away).await;
            process.start();
            process.ready().await;
        }
    }
}

/// The audit is only worth something if it notices.
#[tokio::test(flavor = "multi_thread")]
async fn an_audit_notices_what_is_lost_doubled_or_untrue() {
    let platform = Platform::start(Shape::AllInOne, &[]).await;
    stock_up(&platform.api).await;
    let load = Load::start(&platform.api, &LoadOptions::default());
    eventually("there are writes", async || {
        let count = load.count();
        (count >= 100)
            .then_some(())
            .ok_or_else(|| format!("{count} writes"))
    })
    .await;
    let acked = load.stop().await;
    audit(&platform, &acked).await;

    let mut lost = acked.clone();
    let (key, body, _) = lost.orders[0].clone();
    let another = "01890000-0000-7000-8000-000000000000".to_owned();
    lost.orders[0] = (key, body, another);
    notices(&platform, &lost, "placed").await;
    let mut unheard_of = acked.clone();
    unheard_of.orders.pop();
    notices(&platform, &unheard_of, "nobody was told of").await;
    let mut note = acked.clone();
    note.notes
        .push((acked.orders[0].2.clone(), "no-such-note".to_owned()));
    notices(&platform, &note, "no-such-note").await;

    let database = platform.database();
    let mut connection = PgConnection::connect(&database)
        .await
        .expect("the database answers");
    let forged = "UPDATE read.order_timeline SET actor = 'somebody else' WHERE position = \
                  (SELECT max(position) FROM read.order_timeline)";
    sqlx::query(forged)
        .execute(&mut connection)
        .await
        .expect("a row can be forged");
    notices(&platform, &acked, "live and rebuilt").await;
    // The rebuild has put it right.
    audit(&platform, &acked).await;
    let confirmed = platform.api.list("/v1/orders?status=confirmed").await;
    let confirmed = confirmed.expect("orders are listed");
    let order_id = confirmed[0]["order_id"]
        .as_str()
        .expect("an order has an id");
    platform.provider.void(order_id).await;
    notices(&platform, &acked, "held").await;
}

async fn notices(platform: &Platform, acked: &Acked, what: &str) {
    let audited = AssertUnwindSafe(audit(platform, acked))
        .catch_unwind()
        .await;
    let panic = audited.expect_err("the audit notices nothing");
    let said = panic
        .downcast_ref::<String>()
        .expect("an audit says what is wrong");
    assert!(said.contains(what), "{said}");
}

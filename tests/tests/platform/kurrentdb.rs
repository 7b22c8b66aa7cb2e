//! The whole platform with its events in KurrentDB, or rather in what stands in for it: a process that
//! speaks its protocol. What sagas remember and the read models are in PostgreSQL.

use super::{contract, flows};
use serde_json::json;
use sqlx::{Connection, PgConnection};
use std::time::Duration;
use tests::platform::{
    CommandLine, KurrentDb, Load, LoadOptions, Placement, Platform, Shape, at_rest, audit,
    eventually, projections_are_at, rebuild, say, stock_up,
};
use tokio::time::sleep;

fn kurrentdb(platform: &Platform) -> &KurrentDb {
    let there = platform.kurrentdb.as_ref();
    there.expect("the events are in KurrentDB")
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_come_to_their_ends_all_in_one() {
    orders_come_to_their_ends(Shape::AllInOne).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_come_to_their_ends_in_separate_processes() {
    orders_come_to_their_ends(Shape::Separate).await;
}

async fn orders_come_to_their_ends(shape: Shape) {
    let platform = Platform::start_on_kurrentdb(shape, &flows::SETTINGS).await;
    flows::come_to_their_ends(&platform).await;
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_keeps_its_promises() {
    let platform = Platform::start_on_kurrentdb(Shape::AllInOne, &contract::SETTINGS).await;
    contract::promises_are_kept(&platform).await;
    platform.stop().await;
}

/// What the way to the server does to those who use it.
#[derive(Debug, Clone, Copy)]
enum Trouble {
    /// What is sent next gets lost, and the connection breaks.
    RequestLost,
    /// What is answered next gets lost, and the connection breaks.
    AnswerLost,
    /// The connections that there are lead nowhere any more, and nobody is told.
    Forgotten,
    /// No answer comes through for some seconds; everything is done.
    AnswersSwallowed,
    /// The server is killed, and is away for a moment.
    Killed,
    /// The server is killed, and is away for longer than a command waits for it.
    Away,
}

impl Trouble {
    const ALL: [Self; 6] = [
        Self::RequestLost,
        Self::AnswerLost,
        Self::Forgotten,
        Self::Killed,
        Self::AnswersSwallowed,
        Self::Away,
    ];

    async fn befalls(self, kurrentdb: &KurrentDb) {
        let KurrentDb { server, way, .. } = kurrentdb;
        match self {
            Self::RequestLost => way.cut_next(local::Cut::Request),
            Self::AnswerLost => way.cut_next(local::Cut::Answer),
            Self::Forgotten => way.forget_connections(),
            Self::AnswersSwallowed => {
                let before = way.swallowed();
                way.swallow_answers(true);
                eventually("somebody waits in vain", async || {
                    let swallowed = way.swallowed();
                    (swallowed >= before + 3)
                        .then_some(())
                        .ok_or_else(|| format!("{swallowed} answers swallowed"))
                })
                .await;
                way.swallow_answers(false);
            }
            Self::Killed => {
                server.kill().await;
                server.start();
            }
            Self::Away => {
                server.kill().await;
                // Longer than the 10 s that a command waits for its store.
                sleep(Duration::from_secs(12)).await;
                server.start();
            }
        }
        server.ready().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_lost_under_load_loses_and_doubles_nothing_all_in_one() {
    trouble_under_load(Shape::AllInOne).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_lost_under_load_loses_and_doubles_nothing_in_separate_processes() {
    trouble_under_load(Shape::Separate).await;
}

async fn trouble_under_load(shape: Shape) {
    let platform = Platform::start_on_kurrentdb(shape, &[]).await;
    stock_up(&platform.api).await;
    let load = Load::start(&platform.api, &LoadOptions::default());
    for trouble in Trouble::ALL.into_iter().chain(Trouble::ALL) {
        load.goes_on(40).await;
        // Readers are at work, too.
        let confirmed = async || {
            let listed = platform.api.list("/v1/orders?status=confirmed").await?;
            Ok::<_, String>(listed.len())
        };
        let before = eventually("orders are listed", confirmed).await;
        eventually("more orders are confirmed", async || {
            let now = confirmed().await?;
            (now > before)
                .then_some(())
                .ok_or_else(|| format!("{now} confirmed"))
        })
        .await;
        say(&format!("{trouble:?} after {} writes", load.count()));
        trouble.befalls(kurrentdb(&platform)).await;
    }
    let acked = load.stop().await;
    audit(&platform, &acked).await;
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_server_is_away_reads_go_on_and_it_is_told_who_cannot_work() {
    let platform = Platform::start_on_kurrentdb(Shape::Separate, &[]).await;
    let p = &platform;
    p.api.receive("AWAY", 10).await;
    let id = p.api.place(&Placement::of("AWAY", 1, 100)).await.order_id();
    p.api.order_that_is("confirmed", &id).await;

    let server = &kurrentdb(p).server;
    server.kill().await;
    for name in ["command", "projector", "saga"] {
        eventually(&format!("{name} says what it lacks"), async || {
            let (is_ready, said) = p.process(name).readiness().await?;
            let names_it = said.contains("the event store cannot be reached");
            (!is_ready && names_it).then_some(()).ok_or(said)
        })
        .await;
    }
    // Lists and orders are read from PostgreSQL.
    let (is_ready, said) = p.process("query").readiness().await.expect("it answers");
    assert!(is_ready, "{said}");
    let order = p.api.get(&format!("/v1/orders/{id}")).await.expect(200);
    assert_eq!(order.body["status"], "confirmed");
    p.api.get("/v1/orders").await.expect(200);
    // A command is refused in time, and may be sent again.
    let body = Placement::of("AWAY", 1, 100).body();
    let refused = p.api.post_as("away", "/v1/orders", &body).await.expect(503);
    assert_eq!(refused.body["retryable"], true, "{}", refused.text);

    // Who starts meanwhile waits for it.
    let command = p.process("command");
    command.kill().await;
    let before = command.log().len();
    command.start();
    eventually("it says that it waits", async || {
        let log = command.log();
        let said = log.get(before..).unwrap_or_default();
        said.contains("does not answer yet")
            .then_some(())
            .ok_or_else(|| said.to_owned())
    })
    .await;
    assert_eq!(command.ended(), None);
    server.start();
    server.ready().await;
    for process in p.processes() {
        process.ready().await;
    }
    let patience = Duration::from_secs(60);
    let answer = p.api.insist("away", "/v1/orders", &body, patience).await;
    let answer = answer.expect("it is taken now").expect(201);
    p.api.order_that_is("confirmed", &answer.order_id()).await;
    p.api.stock_that_is("AWAY", (10, 0, 2)).await;
    p.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_server_is_noticed_and_building_anew_is_the_way_out() {
    let platform = Platform::start_on_kurrentdb(Shape::Separate, &[]).await;
    let p = &platform;
    let all_is_read = async || {
        let head = p.events().await.head().await.expect("the head can be read");
        projections_are_at(&p.database(), head.position.get()).await;
    };
    let confirmed = async || {
        let id = p.api.place(&Placement::of("KEPT", 1, 100)).await.order_id();
        p.api.order_that_is("confirmed", &id).await;
        id
    };
    p.api.receive("KEPT", 10).await;
    let kept = confirmed().await;
    at_rest(p).await;
    let backup = kurrentdb(p).back_up();
    let lost = confirmed().await;
    at_rest(p).await;
    all_is_read().await;
    kurrentdb(p).restore(&backup).await;

    // Whoever has states of what is lost ends, and says why.
    for name in ["projector", "saga"] {
        let process = p.process(name);
        eventually(&format!("{name} ends"), async || {
            process.ended().ok_or_else(|| "it goes on".to_owned())
        })
        .await;
        assert!(!process.wait().await.success(), "{name} ended well");
        let log = process.log();
        assert!(log.contains("was restored or lost its tail"), "{name}");
    }
    // As docs/restoring.md says.
    p.process("projector").start();
    p.process("projector").ready().await;
    rebuild(p).await;
    let mut sagas = PgConnection::connect(&p.database())
        .await
        .expect("the database answers");
    let forgets =
        "DELETE FROM saga.task; DELETE FROM saga.policy_state; DELETE FROM saga.checkpoint";
    sqlx::raw_sql(forgets)
        .execute(&mut sagas)
        .await
        .expect("the sagas can be made to forget");
    p.process("saga").start();
    p.process("saga").ready().await;

    p.api.get(&format!("/v1/orders/{lost}")).await.expect(404);
    p.api.order_that_is("confirmed", &kept).await;
    confirmed().await;
    p.api.stock_that_is("KEPT", (10, 0, 2)).await;
    at_rest(p).await;
    all_is_read().await;
    p.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_find_their_way_around() {
    let platform = Platform::start_on_kurrentdb(Shape::AllInOne, &[]).await;
    let p = &platform;
    p.api.receive("TOLD", 10).await;
    let id = p.api.place(&Placement::of("TOLD", 1, 100)).await.order_id();
    p.api.order_that_is("confirmed", &id).await;
    let terminal = CommandLine::of_operator(p);
    let doctor = terminal.orders(&["doctor"]).await.well();
    let doctor = doctor.says(&[
        "database of the sagas",
        "KurrentDB",
        "process orders",
        "payment provider",
    ]);
    assert!(!doctor.out.contains("WRONG"), "{doctor}");
    let doctor = terminal.orders(&["doctor", "--json"]).await.well().json();
    let findings = doctor.as_array().expect("findings");
    assert!(findings.iter().all(|finding| finding["ok"] == json!(true)));

    // Without its events the one process is not well, and the doctor says whose fault it is.
    let server = &kurrentdb(p).server;
    server.kill().await;
    eventually("the doctor finds it", async || {
        let doctor = terminal.orders(&["doctor"]).await;
        let found = doctor.out.contains("the event store cannot be reached");
        (doctor.code == 1 && found)
            .then_some(())
            .ok_or_else(|| doctor.to_string())
    })
    .await;
    server.start();
    server.ready().await;
    eventually("all is well again", async || {
        let doctor = terminal.orders(&["doctor"]).await;
        (doctor.code == 0)
            .then_some(())
            .ok_or_else(|| doctor.to_string())
    })
    .await;
    p.stop().await;
}

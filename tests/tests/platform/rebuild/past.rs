//! Read models as they were, and whether all events can be read: what an operator types, and what comes
//! of it.

use super::{at_work, connect, rows, run};
use tests::platform::{CommandLine, Placement, read_model_rows};

#[tokio::test(flavor = "multi_thread")]
async fn read_models_are_put_into_a_schema_as_they_were() {
    let platform = at_work(40).await;
    let terminal = CommandLine::of_operator(&platform);
    let then = read_model_rows(&platform.database()).await;
    let head = platform.events().await.head().await;
    let head = head.expect("the head can be read").position.to_string();

    // It goes on.
    let api = &platform.api;
    api.receive("LATER", 5).await;
    let order = api.place(&Placement::of("LATER", 1, 100)).await.order_id();
    api.order_that_is("confirmed", &order).await;

    let audit = ["rebuild", "--all", "--until", &head, "--into", "audit"];
    let made = terminal.projector(&audit).await.well();
    made.says(&["audit.sales_daily: ", &format!("as of position {head}")]);
    let mut connection = connect(&platform).await;
    for name in projector::projections::names() {
        let past = rows(&mut connection, &format!("audit.{name}")).await;
        assert_eq!(past, then[name], "{name}");
    }
    let now = read_model_rows(&platform.database()).await;
    assert_ne!(now["order_summary"], then["order_summary"]);
    let again = [
        "rebuild",
        "sales_daily",
        "--until",
        &head,
        "--into",
        "audit",
    ];
    terminal
        .projector(&again)
        .await
        .ended(1)
        .says(&["audit.sales_daily has rows", "--replace"]);
    let replaced = [&again[..], &["--replace"]].concat();
    terminal.projector(&replaced).await.well();

    for (until, into, code, words) in [
        ("yesterday", "audit", 2, "a position (1200000), a time"),
        ("999999999", "audit", 1, "the store ends at position"),
        ("2999-01-01", "audit", 1, "2999-01-01 is not over in UTC"),
        ("2001-01-01", "audit", 1, "the first event was recorded at"),
        ("1", "read", 2, "the schema read is reserved"),
        ("1", "Audit", 2, "a schema's name has"),
    ] {
        let words_of = ["rebuild", "sales_daily", "--until", until, "--into", into];
        terminal
            .projector(&words_of)
            .await
            .ended(code)
            .says(&[words]);
    }
    let alone = ["rebuild", "sales_daily", "--until", "1"];
    terminal.projector(&alone).await.ended(2).says(&["--into"]);
    run(&mut connection, "DROP SCHEMA audit CASCADE").await;
    terminal.projector(&["verify", "--all"]).await.well();
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_cannot_be_read_are_said_by_the_exit_code() {
    let platform = at_work(10).await;
    let terminal = CommandLine::of_operator(&platform);
    let check = ["events", "check"];
    terminal.orders(&check).await.well().says(&["can be read."]);
    let beyond = ["events", "check", "--after", "999999999"];
    terminal
        .orders(&beyond)
        .await
        .ended(2)
        .says(&["the store ends at position"]);
    platform.stop().await;
    let mut connection = connect(&platform).await;
    let spoil = "UPDATE store.events SET schema_version = 77 WHERE position = 3";
    run(&mut connection, spoil).await;
    let found = terminal.orders(&check).await.ended(1);
    found.says(&["position 3: event ", "v77", "1 of "]);
    let rest = ["events", "check", "--after", "3"];
    terminal.orders(&rest).await.well();
}

//! Read models that are built anew and rolled back by the command line, and what it says of that.

use sqlx::{Connection, PgConnection};
use tests::platform::{
    Load, LoadOptions, PATIENCE, Platform, Shape, at_rest, program, projections_are_at, stock_up,
};

/// What `projector` printed beside its results and as such, and its exit code.
async fn projector(platform: &Platform, words: &[&str]) -> (i32, String) {
    let mut command = tokio::process::Command::new(program("projector"));
    command
        .args(words)
        .envs(platform.environment())
        .kill_on_drop(true);
    let ended = tokio::time::timeout(PATIENCE, command.output()).await;
    let ended = ended.expect("it ends").expect("it can be started");
    let mut said = String::from_utf8_lossy(&ended.stdout).into_owned();
    said.push_str(&String::from_utf8_lossy(&ended.stderr));
    (ended.status.code().expect("it ends by itself"), said)
}

#[tokio::test(flavor = "multi_thread")]
async fn all_are_built_anew_at_once_and_one_is_rolled_back() {
    let platform = Platform::start(Shape::AllInOne, &[]).await;
    let p = &platform;
    stock_up(&p.api).await;
    let load = Load::start(&p.api, &LoadOptions::default());
    load.goes_on(60).await;
    load.stop().await;
    let head = at_rest(p).await.head();
    projections_are_at(&p.database(), head).await;

    // One is somebody else's: it is said, the others are built, and the exit code tells.
    let mut other = PgConnection::connect(&p.database())
        .await
        .expect("the database answers");
    sqlx::query("SELECT pg_advisory_lock(hashtextextended('read.stock_level', 0))")
        .execute(&mut other)
        .await
        .expect("nobody else builds it");
    let (code, said) = projector(p, &["rebuild", "--all", "--parallel", "3"]).await;
    assert_eq!(code, 1, "{said}");
    assert!(
        said.contains("error: stock_level could not be built anew: read.stock_level is being"),
        "{said}"
    );
    for name in projector::projections::names() {
        let is_built = said.contains(&format!("{name}: ")) && name != "stock_level";
        assert!(is_built || name == "stock_level", "{name}: {said}");
    }
    other.close().await.expect("it ends");

    let (code, said) = projector(p, &["status"]).await;
    assert_eq!(code, 0, "{said}");
    let kept: Vec<_> = said
        .lines()
        .filter(|line| line.contains(", position "))
        .collect();
    assert_eq!(
        kept.len(),
        projector::projections::names().len() - 1,
        "{said}"
    );

    let (code, said) = projector(p, &["rollback", "order_summary"]).await;
    assert_eq!(code, 0, "{said}");
    assert!(
        said.contains("order_summary: rolled back from position"),
        "{said}"
    );
    projections_are_at(&p.database(), head).await;
    let (code, said) = projector(p, &["verify", "order_summary"]).await;
    assert_eq!(code, 0, "{said}");
    let (code, said) = projector(p, &["rollback", "order_summary"]).await;
    assert_eq!(code, 1, "{said}");
    assert!(
        said.contains("nothing is kept of read.order_summary"),
        "{said}"
    );
    let forget = ["rollback", "sales_daily", "--forget"];
    let (code, said) = projector(p, &forget).await;
    assert_eq!(
        (code, said.contains("what was replaced is forgotten")),
        (0, true),
        "{said}"
    );
    let (code, said) = projector(p, &forget).await;
    assert_eq!(
        (code, said.contains("nothing was kept")),
        (0, true),
        "{said}"
    );

    for (words, code, part) in [
        (&["rollback", "orders"][..], 1, "there are order_summary"),
        (&["rebuild", "orders"], 1, "there are order_summary"),
        (
            &["rebuild", "order_summary", "--parallel", "2"],
            2,
            "--parallel",
        ),
        (
            &["rebuild", "--all", "--parallel", "0"],
            2,
            "a whole number from 1",
        ),
    ] {
        let (ended, said) = projector(p, words).await;
        assert_eq!(ended, code, "{words:?}: {said}");
        assert!(said.contains(part), "{words:?}: {said}");
    }
    let (code, said) = projector(p, &["verify", "--all"]).await;
    assert_eq!(code, 0, "{said}");
    platform.stop().await;
}

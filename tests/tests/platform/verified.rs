//! The projector's command line against a real platform: what it says of its read models, and what it ends
//! with, as scripts go by that.

use sqlx::{Connection, Executor, PgConnection};
use tests::platform::{CommandLine, Placement, Platform, Ran, Shape, at_rest, projections_are_at};

/// What a rebuild holds while it is under way.
const BEING_BUILT: &str = "SELECT pg_advisory_lock(hashtextextended('read.order_summary', 0))";

#[tokio::test(flavor = "multi_thread")]
async fn whether_read_models_are_right_is_told_by_how_the_program_ends() {
    let platform = Platform::start(Shape::AllInOne, &[]).await;
    let p = &platform;
    let terminal = CommandLine::of_operator(p);
    let projector = async |words: &str| -> Ran {
        let words: Vec<&str> = words.split_whitespace().collect();
        terminal.projector(&words).await
    };
    for _ in 0..3 {
        let order = p.api.place(&Placement::of("NONE", 1, 100)).await.order_id();
        p.api.order_that_is("rejected", &order).await;
    }
    at_rest(p).await;
    let head = p.events().await.head().await;
    let head = head.expect("the head can be read").position.get();
    projections_are_at(&p.database(), head).await;

    // All is well: 0.
    let well = projector("verify --all").await.well();
    well.says(&["order_summary: equal: 3 rows", "stock_level: equal"]);
    let status = projector("status").await.well();
    status.says(&["order_summary", &head.to_string()]);
    let parked = projector("parked list").await.well();
    assert!(!parked.out.contains("order_summary"), "{parked}");

    // Something differs: 1, and the field by name.
    let mut database = PgConnection::connect(&p.database())
        .await
        .expect("the database answers");
    let edit = "UPDATE read.order_summary SET total = 77 \
                WHERE order_id = (SELECT min(order_id::text)::uuid FROM read.order_summary)";
    database.execute(edit).await.expect("it is changed");
    let differs = projector("verify order_summary").await.ended(1);
    differs.says(&["1 differ", "differs", "total: live 77, folded 100"]);
    let others = projector("verify order_timeline").await.well();
    others.says(&["order_timeline: equal"]);
    projector("verify --all").await.ended(1);

    // It cannot be found out: 2, whatever else is found.
    database.execute(BEING_BUILT).await.expect("it is free");
    let busy = projector("verify order_summary").await.ended(2);
    busy.says(&["is being built anew"]);
    let all = projector("verify --all").await.ended(2);
    all.says(&["order_timeline: equal", "could not be verified"]);
    let rebuild = projector("rebuild order_summary").await;
    assert_ne!(rebuild.code, 0, "two at once: {rebuild}");
    database.close().await.expect("the lock goes with it");
    let unknown = projector("verify nonsense").await.ended(2);
    unknown.says(&["there is no projection nonsense", "order_summary"]);
    projector("verify").await.ended(2).says(&["<NAME>"]);
    projector("verify order_summary --sample 0")
        .await
        .ended(2)
        .says(&["at most 100 percent"]);

    // Built anew, it is right again.
    let rebuilt = projector("rebuild order_summary").await.well();
    rebuilt.says(&["order_summary: 3 rows"]);
    let mended = projector("verify order_summary").await.well();
    mended.says(&["order_summary: equal"]);
    p.stop().await;
}

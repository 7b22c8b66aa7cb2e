//! The command line against a real platform: what a person types, and what comes of it.

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::json;
use std::time::Duration;
use tests::platform::{
    CommandLine, PATIENCE, Placement, Platform, Ran, Relative, Shape, Up, descendants, eventually,
};

/// The ids of the orders in a list that was printed as JSON.
fn ids(list: &Ran) -> Vec<String> {
    let page = list.json();
    let items = page["items"].as_array().expect("a list has items").iter();
    items
        .map(|item| item["order_id"].as_str().unwrap_or_default().to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_are_packed_sent_and_delivered_by_one_command() {
    let platform = Platform::start(Shape::Separate, &[]).await;
    let (p, terminal) = (&platform, CommandLine::of(&platform));
    p.api.receive("CLI", 10).await;
    let mut orders = vec![];
    for customer in ["one", "two", "three"] {
        let placement = Placement::of("CLI", 1, 100).customer(customer);
        let order = p.api.place(&placement).await.order_id();
        p.api.shipment_that_is("pending", &order).await;
        orders.push(order);
    }
    let first = orders[0].as_str();
    let listed = terminal
        .orders(&["shipments", "list", "--order", first])
        .await;
    listed.well().says(&[first, "pending", "1.00 EUR"]);
    let process = ["process", first];
    let packing = ["OrderConfirmed", "packing", "warehouse", "policy:order"];
    terminal.orders_until(&process, &packing).await;
    let open = [first, "packing"];
    terminal.orders_until(&["processes"], &open).await;
    let overdue = ["processes", "--overdue", "--json"];
    let overdue = terminal.orders(&overdue).await.well().json();
    assert_eq!(overdue["items"], json!([]));

    // One by hand, the others together.
    let shipment = p.api.shipment_that_is("pending", first).await;
    let shipment = shipment["shipment_id"].as_str().expect("it has an id");
    let packed = terminal.orders(&["shipments", "pack", shipment]).await;
    packed.well().says(&["packed"]);
    p.api.shipment_that_is("dispatched", first).await;
    let again = terminal.orders(&["shipments", "dispatch", shipment]).await;
    again.well().says(&["dispatched"]);
    let now = chrono::Utc::now().to_rfc3339();
    let at = ["shipments", "deliver", shipment, "--at", &now];
    terminal.orders(&at).await.well().says(&["delivered"]);
    let done = terminal.orders(&["fulfil", "--deliver", "--json"]).await;
    let done = done.well().json();
    assert_eq!(done, json!({"packed": 2, "delivered": 2, "failed": 0}));
    for order in &orders {
        p.api.order_that_is("completed", order).await;
    }
    let ended = ["OrderCompleted", "nothing is expected"];
    terminal.orders_until(&process, &ended).await;
    let again = terminal.orders(&["fulfil"]).await.well();
    again.says(&["0 packed"]);
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_placed_looked_at_listed_and_cancelled() {
    let platform = Platform::start(Shape::Separate, &[]).await;
    let (p, terminal) = (&platform, CommandLine::of(&platform));
    p.api.receive("CLI", 10).await;
    p.api.receive("gift=1", 10).await;

    // Placed: for people, and for programs; again under the same key, it is the same order.
    let place = |key: &'static str, line: &'static str, more: &'static str| {
        let words = [
            "place --customer c-cli --line",
            line,
            "--idempotency-key",
            key,
            more,
        ];
        let words = words.join(" ");
        let terminal = &terminal;
        async move {
            let words: Vec<&str> = words.split_whitespace().collect();
            terminal.orders(&words).await
        }
    };
    let placed = place("k-1", "CLI=2@1999", "--reference R-1 --json").await;
    let first = placed.well().json()["order_id"].take();
    let first = first.as_str().expect("an order has an id").to_owned();
    let again = place("k-1", "CLI=2@1999", "--reference R-1").await.well();
    again.says(&[&first, "before", "c-cli", "R-1", "39.98 EUR"]);
    let other = place("k-1", "CLI=3@1999", "--reference R-1").await;
    other.ended(1).says(&["Idempotency-Key"]);
    let second = place("k-2", "gift=1=1@500", "--line CLI=1@250 --currency USD").await;
    let second = second.well().says(&["gift=1", "CLI", "7.50 USD"]);
    p.api.order_that_is("confirmed", &first).await;
    let listed = p.api.list("/v1/orders?customer_id=c-cli").await;
    let listed = listed.expect("orders are listed");
    assert_eq!(listed.len(), 2, "{listed:?}");
    let named = listed
        .iter()
        .filter_map(|order| order["order_id"].as_str())
        .find(|id| *id != first);
    let named = named.expect("there is a second order").to_owned();
    second.says(&[&named]);
    p.api.order_that_is("confirmed", &named).await;

    // Looked at.
    let shown = terminal.orders(&["get", &first]).await.well();
    let shown = shown.says(&[&first, "confirmed", "c-cli", "R-1", "CLI", "39.98 EUR"]);
    assert!(!shown.out.contains("OrderPlaced"), "{shown}");
    let events = p.api.timeline_with("OrderConfirmed", &first).await;
    let shown = terminal.orders(&["get", &first, "--events"]).await.well();
    shown.says(&["OrderPlaced", "OrderConfirmed", "policy:order"]);
    let shown = terminal.orders(&["get", &first, "--json"]).await.well();
    let read = p.api.get(&format!("/v1/orders/{first}")).await.expect(200);
    assert_eq!(shown.json(), read.body, "as the API answered it");
    let shown = terminal
        .orders(&["get", &first, "--events", "--json"])
        .await;
    let types = |events: &[serde_json::Value]| -> Vec<String> {
        let types = events.iter().filter_map(|event| event["type"].as_str());
        types.map(str::to_owned).collect()
    };
    let with_events = shown.well().json();
    let printed = with_events["events"].as_array().expect("there are events");
    assert_eq!(types(printed), types(&events));
    let then = ["get", &first, "--version", "1", "--json"];
    let then = terminal.orders(&then).await.well().json();
    assert_eq!(then["status"], "placed");

    // Listed.
    let list = |words: &'static str| {
        let terminal = &terminal;
        async move {
            let words: Vec<&str> = words.split_whitespace().collect();
            terminal.orders(&words).await.well()
        }
    };
    let all = list("list --customer c-cli --sort total --json").await;
    assert_eq!(ids(&all), [named.as_str(), &first]);
    let all = list("list --customer c-cli --sort -total --json").await;
    assert_eq!(ids(&all), [first.as_str(), &named]);
    let none = list("list --customer c-cli --status rejected --json").await;
    assert!(ids(&none).is_empty(), "{none}");
    let found = list("list --search R-1 --status confirmed --json").await;
    assert_eq!(ids(&found), [first.as_str()]);
    let table = list("list --customer c-cli --status confirmed").await;
    table.says(&[&first, &named, "39.98 EUR", "7.50 USD"]);
    let page = list("list --customer c-cli --sort total --limit 1 --json").await;
    let cursor = page.json()["next_cursor"].take();
    let cursor = cursor.as_str().expect("there is a next page");
    let rest = [
        "list",
        "--customer",
        "c-cli",
        "--sort",
        "total",
        "--json",
        "--cursor",
        cursor,
    ];
    assert_eq!(ids(&terminal.orders(&rest).await.well()), [first.as_str()]);
    let page = list("list --customer c-cli --sort total --limit 1").await;
    page.says(&["--cursor", cursor]);

    // Cancelled, once.
    let cancel = ["cancel", &first, "--reason", "changed their mind"];
    terminal
        .orders(&cancel)
        .await
        .well()
        .says(&[&first, "cancel"]);
    p.api.order_that_is("cancelled", &first).await;
    terminal.orders(&cancel).await.well().says(&["cancelled"]);
    let events = ["get", &first, "--events"];
    let cancelled = ["cancelled", "CancellationRequested", "OrderCancelled"];
    terminal.orders_until(&events, &cancelled).await;
    p.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_done_is_said_in_words() {
    let platform = Platform::start(Shape::AllInOne, &[]).await;
    let (p, terminal) = (&platform, CommandLine::of(&platform));
    let nobody = "01890000-0000-7000-8000-000000000000";

    // What is wrong with the words themselves: how they should be.
    for (words, said) in [
        ("nonsense", "Usage"),
        ("place --customer c", "--line"),
        ("place --customer c --line A", "SKU=QUANTITY@PRICE"),
        ("place --customer c --line A=x@1", "quantity"),
        ("place --line A=1@1", "--customer"),
        ("get", "ORDER_ID"),
        ("get not-a-uuid", "not-a-uuid"),
        ("list --limit 0", "--limit"),
        ("list --limit 201", "--limit"),
        ("cancel not-a-uuid --reason x", "not-a-uuid"),
    ] {
        let words: Vec<&str> = words.split_whitespace().collect();
        terminal.orders(&words).await.ended(2).says(&[said]);
    }
    terminal
        .orders(&["cancel", nobody])
        .await
        .ended(2)
        .says(&["--reason"]);

    // What the platform refuses: in its words, with the place.
    for (words, said) in [
        (vec!["get", nobody], vec!["404"]),
        (vec!["get", nobody, "--events"], vec!["404"]),
        (
            vec!["cancel", nobody, "--reason", "x"],
            vec!["no such order"],
        ),
        (
            vec!["list", "--status", "happy"],
            vec!["status", "cancelling"],
        ),
        (vec!["list", "--sort", "colour"], vec!["sort", "placed_at"]),
        (
            vec!["place", "--customer", "c", "--line", "A=0@1"],
            vec!["/lines/0/quantity"],
        ),
        (
            vec!["place", "--customer", "two words", "--line", "A=1@1"],
            vec!["/customer_id"],
        ),
        (
            vec![
                "place",
                "--customer",
                "c",
                "--line",
                "A=1@1",
                "--currency",
                "euro",
            ],
            vec!["/currency"],
        ),
    ] {
        let refused = terminal.orders(&words).await.ended(1).says(&said);
        assert!(refused.out.is_empty(), "an error is no result: {refused}");
        assert!(!refused.err.contains("panicked"), "{refused}");
    }
    let id = p.api.place(&Placement::of("NONE", 1, 100)).await.order_id();
    p.api.order_that_is("rejected", &id).await;
    let late = terminal.orders(&["cancel", &id, "--reason", "x"]).await;
    late.ended(1).says(&["rejected", "add_note"]);

    // Nobody there.
    let port = local::free_port().expect("there is a free port");
    let url = format!("http://127.0.0.1:{port}");
    for words in [vec!["get", nobody], vec!["list"]] {
        let words = [words, vec!["--url", &url, "--query-url", &url]].concat();
        let alone = terminal.orders(&words).await.ended(1);
        alone.says(&["cannot be reached", &url, "make run"]);
    }
    p.stop().await;
}

/// The lines of a doctor that say that something is wrong, each with its advice.
fn wrong(doctor: &Ran) -> Vec<String> {
    let lines: Vec<&str> = doctor.out.lines().collect();
    let is_wrong = |line: &str| line.starts_with("WRONG");
    let starts = (0..lines.len()).filter(|at| is_wrong(lines[*at]));
    starts
        .map(|at| {
            let advice = lines[at + 1..]
                .iter()
                .take_while(|line| line.starts_with(' '));
            let advice: Vec<&str> = advice.copied().collect();
            assert!(
                !advice.is_empty(),
                "no advice for {:?}: {doctor}",
                lines[at]
            );
            format!("{}\n{}", lines[at], advice.join("\n"))
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_doctor_finds_what_is_wrong_with_the_platform_of_the_settings() {
    if !servers::Postgres::may_be_killed() {
        return;
    }
    let platform = Platform::start(Shape::AllInOne, &[]).await;
    let p = &platform;
    let terminal = CommandLine::of_operator(p);
    let doctor = async || terminal.orders(&["doctor"]).await;

    let well = doctor().await.well();
    assert!(wrong(&well).is_empty(), "{well}");
    let well = well.says(&[
        "database",
        "event store",
        "process orders",
        "payment provider",
        "carrier",
    ]);
    assert!(!well.out.contains("panicked"), "{well}");
    let json = terminal.orders(&["doctor", "--json"]).await.well().json();
    let findings = json.as_array().expect("findings");
    assert!(findings.len() >= 10, "{json}");
    assert!(findings.iter().all(|finding| finding["ok"] == json!(true)));

    let sandbox = p.process("sandbox");
    sandbox.stop().await;
    let ill = doctor().await.ended(1);
    assert_eq!(wrong(&ill).len(), 2, "{ill}");
    assert!(wrong(&ill)[0].contains("payment provider"), "{ill}");
    assert!(wrong(&ill)[1].contains("carrier"), "{ill}");
    sandbox.start();
    sandbox.ready().await;

    p.postgres.kill9().await.expect("it can be killed");
    let ill = doctor().await.ended(1);
    let database = wrong(&ill);
    let database = database.iter().find(|line| line.contains(" database"));
    let database = database.unwrap_or_else(|| panic!("the database is gone: {ill}"));
    assert!(database.contains("start PostgreSQL"), "{database}");
    let json = terminal.orders(&["doctor", "--json"]).await.ended(1).json();
    let said = json.as_array().expect("findings").iter();
    let said = said.filter(|finding| finding["ok"] == json!(false));
    assert!(said.clone().count() >= 1, "{json}");
    for finding in said {
        assert!(finding["advice"].is_string(), "{finding}");
    }
    p.postgres.restart().await.expect("it starts again");
    eventually("all is well again", async || {
        let ran = doctor().await;
        (ran.code == 0).then_some(()).ok_or_else(|| ran.to_string())
    })
    .await;
    p.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_platform_that_is_up_is_found_looked_after_and_ended_with_ctrl_c() {
    let up = Up::start().await;
    let terminal = up.command_line();
    up.api.receive("UP", 10).await;

    // Found from its directory, without a word of where it is.
    let place = ["place", "--customer", "c", "--line", "UP=2@100", "--json"];
    let placed = terminal.orders(&place).await.well().json();
    let id = placed["order_id"].as_str().expect("an order has an id");
    up.api.order_that_is("confirmed", id).await;
    terminal
        .orders(&["get", id])
        .await
        .well()
        .says(&["confirmed"]);
    assert_eq!(up.provider.statuses(id).await, ["authorized"]);
    // Readers may be some events behind for a moment, and say so; that is not wrong.
    let well = terminal.orders(&["doctor"]).await.well();
    assert!(wrong(&well).is_empty(), "{well}");

    // Broker and database stand still in turn: each is named, with what to do.
    let family = descendants(up.process.pid());
    for (program, what, advice) in [
        ("nats-server", " broker", "nats-server"),
        ("postgres", " database", "PostgreSQL"),
    ] {
        // PostgreSQL's other processes are children of the one that takes connections.
        let named = |relative: &&Relative| relative.name == program;
        let all: Vec<i32> = family.iter().filter(named).map(|one| one.pid).collect();
        let server = family
            .iter()
            .filter(named)
            .find(|one| !all.contains(&one.parent));
        let server = server.unwrap_or_else(|| panic!("{program} is one of {family:?}"));
        let pid = Pid::from_raw(server.pid);
        kill(pid, Signal::SIGSTOP).expect("it can be stopped");
        let ill = terminal.orders(&["doctor"]).await;
        kill(pid, Signal::SIGCONT).expect("it can go on");
        let ill = ill.ended(1);
        let said = wrong(&ill);
        let said = said.iter().find(|line| line.contains(what));
        let said = said.unwrap_or_else(|| panic!("{program} stands still: {ill}"));
        assert!(said.contains(advice), "{said}");
    }
    eventually("all is well again", async || {
        let ran = terminal.orders(&["doctor"]).await;
        (ran.code == 0).then_some(()).ok_or_else(|| ran.to_string())
    })
    .await;

    // Ctrl-C reaches every process of the group.
    let family = descendants(up.process.pid());
    assert!(
        family.len() >= 7,
        "five services and two servers: {family:?}"
    );
    let ended = up.process.interrupt().await;
    assert!(ended.success(), "it ended with {ended}");
    let left: Vec<_> = family.iter().filter(|one| one.is_alive()).collect();
    assert!(left.is_empty(), "still there: {left:?}");
    for (name, log) in up.logs() {
        // None was taken for one that fails, and none failed.
        for word in ["panicked", "started again"] {
            assert!(!log.contains(word), "{name}: {log}");
        }
    }
    // What it was is not taken for what is.
    terminal.orders(&["get", id]).await.ended(1);

    // Its data is still there.
    up.process.start();
    up.process.ready().await;
    tests::platform::eventually_within(PATIENCE, "the order is there again", async || {
        let shown = terminal.orders(&["get", id, "--json"]).await;
        (shown.code == 0 && shown.json()["status"] == "confirmed")
            .then_some(())
            .ok_or_else(|| shown.to_string())
    })
    .await;
    let began = std::time::Instant::now();
    let ended = up.process.interrupt().await;
    assert!(ended.success(), "it ended with {ended}");
    assert!(
        began.elapsed() < Duration::from_secs(30),
        "{:?}",
        began.elapsed()
    );
}

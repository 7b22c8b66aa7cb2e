//! What is personal: who needs it sees it, and nobody else finds it anywhere.

use super::flows::of_type;
use reqwest::Method;
use serde_json::{Value, json};
use tests::platform::{
    CommandLine, Placement, Platform, Ran, Shape, at_rest, eventually, rebuild_equals_live,
    remains_of,
};

/// Parts of an address that stand nowhere else.
const NAME: &str = "Wilhelmina Quastenflosser";
const STREET: &str = "Unterm Zwiebelturm 17b";
const TOWN: &str = "Quastendorf";
const MAIL: &str = "wilhelmina@quastendorf.example";
const TEXTS: [&str; 4] = [NAME, STREET, TOWN, MAIL];

/// Everything that a process may write: were something personal logged anywhere, it would be here.
const ALL_LOGS: (&str, &str) = ("telemetry.log", "debug,hyper=info,h2=info,sqlx=debug");

/// An erasure is everywhere after a second.
const FORGETFUL: (&str, &str) = ("personal_data.cache_s", "1");

fn address() -> Value {
    json!({
        "name": NAME,
        "lines": [STREET],
        "city": TOWN,
        "postal_code": "98765",
        "country": "Germany",
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_finds_an_address_all_in_one() {
    let platform = Platform::start(Shape::AllInOne, &[ALL_LOGS, FORGETFUL]).await;
    an_order_lives_and_its_address_is_nowhere(&platform).await;
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_finds_an_address_of_separate_processes() {
    let platform = Platform::start(Shape::Separate, &[ALL_LOGS, FORGETFUL]).await;
    an_order_lives_and_its_address_is_nowhere(&platform).await;
    platform.stop().await;
}

/// The keys are beside what the sagas remember there.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_finds_an_address_with_events_in_kurrentdb() {
    let platform = Platform::start_on_kurrentdb(Shape::AllInOne, &[ALL_LOGS, FORGETFUL]).await;
    an_order_lives_and_its_address_is_nowhere(&platform).await;
    platform.stop().await;
}

async fn an_order_lives_and_its_address_is_nowhere(p: &Platform) {
    let id = delivered(p).await;
    sent_back(p, &id).await;
    let order = p.api.get(&format!("/v1/orders/{id}")).await.expect(200);
    assert_eq!(order.body["shipping_address"], address());
    assert_eq!(order.body["erased"], false);
    let found = remains_of(p, &TEXTS).await;
    assert!(found.is_empty(), "{found:#?}");

    // As it was before the erasure, in a schema that nothing keeps up to date.
    let head = p.events().await.head().await;
    let head = head.expect("the head can be read").position.to_string();
    let past = ["rebuild", "--all", "--until", &head, "--into", "audit"];
    CommandLine::of_operator(p).projector(&past).await.well();

    let before = verified(p, &TEXTS).await.ended(1);
    before.says(&["the key is there"]);
    let erase = || p.api.command(Method::DELETE, "/v1/customers/4711");
    let erased = p.api.send(erase()).await.expect(200);
    assert_eq!(erased.body["complete_within_s"], 1);
    eventually("nobody can read it any more", async || {
        let order = p.api.try_get(&format!("/v1/orders/{id}")).await?;
        match (&order["shipping_address"], &order["erased"]) {
            (Value::Null, Value::Bool(true)) => Ok(()),
            _ => Err(order.to_string()),
        }
    })
    .await;
    let known = p.api.get("/v1/customers/4711").await.expect(200);
    assert_eq!(
        (&known.body["name"], &known.body["erased"]),
        (&json!(null), &json!(true))
    );
    // The order is listed and found as before, and its history is read.
    let listed = p.api.list("/v1/orders?customer_id=4711").await;
    assert_eq!(listed.expect("orders are listed")[0]["order_id"], *id);
    let first = p
        .api
        .get(&format!("/v1/orders/{id}?version=1"))
        .await
        .expect(200);
    assert_eq!(
        (&first.body["status"], &first.body["erased"]),
        (&json!("placed"), &json!(true))
    );
    // Nothing personal is taken for that number; what is not is.
    let mut body = Placement::of("PERSONAL", 1, 100).customer("4711").body();
    p.api.post("/v1/orders", &body).await.expect(201);
    body["shipping_address"] = address();
    let refused = p.api.post("/v1/orders", &body).await.expect(409);
    assert_eq!(refused.code(), "CUSTOMER_ERASED");
    what_was_not_sent_yet_is_refused(p).await;
    at_rest(p).await;
    rebuild_equals_live(p).await;
    let found = remains_of(p, &TEXTS).await;
    assert!(found.is_empty(), "{found:#?}");

    let after = verified(p, &TEXTS).await.ended(0).json();
    assert_eq!(
        (&after["erased"], &after["complete"]),
        (&json!(true), &json!(true))
    );
    let not = after["not_looked_at"]
        .as_array()
        .expect("it says what it did not");
    let names = not.iter().map(|place| place["place"].as_str());
    let names: Vec<_> = names.flatten().filter(|name| *name != "broker").collect();
    assert_eq!(names, ["backups", "participants"]);
    let checks = after["checks"].as_array().expect("it says what it did");
    // What there is of that customer was looked at, and not an empty table in its stead.
    for looked_at in [
        "key of the customer",
        "addresses in read.order_summary",
        "addresses in read.order_timeline",
        "addresses in audit.order_summary",
        "addresses in audit.order_timeline",
        "rows of audit.customer_summary",
        "rows of read.customer_summary",
        "rows of read.order_process",
        "rows of read.order_summary",
        "rows of read.order_timeline",
        "rows of read.return_summary",
        "rows of read.shipment_summary",
        "rows of saga.policy_state",
    ] {
        let check = checks.iter().find(|check| check["place"] == looked_at);
        let rows = check.and_then(|check| check["looked_at"].as_u64());
        assert!(rows > Some(0), "{looked_at}: {after:#}");
    }
    // It finds what is there: nobody has sealed the name of the article.
    let found = verified(p, &["PERSONAL"]).await.ended(1).json();
    let checks = found["checks"].as_array().expect("it says what it did");
    let problems = checks.iter().filter(|check| !check["problem"].is_null());
    let places: Vec<_> = problems.map(|check| &check["place"]).collect();
    for table in ["order_summary", "order_timeline", "return_summary"] {
        let place = json!(format!("rows of read.{table}"));
        assert!(places.contains(&&place), "{place}: {found:#}");
    }
}

/// The customer sends a piece back, which is not accepted: all that a return says of them is why.
async fn sent_back(p: &Platform, order: &str) {
    let wanted = json!({
        "order_id": order,
        "lines": [{"line": 1, "quantity": 1}],
        "reason": "too small",
    });
    let asked = p.api.post("/v1/returns", &wanted).await.expect(201);
    let id = asked.body["return_id"].as_str().expect("it has an id");
    let seen = json!({"lines": [{"line": 1, "refused": 1, "reason": "worn"}]});
    for (what, body) in [
        ("approve", json!({})),
        ("receive", json!({})),
        ("inspect", seen),
    ] {
        let path = format!("/v1/returns/{id}/{what}");
        p.api.post(&path, &body).await.expect(200);
    }
    p.api.return_that_is("closed", id).await;
}

/// `orders verify-erasure` of the customer.
async fn verified(p: &Platform, texts: &[&str]) -> Ran {
    let mut arguments = vec![
        "verify-erasure".to_owned(),
        "4711".to_owned(),
        "--json".to_owned(),
        "--leave-out".to_owned(),
        "backups".to_owned(),
        "--leave-out".to_owned(),
        "participants".to_owned(),
    ];
    for text in texts {
        arguments.extend(["--contains".to_owned(), (*text).to_owned()]);
    }
    for process in p.processes().filter(|process| process.name() != "sandbox") {
        let log = p.directory().join(format!("{}.log", process.name()));
        arguments.extend(["--log".to_owned(), log.display().to_string()]);
    }
    let line = CommandLine::of_operator(p);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    line.orders(&arguments).await
}

/// An order whose customer is erased before it leaves is kept, and says why.
async fn what_was_not_sent_yet_is_refused(p: &Platform) {
    let mut body = Placement::of("PERSONAL", 1, 100).customer("4712").body();
    body["shipping_address"] = address();
    let id = p.api.post("/v1/orders", &body).await.expect(201).order_id();
    p.api.order_that_is("confirmed", &id).await;
    p.api.shipment_that_is("pending", &id).await;
    let erase = p.api.command(Method::DELETE, "/v1/customers/4712");
    p.api.send(erase).await.expect(200);
    // No process knows the key after that time, and none has a reason to ask for it before.
    p.api.ship("pack", &id).await.expect(200);
    p.api.shipment_that_is("refused", &id).await;
    let refused = p.api.timeline_with("DispatchRefused", &id).await;
    assert_eq!(
        of_type(&refused, "DispatchRefused")["data"]["code"],
        "address_erased"
    );
    let cancel = format!("/v1/orders/{id}/cancel");
    p.api
        .post(&cancel, &json!({"reason": "it cannot be sent"}))
        .await
        .expect(202);
    p.api.order_that_is("cancelled", &id).await;
}

/// An order that has arrived where it was to go, with everything that can be told of it.
async fn delivered(p: &Platform) -> String {
    p.api.receive("PERSONAL", 10).await;
    let who = json!({"customer_id": "4711", "name": NAME, "email": MAIL, "phone": "0815 4711"});
    p.api.post("/v1/customers", &who).await.expect(201);
    let known = p.api.get("/v1/customers/4711").await.expect(200);
    assert_eq!(
        (&known.body["name"], &known.body["email"]),
        (&json!(NAME), &json!(MAIL))
    );
    let mut body = Placement::of("PERSONAL", 2, 100).customer("4711").body();
    body["shipping_address"] = address();
    let placed = p
        .api
        .post_as("personal", "/v1/orders", &body)
        .await
        .expect(201);
    assert_eq!(placed.body["shipping_address"], address());
    // Again, it is the same.
    let again = p
        .api
        .post_as("personal", "/v1/orders", &body)
        .await
        .expect(201);
    assert_eq!(again.body, placed.body);
    let id = placed.order_id();
    // What is refused is said without what was sent.
    let mut wrong = body.clone();
    wrong["total"] = json!(1);
    p.api.post("/v1/orders", &wrong).await.expect(422);
    wrong["shipping_address"]["country"] = json!("");
    let refused = p.api.post("/v1/orders", &wrong).await.expect(422);
    assert_eq!(refused.pointer(), "/shipping_address/country");

    p.api.order_that_is("confirmed", &id).await;
    p.api.shipment_that_is("pending", &id).await;
    p.api.ship("pack", &id).await.expect(200);
    p.api.order_that_is("completed", &id).await;
    let shipment = p.api.shipment_that_is("delivered", &id).await;
    let shipment = shipment["shipment_id"].as_str().expect("it has an id");
    let labels = p.provider.labels(shipment).await;
    assert_eq!(labels[0]["address"], address(), "the carrier must know it");

    // The timeline says what happened as the event does: sealed.
    let timeline = p.api.timeline_with("OrderCompleted", &id).await;
    let data = &of_type(&timeline, "OrderPlaced")["data"];
    let sealed = data["shipping_address"].as_str().unwrap_or_default();
    assert!(sealed.starts_with("sealed:1:"), "{data}");
    id
}

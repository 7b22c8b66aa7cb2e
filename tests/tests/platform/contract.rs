//! What the API promises about requests that are repeated, conditional, or wrong.

use chassis::token::ConsistencyToken;
use futures::future::join_all;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use tests::platform::{Answer, History, Placement, Platform, Scenario, Shape, run_all};

#[tokio::test(flavor = "multi_thread")]
async fn the_api_keeps_its_promises() {
    let platform = Platform::start(Shape::AllInOne, &[]).await;
    let p = &platform;
    p.api.receive("A", 1_000).await;
    let scenarios: Vec<Scenario> = vec![
        ("replay", Box::pin(the_same_key_gets_the_same_answer(p))),
        (
            "another payload",
            Box::pin(another_payload_under_a_key_is_refused(p)),
        ),
        (
            "at once",
            Box::pin(the_same_request_at_once_has_one_effect(p)),
        ),
        ("refusals", Box::pin(refusals_are_remembered(p))),
        (
            "forgotten",
            Box::pin(nothing_is_placed_twice_when_its_record_is_forgotten(p)),
        ),
        (
            "failures",
            Box::pin(what_was_not_executed_is_not_remembered(p)),
        ),
        ("keys", Box::pin(keys_are_required_and_checked(p))),
        ("if-match", Box::pin(a_stale_version_is_refused(p))),
        ("malformed", Box::pin(what_is_malformed_is_named(p))),
        ("meaning", Box::pin(every_rule_of_meaning_is_named(p))),
        (
            "state",
            Box::pin(what_the_state_forbids_says_what_it_allows(p)),
        ),
        (
            "nowhere",
            Box::pin(wrong_paths_methods_and_types_are_problems(p)),
        ),
        ("reads", Box::pin(wrong_reads_are_problems(p))),
        ("operations", Box::pin(every_operation_is_driven(p))),
        ("names", Box::pin(a_request_is_named_in_its_answer(p))),
        ("health", Box::pin(the_process_tells_how_it_is(p))),
    ];
    run_all(p, scenarios).await;
    what_was_answered_is_documented(p).await;
    tokens_are_of_the_epoch_that_the_store_is_of(p).await;
    p.stop().await;
}

fn order() -> Value {
    Placement::of("A", 1, 100).body()
}

async fn the_same_key_gets_the_same_answer(p: &Platform) {
    let first = p
        .api
        .post_as("replay-1", "/v1/orders", &order())
        .await
        .expect(201);
    assert!(!first.replayed());
    // The state moves on; the answer stays.
    p.api.order_that_is("confirmed", &first.order_id()).await;
    // Bare and quoted are the same key.
    for key in ["replay-1", "\"replay-1\""] {
        let again = p.api.post_as(key, "/v1/orders", &order()).await.expect(201);
        assert!(again.replayed());
        assert_eq!(again.text, first.text);
        for header in ["etag", "location", "consistency-token", "content-type"] {
            assert_eq!(again.header(header), first.header(header), "{header}");
        }
    }
    // The key counts within its path: elsewhere it is another request.
    let path = format!("/v1/orders/{}/notes", first.order_id());
    let note = json!({"text": "x"});
    let noted = p.api.post_as("replay-1", &path, &note).await.expect(200);
    let again = p.api.post_as("replay-1", &path, &note).await.expect(200);
    assert_eq!((again.replayed(), again.text), (true, noted.text));
    let cancel = format!("/v1/orders/{}/cancel", first.order_id());
    let reason = json!({"reason": "x"});
    let first = p
        .api
        .post_as("replay-1", &cancel, &reason)
        .await
        .expect(202);
    p.api.order_that_is("cancelled", &first.order_id()).await;
    let again = p
        .api
        .post_as("replay-1", &cancel, &reason)
        .await
        .expect(202);
    assert_eq!((again.replayed(), again.text), (true, first.text));
}

async fn another_payload_under_a_key_is_refused(p: &Platform) {
    let first = p
        .api
        .post_as("payload-1", "/v1/orders", &order())
        .await
        .expect(201);
    let other = Placement::of("A", 2, 100).body();
    let refused = p
        .api
        .post_as("payload-1", "/v1/orders", &other)
        .await
        .expect(422);
    assert_eq!(refused.code(), "IDEMPOTENCY_KEY_REUSED");
    assert_eq!(refused.pointer(), "header:Idempotency-Key");
    assert_eq!(refused.body["retryable"], false);
    // And the first answer is still there.
    let again = p
        .api
        .post_as("payload-1", "/v1/orders", &order())
        .await
        .expect(201);
    assert_eq!(again.text, first.text);
}

async fn the_same_request_at_once_has_one_effect(p: &Platform) {
    let body = Placement::of("A", 1, 100).customer("at-once").body();
    let all = (0..32).map(|_| p.api.post_as("at-once-1", "/v1/orders", &body));
    let answers: Vec<Answer> = join_all(all).await;
    let mut placed: Vec<&str> = vec![];
    for answer in &answers {
        match answer.status {
            201 => placed.push(&answer.text),
            409 => {
                assert_eq!(answer.code(), "COMMAND_IN_PROGRESS");
                assert_eq!(answer.body["retryable"], true);
                assert!(!answer.header("retry-after").is_empty(), "no Retry-After");
            }
            other => panic!("{other}: {}", answer.text),
        }
    }
    assert!(!placed.is_empty());
    placed.dedup();
    assert_eq!(placed.len(), 1, "{placed:?}");
    assert_eq!(
        answers
            .iter()
            .filter(|a| a.status == 201 && !a.replayed())
            .count(),
        1
    );
    let history = History::read(&p.database()).await;
    let orders = history.orders();
    let ours = orders
        .values()
        .filter(|(_, order)| order.placed.customer_id.as_str() == "at-once");
    assert_eq!(ours.count(), 1);
}

async fn refusals_are_remembered(p: &Platform) {
    p.api.receive("REFUSED", 1).await;
    let path = "/v1/stock/REFUSED/adjustments";
    let body = json!({"delta": -2, "reason": "gone"});
    let first = p.api.post_as("refused-1", path, &body).await.expect(409);
    assert!(!first.replayed());
    assert_eq!(first.header("etag"), "\"1\"");
    // By now it would be allowed; but this request was answered.
    p.api.receive("REFUSED", 10).await;
    let again = p.api.post_as("refused-1", path, &body).await.expect(409);
    is_the_same_refusal(&again, &first);
    p.api.post_as("refused-2", path, &body).await.expect(201);

    // What the state allowed then is part of the answer, whatever it allows now.
    let sku = Placement::of("NOT-THERE", 1, 100);
    let id = p.api.place(&sku).await.order_id();
    p.api.order_that_is("rejected", &id).await;
    let cancel = format!("/v1/orders/{id}/cancel");
    let reason = json!({"reason": "x"});
    let first = p
        .api
        .post_as("refused-3", &cancel, &reason)
        .await
        .expect(409);
    assert_eq!(first.body["allowed_commands"], json!(["add_note"]));
    let note = json!({"text": "x"});
    p.api.post(&format!("/v1/orders/{id}/notes"), &note).await;
    let again = p
        .api
        .post_as("refused-3", &cancel, &reason)
        .await
        .expect(409);
    is_the_same_refusal(&again, &first);

    // That there is no such order is remembered as well; it has no version.
    let nobody = "/v1/orders/01890000-0000-7000-8000-000000000001/cancel";
    let first = p
        .api
        .post_as("refused-4", nobody, &reason)
        .await
        .expect(404);
    assert_eq!(first.header("etag"), "");
    let again = p
        .api
        .post_as("refused-4", nobody, &reason)
        .await
        .expect(404);
    is_the_same_refusal(&again, &first);
}

/// The first refusal again: the same status, body and headers, but for what names the request.
fn is_the_same_refusal(again: &Answer, first: &Answer) {
    assert!(again.replayed(), "{again:?}");
    let body = |answer: &Answer| {
        let mut body = answer.body.clone();
        body["request_id"] = Value::Null;
        body
    };
    assert_eq!(body(again), body(first));
    assert!(!first.header("consistency-token").is_empty());
    for header in ["etag", "consistency-token", "content-type"] {
        assert_eq!(again.header(header), first.header(header), "{header}");
    }
}

/// After a restore the store may be given another epoch while processes run.
async fn tokens_are_of_the_epoch_that_the_store_is_of(p: &Platform) {
    let epoch = |answer: &Answer| {
        let token: ConsistencyToken = answer.header("consistency-token").parse().expect("a token");
        token.epoch
    };
    let first = p.api.post_as("epoch-1", "/v1/orders", &order()).await;
    let first = first.expect(201);
    let pool = sqlx::PgPool::connect(&p.database())
        .await
        .expect("the database can be reached");
    let change = "UPDATE store.head SET epoch = gen_random_uuid() RETURNING epoch";
    let now: uuid::Uuid = sqlx::query_scalar(change)
        .fetch_one(&pool)
        .await
        .expect("the epoch can be changed");
    pool.close().await;
    assert_ne!(epoch(&first), now);
    for key in ["epoch-1", "epoch-2"] {
        let answer = p.api.post_as(key, "/v1/orders", &order()).await.expect(201);
        assert_eq!(epoch(&answer), now, "{key}");
    }
}

/// Answers are remembered for some days; that nothing is done twice holds for ever.
async fn nothing_is_placed_twice_when_its_record_is_forgotten(p: &Platform) {
    let mut dated = order();
    dated["placed_at"] = json!("2010-12-01T08:26:00Z");
    let first = p.api.post_as("forgotten-1", "/v1/orders", &order()).await;
    let first = first.expect(201);
    let first_dated = p.api.post_as("forgotten-2", "/v1/orders", &dated).await;
    let first_dated = first_dated.expect(201);
    let id = first.order_id();
    p.api.order_that_is("confirmed", &id).await;
    let pool = sqlx::PgPool::connect(&p.database())
        .await
        .expect("the database can be reached");
    let events = async || -> i64 {
        let count = sqlx::query_scalar("SELECT count(*) FROM store.events WHERE stream = $1");
        let stream = format!("order-main.{id}");
        count.bind(stream).fetch_one(&pool).await.expect("a count")
    };
    let before = events().await;
    // Twice: the second time there is the record of the first.
    for forget in [true, false] {
        if forget {
            sqlx::query("DELETE FROM store.commands WHERE stream = ANY($1)")
                .bind(
                    [&first, &first_dated].map(|first| format!("order-main.{}", first.order_id())),
                )
                .execute(&pool)
                .await
                .expect("records can be forgotten");
        }
        for (key, body, first) in [
            ("forgotten-1", order(), &first),
            ("forgotten-2", dated.clone(), &first_dated),
        ] {
            let again = p.api.post_as(key, "/v1/orders", &body).await.expect(201);
            assert!(again.replayed(), "{again:?}");
            assert_eq!(again.text, first.text);
            for header in ["etag", "location", "consistency-token"] {
                assert_eq!(again.header(header), first.header(header), "{header}");
            }
        }
    }
    assert_eq!(events().await, before);
    // Another order under the key of this one is refused, and so is the same at another time.
    sqlx::query("DELETE FROM store.commands WHERE stream = ANY($1)")
        .bind([&first, &first_dated].map(|first| format!("order-main.{}", first.order_id())))
        .execute(&pool)
        .await
        .expect("records can be forgotten");
    let other = Placement::of("A", 2, 100).body();
    let right_dated = dated.clone();
    dated["placed_at"] = json!("2010-12-02T08:26:00Z");
    for (key, body, right, first) in [
        ("forgotten-1", other, order(), &first),
        ("forgotten-2", dated, right_dated, &first_dated),
    ] {
        for _ in 0..2 {
            let refused = p.api.post_as(key, "/v1/orders", &body).await.expect(409);
            assert_eq!(refused.code(), "ORDER_ALREADY_PLACED");
            assert_eq!(refused.body["retryable"], false);
            is_a_problem(&refused);
        }
        // That does not stand in the way of the request that placed it.
        let again = p.api.post_as(key, "/v1/orders", &right).await.expect(201);
        assert!(again.replayed(), "{again:?}");
        assert_eq!(again.text, first.text);
    }
    assert_eq!(events().await, before);
    pool.close().await;
}

async fn what_was_not_executed_is_not_remembered(p: &Platform) {
    let mut body = order();
    body["lines"][0]["sku"] = json!("no/slash");
    p.api
        .post_as("not-executed-1", "/v1/orders", &body)
        .await
        .expect(400);
    p.api
        .post_as("not-executed-1", "/v1/orders", &order())
        .await
        .expect(201);
}

async fn keys_are_required_and_checked(p: &Platform) {
    let post = || p.api.command(Method::POST, "/v1/orders").json(&order());
    let missing = p.api.send(post()).await.expect(400);
    assert_eq!(missing.code(), "IDEMPOTENCY_KEY_REQUIRED");
    for key in ["", "two words", &"k".repeat(256), "\"open"] {
        let answer = p
            .api
            .send(post().header("idempotency-key", key))
            .await
            .expect(400);
        assert_eq!(answer.code(), "INVALID_IDEMPOTENCY_KEY", "{key:?}");
        assert_eq!(answer.pointer(), "header:Idempotency-Key");
    }
    let longest = "k".repeat(255);
    p.api
        .send(post().header("idempotency-key", longest))
        .await
        .expect(201);
}

async fn a_stale_version_is_refused(p: &Platform) {
    let id = p.api.place(&Placement::of("A", 1, 100)).await.order_id();
    let path = format!("/v1/orders/{id}/notes");
    let note = |key: &str, version: &str| {
        let request = p.api.posting(&path, key, &json!({"text": "x"}));
        p.api.send(request.header("if-match", version.to_owned()))
    };
    p.api.order_that_is("confirmed", &id).await;
    let stale = note(&format!("{id}-1"), "\"1\"").await.expect(412);
    assert_eq!(
        (stale.code(), &stale.body["current_version"]),
        ("VERSION_MISMATCH", &json!(2))
    );
    assert_eq!(stale.header("etag"), "\"2\"");
    let done = note(&format!("{id}-2"), "\"2\"").await.expect(200);
    assert_eq!(done.header("etag"), "\"3\"");
    // A repetition is the first answer, though its version is stale by now.
    assert!(
        note(&format!("{id}-2"), "\"2\"")
            .await
            .expect(200)
            .replayed()
    );
    note(&format!("{id}-3"), "*").await.expect(200);
    for wrong in ["3", "W/\"3\"", "\"3\", \"4\"", "\"x\""] {
        let answer = note(&format!("{id}-4"), wrong).await.expect(400);
        assert_eq!(answer.code(), "INVALID_IF_MATCH", "{wrong}");
    }
}

async fn what_is_malformed_is_named(p: &Platform) {
    let with = |pointer: &str, value: Value| {
        let mut body = order();
        body["total"] = json!(100);
        body["shipping_address"] = json!({"country": "France"});
        let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
        let parent = body.pointer_mut(parent).expect("the parent is there");
        match name.parse::<usize>() {
            Ok(index) => parent[index] = value,
            Err(_) => parent[name] = value,
        }
        body
    };
    // Each is the body and the pointer that must be named.
    let cases = [
        (with("/surprise", json!(1)), "/surprise"),
        (with("/lines/0/colour", json!("red")), "/lines/0/colour"),
        (
            with("/shipping_address/planet", json!("Mars")),
            "/shipping_address/planet",
        ),
        (with("/lines/0/sku", json!("a/b")), "/lines/0/sku"),
        (with("/lines/0/sku", json!("")), "/lines/0/sku"),
        (with("/lines/0/quantity", json!("1")), "/lines/0/quantity"),
        (with("/lines/0/quantity", json!(1.5)), "/lines/0/quantity"),
        (
            with("/lines/0/unit_price", json!(9_223_372_036_854_775_808_u64)),
            "/lines/0/unit_price",
        ),
        (with("/currency", json!("EURO")), "/currency"),
        (with("/currency", json!("eur")), "/currency"),
        (with("/customer_id", json!("two words")), "/customer_id"),
        (with("/customer_id", json!(17_850)), "/customer_id"),
        (with("/placed_at", json!("yesterday")), "/placed_at"),
        (with("/placed_at", json!(1_291_191_960)), "/placed_at"),
        (
            with("/placed_at", json!("2010-1-1 0:0:0 UTC")),
            "/placed_at",
        ),
        (
            with("/placed_at", json!("-5000-01-01T00:00:00Z")),
            "/placed_at",
        ),
        (
            with("/placed_at", json!("+12010-01-01T00:00:00Z")),
            "/placed_at",
        ),
        (with("/lines", json!({})), "/lines"),
        (with("/payment_method", json!(null)), "/payment_method"),
    ];
    for (body, pointer) in cases {
        let answer = p.api.post("/v1/orders", &body).await.expect(400);
        assert_eq!(
            (answer.code(), answer.pointer()),
            ("INVALID_BODY", pointer),
            "{}",
            answer.text
        );
        is_a_problem(&answer);
    }
    let deep = "[".repeat(100_000);
    for text in ["", "{", "{}x", "\u{feff}{}", "[1,2", "nul", &deep] {
        let request = p.api.command(Method::POST, "/v1/orders");
        let request = request.header("idempotency-key", "malformed");
        let request = request.header("content-type", "application/json");
        let answer = p.api.send(request.body(text.to_owned())).await.expect(400);
        is_a_problem(&answer);
    }
    for path in ["/v1/orders/not-a-uuid/cancel", "/v1/stock/%20A/adjustments"] {
        let body = json!({"reason": "x", "delta": 1});
        let answer = p.api.post(path, &body).await.expect(400);
        is_a_problem(&answer);
    }
}

async fn every_rule_of_meaning_is_named(p: &Platform) {
    let with = |change: &dyn Fn(&mut Value)| {
        let mut body = order();
        change(&mut body);
        body
    };
    let line = json!({"sku": "A", "quantity": 1, "unit_price": 1});
    let many = Value::Array(vec![line; 1_001]);
    let long = "x".repeat(129);
    let tomorrow = chrono::Utc::now() + chrono::TimeDelta::days(1);
    let address = |name: &str, value: Value| {
        let mut address = json!({"country": "France"});
        address[name] = value;
        with(&|b| b["shipping_address"] = address.clone())
    };
    let placements = [
        (with(&|b| b["lines"] = json!([])), "NO_LINES", "/lines"),
        (
            with(&|b| b["lines"] = many.clone()),
            "TOO_MANY_LINES",
            "/lines",
        ),
        (
            with(&|b| b["lines"][0]["quantity"] = json!(0)),
            "QUANTITY_OUT_OF_RANGE",
            "/lines/0/quantity",
        ),
        (
            with(&|b| b["lines"][0]["quantity"] = json!(-1)),
            "QUANTITY_OUT_OF_RANGE",
            "/lines/0/quantity",
        ),
        (
            with(&|b| b["lines"][0]["quantity"] = json!(10_000_001)),
            "QUANTITY_OUT_OF_RANGE",
            "/lines/0/quantity",
        ),
        (
            with(&|b| b["lines"][0]["unit_price"] = json!(-1)),
            "NEGATIVE_PRICE",
            "/lines/0/unit_price",
        ),
        (
            with(&|b| b["lines"][0]["currency"] = json!("USD")),
            "MIXED_CURRENCIES",
            "/lines/0/currency",
        ),
        (
            with(&|b| {
                b["lines"][0]["unit_price"] = json!(i64::MAX);
                b["lines"][0]["quantity"] = json!(2);
            }),
            "TOTAL_OVERFLOW",
            "/lines/0/quantity",
        ),
        (
            with(&|b| b["total"] = json!(99)),
            "TOTAL_MISMATCH",
            "/total",
        ),
        (
            with(&|b| b["payment_method"] = json!("")),
            "TEXT_LENGTH",
            "/payment_method",
        ),
        (
            with(&|b| b["payment_method"] = json!(long)),
            "TEXT_LENGTH",
            "/payment_method",
        ),
        (
            with(&|b| b["payment_method"] = json!("a\u{0}b")),
            "TEXT_CONTROL_CHARACTER",
            "/payment_method",
        ),
        (
            with(&|b| b["reference"] = json!(" ")),
            "TEXT_LENGTH",
            "/reference",
        ),
        (
            with(&|b| b["placed_at"] = json!(tomorrow)),
            "PLACED_IN_FUTURE",
            "/placed_at",
        ),
        (
            with(&|b| b["placed_at"] = json!("1899-12-31T23:59:59Z")),
            "PLACED_TOO_EARLY",
            "/placed_at",
        ),
        (
            address("lines", json!(vec!["x"; 7])),
            "TOO_MANY_ADDRESS_LINES",
            "/shipping_address/lines",
        ),
        (
            address("country", json!("")),
            "TEXT_LENGTH",
            "/shipping_address/country",
        ),
        (
            address("city", json!("a\nb")),
            "TEXT_CONTROL_CHARACTER",
            "/shipping_address/city",
        ),
    ];
    for (body, code, pointer) in placements {
        refused(p, "/v1/orders", &body, code, pointer).await;
    }
    let id = p.api.place(&Placement::of("A", 1, 100)).await.order_id();
    let on = |what: &str| format!("/v1/orders/{id}/{what}");
    let prose = "x".repeat(2_001);
    for (path, body, code, pointer) in [
        (on("notes"), json!({"text": ""}), "TEXT_LENGTH", "/text"),
        (on("notes"), json!({"text": prose}), "TEXT_LENGTH", "/text"),
        (
            on("notes"),
            json!({"text": "\u{1b}[31m"}),
            "TEXT_CONTROL_CHARACTER",
            "/text",
        ),
        (
            on("cancel"),
            json!({"reason": " "}),
            "TEXT_LENGTH",
            "/reason",
        ),
        (
            on("holds"),
            json!({"hold": "Two Words", "reason": "x"}),
            "NOT_A_SLUG",
            "/hold",
        ),
        (
            on("holds"),
            json!({"hold": "h", "reason": ""}),
            "TEXT_LENGTH",
            "/reason",
        ),
        (
            "/v1/stock/A/receipts".into(),
            json!({"quantity": 0}),
            "QUANTITY_OUT_OF_RANGE",
            "/quantity",
        ),
        (
            "/v1/stock/A/adjustments".into(),
            json!({"delta": 0, "reason": "x"}),
            "DELTA_OUT_OF_RANGE",
            "/delta",
        ),
        (
            "/v1/stock/A/adjustments".into(),
            json!({"delta": 1, "reason": ""}),
            "TEXT_LENGTH",
            "/reason",
        ),
    ] {
        refused(p, &path, &body, code, pointer).await;
    }
}

async fn refused(p: &Platform, path: &str, body: &Value, code: &str, pointer: &str) {
    let answer = p.api.post(path, body).await.expect(422);
    assert_eq!(
        (answer.code(), answer.pointer()),
        (code, pointer),
        "{}",
        answer.text
    );
    assert_eq!(answer.body["retryable"], false);
    is_a_problem(&answer);
}

async fn what_the_state_forbids_says_what_it_allows(p: &Platform) {
    let id = p
        .api
        .place(&Placement::of("NOT-THERE", 1, 100))
        .await
        .order_id();
    p.api.order_that_is("rejected", &id).await;
    let cancel = format!("/v1/orders/{id}/cancel");
    let answer = p
        .api
        .post(&cancel, &json!({"reason": "x"}))
        .await
        .expect(409);
    assert_eq!(answer.code(), "ORDER_STATE");
    assert_eq!(answer.body["allowed_commands"], json!(["add_note"]));
    assert_eq!(answer.body["current_version"], 2);
    assert_eq!(answer.body["retryable"], false);
    is_a_problem(&answer);
    let nobody = "/v1/orders/01890000-0000-7000-8000-000000000000/cancel";
    let answer = p
        .api
        .post(nobody, &json!({"reason": "x"}))
        .await
        .expect(404);
    assert_eq!(answer.code(), "ORDER_NOT_FOUND");
    is_a_problem(&answer);
}

async fn wrong_paths_methods_and_types_are_problems(p: &Platform) {
    let answer = p.api.get("/v1/nothing").await.expect(404);
    assert_eq!(answer.code(), "ROUTE_NOT_FOUND");
    is_a_problem(&answer);
    let answer = p
        .api
        .send(p.api.command(Method::DELETE, "/v1/orders"))
        .await
        .expect(405);
    assert_eq!(answer.code(), "METHOD_NOT_ALLOWED");
    let allowed = answer.header("allow");
    assert!(
        allowed.contains("POST") && allowed.contains("GET"),
        "{allowed:?}"
    );
    is_a_problem(&answer);
    for content_type in ["text/plain", "application/x-www-form-urlencoded", ""] {
        let request = p.api.command(Method::POST, "/v1/orders");
        let request = request
            .header("idempotency-key", "type")
            .body(order().to_string());
        let request = request.header("content-type", content_type);
        let answer = p.api.send(request).await.expect(415);
        assert_eq!(answer.code(), "UNSUPPORTED_MEDIA_TYPE");
        is_a_problem(&answer);
    }
    let huge = json!({"text": "x".repeat(2 << 20)});
    let id = p.api.place(&Placement::of("A", 1, 100)).await.order_id();
    let answer = p
        .api
        .post(&format!("/v1/orders/{id}/notes"), &huge)
        .await
        .expect(413);
    assert_eq!(answer.code(), "PAYLOAD_TOO_LARGE");
    is_a_problem(&answer);
}

async fn wrong_reads_are_problems(p: &Platform) {
    let nobody = "01890000-0000-7000-8000-000000000000";
    for (path, status) in [
        (format!("/v1/orders/{nobody}"), 404),
        (format!("/v1/orders/{nobody}/events"), 404),
        (format!("/v1/orders/{nobody}?version=1"), 404),
        ("/v1/orders/x".into(), 400),
        ("/v1/orders?limit=0".into(), 400),
        ("/v1/orders?limit=201".into(), 400),
        ("/v1/orders?limit=x".into(), 400),
        ("/v1/orders?status=happy".into(), 400),
        ("/v1/orders?sort=colour".into(), 400),
        ("/v1/orders?colour=red".into(), 400),
        ("/v1/orders?cursor=forged".into(), 400),
        ("/v1/orders?placed_at[gte]=yesterday".into(), 400),
    ] {
        let answer = p.api.get(&path).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text);
        is_a_problem(&answer);
    }
    // A cursor belongs to its filters.
    for _ in 0..3 {
        let id = p
            .api
            .place(&Placement::of("A", 1, 100).customer("cursor"))
            .await
            .order_id();
        p.api.order_that_is("confirmed", &id).await;
    }
    let page = p
        .api
        .get("/v1/orders?customer_id=cursor&limit=1")
        .await
        .expect(200);
    let cursor = page.body["next_cursor"]
        .as_str()
        .expect("there is a next page");
    let page = format!("/v1/orders?customer_id=cursor&limit=1&cursor={cursor}");
    p.api.get(&page).await.expect(200);
    let other = format!("/v1/orders?customer_id=other&limit=1&cursor={cursor}");
    is_a_problem(&p.api.get(&other).await.expect(400));
    let token = p
        .api
        .query("/v1/orders")
        .header("consistency-token", "forged");
    is_a_problem(&p.api.send(token).await.expect(400));
}

async fn a_request_is_named_in_its_answer(p: &Platform) {
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let request = p.api.posting("/v1/orders", "named", &json!({}));
    let request = request
        .header("request-id", "my-request-1")
        .header("traceparent", format!("00-{trace}-00f067aa0ba902b7-01"));
    let answer = p.api.send(request).await.expect(400);
    assert_eq!(answer.header("request-id"), "my-request-1");
    assert_eq!(answer.body["request_id"], "my-request-1");
    assert!(answer.header("traceparent").contains(trace));
    // What must not leak.
    for word in ["sqlx", "postgres", "SELECT", "src/", "panicked", "serde"] {
        assert!(!answer.text.contains(word), "{word} in {}", answer.text);
    }
}

async fn the_process_tells_how_it_is(p: &Platform) {
    for path in ["/livez", "/readyz", "/startupz"] {
        p.api.get(path).await.expect(200);
    }
    let docs = p.api.get("/docs").await;
    assert!(docs.status == 200, "/docs: {}", docs.status);
    let metrics = p.api.get("/metrics").await.expect(200).text;
    assert!(metrics.contains("http_requests_total"), "{metrics}");
}

/// The operations that are documented: their method and path, and the statuses they may answer.
async fn operations(p: &Platform) -> BTreeMap<(String, String), BTreeSet<u16>> {
    let document = p.api.get("/openapi.json").await.expect(200);
    let paths = document.body["paths"].as_object().expect("it has paths");
    let mut operations = BTreeMap::new();
    for (path, item) in paths {
        for (method, operation) in item.as_object().expect("a path has operations") {
            let Some(responses) = operation["responses"].as_object() else {
                continue;
            };
            let statuses = responses.keys().filter_map(|status| status.parse().ok());
            let operation = (method.to_uppercase(), path.clone());
            operations.insert(operation, statuses.collect());
        }
    }
    operations
}

/// Each operation in the ways that all can be asked wrongly, and those that no other scenario asks.
async fn every_operation_is_driven(p: &Platform) {
    p.api.receive("DRIVEN", 10).await;
    let placement = Placement::of("DRIVEN", 1, 100).customer("driven");
    let placed = p.api.place(&placement).await;
    let (id, token) = (placed.order_id(), placed.header("consistency-token"));
    for path in [
        "/v1/orders?customer_id=driven".into(),
        format!("/v1/orders/{id}"),
        format!("/v1/orders/{id}/events"),
        "/v1/customers/driven".into(),
        "/v1/customers/driven/orders".into(),
        "/v1/stock".into(),
        "/v1/stock/DRIVEN".into(),
        "/v1/reports/sales".into(),
    ] {
        p.api.get_after(token, &path).await.expect(200);
    }
    for nobody in ["/v1/customers/nobody", "/v1/customers/nobody/orders"] {
        is_a_problem(&p.api.get(nobody).await.expect(404));
    }
    is_a_problem(&p.api.get("/v1/stock/NOBODY").await.expect(404));
    let hold = json!({"hold": "h", "reason": "x"});
    let holds = format!("/v1/orders/{id}/holds");
    p.api.post(&holds, &hold).await.expect(200);
    let release = format!("/v1/orders/{id}/holds/h/release");
    p.api.post(&release, &json!({})).await.expect(200);
    for (method, path) in operations(p).await.into_keys() {
        let path = path
            .replace("{order_id}", &id)
            .replace("{customer_id}", "driven")
            .replace("{sku}", "DRIVEN")
            .replace("{hold}", "h");
        if method == "GET" {
            is_a_problem(&p.api.get(&format!("{path}?surprise=1")).await.expect(400));
            let forged = p.api.query(&path).header("consistency-token", "forged");
            is_a_problem(&p.api.send(forged).await.expect(400));
            continue;
        }
        let post = |content_type: &str, body: &str| {
            let request = p.api.command(Method::POST, &path);
            let request = request.header("content-type", content_type.to_owned());
            request.body(body.to_owned())
        };
        let keyed = |request: RequestBuilder| request.header("idempotency-key", "driven");
        is_a_problem(&p.api.send(post("application/json", "{}")).await.expect(400));
        for (request, status) in [
            (post("application/json", "1"), 400),
            (post("text/plain", "{}"), 415),
        ] {
            is_a_problem(&p.api.send(keyed(request)).await.expect(status));
        }
        let stale = keyed(post("application/json", "{}")).header("if-match", "x");
        is_a_problem(&p.api.send(stale).await.expect(400));
    }
}

/// Everything that was answered here is documented, and every operation was done at least once.
async fn what_was_answered_is_documented(p: &Platform) {
    let operations = operations(p).await;
    let mut done = BTreeSet::new();
    for (asked, status) in p.api.statuses() {
        let (method, path) = asked.split_once(' ').expect("method and path");
        let operation = operations
            .keys()
            .find(|(of, template)| of == method && is_of(path, template));
        // Probes, and what nobody routes.
        let Some(operation) = operation else { continue };
        assert!(
            operations[operation].contains(&status),
            "{asked} was answered {status}, and {operation:?} may answer {:?}",
            operations[operation]
        );
        if status < 300 {
            done.insert(operation.clone());
        }
    }
    let missing: Vec<_> = operations
        .keys()
        .filter(|operation| !done.contains(operation))
        .collect();
    assert!(missing.is_empty(), "never done: {missing:?}");
}

/// Whether `path` is one of those that `template` stands for.
fn is_of(path: &str, template: &str) -> bool {
    let (path, template) = (path.split('/'), template.split('/'));
    path.clone().count() == template.clone().count()
        && path
            .zip(template)
            .all(|(part, wanted)| wanted.starts_with('{') || part == wanted)
}

/// RFC 9457, with what a program needs to go on.
fn is_a_problem(answer: &Answer) {
    assert_eq!(
        answer.header("content-type"),
        "application/problem+json",
        "{}",
        answer.text
    );
    assert_eq!(answer.body["status"], answer.status);
    for field in ["type", "title", "detail", "code", "request_id"] {
        let text = answer.body[field].as_str().unwrap_or_default();
        assert!(!text.is_empty(), "no {field} in {}", answer.text);
    }
    assert!(answer.body["retryable"].is_boolean(), "{}", answer.text);
    assert_eq!(answer.body["request_id"], answer.header("request-id"));
}

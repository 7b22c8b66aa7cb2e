//! The same request again: at once, later, changed, and long after.

use super::{is_a_problem, order};
use futures::future::join_all;
use serde_json::{Value, json};
use tests::platform::{Answer, History, Placement, Platform};

pub(super) async fn the_same_key_gets_the_same_answer(p: &Platform) {
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

pub(super) async fn another_payload_under_a_key_is_refused(p: &Platform) {
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

pub(super) async fn the_same_request_at_once_has_one_effect(p: &Platform) {
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
    let history = History::read(p).await;
    let orders = history.orders();
    let ours = orders
        .values()
        .filter(|(_, order)| order.placed.customer_id.as_str() == "at-once");
    assert_eq!(ours.count(), 1);
}

pub(super) async fn refusals_are_remembered(p: &Platform) {
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
    assert_eq!(
        first.body["allowed_commands"],
        json!(["add_note", "set_tags"])
    );
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

/// Answers are remembered for some days; that nothing is done twice holds for ever.
pub(super) async fn nothing_is_placed_twice_when_its_record_is_forgotten(p: &Platform) {
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

pub(super) async fn what_was_not_executed_is_not_remembered(p: &Platform) {
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

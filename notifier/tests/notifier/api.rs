//! The management of webhooks.

use crate::{harness::World, receiver::Receiver};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_is_made_shown_changed_and_deleted() {
    let world = World::new().await;
    let node = world.node().await;
    let body = json!({
        "url": "https://shop.example/hooks",
        "description": "the shop",
        "events": ["order.cancelled"],
    });
    let create = async |key: &str, body: &Value| {
        node.send(Method::POST, "/v1/webhooks", Some(key), Some(body))
            .await
    };
    let made = create("k", &body).await.expect(201);
    let secret = made.text("secret").to_owned();
    assert!(secret.starts_with("whsec_"));
    let path = format!("/v1/webhooks/{}", made.text("webhook_id"));
    assert_eq!(
        (
            made.headers["location"].to_str().unwrap(),
            &made.headers["etag"]
        ),
        (&*path, &"\"1\"".parse().unwrap())
    );
    // Again under the key, it is the same answer; another body under it is refused.
    let again = create("k", &body).await.expect(201);
    assert_eq!(
        (
            &again.body,
            again.headers.get("idempotent-replayed").is_some()
        ),
        (&made.body, true)
    );
    let mut other = body.clone();
    other["description"] = json!("another");
    let reused = create("k", &other).await.expect(422);
    assert_eq!(reused.text("code"), "IDEMPOTENCY_KEY_REUSED");
    let keyless = node
        .send(Method::POST, "/v1/webhooks", None, Some(&body))
        .await;
    assert_eq!(keyless.expect(400).text("code"), "IDEMPOTENCY_KEY_REQUIRED");

    let shown = node.get(&path).await.expect(200);
    assert_eq!(shown.body["secret"], json!(null), "it is shown once");
    assert_eq!(shown.text("description"), "the shop");
    let patch = async |key: &str, body: Value| {
        node.send(Method::PATCH, &path, Some(key), Some(&body))
            .await
    };
    let changed = patch("p", json!({"description": "", "events": []}))
        .await
        .expect(200);
    assert_eq!(
        (&changed.body["description"], &changed.body["events"]),
        (&json!(null), &json!([]))
    );
    assert_eq!(changed.text("url"), "https://shop.example/hooks");
    let unknown = patch("q", json!({"events": ["order.eaten"]}))
        .await
        .expect(422);
    assert_eq!(unknown.body["errors"][0]["pointer"], "/events/0");
    // A refusal is remembered as well.
    let unknown = patch("q", json!({"events": ["order.eaten"]}))
        .await
        .expect(422);
    assert!(unknown.headers.get("idempotent-replayed").is_some());
    let surprise = patch("r", json!({"surprise": 1})).await.expect(400);
    assert_eq!(surprise.text("code"), "INVALID_BODY");
    for what in ["disable", "disable", "enable"] {
        let done = node
            .post(&format!("{path}/{what}"), json!({}))
            .await
            .expect(200);
        assert_eq!(done.text("status"), format!("{what}d"));
    }
    assert_eq!(
        node.get(&path).await.headers["etag"],
        "\"4\"",
        "again changed nothing"
    );

    let delete = async || node.send(Method::DELETE, &path, None, None).await;
    delete().await.expect(200);
    assert_eq!(delete().await.expect(404).text("code"), "WEBHOOK_NOT_FOUND");
    for path in [path.clone(), format!("{path}/deliveries")] {
        node.get(&path).await.expect(404);
    }
    node.post(&format!("{path}/rotate"), json!({}))
        .await
        .expect(404);
    let none = "/v1/webhooks/deliveries/01890000-0000-7000-8000-000000000000/redeliver";
    assert_eq!(
        node.post(none, json!({})).await.expect(404).text("code"),
        "DELIVERY_NOT_FOUND"
    );
    let odd = node.get("/v1/webhooks/x").await.expect(400);
    assert_eq!(odd.body["errors"][0]["pointer"], "path:webhook_id");
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_come_in_pages_and_have_bounds() {
    let world = World::new().await.set("NOTIFICATION__MAX_ENDPOINTS", "3");
    let receiver = Receiver::start().await;
    let node = world.node().await;
    let mut made = vec![];
    for name in ["a", "b", "c"] {
        made.push(node.endpoint(&receiver.url(name)).await.0);
    }
    let more = json!({"url": receiver.url("d")});
    let refused = node.post("/v1/webhooks", more).await.expect(409);
    assert_eq!(refused.text("code"), "TOO_MANY_WEBHOOKS");
    let page = node.get("/v1/webhooks?limit=2").await.expect(200);
    let ids = |page: &Value| -> Vec<String> {
        let items = page["items"].as_array().unwrap().iter();
        items
            .map(|item| item["webhook_id"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(
        (ids(&page.body), &page.body["has_more"]),
        (made[..2].to_vec(), &json!(true))
    );
    let next = page.text("next_cursor");
    let rest = node
        .get(&format!("/v1/webhooks?limit=2&cursor={next}"))
        .await
        .expect(200);
    assert_eq!(
        (ids(&rest.body), &rest.body["next_cursor"]),
        (made[2..].to_vec(), &json!(null))
    );

    for _ in 0..3 {
        world.confirm("c").await;
    }
    receiver.comes("a", 3).await;
    let log = format!("/v1/webhooks/{}/deliveries", made[0]);
    let page = node.get(&format!("{log}?limit=2")).await.expect(200);
    let next = page.text("next_cursor").to_owned();
    let rest = node
        .get(&format!("{log}?limit=2&cursor={next}"))
        .await
        .expect(200);
    let positions = |page: &Value| -> Vec<i64> {
        let items = page["items"].as_array().unwrap().iter();
        items
            .map(|item| item["position"].as_i64().unwrap())
            .collect()
    };
    let all = [positions(&page.body), positions(&rest.body)].concat();
    assert!(
        all.len() == 3 && all.is_sorted_by(|one, two| one > two),
        "{all:?}"
    );
    // A cursor is of its list.
    let other = format!("/v1/webhooks/{}/deliveries?cursor={next}", made[1]);
    for wrong in [
        other,
        format!("{log}?status=failed&cursor={next}"),
        format!("{log}?cursor=x"),
        format!("{log}?limit=0"),
        format!("{log}?limit=201"),
        format!("{log}?status=lost"),
        format!("{log}?surprise=1"),
    ] {
        node.get(&wrong).await.expect(400);
    }
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn secrets_are_sealed_where_they_are_kept() {
    let world = World::new().await;
    let node = world.node().await;
    let (_, secret) = node.endpoint("https://shop.example/hooks").await;
    let mut connection = PgConnection::connect(world.database.url()).await.unwrap();
    for table in ["endpoint", "secret", "request"] {
        let dump = format!("SELECT coalesce(string_agg(t::text, ''), '') FROM notify.{table} AS t");
        let text: String = sqlx::query_scalar(sqlx::AssertSqlSafe(dump))
            .fetch_one(&mut connection)
            .await
            .unwrap();
        let (_, bytes) = secret.split_at("whsec_".len());
        assert!(!text.is_empty() && !text.contains(bytes), "{table}");
    }
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_with_a_long_log_is_deleted_with_it() {
    let (world, receiver) = (World::new().await, Receiver::start().await);
    let node = world.node().await;
    let (id, _) = node.endpoint(&receiver.url("a")).await;
    world.confirm("c").await;
    node.delivery_that(&id, |one| one["status"] == "delivered")
        .await;
    world
        .execute(
            "INSERT INTO notify.delivery (
                 id, tenant, endpoint_id, event_id, position, event_type, order_id, occurred_at,
                 body, state, due_at, settled_at
             )
             SELECT
                 gen_random_uuid(), tenant, endpoint_id, event_id, position, event_type, order_id,
                 occurred_at, body, state, due_at, settled_at
             FROM notify.delivery
             CROSS JOIN generate_series(1, 2500)",
        )
        .await;
    let path = format!("/v1/webhooks/{id}");
    let deleted = node.send(Method::DELETE, &path, None, None).await;
    deleted.expect(200);
    node.get(&path).await.expect(404);
    let mut connection = PgConnection::connect(world.database.url()).await.unwrap();
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM notify.delivery")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(left, 0);
    node.stop().await;
}

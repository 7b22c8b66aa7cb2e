//! What fails is tried again as the schedule says, and then no more.

use crate::{
    harness::{World, until},
    receiver::{Receiver, Reply},
};
use chrono::{DateTime, TimeDelta};
use serde_json::{Value, json};
use store::Clock;

fn time(value: &Value) -> DateTime<chrono::Utc> {
    value.as_str().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_attempt_has_the_same_id_and_its_time() {
    let (world, receiver) = (World::new().await, Receiver::start().await);
    let node = world.node().await;
    receiver.replies("a", Reply::Status(500));
    let (id, _) = node.endpoint(&receiver.url("a")).await;
    world.confirm("c").await;
    let mut waits = vec![];
    for attempt in 1..=9 {
        let delivery = node
            .delivery_that(&id, |delivery| {
                delivery["attempts"] == attempt && delivery["under_way"] == false
            })
            .await;
        let waits_for = time(&delivery["next_attempt_at"]) - world.clock.now();
        waits.push(waits_for);
        world
            .clock
            .put_forward(waits_for + TimeDelta::milliseconds(1));
    }
    let hours = |hours: i64| hours * 3_600;
    let planned = [
        5,
        300,
        1_800,
        hours(2),
        hours(5),
        hours(10),
        hours(14),
        hours(20),
        hours(24),
    ];
    for (wait, planned) in waits.iter().zip(planned) {
        let planned = TimeDelta::seconds(planned);
        // A little may have passed since it was planned, and it is longer by a fifth at most.
        assert!(*wait > planned - TimeDelta::seconds(5), "{waits:?}");
        assert!(*wait <= planned * 6 / 5, "{waits:?}");
    }
    // The tenth was the last.
    let failed = node
        .delivery_that(&id, |one| one["status"] == "failed")
        .await;
    assert_eq!(failed["attempts"], 10);
    let received = receiver.received("a");
    assert_eq!(received.len(), 10);
    let same = received[0].header("webhook-id");
    assert!(received.iter().all(|one| one.header("webhook-id") == same));
    let webhook = node.get(&format!("/v1/webhooks/{id}")).await.expect(200);
    assert_eq!(webhook.text("status"), "disabled");
    assert_eq!(webhook.text("disabled_reason"), "failing");
    until("the alarm", async || {
        let told = node.get("/notifications").await.body;
        (told["endpoints_disabled"]["failing"] == 1).then_some(())
    })
    .await;
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redirects_are_not_followed_and_retry_after_is_honoured_within_bounds() {
    let (world, receiver) = (World::new().await, Receiver::start().await);
    let node = world.node().await;
    let elsewhere = receiver.url("elsewhere");
    receiver.replies("moved", Reply::With(307, "location", elsewhere));
    receiver.replies("busy", Reply::With(429, "retry-after", "600".into()));
    receiver.replies("rude", Reply::With(503, "retry-after", "9999999".into()));
    let (moved, _) = node.endpoint(&receiver.url("moved")).await;
    let (busy, _) = node.endpoint(&receiver.url("busy")).await;
    let (rude, _) = node.endpoint(&receiver.url("rude")).await;
    world.confirm("c").await;
    let tried = |delivery: &Value| !delivery["last_status"].is_null();
    let redirected = node.delivery_that(&moved, tried).await;
    assert_eq!(redirected["last_status"], 307);
    assert!(
        redirected["problem"]
            .as_str()
            .unwrap()
            .contains("not followed")
    );
    assert!(receiver.received("elsewhere").is_empty());
    for (id, asked) in [(busy, 600), (rude, 24 * 3_600)] {
        let delivery = node.delivery_that(&id, tried).await;
        let wait = time(&delivery["next_attempt_at"]) - time(&delivery["last_attempt_at"]);
        let asked = TimeDelta::seconds(asked);
        assert!(
            wait >= asked && wait < asked + TimeDelta::seconds(20),
            "{wait}"
        );
    }
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_gone_is_left_alone_until_enabled_and_then_gets_what_was_missed() {
    let (world, receiver) = (World::new().await, Receiver::start().await);
    let node = world.node().await;
    receiver.replies("a", Reply::Status(410));
    let (id, _) = node.endpoint(&receiver.url("a")).await;
    let from = world.clock.now() - TimeDelta::seconds(1);
    world.confirm("c").await;
    node.delivery_that(&id, |one| one["status"] == "failed")
        .await;
    let webhook = node.get(&format!("/v1/webhooks/{id}")).await.expect(200);
    assert_eq!(webhook.text("disabled_reason"), "gone");
    world.confirm("c").await;
    let skipped = node
        .delivery_that(&id, |one| one["status"] == "skipped")
        .await;
    assert_eq!(skipped["problem"], "the endpoint was disabled");

    let to = world.clock.now() + TimeDelta::seconds(1);
    let missed = json!({"from": from, "to": to});
    let range = format!("/v1/webhooks/{id}/redeliver");
    let refused = node.post(&range, missed.clone()).await.expect(409);
    assert_eq!(refused.text("code"), "WEBHOOK_DISABLED");
    let one = skipped["delivery_id"].as_str().unwrap();
    let again = format!("/v1/webhooks/deliveries/{one}/redeliver");
    node.post(&again, json!({})).await.expect(409);

    receiver.replies("a", Reply::Status(200));
    let enable = format!("/v1/webhooks/{id}/enable");
    let enabled = node.post(&enable, json!({})).await.expect(200);
    assert_eq!(enabled.text("status"), "enabled");
    let sent = node.post(&range, missed.clone()).await.expect(200);
    assert_eq!(
        (&sent.body["redelivered"], &sent.body["has_more"]),
        (&json!(2), &json!(false))
    );
    receiver.comes("a", 3).await;
    until("both to be recorded", async || {
        let all = node.deliveries(&id).await;
        all.iter()
            .all(|one| one["status"] == "delivered")
            .then_some(())
    })
    .await;
    // Nothing is missing any more; but what was delivered may be wanted again.
    let none = node.post(&range, missed.clone()).await.expect(200);
    assert_eq!(none.body["redelivered"], 0);
    node.post(&again, json!({})).await.expect(200);
    let received = receiver.comes("a", 4).await;
    assert_eq!(received[3].header("webhook-id"), one);
    let mut all = missed;
    all["include_delivered"] = json!(true);
    let all = node.post(&range, all).await.expect(200);
    assert!(
        all.body["redelivered"].as_u64() >= Some(1),
        "{:?}",
        all.body
    );
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_takes_too_long_has_failed() {
    let world = World::new()
        .await
        .set("NOTIFICATION__WEBHOOK_TIMEOUT_MS", "200");
    let receiver = Receiver::start().await;
    let node = world.node().await;
    receiver.replies("a", Reply::Held);
    let (id, _) = node.endpoint(&receiver.url("a")).await;
    world.confirm("c").await;
    let late = node
        .delivery_that(&id, |one| !one["problem"].is_null())
        .await;
    assert_eq!(late["problem"], "it did not answer in time");
    assert_eq!(late["last_status"], json!(null));
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_fails_alone_disables_nothing_until_nothing_else_is_taken() {
    let world = World::new()
        .await
        .set("NOTIFICATION__WEBHOOK_SCHEDULE_S", "0");
    let receiver = Receiver::start().await;
    let node = world.node().await;
    let (id, _) = node.endpoint(&receiver.url("a")).await;
    world.confirm("c").await;
    node.delivery_that(&id, |one| one["status"] == "delivered")
        .await;
    receiver.replies("a", Reply::Status(500));
    world.confirm("c").await;
    node.delivery_that(&id, |one| one["status"] == "failed")
        .await;
    let path = format!("/v1/webhooks/{id}");
    let webhook = node.get(&path).await.expect(200);
    assert_eq!(webhook.text("status"), "enabled");

    world.clock.put_forward(TimeDelta::hours(25));
    world.confirm("c").await;
    until("it to be disabled", async || {
        let webhook = node.get(&path).await.expect(200);
        (webhook.text("disabled_reason") == "failing").then_some(())
    })
    .await;
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_begun_as_often_as_may_be_is_begun_no_more() {
    let (world, receiver) = (World::new().await, Receiver::start().await);
    let node = world.node().await;
    receiver.replies("a", Reply::Status(500));
    let (id, _) = node.endpoint(&receiver.url("a")).await;
    world.confirm("c").await;
    let tried = |one: &Value| one["attempts"] == 1 && one["under_way"] == false;
    node.delivery_that(&id, tried).await;
    // As if each of its attempts had taken its process along.
    world
        .execute("UPDATE notify.delivery SET attempts = 10, due_at = last_attempt_at")
        .await;
    let failed = node
        .delivery_that(&id, |one| one["status"] == "failed")
        .await;
    let why = "it was begun as often as may be, and never ended";
    assert_eq!(failed["problem"], why);
    assert_eq!(receiver.received("a").len(), 1);
    let webhook = node.get(&format!("/v1/webhooks/{id}")).await.expect(200);
    assert_eq!(webhook.text("status"), "enabled", "it is not its fault");
    node.stop().await;
}

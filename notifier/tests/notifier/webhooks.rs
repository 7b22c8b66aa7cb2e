//! What is sent, to whom, and how it is signed.

use crate::{
    harness::World,
    receiver::{Receiver, Reply},
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_who_asked_is_told_once_and_it_is_signed() {
    let (world, receiver) = (World::new().await, Receiver::start().await);
    let node = world.node().await;
    let (all, secret) = node.endpoint(&receiver.url("all")).await;
    let some = json!({"url": receiver.url("some"), "events": ["order.refunded"]});
    node.post("/v1/webhooks", some).await.expect(201);

    let order = world.confirm("c").await;
    world.ship_refund_and_cancel(order, "c").await;
    let received = receiver.comes("all", 4).await;
    let mut kinds = BTreeSet::new();
    for one in &received {
        assert_eq!(one.signatures_of(&secret), 1, "{one:?}");
        assert_eq!(one.header("content-type"), "application/json");
        let body: Value = serde_json::from_str(&one.body).unwrap();
        assert_eq!(body["data"]["order_id"], order.to_string());
        assert!(body["data"]["version"].as_i64().unwrap() > 0);
        kinds.insert(body["type"].as_str().unwrap().to_owned());
    }
    assert_eq!(kinds.len(), 4, "{kinds:?}");
    let refunds = receiver.comes("some", 1).await;
    let refund: Value = serde_json::from_str(&refunds[0].body).unwrap();
    assert_eq!(refund["data"]["amount"]["amount"], 500);
    node.delivery_that(&all, |_| true).await;
    crate::harness::until("all to be recorded", async || {
        let all = node.deliveries(&all).await;
        let done = |delivery: &Value| delivery["status"] == "delivered";
        (all.len() == 4 && all.iter().all(done)).then_some(())
    })
    .await;
    let ids: BTreeSet<_> = received
        .iter()
        .map(|one| one.header("webhook-id"))
        .collect();
    assert_eq!(ids.len(), 4);
    assert_eq!(
        (
            receiver.received("all").len(),
            receiver.received("some").len()
        ),
        (4, 1)
    );
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_a_secret_is_replaced_both_sign() {
    let (world, receiver) = (World::new().await, Receiver::start().await);
    let node = world.node().await;
    let (id, first) = node.endpoint(&receiver.url("a")).await;
    let rotate = format!("/v1/webhooks/{id}/rotate");
    let rotated = node
        .post(&rotate, json!({"overlap_s": 60}))
        .await
        .expect(200);
    let second = rotated.text("secret").to_owned();
    assert!(!rotated.text("former_secret_until").is_empty());
    world.confirm("c").await;
    let both = receiver.comes("a", 1).await;
    assert_eq!(both[0].signatures_of(&first), 1);
    assert_eq!(both[0].signatures_of(&second), 1);

    world.clock.put_forward(chrono::TimeDelta::seconds(61));
    world.confirm("c").await;
    let one = receiver.comes("a", 2).await;
    assert_eq!(one[1].signatures_of(&first), 0);
    assert_eq!(one[1].signatures_of(&second), 1);

    // One that got out signs nothing more at all.
    let rotated = node
        .post(&rotate, json!({"overlap_s": 0}))
        .await
        .expect(200);
    assert_eq!(rotated.text("former_secret_until"), "");
    let third = rotated.text("secret").to_owned();
    world.confirm("c").await;
    let last = receiver.comes("a", 3).await;
    assert_eq!(last[2].signatures_of(&second), 0);
    assert_eq!(last[2].signatures_of(&third), 1);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_slow_endpoint_stalls_nobody_else() {
    let world = World::new()
        .await
        .set("NOTIFICATION__WEBHOOK_CONCURRENCY", "6");
    let world = world.set("NOTIFICATION__ENDPOINT_CONCURRENCY", "2");
    let receiver = Receiver::start().await;
    let node = world.node().await;
    receiver.replies("slow", Reply::Held);
    node.endpoint(&receiver.url("slow")).await;
    node.endpoint(&receiver.url("quick")).await;
    for _ in 0..20 {
        world.confirm("c").await;
    }
    receiver.comes("quick", 20).await;
    assert_eq!(
        receiver.received("slow").len(),
        2,
        "no more than it may have"
    );
    receiver.replies("slow", Reply::Status(204));
    receiver.release();
    receiver.comes("slow", 20).await;
    assert_eq!(receiver.received("quick").len(), 20);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_share_the_work() {
    let (world, receiver) = (World::new().await, Receiver::start().await);
    let (one, two) = (world.node().await, world.node().await);
    let (id, _) = one.endpoint(&receiver.url("a")).await;
    for _ in 0..40 {
        world.confirm("c").await;
    }
    receiver.comes("a", 40).await;
    crate::harness::until("all to be recorded", async || {
        let path = format!("/v1/webhooks/{id}/deliveries?status=delivered&limit=200");
        let page = two.get(&path).await;
        (page.body["items"].as_array()?.len() == 40).then_some(())
    })
    .await;
    let received = receiver.received("a");
    let ids: BTreeSet<_> = received
        .iter()
        .map(|one| one.header("webhook-id"))
        .collect();
    assert_eq!((received.len(), ids.len()), (40, 40));
    one.stop().await;
    two.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_that_cannot_be_opened_stops_its_own_endpoint_alone() {
    let (world, receiver) = (World::new().await, Receiver::start().await);
    let node = world.node().await;
    let (mute, _) = node.endpoint(&receiver.url("mute")).await;
    world
        .execute("UPDATE notify.secret SET master = 'lost', sealed = '\\x00'")
        .await;
    let (well, _) = node.endpoint(&receiver.url("well")).await;
    node.stop().await;
    // It starts all the same.
    let node = world.node().await;
    world.confirm("c").await;
    node.delivery_that(&well, |one| one["status"] == "delivered")
        .await;
    let waits = node
        .delivery_that(&mute, |one| !one["problem"].is_null())
        .await;
    assert_eq!(
        (&waits["status"], &waits["attempts"], &waits["problem"]),
        (
            &json!("pending"),
            &json!(0),
            &json!("no secret of the endpoint can be read")
        )
    );
    assert!(receiver.received("mute").is_empty());
    // What the log advises: a new one.
    let rotate = format!("/v1/webhooks/{mute}/rotate");
    let rotated = node.post(&rotate, json!({})).await.expect(200);
    world.clock.put_forward(chrono::TimeDelta::seconds(61));
    let received = receiver.comes("mute", 1).await;
    assert_eq!(received[0].signatures_of(rotated.text("secret")), 1);
    node.stop().await;
}

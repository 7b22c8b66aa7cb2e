//! What is told of, and what is not told again.

use crate::{
    harness::{World, until},
    receiver::{Receiver, Reply},
};
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_before_is_not_told_and_what_was_told_is_not_told_again() {
    let (world, receiver) = (World::new().await, Receiver::start().await);
    for _ in 0..5 {
        world.confirm("old").await;
    }
    let node = world.node().await;
    world.confirm("before").await;
    let (id, _) = node.endpoint(&receiver.url("a")).await;
    let order = world.confirm("c").await;
    let received = receiver.comes("a", 1).await;
    assert!(received[0].body.contains(&order.to_string()));
    node.delivery_that(&id, |one| one["status"] == "delivered")
        .await;
    node.stop().await;

    // What happens while nobody is there is told later; nothing else is.
    let meanwhile = world.confirm("c").await;
    let node = world.node().await;
    let received = receiver.comes("a", 2).await;
    assert!(received[1].body.contains(&meanwhile.to_string()));

    // Events that are read again lead to the same deliveries, which are there.
    node.stop().await;
    world
        .execute("UPDATE notify.checkpoint SET position = 0, event_id = NULL")
        .await;
    let node = world.node().await;
    let last = world.confirm("c").await;
    let received = receiver.comes("a", 3).await;
    assert!(received[2].body.contains(&last.to_string()));
    until("all to be recorded", async || {
        (node.deliveries(&id).await.len() == 3).then_some(())
    })
    .await;
    assert_eq!(receiver.received("a").len(), 3);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_was_restored_is_noticed() {
    let world = World::new().await;
    let node = world.node().await;
    world.confirm("c").await;
    node.stop().await;
    world
        .execute("UPDATE notify.checkpoint SET store_epoch = gen_random_uuid()")
        .await;
    let node = world.node().await;
    let reason = until("the reader to fail", async || {
        let told = node.get("/notifications").await.body;
        let parts = told["parts"].as_array()?.clone();
        let reader = parts.into_iter().find(|part| part["name"] == "reader")?;
        reader["reason"].as_str().map(str::to_owned)
    })
    .await;
    assert!(reason.contains("restored"), "{reason}");
    // The way out that it says.
    world.execute("DELETE FROM notify.checkpoint").await;
    until("the reader to go on", async || {
        let told = node.get("/notifications").await.body;
        let parts = told["parts"].as_array()?.clone();
        parts
            .iter()
            .all(|part| part["failing"] == false)
            .then_some(())
    })
    .await;
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_deliveries_are_forgotten_and_what_waits_is_not() {
    let world = World::new().await.set("NOTIFICATION__KEEP_DAYS", "1");
    let receiver = Receiver::start().await;
    let node = world.node().await;
    receiver.replies("b", Reply::Status(500));
    let (kept, _) = node.endpoint(&receiver.url("a")).await;
    let (waits, _) = node.endpoint(&receiver.url("b")).await;
    world.confirm("c").await;
    node.delivery_that(&kept, |one| one["status"] == "delivered")
        .await;
    node.delivery_that(&waits, |one| {
        one["attempts"] == 1 && one["under_way"] == false
    })
    .await;
    let disable = format!("/v1/webhooks/{waits}/disable");
    node.post(&disable, json!({})).await.expect(200);
    node.stop().await;
    world.clock.put_forward(chrono::TimeDelta::days(2));
    let node = world.node().await;
    until("what is old to be forgotten", async || {
        node.deliveries(&kept).await.is_empty().then_some(())
    })
    .await;
    assert_eq!(node.deliveries(&waits).await.len(), 1);
    node.stop().await;
}

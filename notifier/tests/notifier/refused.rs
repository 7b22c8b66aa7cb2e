//! Where webhooks do not go.

use crate::{harness::World, receiver::Receiver};
use chrono::TimeDelta;
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn this_machine_and_private_networks_are_out_of_reach() {
    let (world, receiver) = (World::new().await, Receiver::start().await);
    let node = world.node().await;
    // Made while it was allowed.
    let (literal, _) = node.endpoint(&receiver.url("literal")).await;
    node.stop().await;

    let world = world.set("NOTIFICATION__ALLOW_PRIVATE_ADDRESSES", "false");
    let node = world.node().await;
    let local = receiver
        .url("a")
        .replace("http://127.0.0.1", "https://localhost");
    for (url, code) in [
        (receiver.url("a"), "WEBHOOK_URL_INVALID"),
        (
            receiver.url("a").replace("http", "https"),
            "WEBHOOK_ADDRESS_PRIVATE",
        ),
        (local, "WEBHOOK_ADDRESS_PRIVATE"),
        (
            "https://169.254.169.254/latest".into(),
            "WEBHOOK_ADDRESS_PRIVATE",
        ),
        (
            "https://[::ffff:127.0.0.1]/".into(),
            "WEBHOOK_ADDRESS_PRIVATE",
        ),
    ] {
        let refused = node
            .post("/v1/webhooks", json!({ "url": url }))
            .await
            .expect(422);
        assert_eq!(refused.text("code"), code, "{url}");
        assert_eq!(refused.body["errors"][0]["pointer"], "/url");
    }
    // What was made before is looked at again when something is sent.
    world.confirm("c").await;
    let refused = node
        .delivery_that(&literal, |one| !one["problem"].is_null())
        .await;
    let problem = refused["problem"].as_str().unwrap();
    assert!(problem.contains("https://"), "{problem}");
    world.clock.put_forward(TimeDelta::seconds(7));
    node.delivery_that(&literal, |one| one["attempts"] == 2)
        .await;
    assert!(receiver.received("literal").is_empty());
    node.stop().await;
}

//! What docs/webhooks.md tells receivers to do works.

use crate::{harness::World, receiver::Receiver};
use std::io::Write;
use std::process::{Command, Stdio};

/// The script of the documentation, as a receiver would run it.
fn script() -> String {
    let documentation = include_str!("../../../docs/webhooks.md");
    let (_, rest) = documentation
        .split_once("```python\n")
        .expect("there is an example");
    rest.split_once("```").expect("it ends").0.to_owned()
}

fn verified(secret: &str, headers: [&str; 3], body: &str) -> bool {
    let mut child = Command::new("python3")
        .args(["-c", &script(), secret])
        .args(headers)
        .stdin(Stdio::piped())
        .spawn()
        .expect("python3 runs");
    let mut input = child.stdin.take().expect("it takes input");
    input.write_all(body.as_bytes()).expect("it reads");
    drop(input);
    child.wait().expect("it ends").success()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_documented_example_tells_what_is_ours_from_what_is_not() {
    let (world, receiver) = (World::new().await, Receiver::start().await);
    let node = world.node().await;
    let (_, secret) = node.endpoint(&receiver.url("a")).await;
    world.confirm("c").await;
    let received = receiver.comes("a", 1).await.remove(0);
    let headers = ["webhook-id", "webhook-timestamp", "webhook-signature"];
    let headers = headers.map(|name| received.header(name));
    assert!(verified(&secret, headers, &received.body));
    assert!(!verified(
        &secret,
        headers,
        &received
            .body
            .replace("EUR", "USD")
            .replace("order.", "0rder.")
    ));
    let (_, other) = node.endpoint(&receiver.url("b")).await;
    assert!(!verified(&other, headers, &received.body));
    let [id, timestamp, signature] = headers;
    let old = (timestamp.parse::<i64>().unwrap() - 3_600).to_string();
    assert!(!verified(&secret, [id, &old, signature], &received.body));
    node.stop().await;
}

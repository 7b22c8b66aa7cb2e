//! A process dies after it has sent something, and before it has recorded that.

use crate::{
    harness::World,
    receiver::{Receiver, Reply},
};
use chrono::TimeDelta;
use std::{sync::Arc, time::Duration};

/// What was under way arrives once more, under the same id; nothing else does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_under_way_arrives_again_under_its_id() {
    let world = Arc::new(World::new().await);
    let receiver = Receiver::start().await;
    let (dies, lives) = (receiver.url("held"), receiver.url("done"));
    // A process of its own, as far as a runtime is one: its end takes all of its tasks along.
    let process = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    receiver.replies("held", Reply::Held);
    let first = Arc::clone(&world);
    let run = move || {
        let ids = process.block_on(async {
            let node = first.node().await;
            let (held, _) = node.endpoint(&dies).await;
            let (done, _) = node.endpoint(&lives).await;
            first.confirm("c").await;
            node.delivery_that(&done, |one| one["status"] == "delivered")
                .await;
            // Its tasks go on until the runtime ends.
            std::mem::forget(node);
            (held, done)
        });
        (process, ids)
    };
    let (process, (held, done)) = tokio::task::spawn_blocking(run).await.unwrap();
    receiver.comes("held", 1).await;
    let die = move || process.shutdown_timeout(Duration::from_secs(5));
    tokio::task::spawn_blocking(die).await.unwrap();
    receiver.replies("held", Reply::Status(204));
    receiver.release();

    let node = world.node().await;
    let waits = node.delivery_that(&held, |_| true).await;
    assert_eq!(
        (&waits["status"], &waits["attempts"]),
        (&"pending".into(), &1.into())
    );
    // Until its lease has ended nobody else takes it.
    assert_eq!(receiver.received("held").len(), 1);
    world.clock.put_forward(TimeDelta::seconds(15 + 30 + 1));
    let received = receiver.comes("held", 2).await;
    assert_eq!(
        received[0].header("webhook-id"),
        received[1].header("webhook-id")
    );
    assert_eq!(received[0].body, received[1].body);
    let again = node
        .delivery_that(&held, |one| one["status"] == "delivered")
        .await;
    assert_eq!(again["attempts"], 2);
    assert_eq!(node.deliveries(&done).await.len(), 1);
    assert_eq!(receiver.received("done").len(), 1);
    node.stop().await;
}

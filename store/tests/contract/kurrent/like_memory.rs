//! Random batches, put to KurrentDB's protocol and to memory.

use crate::{like_memory::random_batches_mean_the_same, world::World};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_batches_mean_the_same_to_both() {
    for seed in 0..4 {
        random_batches_mean_the_same(World::kurrentdb().await, seed).await;
    }
}

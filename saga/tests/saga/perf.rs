use crate::{
    fakes::Scripted,
    harness::{Rules, Shop, until},
};
use local::SharedPostgres;
use saga::storage::PostgresSagaStore;
use std::sync::Arc;
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn perf() {
    let n = 6000;
    let mut shop = Shop::with(Rules {
        concurrency: 64,
        ..Rules::default()
    })
    .await;
    let database = SharedPostgres::database().await.unwrap();
    shop.storage = Arc::new(PostgresSagaStore::connect(database.url(), 6).await.unwrap());
    shop.provider = Arc::new(Scripted::default());
    for i in 0..50 {
        shop.receive(&format!("S{i}"), n as i64).await;
    }
    for i in 0..n {
        shop.place("tok", &[format!("S{}", i % 50).as_str()]).await;
    }
    let began = std::time::Instant::now();
    shop.start();
    until("all", async || {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        shop.events()
            .await
            .iter()
            .filter(|e| e.event_type == "ReservationCommitted")
            .count()
            == n
    })
    .await;
    let took = began.elapsed();
    println!(
        "PERF {} orders in {took:?} = {:.0}/s",
        n,
        n as f64 / took.as_secs_f64()
    );
}

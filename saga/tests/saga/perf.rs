use crate::{
    fakes::Scripted,
    harness::{Rules, Shop, until},
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::OrderId;
use local::SharedPostgres;
use saga::storage::*;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use uuid::Uuid;

struct Timed(
    PostgresSagaStore,
    Arc<Mutex<BTreeMap<&'static str, (u32, Duration, usize)>>>,
);
impl Timed {
    fn note(&self, name: &'static str, began: Instant, n: usize) {
        let mut map = self.1.lock().unwrap();
        let e = map.entry(name).or_default();
        e.0 += 1;
        e.1 += began.elapsed();
        e.2 += n;
    }
}
#[async_trait]
impl SagaStore for Timed {
    async fn take_over(&self, p: &str, e: i64) -> Result<Checkpoint, SagaStoreError> {
        self.0.take_over(p, e).await
    }
    async fn states(
        &self,
        p: &str,
        o: &[OrderId],
    ) -> Result<Vec<(OrderId, String)>, SagaStoreError> {
        let b = Instant::now();
        let r = self.0.states(p, o).await;
        self.note("states", b, o.len());
        r
    }
    async fn commit(&self, c: Commit<'_>) -> Result<(), SagaStoreError> {
        let n = c.states.len();
        let b = Instant::now();
        let r = self.0.commit(c).await;
        self.note("commit", b, n);
        r
    }
    async fn due(
        &self,
        n: DateTime<Utc>,
        e: &[Uuid],
        l: usize,
    ) -> Result<Vec<StoredTask>, SagaStoreError> {
        let b = Instant::now();
        let r = self.0.due(n, e, l).await;
        let k = r.as_ref().map_or(0, Vec::len);
        self.note("due", b, k);
        r
    }
    async fn finish(&self, t: &[Uuid]) -> Result<(), SagaStoreError> {
        let b = Instant::now();
        let r = self.0.finish(t).await;
        self.note("finish", b, t.len());
        r
    }
    async fn postpone(&self, t: Uuid, d: DateTime<Utc>, p: &str) -> Result<(), SagaStoreError> {
        self.0.postpone(t, d, p).await
    }
    async fn park(&self, t: Uuid, d: DateTime<Utc>, p: &str) -> Result<(), SagaStoreError> {
        self.0.park(t, d, p).await
    }
    async fn backlog(&self, n: DateTime<Utc>) -> Result<Backlog, SagaStoreError> {
        self.0.backlog(n).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn perf() {
    let n = 2000;
    let mut shop = Shop::with(Rules {
        concurrency: 64,
        ..Rules::default()
    })
    .await;
    let database = SharedPostgres::database().await.unwrap();
    let times: Arc<Mutex<BTreeMap<_, _>>> = Arc::default();
    let pg = PostgresSagaStore::connect(database.url(), 6).await.unwrap();
    shop.storage = Arc::new(Timed(pg, times.clone()));
    shop.provider = Arc::new(Scripted::default());
    for i in 0..50 {
        shop.receive(&format!("S{i}"), n as i64).await;
    }
    let began = std::time::Instant::now();
    shop.start();
    for i in 0..n {
        shop.place("tok", &[format!("S{}", i % 50).as_str()]).await;
    }
    let placed = began.elapsed();
    until("all", async || {
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
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
        "PERF {} orders in {took:?} = {:.0}/s (placed {placed:?})",
        n,
        n as f64 / took.as_secs_f64()
    );
    for (name, (calls, time, rows)) in times.lock().unwrap().iter() {
        println!(
            "PERF   {name}: {calls} calls, {rows} rows, {time:?}, mean {:?}",
            *time / *calls
        );
    }
}

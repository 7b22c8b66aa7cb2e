//! The command service over gRPC: calls one by one, and imports.

use super::{AT_ONCE, Bench, loaded::Workers, platform::Platform};
use crate::{
    load::Latencies,
    orders::{Placement, reference},
};
use futures::stream;
use proto::v1::{
    ImportOrdersRequest, PlaceOrderRequest, import_orders_request::Item,
    order_commands_client::OrderCommandsClient, order_import_client::OrderImportClient,
};
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::task::JoinSet;
use tonic::transport::{Channel, Endpoint};
use uuid::Uuid;

/// How many different orders are placed in turn.
const DIFFERENT: usize = 512;
/// Connections that callers share, which is what HTTP/2 is for.
const CONNECTIONS: usize = 4;
/// Items of an import.
const ITEMS: usize = 5_000;

const DATABASE: &str = "bench";

impl Bench {
    /// One turn of the command service over gRPC.
    pub(super) async fn grpc(&mut self) -> anyhow::Result<()> {
        self.fresh_database(DATABASE).await?;
        let platform = Platform::command(&self.programs, &self.postgres, DATABASE).await?;
        let workers = Workers {
            services: platform.pids(),
            database: true,
        };
        let orders = Arc::new(Orders::new());
        for callers in AT_ONCE {
            let clients = connect(platform.commands, callers.min(CONNECTIONS))?;
            call_all(&clients, &orders, callers, self.extent.warm_up).await?;
            let mark = self.mark(&workers).await?;
            let (elapsed, latencies) =
                call_all(&clients, &orders, callers, self.extent.time).await?;
            let cost = self.cost(mark, &workers).await?;
            let name = format!("grpc/{callers}");
            let rate = latencies.count() as f64 / elapsed.as_secs_f64();
            self.write_down(&name, rate, &latencies);
            self.write_down_cost(&name, latencies.count(), &cost, cost.own);
        }
        self.import(&platform, &workers, &orders).await?;
        platform.stop().await?;
        self.real_orders().await
    }

    /// Imports of made-up orders, one after another.
    async fn import(
        &mut self,
        platform: &Platform,
        workers: &Workers,
        orders: &Orders,
    ) -> anyhow::Result<()> {
        let channel = channel(platform.commands)?;
        let mut client = OrderImportClient::new(channel);
        self.load_whole("import/1", workers, ITEMS, async || {
            let items: Vec<_> = (0..ITEMS).map(|_| item(orders.next())).collect();
            let began = Instant::now();
            let answer = client.import_orders(stream::iter(items)).await?;
            Ok((began.elapsed(), answer.into_inner().done as usize))
        })
        .await
    }
}

fn item(order: PlaceOrderRequest) -> ImportOrdersRequest {
    let item = Some(Item::PlaceOrder(order));
    ImportOrdersRequest { item }
}

pub(super) fn channel(address: SocketAddr) -> anyhow::Result<Channel> {
    Ok(Endpoint::from_shared(format!("http://{address}"))?.connect_lazy())
}

fn connect(
    address: SocketAddr,
    connections: usize,
) -> anyhow::Result<Vec<OrderCommandsClient<Channel>>> {
    let channels = (0..connections).map(|_| channel(address));
    channels
        .map(|channel| Ok(OrderCommandsClient::new(channel?)))
        .collect()
}

/// So many callers, each with one call at a time, over the connections in turn.
async fn call_all(
    clients: &[OrderCommandsClient<Channel>],
    orders: &Arc<Orders>,
    callers: usize,
    time: Duration,
) -> anyhow::Result<(Duration, Latencies)> {
    let began = Instant::now();
    let deadline = began + time;
    let mut calls = JoinSet::new();
    for client in clients.iter().cycle().take(callers) {
        let (mut client, orders) = (client.clone(), Arc::clone(orders));
        calls.spawn(async move {
            let mut latencies = Latencies::new();
            while Instant::now() < deadline {
                let order = orders.next();
                let began = Instant::now();
                client.place_order(order).await?;
                latencies.record(began.elapsed());
            }
            anyhow::Ok(latencies)
        });
    }
    let mut all = Latencies::new();
    while let Some(ended) = calls.join_next().await {
        all.add(&ended??);
    }
    Ok((began.elapsed(), all))
}

/// An endless supply of orders, each with its own key and reference.
struct Orders {
    different: Vec<PlaceOrderRequest>,
    next: AtomicU64,
}

impl Orders {
    fn new() -> Self {
        let different = Placement::several(DIFFERENT, 20_101_201);
        Self {
            different: different.iter().map(Placement::message).collect(),
            next: AtomicU64::new(0),
        }
    }

    fn next(&self) -> PlaceOrderRequest {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        PlaceOrderRequest {
            request_id: Uuid::now_v7().to_string(),
            reference: Some(reference(number)),
            ..self.different[number as usize % DIFFERENT].clone()
        }
    }
}

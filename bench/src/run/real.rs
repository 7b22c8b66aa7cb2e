//! Real orders, loaded into the command service in the ways that there are: as an import over gRPC, as
//! one request over REST, and one by one.

use super::{Bench, grpc::channel, loaded::Workers, platform::Platform};
use crate::{
    http::{Connection, post_made},
    invoices::Invoice,
    load::{Latencies, Traffic},
};
use anyhow::{Context, ensure};
use futures::stream;
use proto::v1::{
    ImportOrdersRequest, import_orders_request::Item, order_import_client::OrderImportClient,
};
use serde::Deserialize;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};
use uuid::Uuid;

/// Where the file is, beside the clone, if nobody says otherwise.
const BESIDE: &str = "../shared/data/online-retail-2010-12.csv";
/// Connections of those that are placed one by one.
const CONNECTIONS: usize = 64;
/// Orders of one import or request: fewer than may be.
const AT_ONCE: usize = 5_000;
/// Lines of a request that are sent together: some tens of KiB, as gRPC sends them.
const LINES_AT_ONCE: usize = 16;
const NDJSON: &str = "application/x-ndjson";
const DATABASE: &str = "bench";

/// What became of a request of many orders.
#[derive(Deserialize)]
struct Counts {
    done: usize,
}

/// The file of real orders; `None` if it is not there and nobody has named it.
pub(super) fn file(named: Option<&Path>) -> anyhow::Result<Option<PathBuf>> {
    match named {
        Some(named) => {
            ensure!(named.is_file(), "there is no file {}", named.display());
            Ok(Some(named.to_owned()))
        }
        None => Ok(Some(PathBuf::from(BESIDE)).filter(|beside| beside.is_file())),
    }
}

impl Bench {
    /// One turn of each way.
    pub(super) async fn real_orders(&mut self) -> anyhow::Result<()> {
        let Some(file) = self.real_orders.clone() else {
            let trouble = format!(
                "real orders were not loaded: there is no file {BESIDE}, and ORDERS_DATA names none"
            );
            self.say(&trouble);
            if !self.troubles.contains(&trouble) {
                self.troubles.push(trouble);
            }
            return Ok(());
        };
        let mut invoices = Invoice::read(&file)?;
        invoices.truncate(AT_ONCE);
        self.say(&format!("{} real orders, again and again", invoices.len()));
        let invoices: Arc<[Invoice]> = invoices.into();
        let import = self.real_import(&invoices).await;
        import.context("load real orders as an import over gRPC")?;
        let bulk = self.real_bulk(&invoices).await;
        bulk.context("load real orders as one request")?;
        let singly = self.real_singly(&invoices).await;
        singly.context("load real orders one by one")
    }

    async fn real_import(&mut self, invoices: &Arc<[Invoice]>) -> anyhow::Result<()> {
        let (platform, workers) = self.fresh_command_service().await?;
        let mut client = OrderImportClient::new(channel(platform.commands)?);
        self.load_whole("real-import/1", &workers, invoices.len(), async || {
            let began = Instant::now();
            // A stream is sent while it is made: that is what it is for.
            let invoices = Arc::clone(invoices);
            let items = (0..invoices.len()).map(move |index| item(&invoices[index]));
            let answer = client.import_orders(stream::iter(items)).await?;
            Ok((began.elapsed(), answer.into_inner().done as usize))
        })
        .await?;
        platform.stop().await
    }

    async fn real_bulk(&mut self, invoices: &[Invoice]) -> anyhow::Result<()> {
        let (platform, workers) = self.fresh_command_service().await?;
        let address = platform.commands;
        let mut connection = Connection::open(address).await?;
        self.load_whole("real-bulk/1", &workers, invoices.len(), async || {
            let began = Instant::now();
            // As the import is: sent while it is made.
            let lines = invoices.chunks(LINES_AT_ONCE).map(lines);
            let key = key();
            let request = post_made(NDJSON, address, "/v1/orders/bulk", &key, lines);
            let answer = connection.exchange_made(request).await?;
            let took = began.elapsed();
            ensure!(answer.status == 207, "it was answered {}", answer.status);
            let counts: Counts = serde_json::from_slice(answer.body)?;
            Ok((took, counts.done))
        })
        .await?;
        platform.stop().await
    }

    async fn real_singly(&mut self, invoices: &[Invoice]) -> anyhow::Result<()> {
        let (platform, workers) = self.fresh_command_service().await?;
        let bodies = invoices.iter().map(Invoice::body);
        let bodies = bodies.collect::<anyhow::Result<Vec<_>>>()?;
        let traffic = Arc::new(Traffic::bodies(platform.commands, bodies));
        let address = platform.commands;
        self.put_load("real-single", address, &workers, CONNECTIONS, &traffic)
            .await?;
        platform.stop().await
    }

    async fn fresh_command_service(&self) -> anyhow::Result<(Platform, Workers)> {
        self.fresh_database(DATABASE).await?;
        let platform = Platform::command(&self.programs, &self.postgres, DATABASE).await?;
        let workers = Workers {
            services: platform.pids(),
            database: true,
        };
        Ok((platform, workers))
    }

    /// Loads all `orders` in one go, again and again. `load` answers how long it took, and how many were
    /// done.
    pub(super) async fn load_whole(
        &mut self,
        name: &str,
        workers: &Workers,
        orders: usize,
        mut load: impl AsyncFnMut() -> anyhow::Result<(Duration, usize)>,
    ) -> anyhow::Result<()> {
        // Once before, as other loads have a time to warm up.
        load().await?;
        let mark = self.mark(workers).await?;
        let mut latencies = Latencies::new();
        let mut spent = Duration::ZERO;
        while spent < self.extent.time {
            let (took, done) = load().await?;
            ensure!(done == orders, "only {done} of {orders} orders were done");
            latencies.record(took);
            spent += took;
        }
        let cost = self.cost(mark, workers).await?;
        let done = latencies.count() * orders as u64;
        self.write_down(name, done as f64 / spent.as_secs_f64(), &latencies);
        self.write_down_cost(name, done, &cost, cost.own);
        Ok(())
    }
}

fn key() -> String {
    Uuid::now_v7().to_string()
}

/// Orders as lines.
fn lines(invoices: &[Invoice]) -> Vec<u8> {
    let mut lines = Vec::new();
    for invoice in invoices {
        invoice
            .write_body(Some(&key()), &mut lines)
            .expect("all of it can be written as JSON");
        lines.push(b'\n');
    }
    lines
}

fn item(invoice: &Invoice) -> ImportOrdersRequest {
    let item = Some(Item::PlaceOrder(invoice.message(key())));
    ImportOrdersRequest { item }
}

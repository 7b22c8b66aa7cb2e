//! `orders fulfil`: plays the warehouse, for demonstrations, imports and tests.

use super::{Api, client::ApiClient, progress::Progress, say};
use anyhow::bail;
use chassis::token::ConsistencyToken;
use clap::Args;
use futures::{StreamExt, stream};
use serde_json::{Value, json};
use std::{
    num::NonZeroUsize,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::time::{Instant, sleep};

/// Shipments asked for at once.
const PAGE: usize = 200;
/// How many failures are told of; and after how many it is given up.
const TOLD: u64 = 5;
const FAILURES_AT_MOST: u64 = 100;
/// How often it is looked whether the carrier has taken what was packed, and how long it is waited for
/// while nothing moves.
const LOOK_EVERY: Duration = Duration::from_millis(500);
const PATIENCE: Duration = Duration::from_secs(30);
/// Where packed shipments are until the carrier has them.
const ON_THE_WAY_OUT: [&str; 3] = ["packed", "ready", "dispatching"];

/// Pack all shipments that wait for it.
#[derive(Debug, Args)]
pub(super) struct FulfilArgs {
    /// Record too that they have arrived, as soon as the carrier has them; and the others that it has.
    #[arg(long)]
    deliver: bool,
    /// How many requests are under way at once.
    #[arg(long, default_value = "16")]
    concurrency: NonZeroUsize,
    #[command(flatten)]
    api: Api,
}

pub(super) async fn run(args: FulfilArgs) -> anyhow::Result<()> {
    let client = ApiClient::new(&args.api)?;
    let work = Work {
        client: &client,
        concurrency: args.concurrency,
        failed: AtomicU64::new(0),
        newest: Mutex::new(None),
    };
    let packed = work.all("pending", "pack", "packed").await?;
    let mut delivered = 0;
    if args.deliver {
        let mut moved_at = Instant::now();
        loop {
            // First whether something is on its way out: what leaves while the others are delivered would
            // be in neither list.
            let waiting = work.is_any(&ON_THE_WAY_OUT).await?;
            let now = work.all("dispatched", "deliver", "delivered").await?;
            delivered += now;
            if !waiting {
                break;
            }
            if now > 0 {
                moved_at = Instant::now();
            }
            if moved_at.elapsed() > PATIENCE {
                say("Some shipments are packed and do not leave: see `orders processes`.");
                break;
            }
            sleep(LOOK_EVERY).await;
        }
    }
    let failed = work.failed.into_inner();
    match args.api.json {
        true => super::print(&serde_json::to_string_pretty(
            &json!({"packed": packed, "delivered": delivered, "failed": failed}),
        )?),
        false if args.deliver => say(&format!("{packed} packed, {delivered} delivered.")),
        false => say(&format!("{packed} packed.")),
    }
    match failed {
        0 => Ok(()),
        _ => bail!("{failed} requests were refused"),
    }
}

struct Work<'a> {
    client: &'a ApiClient,
    concurrency: NonZeroUsize,
    failed: AtomicU64,
    /// The newest of what was written: a list that does not have it yet would still show as pending what
    /// was just packed, and nothing on its way out.
    newest: Mutex<Option<ConsistencyToken>>,
}

impl Work<'_> {
    /// Does `what` to all shipments of a status, page by page; how many that were.
    async fn all(
        &self,
        status: &str,
        what: &'static str,
        done: &'static str,
    ) -> anyhow::Result<u64> {
        let progress = Progress::new(done, 0);
        let count = AtomicU64::new(0);
        let mut cursor: Option<String> = None;
        loop {
            let page = self.page(status, PAGE, cursor.as_deref()).await?;
            let items = page["items"].as_array().map_or(&[][..], Vec::as_slice);
            progress.expect_more(items.len() as u64);
            stream::iter(items.iter().filter_map(|item| item["shipment_id"].as_str()))
                .for_each_concurrent(self.concurrency.get(), async |id| {
                    match self.one(id, what).await {
                        Ok(is_new) => {
                            count.fetch_add(u64::from(is_new), Ordering::Relaxed);
                        }
                        Err(error) => self.tell(id, &error),
                    }
                    progress.advance();
                })
                .await;
            if self.failed.load(Ordering::Relaxed) > FAILURES_AT_MOST {
                bail!("more than {FAILURES_AT_MOST} requests were refused");
            }
            cursor = page["next_cursor"].as_str().map(str::to_owned);
            if cursor.is_none() {
                break;
            }
        }
        let count = count.into_inner();
        if count > 0 {
            progress.finish();
        }
        Ok(count)
    }

    /// Under a key that follows from the shipment: run again, it does nothing twice. Whether it was done
    /// now: a list may be a little behind.
    async fn one(&self, id: &str, what: &str) -> anyhow::Result<bool> {
        let path = format!("/v1/shipments/{id}/{what}");
        let key = format!("fulfil:{what}:{id}");
        let written = self.client.post(&path, Some(&key), &json!({})).await?;
        let token = written.consistency_token.map(|token| token.parse());
        if let Some(token) = token.transpose()? {
            self.wrote(token);
        }
        Ok(!written.replayed)
    }

    fn wrote(&self, token: ConsistencyToken) {
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        // Of another life of the store, which was restored meanwhile, only the last one is of use.
        if newest.is_none_or(|n| n.epoch != token.epoch || n.position < token.position) {
            *newest = Some(token);
        }
    }

    fn tell(&self, id: &str, error: &anyhow::Error) {
        let before = self.failed.fetch_add(1, Ordering::Relaxed);
        if before < TOLD {
            say(&format!("shipment {id}: {error:#}"));
        }
    }

    async fn is_any(&self, statuses: &[&str]) -> anyhow::Result<bool> {
        for status in statuses {
            let page = self.page(status, 1, None).await?;
            if page["items"]
                .as_array()
                .is_some_and(|items| !items.is_empty())
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn page(
        &self,
        status: &str,
        limit: usize,
        cursor: Option<&str>,
    ) -> anyhow::Result<Value> {
        let mut query = vec![("status", status.to_owned()), ("limit", limit.to_string())];
        query.extend(cursor.map(|cursor| ("cursor", cursor.to_owned())));
        let newest = *self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        let token = newest.map(|token| token.to_string());
        self.client
            .get("/v1/shipments", &query, token.as_deref())
            .await
    }
}

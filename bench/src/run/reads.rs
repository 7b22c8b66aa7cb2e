//! Reads whose right answers are known, again and again: of orders that have ended, and of lists that are
//! always full.

use super::platform::Platform;
use crate::{
    http::{Answer, Connection, get},
    load::Latencies,
};
use anyhow::{Context, ensure};
use serde_json::Value;
use std::{
    cell::Cell,
    net::SocketAddr,
    time::{Duration, Instant},
};

/// Between two reads: they are there to see, and not to be a load.
const PAUSE: Duration = Duration::from_millis(2);

/// How many orders a list has.
const LISTED: usize = 50;

/// How much is told of a wrong answer, in bytes.
const EXAMPLE: usize = 300;

/// A read, and its right answer.
struct Read {
    target: String,
    request: Vec<u8>,
    right: Right,
}

enum Right {
    /// The same as before: nothing happens to it any more.
    Body(Vec<u8>),
    /// The same items as before.
    Items(Value),
    /// So many orders, whichever they are.
    Count(usize),
}

/// What is read in turn, over a connection.
pub(super) struct Reads {
    connection: Connection,
    reads: Vec<Read>,
    next: usize,
}

/// What was read.
pub(super) struct Reading {
    /// How long right answers took.
    pub latencies: Latencies,
    /// Answers that were errors, or empty, or not whole.
    pub wrong: u64,
    /// The first of them.
    pub example: Option<String>,
}

impl Reads {
    /// Reads of orders that have ended, as they are now, and of lists, in turn.
    pub(super) async fn of(platform: &Platform, ended: &[String]) -> anyhow::Result<Self> {
        let address = platform.queries;
        let mut connection = Connection::open(address).await?;
        let mut reads = Vec::new();
        for order in ended {
            let target = format!("/v1/orders/{order}");
            reads.push(Read::of_now(&mut connection, address, target, Right::of_body).await?);
            let target = format!("/v1/orders?limit={LISTED}&status=completed");
            reads.push(Read::of_now(&mut connection, address, target, Right::of_items).await?);
            let target = format!("/v1/orders?limit={LISTED}");
            let all = |_: &[u8]| Ok(Right::Count(LISTED));
            reads.push(Read::of_now(&mut connection, address, target, all).await?);
        }
        ensure!(!reads.is_empty(), "no order has ended in the history");
        Ok(Self {
            connection,
            reads,
            next: 0,
        })
    }

    /// Reads until that is enough.
    pub(super) async fn until(&mut self, enough: &Cell<bool>) -> anyhow::Result<Reading> {
        let mut reading = Reading {
            latencies: Latencies::new(),
            wrong: 0,
            example: None,
        };
        while !enough.get() {
            let read = &self.reads[self.next];
            self.next = (self.next + 1) % self.reads.len();
            let began = Instant::now();
            let wrong = match self.connection.exchange(&read.request).await {
                Ok(answer) if read.right.is(&answer) => None,
                Ok(answer) => Some(described(&answer)),
                Err(error) => Some(error.to_string()),
            };
            match wrong {
                None => reading.latencies.record(began.elapsed()),
                Some(wrong) => {
                    reading.wrong += 1;
                    let example = || format!("{}: {wrong}", read.target);
                    reading.example.get_or_insert_with(example);
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
        Ok(reading)
    }
}

impl Read {
    async fn of_now(
        connection: &mut Connection,
        address: SocketAddr,
        target: String,
        right: impl FnOnce(&[u8]) -> anyhow::Result<Right>,
    ) -> anyhow::Result<Self> {
        let request = get(address, &target);
        let answer = connection.exchange(&request).await?;
        ensure!(answer.status == 200, "{target}: {}", described(&answer));
        let right = right(answer.body).with_context(|| target.clone())?;
        Ok(Self {
            target,
            request,
            right,
        })
    }
}

impl Right {
    fn of_body(body: &[u8]) -> anyhow::Result<Self> {
        ensure!(!body.is_empty(), "there is nothing in it");
        Ok(Self::Body(body.to_vec()))
    }

    fn of_items(body: &[u8]) -> anyhow::Result<Self> {
        let items = items(body).context("it has no items")?;
        ensure!(
            items.as_array().is_some_and(|items| items.len() == LISTED),
            "there are too few orders that have ended"
        );
        Ok(Self::Items(items))
    }

    fn is(&self, answer: &Answer<'_>) -> bool {
        let right = match self {
            Self::Body(right) => answer.body == right,
            Self::Items(right) => items(answer.body).is_some_and(|items| items == *right),
            Self::Count(right) => {
                let items = items(answer.body);
                items.is_some_and(|items| items.as_array().map(Vec::len) == Some(*right))
            }
        };
        answer.status == 200 && right
    }
}

/// The items of a list; none if it is not one.
fn items(body: &[u8]) -> Option<Value> {
    let mut list: Value = serde_json::from_slice(body).ok()?;
    list.get_mut("items").map(Value::take)
}

fn described(answer: &Answer<'_>) -> String {
    let body = &answer.body[..answer.body.len().min(EXAMPLE)];
    format!("{} {}", answer.status, String::from_utf8_lossy(body))
}

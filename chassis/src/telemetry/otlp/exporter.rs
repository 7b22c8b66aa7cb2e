//! The task that sends spans, in batches, for as long as the process lives.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::http::{StatusCode, header::CONTENT_TYPE};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message;
use reqwest::{Client, redirect};
use tokio::{sync::mpsc::Receiver, time::sleep};
use tokio_util::sync::CancellationToken;
use traces::Ended;

use super::{dropped, encode::Encoder};
use crate::{http_client, telemetry::TelemetryError};

/// What OTLP adds to the address that it is configured with.
const PATH: &str = "/v1/traces";

/// The most spans in one request, and how long the first of them waits for others.
const BATCH: usize = 512;
const LINGER: Duration = Duration::from_millis(500);

/// How long one request may take, and how long it may take to be connected.
const TIMEOUT: Duration = Duration::from_secs(5);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// A batch that was not taken, because the collector could not be reached or said so, is sent again
/// after this and after twice as long, and so on; then it is dropped. The queue fills meanwhile.
const FIRST_RETRY: Duration = Duration::from_millis(250);
const TRIES: u32 = 5;

/// The least time between two log lines that say that spans are lost.
const TELL_EVERY: Duration = Duration::from_mins(1);

/// The longest answer that is read, in bytes.
const MAX_ANSWER: usize = 64 * 1024;

/// Why a batch was not taken.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("the collector cannot be reached")]
    Unreachable(#[source] reqwest::Error),
    #[error("the collector answered {0}")]
    Status(StatusCode),
}

impl Failure {
    /// Whether the protocol has it that the same may be sent again.
    fn passes(&self) -> bool {
        match self {
            Self::Unreachable(_) => true,
            Self::Status(status) => matches!(
                *status,
                StatusCode::TOO_MANY_REQUESTS
                    | StatusCode::BAD_GATEWAY
                    | StatusCode::SERVICE_UNAVAILABLE
                    | StatusCode::GATEWAY_TIMEOUT
            ),
        }
    }
}

/// Sends spans to one collector.
pub(super) struct Exporter {
    client: Client,
    url: String,
    encoder: Encoder,
    finish: CancellationToken,
}

impl Exporter {
    /// To the collector at `endpoint`.
    pub(super) fn new(endpoint: &str, encoder: Encoder) -> Result<Self, TelemetryError> {
        let client = http_client::builder(endpoint)
            .timeout(TIMEOUT)
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(redirect::Policy::none())
            .build()
            .map_err(TelemetryError::Collector)?;
        Ok(Self {
            client,
            url: format!("{}{PATH}", endpoint.trim_end_matches('/')),
            encoder,
            finish: CancellationToken::new(),
        })
    }

    /// Nothing more is to come: [`run`](Self::run) sends what is left, and ends.
    pub(super) fn finish(&self) {
        self.finish.cancel();
    }

    /// Sends what comes, until it is told to finish.
    pub(super) async fn run(self: Arc<Self>, mut spans: Receiver<Ended>) {
        let mut told = None;
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            tokio::select! {
                biased;
                received = spans.recv_many(&mut batch, BATCH) => {
                    if received == 0 {
                        return;
                    }
                }
                // What is in the queue is still received.
                () = self.finish.cancelled(), if !spans.is_closed() => {
                    spans.close();
                    continue;
                }
            }
            self.gather(&mut spans, &mut batch).await;
            let count = batch.len();
            let body = self.encoder.encode(batch.drain(..));
            if let Err(failure) = self.deliver(&body, count).await {
                dropped(count, "collector");
                tell(&failure, count, &mut told);
            }
        }
    }

    /// Waits a little for more.
    async fn gather(&self, spans: &mut Receiver<Ended>, batch: &mut Vec<Ended>) {
        let enough = async {
            while batch.len() < BATCH {
                let room = BATCH - batch.len();
                if spans.recv_many(batch, room).await == 0 {
                    return;
                }
            }
        };
        tokio::select! {
            biased;
            () = enough => {}
            () = self.finish.cancelled() => {}
            () = sleep(LINGER) => {}
        }
    }

    /// Sends a batch, again and again while that may help; at the end of the process only once.
    async fn deliver(&self, body: &[u8], count: usize) -> Result<(), Failure> {
        let mut wait = FIRST_RETRY;
        for _ in 1..TRIES {
            match self.send(body, count).await {
                Err(failure) if failure.passes() && !self.finish.is_cancelled() => {
                    let finished = self.finish.run_until_cancelled(sleep(wait)).await;
                    if finished.is_none() {
                        break;
                    }
                    wait *= 2;
                }
                result => return result,
            }
        }
        self.send(body, count).await
    }

    async fn send(&self, body: &[u8], count: usize) -> Result<(), Failure> {
        let request = self
            .client
            .post(&self.url)
            .header(CONTENT_TYPE, "application/x-protobuf")
            .body(body.to_vec());
        let mut answer = request.send().await.map_err(Failure::Unreachable)?;
        if !answer.status().is_success() {
            return Err(Failure::Status(answer.status()));
        }
        let mut read = Vec::new();
        while let Ok(Some(chunk)) = answer.chunk().await
            && read.len() + chunk.len() <= MAX_ANSWER
        {
            read.extend_from_slice(&chunk);
        }
        let rejected = rejected(&read).min(count);
        if rejected > 0 {
            dropped(rejected, "rejected");
        }
        let sent = (count - rejected) as u64;
        metrics::counter!("traces_spans_sent_total").increment(sent);
        Ok(())
    }
}

/// How many spans the collector took the request of, but did not want. An answer that cannot be read
/// says of none.
fn rejected(answer: &[u8]) -> usize {
    let answer = ExportTraceServiceResponse::decode(answer).unwrap_or_default();
    let rejected = answer.partial_success.map(|partial| partial.rejected_spans);
    usize::try_from(rejected.unwrap_or_default()).unwrap_or_default()
}

/// Says that spans are lost, unless that was said lately.
fn tell(failure: &Failure, count: usize, told: &mut Option<Instant>) {
    if told.is_some_and(|told| told.elapsed() < TELL_EVERY) {
        return;
    }
    *told = Some(Instant::now());
    tracing::warn!(
        error = failure as &dyn std::error::Error,
        "{count} spans are lost, and perhaps others: {failure}"
    );
}

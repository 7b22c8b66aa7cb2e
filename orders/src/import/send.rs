//! One request that is sent until it is answered for good.

use anyhow::bail;
use reqwest::{Client, StatusCode};
use serde::Deserialize;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// The first wait after an answer that may change; it doubles up to the longest.
const FIRST_WAIT: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// What the platform made of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sent {
    /// Done now.
    Done,
    /// Done before: nothing has changed.
    Replayed,
    /// Refused, with the platform's reason.
    Refused(String),
}

#[derive(Deserialize)]
struct Problem {
    detail: String,
    retryable: bool,
    #[serde(default)]
    errors: Vec<FieldError>,
}

#[derive(Deserialize)]
struct FieldError {
    pointer: String,
    detail: String,
}

/// Posts `body` under `key`. What can be helped by sending it again is sent again, under the same
/// key, for as long as `patience`.
pub(super) async fn post(
    client: &Client,
    url: &str,
    key: &str,
    body: &[u8],
    patience: Duration,
) -> anyhow::Result<Sent> {
    let deadline = Instant::now() + patience;
    let mut wait = FIRST_WAIT;
    loop {
        let request = client
            .post(url)
            .header("content-type", "application/json")
            .header("idempotency-key", key)
            .body(body.to_vec());
        let trouble = match request.send().await {
            Ok(response) if response.status().is_success() => {
                let replayed = response.headers().contains_key("idempotent-replayed");
                return Ok(if replayed { Sent::Replayed } else { Sent::Done });
            }
            Ok(response) => {
                let status = response.status();
                match response.json::<Problem>().await {
                    Ok(problem) if !problem.retryable => return refused(status, problem),
                    Ok(problem) => format!("{status}: {}", problem.detail),
                    Err(_) if status.is_client_error() => bail!("{url} answered {status}"),
                    Err(_) => format!("{url} answered {status}"),
                }
            }
            Err(error) => format!("{url} cannot be reached: {}", error.without_url()),
        };
        if Instant::now() + wait > deadline {
            bail!("{trouble}; tried for {} s", patience.as_secs());
        }
        sleep(wait).await;
        wait = LONGEST_WAIT.min(wait * 2);
    }
}

fn refused(status: StatusCode, problem: Problem) -> anyhow::Result<Sent> {
    let places: Vec<_> = problem
        .errors
        .iter()
        .map(|error| format!("{}: {}", error.pointer, error.detail))
        .collect();
    let reason = match places.is_empty() {
        true => problem.detail,
        false => format!("{} ({})", problem.detail, places.join("; ")),
    };
    match status {
        // The platform does not take such requests at all: going on would be of no use.
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => {
            bail!("{status}: {reason}")
        }
        _ => Ok(Sent::Refused(reason)),
    }
}

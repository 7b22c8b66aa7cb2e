//! The API, as the command line uses it.

use super::{Api, say};
use anyhow::{Context, anyhow};
use chassis::http_client;
use reqwest::{Client, Method, RequestBuilder, StatusCode, header::HeaderMap};
use serde_json::Value;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long a request is tried that may go right later, how often, and the wait after the first try;
/// it doubles with each.
const PATIENCE: Duration = Duration::from_secs(30);
const TRIES: u32 = 6;
const FIRST_WAIT: Duration = Duration::from_millis(200);
/// The longest wait that the platform may ask for.
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// How often a platform is looked for that nobody answers for: it may just be starting again.
const TRIES_TO_CONNECT: u32 = 3;

/// A client of the platform.
pub(super) struct ApiClient {
    http: Client,
    url: String,
    query_url: String,
}

/// What a write answered.
pub(super) struct Written {
    /// The body.
    pub body: Value,
    /// Sent back with a read, it makes the read see this write.
    pub consistency_token: Option<String>,
    /// Whether this is the first answer again.
    pub replayed: bool,
}

/// An answer of the platform.
struct Answer {
    headers: HeaderMap,
    body: Value,
}

/// Why there is no answer.
struct Failure {
    error: anyhow::Error,
    /// Whether it may go right later.
    retryable: bool,
    /// Whether the platform may have done what it was asked all the same.
    maybe_done: bool,
    /// What the platform asks for before it is tried again.
    wait: Option<Duration>,
    unreachable: bool,
}

impl ApiClient {
    pub(super) fn new(api: &Api) -> anyhow::Result<Self> {
        let (url, query_url) = api.urls();
        Self::at(url, query_url)
    }

    /// One that writes at `url` and reads at `query_url`.
    pub(super) fn at(url: String, query_url: String) -> anyhow::Result<Self> {
        let http = http_client::builder(&url)
            .timeout(PATIENCE)
            .build()
            .context("an HTTP client cannot be made")?;
        Ok(Self {
            http,
            url,
            query_url,
        })
    }

    /// Reads; `token` makes the answer include a write.
    pub(super) async fn get(
        &self,
        path: &str,
        query: &[(&str, String)],
        token: Option<&str>,
    ) -> anyhow::Result<Value> {
        let request = || {
            let request = self
                .http
                .get(format!("{}{path}", self.query_url))
                .query(query);
            match token {
                Some(token) => request.header("consistency-token", token),
                None => request,
            }
        };
        let answer = persist(request).await.map_err(|failure| failure.error)?;
        Ok(answer.body)
    }

    /// Writes, under `key` or a new one. What can be helped by sending it again is sent again under
    /// the same key, so that it is done once at most.
    pub(super) async fn post(
        &self,
        path: &str,
        key: Option<&str>,
        body: &Value,
    ) -> anyhow::Result<Written> {
        self.write(Method::POST, path, key, body).await
    }

    /// The same of what must still have the `version` that was seen.
    pub(super) async fn post_seen(
        &self,
        path: &str,
        key: Option<&str>,
        version: i64,
        body: &Value,
    ) -> anyhow::Result<Written> {
        let key = key.map_or_else(|| uuid::Uuid::now_v7().to_string(), str::to_owned);
        let request = || {
            self.http
                .post(format!("{}{path}", self.url))
                .header("idempotency-key", &key)
                .header("if-match", format!("\"{version}\""))
                .json(body)
        };
        let answer = persist(request)
            .await
            .map_err(|failure| failure.under(&key))?;
        Ok(Written::of(answer))
    }

    /// The same by another method.
    pub(super) async fn write(
        &self,
        method: Method,
        path: &str,
        key: Option<&str>,
        body: &Value,
    ) -> anyhow::Result<Written> {
        let key = key.map_or_else(|| uuid::Uuid::now_v7().to_string(), str::to_owned);
        let request = || {
            self.http
                .request(method.clone(), format!("{}{path}", self.url))
                .header("idempotency-key", &key)
                .json(body)
        };
        let answer = persist(request)
            .await
            .map_err(|failure| failure.under(&key))?;
        Ok(Written::of(answer))
    }

    /// Deletes. What can be helped by sending it again is sent again: to delete again is the same.
    pub(super) async fn delete(&self, path: &str) -> anyhow::Result<Written> {
        let request = || self.http.delete(format!("{}{path}", self.url));
        let answer = persist(request).await.map_err(|failure| failure.error)?;
        Ok(Written::of(answer))
    }
}

impl Written {
    fn of(answer: Answer) -> Self {
        let header = |name: &str| {
            let value = answer.headers.get(name)?.to_str();
            value.ok().map(str::to_owned)
        };
        Self {
            consistency_token: header("consistency-token"),
            replayed: header("idempotent-replayed").is_some(),
            body: answer.body,
        }
    }
}

impl Failure {
    /// What a person is told of a write that failed under `key`.
    fn under(self, key: &str) -> anyhow::Error {
        if !self.maybe_done {
            return self.error;
        }
        anyhow!(
            "{error:#}\n  It is not known whether this was done. It is safe to run the same command \
             again with\n  --idempotency-key {key}\n  which does it once at most, and then answers \
             what was answered first.",
            error = self.error
        )
    }
}

/// Sends a request until it is answered for good, within bounds.
async fn persist(request: impl Fn() -> RequestBuilder) -> Result<Answer, Failure> {
    let deadline = Instant::now() + PATIENCE;
    let mut wait = FIRST_WAIT;
    let mut maybe_done = false;
    for tries in 1.. {
        let mut failure = match send(request()).await {
            Ok(answer) => return Ok(answer),
            Err(failure) => failure,
        };
        maybe_done |= failure.maybe_done;
        let pause = failure.wait.map_or(wait, |asked| asked.max(wait));
        let at_most = match failure.unreachable {
            true => TRIES_TO_CONNECT,
            false => TRIES,
        };
        if !failure.retryable || tries >= at_most || Instant::now() + pause > deadline {
            // A refusal says for certain that nothing was done, now or before under the same key.
            failure.maybe_done = maybe_done && failure.retryable;
            return Err(failure);
        }
        say(&format!("{:#}; trying again", failure.error));
        sleep(pause).await;
        wait *= 2;
    }
    unreachable!("the tries are bounded")
}

/// The answer, or the platform's own words for why there is none.
async fn send(request: RequestBuilder) -> Result<Answer, Failure> {
    let response = request.send().await.map_err(|error| {
        let url = error
            .url()
            .map_or_else(String::new, |url| format!(" at {url}"));
        let unreachable = error.is_connect();
        let what = match unreachable {
            true => format!(
                "the platform cannot be reached{url}; is it running? (`make run`, or set --url)"
            ),
            false => format!("the platform did not answer{url}"),
        };
        Failure {
            error: anyhow!(error.without_url()).context(what),
            retryable: true,
            maybe_done: !unreachable,
            wait: None,
            unreachable,
        }
    })?;
    let (status, headers) = (response.status(), response.headers().clone());
    let body = response.bytes().await.map_err(|error| Failure {
        error: anyhow!(error.without_url()).context("the platform's answer broke off"),
        retryable: true,
        maybe_done: true,
        wait: None,
        unreachable: false,
    })?;
    let body: Option<Value> = serde_json::from_slice(&body).ok();
    match body {
        Some(body) if status.is_success() => Ok(Answer { headers, body }),
        body => Err(refused(status, &headers, body.as_ref())),
    }
}

fn refused(status: StatusCode, headers: &HeaderMap, problem: Option<&Value>) -> Failure {
    let asked = headers.get("retry-after");
    let asked = asked.and_then(|value| value.to_str().ok()?.parse().ok());
    // Without a problem it is something in between that answers, such as a proxy.
    let retryable = match problem {
        // What needs a new key is not the same request any more: that is for whoever asks to say.
        Some(problem) => {
            let says = |name: &str| problem[name].as_bool().unwrap_or(false);
            says("retryable") && !says("needs_new_key")
        }
        None => status.is_server_error() || status.is_success(),
    };
    Failure {
        error: match problem {
            Some(problem) => anyhow!(words(status, problem)),
            None => anyhow!("the answer ({status}) is not the platform's"),
        },
        retryable,
        maybe_done: retryable && status != StatusCode::TOO_MANY_REQUESTS,
        wait: asked.map(|seconds| LONGEST_WAIT.min(Duration::from_secs(seconds))),
        unreachable: false,
    }
}

/// A problem for people.
fn words(status: StatusCode, problem: &Value) -> String {
    let mut text = format!(
        "{} ({status})",
        problem["detail"].as_str().unwrap_or("refused")
    );
    for error in problem["errors"].as_array().into_iter().flatten() {
        let part = |name: &str| error[name].as_str().unwrap_or_default();
        text.push_str(&format!("\n  {}: {}", part("pointer"), part("detail")));
    }
    if let Some(allowed) = problem["allowed_commands"].as_array() {
        let allowed: Vec<_> = allowed.iter().filter_map(Value::as_str).collect();
        text.push_str(&format!("\n  allowed now: {}", allowed.join(", ")));
    }
    if let Some(request_id) = problem["request_id"].as_str() {
        text.push_str(&format!("\n  request id: {request_id}"));
    }
    text
}

#[cfg(test)]
mod tests;

//! Calls over HTTP: bounded in time and size, and put again at once where that is safe.

mod answer;
mod spans;

pub(crate) use answer::{Answer, Dialect};

use super::{
    CallError, CircuitState,
    guard::{Guard, GuardOptions},
};
use backon::{ExponentialBuilder, Retryable};
use chassis::http_client;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, Url, redirect};
use serde::Serialize;
use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

/// How often a call that the participant did not take is put again at once, and after how long; the
/// wait doubles, and is longer by up to as much again. Whoever called may put it again later.
const RETRIES: usize = 3;
const FIRST_RETRY: Duration = Duration::from_millis(100);

/// The longest answer that is read, in bytes: they are some hundred.
const MAX_ANSWER: usize = 64 * 1024;

/// Why there can be no participant at an address.
#[derive(Debug, thiserror::Error)]
pub enum InvalidParticipant {
    /// The address is none.
    #[error("{url:?} is not an address that starts with http:// or https:// and names a host")]
    Url {
        /// What was given.
        url: String,
    },
    /// The HTTP client cannot be made.
    #[error("no HTTP client can be made")]
    Client(#[from] reqwest::Error),
}

/// Calls one participant.
pub(crate) struct HttpCaller {
    client: Client,
    base: Url,
    dialect: &'static Dialect,
    guard: Guard,
    timeout: Duration,
}

/// What is asked.
pub(crate) struct Ask<'a> {
    pub method: Method,
    /// Where, below the participant's address. Names within it may be anything, and lead nowhere
    /// else.
    pub path: &'a [&'a str],
    /// What makes the participant do it once; none for a look.
    pub key: Option<&'a str>,
    /// JSON.
    pub body: Vec<u8>,
}

/// Why there is no answer.
struct Failure {
    error: CallError,
    /// Whether it is worth trying again within the same call.
    soon: bool,
    /// Whether the participant is there and well, and only has no answer.
    well: bool,
}

impl HttpCaller {
    /// Calls the participant at `url`, and waits so long for each answer.
    pub(crate) fn new(
        url: &str,
        timeout: Duration,
        dialect: &'static Dialect,
    ) -> Result<Self, InvalidParticipant> {
        let base = Url::parse(url).ok();
        let base = base.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        let base = base.ok_or_else(|| InvalidParticipant::Url { url: url.into() })?;
        let client = http_client::builder(url)
            .timeout(timeout)
            // Less, so that nobody there is told apart from no answer.
            .connect_timeout(timeout / 2)
            // What was not asked of this address is not asked of another.
            .redirect(redirect::Policy::none())
            .build()?;
        Ok(Self {
            client,
            base,
            dialect,
            guard: guard(dialect, &GuardOptions::default(), timeout),
            timeout,
        })
    }

    /// The same, guarded otherwise.
    pub(crate) fn with_guard(mut self, options: &GuardOptions) -> Self {
        self.guard = guard(self.dialect, options, self.timeout);
        self
    }

    /// Whether the participant is called, or left alone for a while.
    pub(crate) fn circuit(&self) -> CircuitState {
        self.guard.state()
    }

    /// Looks something up.
    pub(crate) async fn get(&self, path: &[&str]) -> Result<Answer, CallError> {
        let ask = Ask {
            method: Method::GET,
            path,
            key: None,
            body: vec![],
        };
        self.call(&ask).await
    }

    /// Has something done, once for each key.
    pub(crate) async fn post(
        &self,
        path: &[&str],
        key: &str,
        body: &impl Serialize,
    ) -> Result<Answer, CallError> {
        let body = serde_json::to_vec(body);
        let body = body.map_err(|error| CallError::Refused(error.to_string()))?;
        let ask = Ask {
            method: Method::POST,
            path,
            key: Some(key),
            body,
        };
        self.call(&ask).await
    }

    /// For how long calls to the participant have come to nothing, if it is away.
    pub(crate) fn away(&self) -> Option<Duration> {
        self.guard.away()
    }

    /// One call, if it may be made.
    async fn call(&self, ask: &Ask<'_>) -> Result<Answer, CallError> {
        let pass = self.guard.enter().await?;
        let answered = self.try_a_few_times(ask).await;
        let (well, error) = match &answered {
            Ok(answer) if is_well(answer.status) => (true, None),
            Ok(answer) => (false, Some(answer.refusal())),
            Err(failure) => (failure.well, Some(failure.error.clone())),
        };
        pass.end(well);
        // What finds a participant away has told that, and nothing about what was asked: a question, or
        // what was not taken, waits until it is back, and is no attempt.
        if let (false, Some(error), Some(wait)) = (well, error, self.guard.rests())
            && (ask.key.is_none() || matches!(error, CallError::Later(_)))
        {
            let problem = error.to_string();
            return Err(CallError::Deferred { problem, wait });
        }
        answered.map_err(|failure| failure.error)
    }

    /// What the participant did not take, because it could not be reached or said so, is put again
    /// under the same key; after a time-out only asking for it helps.
    async fn try_a_few_times(&self, ask: &Ask<'_>) -> Result<Answer, Failure> {
        let url = self.url(ask.path);
        let tries = AtomicUsize::new(0);
        let send = || async {
            let tries = tries.fetch_add(1, Ordering::Relaxed);
            let answer = self.send(ask, &url, tries).await?;
            if is_passing(answer.status) {
                // A conflict may also be final; then it is the answer.
                match answer.refusal() {
                    error @ CallError::Later(_) => {
                        let well = is_well(answer.status);
                        let soon = true;
                        return Err(Failure { error, soon, well });
                    }
                    _ => return Ok(answer),
                }
            }
            Ok(answer)
        };
        let answered = send
            .retry(patience(ask))
            .when(|failure: &Failure| failure.soon);
        answered.await
    }

    /// One try, after `tries` in vain.
    async fn send(&self, ask: &Ask<'_>, url: &Url, tries: usize) -> Result<Answer, Failure> {
        let mut span = spans::calling(&ask.method, url, tries);
        let mut request = self
            .client
            .request(ask.method.clone(), url.clone())
            .header("content-type", "application/json")
            .body(ask.body.clone());
        if let Some(key) = ask.key {
            request = request.header("idempotency-key", key);
        }
        if let Some(context) = span.context() {
            request = request.header("traceparent", context.to_string());
        }
        let (status, body) = spans::called(&mut span, self.exchange(request).await)?;
        Ok(Answer {
            status,
            body,
            dialect: self.dialect,
        })
    }

    /// Sends a request, and reads what is answered.
    async fn exchange(&self, request: RequestBuilder) -> Result<(StatusCode, Vec<u8>), Failure> {
        let response = request.send().await.map_err(|error| self.failure(&error))?;
        let status = response.status();
        Ok((status, self.read(response).await?))
    }

    /// The body, within its bound.
    async fn read(&self, mut response: Response) -> Result<Vec<u8>, Failure> {
        let mut body = Vec::new();
        loop {
            let chunk = response.chunk().await;
            let Some(chunk) = chunk.map_err(|error| self.failure(&error))? else {
                return Ok(body);
            };
            if body.len() + chunk.len() > MAX_ANSWER {
                let endless = format!("{}'s answer does not end", self.dialect.who);
                return Err(Failure {
                    error: CallError::Unknown(endless),
                    soon: false,
                    well: false,
                });
            }
            body.extend_from_slice(&chunk);
        }
    }

    fn failure(&self, error: &reqwest::Error) -> Failure {
        let who = self.dialect.who;
        let soon = error.is_connect();
        let error = if soon {
            CallError::Unreached(format!("{who} cannot be reached"))
        } else if error.is_timeout() {
            CallError::Unknown(format!("{who} did not answer in time"))
        } else {
            CallError::Unknown(format!("the connection to {who} broke"))
        };
        let well = false;
        Failure { error, soon, well }
    }

    fn url(&self, path: &[&str]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url
    }
}

fn guard(dialect: &Dialect, options: &GuardOptions, timeout: Duration) -> Guard {
    Guard::new(dialect.name, dialect.who, options, timeout)
}

/// Whether who answers so is in no trouble.
fn is_well(status: StatusCode) -> bool {
    !status.is_server_error()
}

/// Whether a status may be another one in a moment.
fn is_passing(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::CONFLICT
            | StatusCode::TOO_EARLY
            | StatusCode::TOO_MANY_REQUESTS
            | StatusCode::SERVICE_UNAVAILABLE
    )
}

/// When a call is put again. By how much its waits are longer follows from what is asked: calls that failed
/// together are not put again together.
fn patience(ask: &Ask<'_>) -> ExponentialBuilder {
    let mut asked = DefaultHasher::new();
    (ask.path, ask.key).hash(&mut asked);
    ExponentialBuilder::default()
        .with_min_delay(FIRST_RETRY)
        .with_max_times(RETRIES)
        .with_jitter()
        .with_jitter_seed(asked.finish())
}

#[cfg(test)]
mod tests {
    use super::*;
    use backon::BackoffBuilder;

    #[test]
    fn calls_that_failed_together_are_not_put_again_together() {
        let waits = |key: &str| -> Vec<Duration> {
            let ask = Ask {
                method: Method::POST,
                path: &["authorizations"],
                key: Some(key),
                body: vec![],
            };
            patience(&ask).build().collect()
        };
        let (one, other) = (waits("one"), waits("other"));
        assert_ne!(one, other);
        for (tries, wait) in (0..).zip(&one) {
            let least = FIRST_RETRY * 2_u32.pow(tries);
            assert!((least..=least * 2).contains(wait), "{one:?}");
        }
        assert_eq!(one.len(), RETRIES);
    }

    static DIALECT: Dialect = Dialect {
        name: "payment",
        who: "the provider",
        final_conflicts: &[],
        not_found: "AUTHORIZATION_NOT_FOUND",
    };

    #[test]
    fn an_address_that_is_none_is_refused_with_its_text() {
        for url in [
            "",
            "nothing",
            "localhost:80",
            "ftp://a",
            "mailto:a@b",
            "http://",
        ] {
            let error = HttpCaller::new(url, Duration::from_secs(1), &DIALECT).err();
            let error = error.unwrap_or_else(|| panic!("{url:?} is no address"));
            assert!(error.to_string().contains(&format!("{url:?}")), "{error}");
        }
    }
}

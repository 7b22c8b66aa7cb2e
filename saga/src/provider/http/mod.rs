//! The payment provider over HTTP.

mod answer;
mod spans;

use super::{Authorization, AuthorizeRequest, CallError, PaymentProvider};
use answer::{Answer, by_itself, capture, refusal, stands, void};
use async_trait::async_trait;
use backon::{ExponentialBuilder, Retryable};
use chassis::http_client;
use domain::{Currency, Money};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, Url, redirect};
use serde::Serialize;
use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

/// How often a call that the provider did not take is put again at once, and after how long; the
/// wait doubles. Whoever called may put it again later.
const RETRIES: usize = 3;
const FIRST_RETRY: Duration = Duration::from_millis(100);

/// The longest answer that is read, in bytes: they are some hundred.
const MAX_ANSWER: usize = 64 * 1024;

/// Why there can be no provider at an address.
#[derive(Debug, thiserror::Error)]
pub enum InvalidProvider {
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

/// The payment provider over HTTP.
pub struct HttpPaymentProvider {
    client: Client,
    base: Url,
}

#[derive(Serialize)]
struct AuthorizeBody<'a> {
    reference: String,
    amount: i64,
    currency: Currency,
    payment_method: &'a str,
}

#[derive(Serialize)]
struct CaptureBody {
    amount: i64,
    currency: Currency,
}

/// Why there is no answer.
struct Failure {
    error: CallError,
    /// Whether it is worth trying again within the same call.
    soon: bool,
}

impl HttpPaymentProvider {
    /// The provider at `url`; a call that takes longer than `timeout` has an unknown outcome.
    pub fn new(url: &str, timeout: Duration) -> Result<Self, InvalidProvider> {
        let base = Url::parse(url).ok();
        let base = base.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        let base = base.ok_or_else(|| InvalidProvider::Url { url: url.into() })?;
        let client = http_client::builder(url)
            .timeout(timeout)
            // Less, so that nobody there is told apart from no answer.
            .connect_timeout(timeout / 2)
            // What was not asked of this address is not asked of another.
            .redirect(redirect::Policy::none())
            .build()?;
        Ok(Self { client, base })
    }

    /// The address of a resource. Names within it may be anything, and lead nowhere else.
    fn url(&self, path: &[&str]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url
    }

    /// One call. What the provider did not take, because it could not be reached or said so, is
    /// put again under the same key; after a time-out only an inquiry helps.
    async fn call(
        &self,
        method: Method,
        path: &[&str],
        key: Option<&str>,
        body: Vec<u8>,
    ) -> Result<Answer, CallError> {
        let url = self.url(path);
        let tries = AtomicUsize::new(0);
        let send = || async {
            let mut span = spans::calling(&method, &url, tries.fetch_add(1, Ordering::Relaxed));
            let mut request = self
                .client
                .request(method.clone(), url.clone())
                .header("content-type", "application/json")
                .body(body.clone());
            if let Some(key) = key {
                request = request.header("idempotency-key", key);
            }
            if let Some(context) = span.context() {
                request = request.header("traceparent", context.to_string());
            }
            let (status, body) = spans::called(&mut span, exchange(request).await)?;
            let answer = Answer { status, body };
            if is_passing(status) {
                // A conflict may also be final; then it is the answer.
                match refusal(&answer) {
                    error @ CallError::Later(_) => return Err(Failure { error, soon: true }),
                    _ => return Ok(answer),
                }
            }
            Ok(answer)
        };
        let patience = ExponentialBuilder::default()
            .with_min_delay(FIRST_RETRY)
            .with_max_times(RETRIES);
        let answered = send.retry(patience).when(|failure: &Failure| failure.soon);
        answered.await.map_err(|failure| failure.error)
    }
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

/// Sends a request, and reads what is answered.
async fn exchange(request: RequestBuilder) -> Result<(StatusCode, Vec<u8>), Failure> {
    let response = request.send().await.map_err(Failure::from)?;
    let status = response.status();
    Ok((status, read(response).await?))
}

/// The body, within its bound.
async fn read(mut response: Response) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(Failure::from)? {
        if body.len() + chunk.len() > MAX_ANSWER {
            let error = CallError::Unknown("the provider's answer does not end".into());
            return Err(Failure { error, soon: false });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

impl From<reqwest::Error> for Failure {
    fn from(error: reqwest::Error) -> Self {
        if error.is_connect() {
            let error = CallError::Later("the provider cannot be reached".into());
            return Self { error, soon: true };
        }
        let problem = match error.is_timeout() {
            true => "the provider did not answer in time",
            false => "the connection to the provider broke",
        };
        let error = CallError::Unknown(problem.into());
        Self { error, soon: false }
    }
}

#[async_trait]
impl PaymentProvider for HttpPaymentProvider {
    async fn authorize(&self, request: &AuthorizeRequest) -> Result<Authorization, CallError> {
        let body = json(&AuthorizeBody {
            reference: request.order_id.to_string(),
            amount: request.amount.amount,
            currency: request.amount.currency,
            payment_method: &request.payment_method,
        })?;
        let key = Some(request.idempotency_key.as_str());
        let answer = self
            .call(Method::POST, &["authorizations"], key, body)
            .await?;
        by_itself(&answer)
    }

    async fn inquire(&self, idempotency_key: &str) -> Result<Authorization, CallError> {
        let path = ["authorizations", "by-key", idempotency_key];
        let answer = self.call(Method::GET, &path, None, vec![]).await?;
        stands(&answer)
    }

    async fn void(&self, authorization_id: &str, idempotency_key: &str) -> Result<(), CallError> {
        let path = ["authorizations", authorization_id, "void"];
        let (key, body) = (Some(idempotency_key), b"{}".to_vec());
        let answer = self.call(Method::POST, &path, key, body).await?;
        void(&answer, authorization_id)
    }

    async fn capture(
        &self,
        authorization_id: &str,
        amount: Money,
        idempotency_key: &str,
    ) -> Result<(), CallError> {
        let path = ["authorizations", authorization_id, "captures"];
        let body = json(&CaptureBody {
            amount: amount.amount,
            currency: amount.currency,
        })?;
        let answer = self
            .call(Method::POST, &path, Some(idempotency_key), body)
            .await?;
        capture(&answer, authorization_id, amount)
    }
}

fn json(body: &impl Serialize) -> Result<Vec<u8>, CallError> {
    serde_json::to_vec(body).map_err(|error| CallError::Refused(error.to_string()))
}

//! The payment provider over HTTP.

use super::{Authorization, AuthorizeRequest, CallError, PaymentProvider};
use async_trait::async_trait;
use backon::{ConstantBuilder, Retryable};
use domain::{Currency, Money};
use reqwest::{Client, Method, StatusCode};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How often a call that was certainly not carried out is tried again, and how soon.
const RETRIES: usize = 3;
const RETRY_AFTER: Duration = Duration::from_millis(200);

/// The payment provider over HTTP.
pub struct HttpPaymentProvider {
    client: Client,
    url: String,
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

#[derive(Deserialize)]
struct AuthorizationBody {
    authorization_id: String,
    status: String,
    decline_code: Option<String>,
    amount: i64,
    currency: Currency,
}

/// An answer, or why there is none that counts.
enum Answer {
    Body(Vec<u8>),
    Status(StatusCode, String),
}

impl HttpPaymentProvider {
    /// The provider at `url`; a call that takes longer than `timeout` has an unknown outcome.
    pub fn new(url: &str, timeout: Duration) -> Result<Self, reqwest::Error> {
        let client = Client::builder()
            .timeout(timeout)
            .connect_timeout(timeout)
            .build()?;
        Ok(Self {
            client,
            url: url.trim_end_matches('/').into(),
        })
    }

    /// One call. What was certainly not carried out, because nobody could be reached or the
    /// provider said so, is tried again under the same key; a time-out is not.
    async fn call(
        &self,
        method: Method,
        path: &str,
        key: Option<&str>,
        body: Vec<u8>,
    ) -> Result<Answer, CallError> {
        let send = || async {
            let mut request = self
                .client
                .request(method.clone(), format!("{}{path}", self.url))
                .header("content-type", "application/json")
                .body(body.clone());
            if let Some(key) = key {
                request = request.header("idempotency-key", key);
            }
            let response = request.send().await.map_err(Failure::from)?;
            let status = response.status();
            if matches!(
                status,
                StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS
            ) {
                return Err(Failure::NotDone(format!("the provider answered {status}")));
            }
            let body = response.bytes().await.map_err(Failure::from)?.to_vec();
            Ok(match status.is_success() {
                true => Answer::Body(body),
                false => Answer::Status(
                    status,
                    String::from_utf8_lossy(&body).chars().take(300).collect(),
                ),
            })
        };
        let patience = ConstantBuilder::default()
            .with_delay(RETRY_AFTER)
            .with_max_times(RETRIES);
        let retry = |failure: &Failure| matches!(failure, Failure::NotDone(_));
        match send.retry(patience).when(retry).await {
            Ok(answer) => Ok(answer),
            Err(Failure::NotDone(detail) | Failure::Unknown(detail)) => {
                Err(CallError::Unknown(detail))
            }
        }
    }
}

enum Failure {
    NotDone(String),
    Unknown(String),
}

impl From<reqwest::Error> for Failure {
    fn from(error: reqwest::Error) -> Self {
        if error.is_connect() {
            Self::NotDone("the provider cannot be reached".into())
        } else if error.is_timeout() {
            Self::Unknown("the provider did not answer in time".into())
        } else {
            Self::Unknown("the connection to the provider broke".into())
        }
    }
}

#[async_trait]
impl PaymentProvider for HttpPaymentProvider {
    async fn authorize(&self, request: &AuthorizeRequest) -> Result<Authorization, CallError> {
        let body = AuthorizeBody {
            reference: request.order_id.to_string(),
            amount: request.amount.amount,
            currency: request.amount.currency,
            payment_method: &request.payment_method,
        };
        let body = to_json(&body)?;
        let key = Some(request.idempotency_key.as_str());
        match self
            .call(Method::POST, "/authorizations", key, body)
            .await?
        {
            Answer::Body(body) => authorization(&body),
            Answer::Status(status, detail) if status.is_client_error() => {
                Err(CallError::Refused(format!("{status}: {detail}")))
            }
            Answer::Status(status, _) => Err(CallError::Unknown(format!(
                "the provider answered {status}"
            ))),
        }
    }

    async fn inquire(&self, idempotency_key: &str) -> Result<Authorization, CallError> {
        let path = format!("/authorizations/by-key/{idempotency_key}");
        match self.call(Method::GET, &path, None, vec![]).await? {
            Answer::Body(body) => authorization(&body),
            Answer::Status(StatusCode::NOT_FOUND, _) => Err(CallError::NotFound),
            Answer::Status(status, _) => Err(CallError::Unknown(format!(
                "the provider answered {status}"
            ))),
        }
    }

    async fn void(&self, authorization_id: &str, idempotency_key: &str) -> Result<(), CallError> {
        let path = format!("/authorizations/{authorization_id}/void");
        done(
            self.call(Method::POST, &path, Some(idempotency_key), b"{}".to_vec())
                .await?,
        )
    }

    async fn capture(
        &self,
        authorization_id: &str,
        amount: Money,
        idempotency_key: &str,
    ) -> Result<(), CallError> {
        let path = format!("/authorizations/{authorization_id}/captures");
        let body = to_json(&CaptureBody {
            amount: amount.amount,
            currency: amount.currency,
        })?;
        done(
            self.call(Method::POST, &path, Some(idempotency_key), body)
                .await?,
        )
    }
}

fn to_json(body: &impl Serialize) -> Result<Vec<u8>, CallError> {
    serde_json::to_vec(body).map_err(|error| CallError::Refused(error.to_string()))
}

fn authorization(body: &[u8]) -> Result<Authorization, CallError> {
    let body: AuthorizationBody = serde_json::from_slice(body)
        .map_err(|error| CallError::Unknown(format!("the provider's answer is odd: {error}")))?;
    match body.status.as_str() {
        "declined" => Ok(Authorization::Declined {
            code: body.decline_code.unwrap_or_else(|| "declined".into()),
        }),
        // An authorization that was voided or captured since was authorized once.
        "authorized" | "voided" | "captured" => Ok(Authorization::Authorized {
            authorization_id: body.authorization_id,
            amount: Money::new(body.amount, body.currency),
        }),
        status => Err(CallError::Unknown(format!(
            "the provider says the odd status {status:?}"
        ))),
    }
}

fn done(answer: Answer) -> Result<(), CallError> {
    match answer {
        Answer::Body(_) => Ok(()),
        Answer::Status(StatusCode::NOT_FOUND, _) => Err(CallError::NotFound),
        Answer::Status(status, detail) if status.is_client_error() => {
            Err(CallError::Refused(format!("{status}: {detail}")))
        }
        Answer::Status(status, _) => Err(CallError::Unknown(format!(
            "the provider answered {status}"
        ))),
    }
}

//! The API, as the command line uses it.

use super::Api;
use anyhow::{Context, anyhow, bail};
use reqwest::{Client, RequestBuilder, Response};
use serde_json::Value;
use std::time::Duration;

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

impl ApiClient {
    pub(super) fn new(api: &Api) -> anyhow::Result<Self> {
        let http = Client::builder()
            .timeout(Duration::from_secs(30))
            .build()
            .context("an HTTP client cannot be made")?;
        let (url, query_url) = api.urls();
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
        let mut request = self
            .http
            .get(format!("{}{path}", self.query_url))
            .query(query);
        if let Some(token) = token {
            request = request.header("consistency-token", token);
        }
        send(request)
            .await?
            .json()
            .await
            .context("the answer is not JSON")
    }

    /// Writes, under `key` or a new one.
    pub(super) async fn post(
        &self,
        path: &str,
        key: Option<&str>,
        body: &Value,
    ) -> anyhow::Result<Written> {
        let key = key.map_or_else(|| uuid::Uuid::now_v7().to_string(), str::to_owned);
        let request = self
            .http
            .post(format!("{}{path}", self.url))
            .header("idempotency-key", key)
            .json(body);
        let response = send(request).await?;
        let header = |name: &str| {
            response
                .headers()
                .get(name)
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned)
        };
        Ok(Written {
            consistency_token: header("consistency-token"),
            replayed: header("idempotent-replayed").is_some(),
            body: response.json().await.context("the answer is not JSON")?,
        })
    }
}

/// The answer, or the platform's own words for why there is none.
async fn send(request: RequestBuilder) -> anyhow::Result<Response> {
    let response = request.send().await.map_err(|error| {
        let url = error
            .url()
            .map_or_else(String::new, |url| format!(" at {url}"));
        anyhow!(error.without_url()).context(format!(
            "the platform cannot be reached{url}; is it running? (`make run`)"
        ))
    })?;
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let Ok(problem) = response.json::<Value>().await else {
        bail!("the platform answered {status}");
    };
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
    bail!(text)
}

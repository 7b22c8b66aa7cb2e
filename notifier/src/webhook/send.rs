//! One attempt at a webhook.

use super::{
    address::{AddressError, Reach},
    resolver::CheckedResolver,
    secret::WebhookSecret,
};
use anyhow::Context;
use chassis::http_client;
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::{Client, StatusCode, header::HeaderMap, redirect};
use std::{error::Error, sync::Arc, time::Duration};

/// Connections to one host that are kept for the next webhook, and for how long.
const IDLE: usize = 2;
const IDLE_FOR: Duration = Duration::from_secs(30);

/// What is sent.
#[derive(Debug, Clone)]
pub struct Message<'a> {
    /// The same in every attempt.
    pub id: String,
    /// Where to.
    pub url: &'a str,
    /// JSON.
    pub body: &'a str,
    /// What it is signed with: one signature of each.
    pub secrets: &'a [WebhookSecret],
}

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answered {
    /// 2xx.
    Delivered {
        /// Which one.
        status: u16,
    },
    /// The endpoint is no more, and says so.
    Gone,
    /// Something else, or nothing.
    Failed {
        /// Its status, if it answered.
        status: Option<u16>,
        /// What went wrong, in one line without anything that it said.
        problem: String,
        /// How long it wants to be left alone.
        retry_after: Option<TimeDelta>,
    },
}

/// Sends webhooks.
#[derive(Clone)]
pub struct WebhookSender {
    /// Speaks TLS; none where the system has no certificates to tell anybody by.
    tls: Result<Client, String>,
    plain: Client,
    reach: Reach,
}

impl WebhookSender {
    /// Sends within `reach`, and waits so long for each answer.
    ///
    /// # Errors
    /// No HTTP client can be made.
    pub fn new(reach: Reach, timeout: Duration) -> anyhow::Result<Self> {
        // The address that is asked for says whether certificates are needed.
        let client = |scheme: &str| {
            http_client::builder(&format!("{scheme}://webhooks.invalid"))
                // A proxy would look names up by itself, and reach what must not be reached.
                .no_proxy()
                .dns_resolver(Arc::new(CheckedResolver(reach)))
                .redirect(redirect::Policy::none())
                .timeout(timeout)
                .connect_timeout(timeout)
                .pool_max_idle_per_host(IDLE)
                .pool_idle_timeout(IDLE_FOR)
                .user_agent(concat!("orders-webhooks/", env!("CARGO_PKG_VERSION")))
                .build()
        };
        Ok(Self {
            tls: client("https").map_err(|error| in_short(&error)),
            plain: client("http").context("no HTTP client for webhooks can be made")?,
            reach,
        })
    }

    /// One attempt, at `now`.
    pub async fn send(&self, message: &Message<'_>, now: DateTime<Utc>) -> Answered {
        match self.try_send(message, now).await {
            Ok(answered) => answered,
            Err(problem) => Answered::Failed {
                status: None,
                problem,
                retry_after: None,
            },
        }
    }

    async fn try_send(
        &self,
        message: &Message<'_>,
        now: DateTime<Utc>,
    ) -> Result<Answered, String> {
        // Looked at again: what may be reached may have been set otherwise since, and an address that
        // is written out is not looked up.
        let url = self.reach.parse(message.url);
        let url = url.map_err(|error| format!("the endpoint's URL is not used: {error}"))?;
        let client = match url.scheme() {
            "https" => self.tls.as_ref().map_err(Clone::clone)?,
            _ => &self.plain,
        };
        let timestamp = now.timestamp();
        let signatures: Vec<String> = message
            .secrets
            .iter()
            .map(|secret| secret.sign(&message.id, timestamp, message.body))
            .collect();
        let response = client
            .post(url)
            .header("content-type", "application/json")
            .header("webhook-id", &message.id)
            .header("webhook-timestamp", timestamp.to_string())
            .header("webhook-signature", signatures.join(" "))
            .body(message.body.to_owned())
            .send()
            .await
            .map_err(|error| in_short(&error))?;
        // Nobody wants to know what else it says.
        Ok(answered(response.status(), response.headers(), now))
    }
}

fn answered(status: StatusCode, headers: &HeaderMap, now: DateTime<Utc>) -> Answered {
    if status.is_success() {
        let status = status.as_u16();
        return Answered::Delivered { status };
    }
    if status == StatusCode::GONE {
        return Answered::Gone;
    }
    let problem = match status.is_redirection() {
        true => format!("it answered {status}: redirects are not followed"),
        false => format!("it answered {status}"),
    };
    Answered::Failed {
        status: Some(status.as_u16()),
        problem,
        retry_after: retry_after(headers, now),
    }
}

/// What `Retry-After` says: seconds, or a date.
fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<TimeDelta> {
    let value = headers.get("retry-after")?.to_str().ok()?.trim();
    let asked = match value.parse::<u32>() {
        Ok(seconds) => TimeDelta::seconds(seconds.into()),
        Err(_) => DateTime::parse_from_rfc2822(value).ok()?.to_utc() - now,
    };
    (asked > TimeDelta::zero()).then_some(asked)
}

/// What went wrong, without the address, which may hold a token.
fn in_short(error: &reqwest::Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(source) = cause.source() {
        if let Some(refused) = source.downcast_ref::<AddressError>() {
            return format!("no connection is made: {refused}");
        }
        cause = source;
    }
    if error.is_timeout() {
        return "it did not answer in time".into();
    }
    let what = match error.is_connect() {
        true => "no connection could be made",
        false => "the connection broke",
    };
    format!("{what}: {cause}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderValue;

    fn asked(value: &'static str) -> Option<i64> {
        let mut headers = HeaderMap::new();
        headers.insert("retry-after", HeaderValue::from_static(value));
        let now = DateTime::parse_from_rfc3339("2015-10-21T07:27:00Z").unwrap();
        Some(retry_after(&headers, now.to_utc())?.num_seconds())
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        assert_eq!(asked("120"), Some(120));
        assert_eq!(asked("Wed, 21 Oct 2015 07:28:00 GMT"), Some(60));
        for nothing in ["0", "-1", "soon", "Wed, 21 Oct 2015 07:26:00 GMT"] {
            assert_eq!(asked(nothing), None, "{nothing}");
        }
    }
}

//! `orders probe`: whether a process takes traffic, for what starts and watches it, such as the
//! engine of a container that has no curl.

use anyhow::{Context, bail};
use chassis::http_client;
use clap::Args;
use std::time::Duration;

/// How much of an answer is shown.
const SHOWN: usize = 300;

/// What is asked, and how long it may take.
#[derive(Debug, Args)]
pub struct ProbeArgs {
    /// What must answer 2xx.
    #[arg(
        env = "ORDERS_PROBE_URL",
        default_value = "http://127.0.0.1:8080/readyz"
    )]
    url: String,
    /// Milliseconds that it may take.
    #[arg(long, value_name = "MS", default_value_t = 3_000,
          value_parser = clap::value_parser!(u64).range(1..=60_000))]
    within: u64,
}

/// Asks once; an error where the answer is another than 2xx, or none.
pub(super) async fn run(args: ProbeArgs) -> anyhow::Result<()> {
    let ProbeArgs { url, within } = args;
    let client = http_client::builder(&url)
        .timeout(Duration::from_millis(within))
        .build()
        .context("an HTTP client cannot be made")?;
    let asked = async {
        let response = client.get(&url).send().await?;
        Ok::<_, reqwest::Error>((response.status(), response.text().await?))
    };
    let (status, body) = asked
        .await
        .map_err(reqwest::Error::without_url)
        .with_context(|| format!("{url} does not answer"))?;
    if !status.is_success() {
        let why: String = body.chars().take(SHOWN).collect();
        bail!("{url} answers {status}: {why}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::{Router, http::StatusCode, routing::get};
    use tokio::net::TcpListener;

    async fn server() -> String {
        let router = Router::new()
            .route("/well", get(async || "{}"))
            .route(
                "/ill",
                get(async || (StatusCode::SERVICE_UNAVAILABLE, "no database")),
            )
            .route("/mute", get(std::future::pending::<()>));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await;
        let listener = listener.expect("there is a port");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }

    async fn probe(url: String, within: u64) -> Result<(), String> {
        let probed = run(ProbeArgs { url, within }).await;
        probed.map_err(|error| format!("{error:#}"))
    }

    #[tokio::test]
    async fn only_a_good_answer_in_time_is_good() {
        let url = server().await;
        assert_eq!(probe(format!("{url}/well"), 60_000).await, Ok(()));
        let ill = probe(format!("{url}/ill"), 60_000).await;
        let said = format!("{url}/ill answers 503 Service Unavailable: no database");
        assert_eq!(ill, Err(said));
        let mute = probe(format!("{url}/mute"), 50).await;
        assert!(
            mute.is_err_and(|said| said.contains("/mute does not answer")),
            "a probe is bounded"
        );
    }

    #[tokio::test]
    async fn nobody_there_is_no_good_answer() {
        let port = local::free_port().expect("there is a free port");
        let gone = probe(format!("http://127.0.0.1:{port}/readyz"), 60_000).await;
        assert!(gone.is_err_and(|said| said.contains("does not answer")));
    }
}

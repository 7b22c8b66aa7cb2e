//! The processes: whether each takes traffic.

use super::{
    PATIENCE,
    finding::{Finding, well, wrong},
    target::Processes,
};
use chassis::http_client;
use futures::future::join_all;
use reqwest::StatusCode;

/// How much of an answer is shown.
const SHOWN: usize = 300;

/// What a process said when it was asked whether it is ready.
enum Said {
    Ready,
    NotReady(String),
    /// Something else listens there.
    Foreign(StatusCode),
    Nothing(String),
}

/// Looks at all processes that there should be.
pub(super) async fn look(processes: &Processes) -> Vec<Finding> {
    match processes {
        Processes::Known(known) => judge(known).await,
        Processes::Either {
            all_in_one,
            services,
        } => either(all_in_one, services).await,
    }
}

async fn judge(processes: &[(String, String)]) -> Vec<Finding> {
    let asked = processes.iter().map(async |(name, url)| {
        let said = ask(url).await;
        finding(name, url, said)
    });
    join_all(asked).await
}

/// The one process that is all, or else the services of which at least one is there.
async fn either(all_in_one: &(String, String), services: &[(String, String)]) -> Vec<Finding> {
    let (name, url) = all_in_one;
    let said = ask(url).await;
    if matches!(said, Said::Ready | Said::NotReady(_)) {
        return vec![finding(name, url, said)];
    }
    let asked = services.iter().map(async |(name, url)| {
        let said = ask(url).await;
        let is_there = matches!(said, Said::Ready | Said::NotReady(_));
        (is_there, finding(name, url, said))
    });
    let answers = join_all(asked).await;
    if answers.iter().any(|(is_there, _)| *is_there) {
        return answers.into_iter().map(|(_, finding)| finding).collect();
    }
    let places: Vec<String> = services
        .iter()
        .map(|(name, url)| format!("{name} at {url}"))
        .collect();
    vec![wrong(
        "processes",
        format!(
            "none of them answers: neither {name} at {url}, nor {}",
            places.join(", ")
        ),
        "start the platform: `make run`, `make up`, `orders serve`, or the services",
    )]
}

async fn ask(url: &str) -> Said {
    // The sandbox has no database and no broker to be ready for, but answers like the others.
    let asked = async {
        let client = http_client::builder(url).timeout(PATIENCE).build()?;
        let response = client.get(format!("{url}/readyz")).send().await?;
        let status = response.status();
        Ok::<_, reqwest::Error>((status, response.text().await?))
    };
    match asked.await {
        Ok((status, _)) if status.is_success() => Said::Ready,
        Ok((StatusCode::SERVICE_UNAVAILABLE, body)) => {
            Said::NotReady(body.chars().take(SHOWN).collect())
        }
        Ok((status, _)) => Said::Foreign(status),
        Err(error) => Said::Nothing(error.without_url().to_string()),
    }
}

fn finding(name: &str, url: &str, said: Said) -> Finding {
    let what = format!("process {name}");
    let advice = format!("start it, and see its log ({url}/readyz says more)");
    match said {
        Said::Ready => well(what, format!("ready at {url}")),
        Said::NotReady(why) => wrong(what, format!("not ready: {why}"), advice),
        Said::Foreign(status) => wrong(
            what,
            format!("something else answers at {url} ({status})"),
            "stop that, or give this process another port",
        ),
        Said::Nothing(why) => wrong(what, format!("cannot be reached at {url}: {why}"), advice),
    }
}

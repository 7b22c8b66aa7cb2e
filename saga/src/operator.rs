//! What an operator does about what the sagas gave up. The service does the rest: it finds at its
//! next look what is due again.

use anyhow::Context;
use saga::{
    settled,
    storage::{ParkedTask, SagaStore},
};
use std::{io::Write, process::ExitCode};
use store::{Clock, SystemClock};
use uuid::Uuid;

/// The most that is shown, and done again at once.
const LIMIT: usize = 10_000;

/// Shows what waits.
pub async fn parked(storage: &dyn SagaStore, json: bool) -> anyhow::Result<ExitCode> {
    let tasks = storage.parked(LIMIT).await?;
    let mut text = String::new();
    if json {
        for task in &tasks {
            text.push_str(&format!("{}\n", serde_json::to_string(task)?));
        }
    } else if tasks.is_empty() {
        text.push_str("Nothing waits for an operator.\n");
    } else {
        text.push_str(&format!(
            "{:36}  {:36}  {:20}  {:10}  PROBLEM\n",
            "TASK", "ORDER", "SINCE", "WHAT"
        ));
        for task in &tasks {
            text.push_str(&line(task));
        }
    }
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn line(task: &ParkedTask) -> String {
    format!(
        "{:36}  {:36}  {:20}  {:10}  {}\n",
        task.id,
        task.order_id,
        task.parked_at.format("%Y-%m-%d %H:%M:%SZ"),
        task.what(),
        task.problem,
    )
}

/// Has one done again, or all.
pub async fn retry(storage: &dyn SagaStore, task: Option<Uuid>) -> anyhow::Result<ExitCode> {
    let tasks = match task {
        Some(task) => vec![task],
        None => {
            let tasks = storage.parked(LIMIT).await?;
            tasks.into_iter().map(|task| task.id).collect()
        }
    };
    let mut resumed = 0;
    for task in tasks {
        resumed += usize::from(storage.resume(task, None, SystemClock.now()).await?);
    }
    if let (Some(task), 0) = (task, resumed) {
        anyhow::bail!("{task} does not wait for an operator: `saga parked` shows what does");
    }
    print(&format!("{resumed} done again by the running service\n"))?;
    Ok(ExitCode::SUCCESS)
}

/// Records what the operator has found out at the provider.
pub async fn settle(storage: &dyn SagaStore, task: Uuid) -> anyhow::Result<ExitCode> {
    let parked = storage.find_parked(task).await?;
    let parked = parked.with_context(|| {
        format!("{task} does not wait for an operator: `saga parked` shows what does")
    })?;
    let instead = settled(&parked).with_context(|| {
        format!("{task} asks nobody to move money or to take a shipment: retry it instead")
    })?;
    let now = SystemClock.now();
    if !storage.resume(task, Some(&instead), now).await? {
        anyhow::bail!("{task} was called off or done again meanwhile");
    }
    print(&format!(
        "the running service records that nothing is there for order {}\n",
        parked.order_id
    ))?;
    Ok(ExitCode::SUCCESS)
}

pub fn print(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

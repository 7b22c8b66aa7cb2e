//! A command with servers that its tests share.

use servers::{KurrentDb, Nats, Postgres};
use std::{
    env,
    error::Error,
    process::{Command, ExitCode},
};

/// Runs the command, and answers as it does. Its tests take servers of their own from containers, too.
pub async fn run(command: &[String]) -> Result<ExitCode, Box<dyn Error>> {
    let postgres = Postgres::contained_for_sharing().await?;
    say(&format!(
        "PostgreSQL {}, {}",
        postgres.version().await?,
        image("POSTGRES")
    ));
    let nats = Nats::contained().await?;
    say(&format!(
        "nats-server {}, {}",
        nats.version().await?,
        image("NATS")
    ));
    // Each test has one of its own.
    drop(nats);
    let kurrentdb = match env::var("ORDERS_TEST_KURRENTDB_IMAGE") {
        Ok(image) if !image.is_empty() => {
            say(&format!("KurrentDB, {image}"));
            let is_named = env::var_os("ORDERS_TEST_KURRENTDB_OPTIONAL").is_none();
            Some(KurrentDb::contained_or_why(&image, is_named).await?)
        }
        _ => None,
    };
    let mut running = Command::new(&command[0]);
    running
        .args(&command[1..])
        .env("ORDERS_TEST_PROVIDER", "containers")
        .env("ORDERS_TEST_POSTGRES_URL", postgres.url("postgres"));
    match &kurrentdb {
        Some(Ok(kurrentdb)) => {
            running.env("ORDERS_TEST_KURRENTDB_URL", kurrentdb.url());
        }
        Some(Err(why)) => {
            say(why);
            running.env("ORDERS_TEST_KURRENTDB_SKIPPED", why);
        }
        None => {}
    }
    let status = tokio::task::spawn_blocking(move || running.status()).await??;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn image(server: &str) -> String {
    env::var(format!("ORDERS_TEST_{server}_IMAGE")).unwrap_or_else(|_| "the official image".into())
}

#[expect(
    clippy::print_stderr,
    reason = "versions are to be seen beside the tests"
)]
fn say(what: &str) {
    eprintln!("containers: {what}");
}

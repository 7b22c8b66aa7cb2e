//! The double as a process of its own, which can be killed and started again.

use anyhow::Context;
use clap::Parser;
use kurrent_double::Fake;
use std::path::PathBuf;
use tokio::signal::unix::{SignalKind, signal};

/// Speaks KurrentDB's protocol on 127.0.0.1, as far as the platform uses it. For tests: it answers
/// whoever asks, and keeps everything in memory as well.
#[derive(Debug, Parser)]
struct Arguments {
    /// Where it listens
    #[arg(long)]
    port: u16,
    /// File that keeps its log
    #[arg(long, value_name = "FILE")]
    log: PathBuf,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let mut stop = signal(SignalKind::terminate())?;
    let fake = Fake::in_file(arguments.port, &arguments.log).await;
    let _fake = fake.with_context(|| {
        let Arguments { port, log } = &arguments;
        format!(
            "port {port} cannot be listened on, or {} not be used",
            log.display()
        )
    })?;
    stop.recv().await;
    Ok(())
}

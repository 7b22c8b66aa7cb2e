//! `orders personal-data`

use super::{found, print, say};
use crate::host;
use anyhow::Context;
use assembly::name_vault;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::process::ExitCode;
use vault::{MasterUse, Remaining};

/// After so many keys it is said how far it is.
const SAID_EVERY: u64 = 10_000;

/// What is done with the keys of personal data.
#[derive(Debug, Subcommand)]
pub(super) enum PersonalData {
    /// Wrap the keys of all customers by the master key of personal_data.master_key, also those that the
    /// one before has wrapped, which personal_data.former_master_key names. Afterwards that one is needed
    /// no more. What was interrupted goes on where it was. Exits 0 when nothing remains.
    Rewrap(RewrapArgs),
}

/// Wrap all keys anew.
#[derive(Debug, Args)]
pub(super) struct RewrapArgs {
    /// Only tell what remains.
    #[arg(long)]
    check: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(command: PersonalData) -> anyhow::Result<ExitCode> {
    match command {
        PersonalData::Rewrap(args) => rewrap(args).await,
    }
}

async fn rewrap(args: RewrapArgs) -> anyhow::Result<ExitCode> {
    let mut settings = found::settings()?;
    host::find_master_key(&mut settings)?;
    let vault = name_vault(&settings)?;
    let mut rewrapped = 0;
    if !args.check {
        let unusable = "the keys cannot be wrapped anew; what was wrapped so far stays so";
        vault.check().await.context(unusable)?;
        let mut rewrap = vault.rewrap();
        while rewrap.step().await.context(unusable)? {
            let before = rewrapped;
            rewrapped = rewrap.done();
            if before / SAID_EVERY < rewrapped / SAID_EVERY {
                say(&format!("{rewrapped} keys wrapped anew"));
            }
        }
        rewrapped = rewrap.done();
    }
    let remaining = vault
        .remaining()
        .await
        .context("the keys cannot be counted")?;
    match args.json {
        true => print(&serde_json::to_string_pretty(&as_json(
            rewrapped, &remaining,
        ))?),
        false => show(rewrapped, &remaining),
    }
    Ok(match remaining.others.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

fn as_json(rewrapped: u64, remaining: &Remaining) -> Value {
    let other = |other: &MasterUse| json!({"master_key": other.master, "keys": other.keys});
    json!({
        "master_key": remaining.current,
        "rewrapped": rewrapped,
        "wrapped": remaining.wrapped,
        "remaining": remaining.keys(),
        "others": remaining.others.iter().map(other).collect::<Vec<_>>(),
    })
}

fn show(rewrapped: u64, remaining: &Remaining) {
    let current = &remaining.current;
    print(&format!(
        "{rewrapped} keys wrapped anew; the master key {current} wraps {}, others {}",
        remaining.wrapped,
        remaining.keys()
    ));
    for other in &remaining.others {
        print(&format!("  {} wraps {} still", other.master, other.keys));
    }
    match remaining.others.is_empty() {
        true => {
            say("No other master key is needed any more: personal_data.former_master_key can go.")
        }
        false => say(
            "While others wrap keys they are needed. Processes that still run with another \
             personal_data.master_key make more of them: restart these, and run this again.",
        ),
    }
}

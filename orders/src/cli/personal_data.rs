//! `orders personal-data`

use super::{found, print, say, verify_erasure::connect};
use crate::host;
use anyhow::Context;
use assembly::{name_vault, open_reader};
use chassis::config::Settings;
use clap::{Args, Subcommand};
use domain::{Event, Position, customer::CustomerEvent};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use sqlx::PgConnection;
use std::process::ExitCode;
use store::StoredEvent;
use vault::{KeyId, KeyStore, MasterUse, PostgresKeys, Remaining};

/// What is recorded of an erasure.
pub(super) const ERASED: &str = "CustomerErased";

/// After so many keys it is said how far it is.
const SAID_EVERY: u64 = 10_000;

/// What is done with the keys of personal data.
#[derive(Debug, Subcommand)]
pub(super) enum PersonalData {
    /// Wrap the keys of all customers by the master key of personal_data.master_key, also those that the
    /// one before has wrapped, which personal_data.former_master_key names. Afterwards that one is needed
    /// no more. What was interrupted goes on where it was. Exits 0 when nothing remains, also of what the
    /// master key seals itself for webhooks: the saga seals their secrets anew when it starts.
    Rewrap(RewrapArgs),
    /// Destroy the keys of all customers whose erasure the event store has, where they are there: as after
    /// keys from before an erasure were restored. `orders restore` does it by itself.
    EraseAgain,
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
        PersonalData::EraseAgain => {
            let erased = erase_again(&found::settings()?).await?;
            print(&format!("{erased} customers are erased, and have no key."));
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// How many events are read at once.
const PAGE: usize = 1_000;

/// The keys, where there are any; the schema that they belong into, where there is none.
async fn keys(settings: &Settings) -> anyhow::Result<PostgresKeys> {
    let url = settings.keys_url().expose_secret();
    vault::migrate(url)
        .await
        .context("the keys cannot be used")?;
    PostgresKeys::new(url).context("the keys cannot be used")
}

/// Destroys the keys of the customers whose erasures `events` are; says how many there are, and whether
/// there is any key, of anybody else.
///
/// # Errors
/// The keys cannot be used, or an event not be read: some of the keys may be there still.
pub(super) async fn erase(
    settings: &Settings,
    events: &[StoredEvent],
) -> anyhow::Result<(u64, bool)> {
    let keys = keys(settings).await?;
    let mut erased = 0;
    for event in events {
        erased += destroy(&keys, event.clone()).await?;
    }
    let masters = keys.masters().await.context("the keys cannot be counted")?;
    Ok((erased, !masters.is_empty()))
}

/// Destroys the key of the customer whose erasure `event` is; says how many that are.
async fn destroy(keys: &PostgresKeys, event: StoredEvent) -> anyhow::Result<u64> {
    let tenant = event.envelope.tenant.clone();
    // What cannot be read may be the one who must not come back.
    let Event::Customer(CustomerEvent::CustomerErased(event)) = event.decode()?.event else {
        return Ok(0);
    };
    let id = KeyId {
        tenant,
        customer_id: event.customer_id,
    };
    keys.destroy(&id)
        .await
        .context("a key cannot be destroyed")?;
    Ok(1)
}

/// Destroys the keys of all customers whose erasure the event store has; says how many there are.
///
/// # Errors
/// The store or the keys cannot be used: some of the keys may be there still.
pub(super) async fn erase_again(settings: &Settings) -> anyhow::Result<u64> {
    let reader = open_reader(settings).await?;
    let keys = keys(settings).await?;
    let until = reader.head().await?.position;
    let (mut erased, mut end) = (0, Position::ZERO);
    loop {
        let page = reader.read_types(&[ERASED], end, until, PAGE).await?;
        let Some(last) = page.last() else {
            return Ok(erased);
        };
        end = last.envelope.position;
        for event in page.into_iter().filter(|event| event.event_type == ERASED) {
            erased += destroy(&keys, event).await?;
        }
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
    let sealed = sealed_by_others(&settings, &remaining.current)
        .await
        .context("what is sealed for webhooks cannot be counted")?;
    match args.json {
        true => print(&serde_json::to_string_pretty(&as_json(
            rewrapped, &remaining, sealed,
        ))?),
        false => show(rewrapped, &remaining, sealed),
    }
    Ok(match remaining.others.is_empty() && sealed.is_none() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// What notifications have sealed by other master keys than the current one, which wrapping keys anew
/// does not change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Sealed {
    /// Secrets of webhooks.
    secrets: i64,
    /// Answers to requests that may be sent again.
    answers: i64,
}

impl Sealed {
    fn is_none(self) -> bool {
        self == Self::default()
    }
}

/// Counts it; nothing where there never were notifications.
async fn sealed_by_others(settings: &Settings, current: &str) -> anyhow::Result<Sealed> {
    let mut connection: PgConnection = connect(settings.saga_url().expose_secret()).await?;
    let exists: bool = sqlx::query_scalar("SELECT to_regclass('notify.secret') IS NOT NULL")
        .fetch_one(&mut connection)
        .await?;
    if !exists {
        return Ok(Sealed::default());
    }
    // What signs nothing any more, or is about to be forgotten, is opened by nobody.
    let (secrets, answers) = sqlx::query_as(
        "SELECT
             (
                 SELECT count(*)
                 FROM notify.secret
                 WHERE master <> $1
                   AND (expires_at IS NULL OR expires_at > now())
             ),
             (
                 SELECT count(*)
                 FROM notify.request
                 WHERE master <> $1
                   AND created_at > now() - interval '7 days'
             )",
    )
    .bind(current)
    .fetch_one(&mut connection)
    .await?;
    Ok(Sealed { secrets, answers })
}

fn as_json(rewrapped: u64, remaining: &Remaining, sealed: Sealed) -> Value {
    let other = |other: &MasterUse| json!({"master_key": other.master, "keys": other.keys});
    json!({
        "master_key": remaining.current,
        "rewrapped": rewrapped,
        "wrapped": remaining.wrapped,
        "remaining": remaining.keys(),
        "others": remaining.others.iter().map(other).collect::<Vec<_>>(),
        "webhooks": {"secrets": sealed.secrets, "answers": sealed.answers},
    })
}

fn show(rewrapped: u64, remaining: &Remaining, sealed: Sealed) {
    let current = &remaining.current;
    print(&format!(
        "{rewrapped} keys wrapped anew; the master key {current} wraps {}, others {}",
        remaining.wrapped,
        remaining.keys()
    ));
    for other in &remaining.others {
        print(&format!("  {} wraps {} still", other.master, other.keys));
    }
    if !sealed.is_none() {
        let Sealed { secrets, answers } = sealed;
        print(&format!(
            "  others seal {secrets} secrets of webhooks and {answers} answers to requests still"
        ));
        say(
            "Secrets of webhooks are sealed anew when the saga starts under these settings; answers are \
             forgotten 7 days after their requests. Run this again then.",
        );
    }
    match remaining.others.is_empty() {
        true if !sealed.is_none() => {}
        true => {
            say("No other master key is needed any more: personal_data.former_master_key can go.")
        }
        false => say(
            "While others wrap keys they are needed. Processes that still run with another \
             personal_data.master_key make more of them: restart these, and run this again.",
        ),
    }
}

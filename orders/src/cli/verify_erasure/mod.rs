//! `orders verify-erasure`: whether anything of a customer who was erased can still be read anywhere.

mod broker;
mod events;
mod key;
mod logs;
mod needles;
mod places;
mod tables;

use super::{
    found, print, say,
    table::{number, table},
};
use anyhow::Context;
use clap::Args;
use comfy_table::Cell;
use domain::{CustomerId, TenantId};
use needles::Needles;
use places::{Looked, Place};
use serde::Serialize;
use serde_json::json;
use std::{path::PathBuf, process::ExitCode};

pub(super) use tables::connect;

/// Tell whether anything of a customer can still be read.
///
/// Every place is named, with what was looked at there, or why it was not. Exits 0 if nothing can be read
/// and every place was looked at or left out, 1 if something can, 3 if nothing was found where it was
/// looked, and that was not everywhere.
#[derive(Debug, Args)]
pub(super) struct VerifyErasureArgs {
    /// The customer.
    customer_id: CustomerId,
    /// A text that must stand nowhere any more, as a name or a street: it is looked for, letter by
    /// letter, in everything that is stored or was published. As often as there are texts.
    #[arg(long, value_name = "TEXT")]
    contains: Vec<String>,
    /// A log file to be searched for these texts as well.
    #[arg(long, value_name = "FILE", requires = "contains")]
    log: Vec<PathBuf>,
    /// A place that is deliberately not looked at: it counts as seen to. As often as there are such
    /// places.
    #[arg(long, value_name = "PLACE")]
    leave_out: Vec<Place>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// The exit code where nothing was found, and some places were neither looked at nor left out.
const INCOMPLETE: u8 = 3;

/// A place that was looked at.
#[derive(Debug, Serialize)]
struct Check {
    /// Where.
    place: String,
    /// How many things were looked at there.
    looked_at: u64,
    /// What can be read there, and must not.
    problem: Option<String>,
}

/// Whose data is looked for, and which texts.
struct Wanted {
    tenant: TenantId,
    customer_id: CustomerId,
    needles: Needles,
}

pub(super) async fn run(args: VerifyErasureArgs) -> anyhow::Result<ExitCode> {
    let settings = found::settings()?;
    let wanted = Wanted {
        tenant: TenantId::parse(&settings.tenant.id).context("tenant.id")?,
        customer_id: args.customer_id,
        needles: Needles::new(args.contains)?,
    };
    let mut looked = Looked::leaving_out(args.leave_out);
    looked
        .at(Place::Key, async {
            Ok(vec![key::check(&settings, &wanted).await?])
        })
        .await;
    looked
        .at(Place::Events, async {
            Ok(vec![events::check(&settings, &wanted).await?])
        })
        .await;
    looked
        .at(
            Place::ReadModels,
            tables::check_read_models(&settings, &wanted),
        )
        .await;
    match wanted.needles.is_empty() {
        true => looked.cannot(
            Place::Texts,
            "no text was given: what people write, as notes and reasons, was not searched \
             (--contains TEXT)",
        ),
        false => {
            looked
                .at(Place::Texts, tables::check_texts(&settings, &wanted))
                .await;
        }
    }
    match &settings.bus.url {
        None => looked.none(Place::Broker, "there is no broker: bus.url is not set"),
        Some(url) => {
            looked
                .at(Place::Broker, async {
                    Ok(vec![
                        broker::check(url, &settings.bus.stream, &wanted).await?,
                    ])
                })
                .await;
        }
    }
    match args.log.is_empty() {
        true => looked.cannot(Place::Logs, "no log file was named (--log FILE)"),
        false => {
            for path in &args.log {
                looked
                    .at(Place::Logs, async {
                        Ok(vec![logs::check(path, &wanted.needles)?])
                    })
                    .await;
            }
        }
    }
    looked.cannot(
        Place::Backups,
        "backups, archived WAL and standbys cannot be looked into from here: docs/personal-data.md says \
         how long they can be read",
    );
    looked.cannot(
        Place::Participants,
        "the payment provider, the carrier and whoever reads the feed keep what they were told",
    );
    match args.json {
        true => print(&serde_json::to_string_pretty(&json!({
            "customer_id": wanted.customer_id,
            "erased": looked.finds_nothing(),
            "complete": looked.is_complete(),
            "checks": looked.checks,
            "not_looked_at": looked.not,
        }))?),
        false => show(&looked, &wanted),
    }
    Ok(match (looked.finds_nothing(), looked.is_complete()) {
        (true, true) => ExitCode::SUCCESS,
        (true, false) => ExitCode::from(INCOMPLETE),
        (false, _) => ExitCode::FAILURE,
    })
}

fn show(looked: &Looked, wanted: &Wanted) {
    let mut rows = table(&["where", "looked at", "what can be read"]);
    for check in &looked.checks {
        let problem = check.problem.as_deref().unwrap_or("nothing");
        let count = number(&check.looked_at.into());
        rows.add_row(vec![Cell::new(&check.place), count, Cell::new(problem)]);
    }
    print(&rows.to_string());
    let mut rows = table(&["not looked at", "why", "accounted for"]);
    for not in &looked.not {
        let accounted_for = match not.accounted_for {
            true => "yes",
            false => "NO",
        };
        rows.add_row(vec![
            not.place.name(),
            not.reason.clone(),
            accounted_for.into(),
        ]);
    }
    print(&rows.to_string());
    let customer = &wanted.customer_id;
    match (looked.finds_nothing(), looked.is_complete()) {
        (true, true) => say(&format!(
            "Nothing of customer {customer} can be read where it was looked, and every place was looked at \
             or left out."
        )),
        (true, false) => say(&format!(
            "Nothing of customer {customer} can be read where it was looked; what was not looked at, and \
             not left out (--leave-out PLACE), is open."
        )),
        (false, _) => say(&format!("Something of customer {customer} can be read.")),
    }
}

//! `orders doctor`: what is wrong, and what to do.

mod broker;
mod database;
mod finding;
mod keys;
mod participants;
mod processes;
mod readers;
mod schema;
mod target;
mod tasks;

use super::{print, say};
use clap::Args;
use finding::{Finding, wrong};
use readers::Reader;
use sqlx::PgConnection;
use std::{process::ExitCode, time::Duration};
use target::Target;
use tokio::time::sleep;

/// How long anything that is asked may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long whoever is behind is given to move.
const SECOND_LOOK: Duration = Duration::from_secs(2);

/// Check database, broker, versions and lag.
///
/// Looks at the platform that runs from this directory's data, if one does; else at what the
/// settings name.
#[derive(Debug, Args)]
pub(super) struct DoctorArgs {
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: DoctorArgs) -> anyhow::Result<ExitCode> {
    let target = Target::find()?;
    let mut findings = vec![];
    data(&target, &mut findings).await;
    findings.extend(processes::look(&target.processes).await);
    findings.extend(participants::look(&target).await);
    if args.json {
        print(&serde_json::to_string_pretty(&findings)?);
    } else {
        show(&findings);
    }
    let well = findings.iter().all(|finding| finding.ok);
    Ok(match well {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// The store, and whatever follows it.
async fn data(target: &Target, findings: &mut Vec<Finding>) {
    let (what, schemas, advice): (_, &[&str], _) = match target.kurrentdb {
        true => (
            "database of the sagas",
            &["saga"],
            "start it, or set ORDERS__SAGA__URL".to_owned(),
        ),
        false => (
            "database",
            &["store", "saga"],
            "start PostgreSQL, or set ORDERS__STORE__URL (`make run` starts a private one)"
                .to_owned(),
        ),
    };
    let Some(mut store) = database::open(what, &target.store_url, &advice, findings).await else {
        return;
    };
    let mut elsewhere = None;
    if target.read_url != target.store_url {
        let advice = "start it, or set ORDERS__READ__URL".to_owned();
        let what = "database of the read models";
        elsewhere = database::open(what, &target.read_url, &advice, findings).await;
        if elsewhere.is_none() {
            return;
        }
    }
    let mut schemas = schema::look(&mut store, schemas).await;
    let read = elsewhere.as_mut().unwrap_or(&mut store);
    schemas.extend(schema::look(read, &["read"]).await);
    let complete = schemas.iter().all(|finding| finding.ok);
    findings.extend(schemas);
    findings.extend(broker::look(target.bus.as_ref()).await);
    if !complete {
        // What is looked at next may not be there.
        return;
    }
    if target.kurrentdb {
        findings.push(finding::well(
            "event store",
            "KurrentDB, which is not looked into here: /readyz of each process says whether it \
             answers, /projections and /sagas how far the readers are",
        ));
    } else {
        match follow(&mut store, elsewhere.as_mut(), target).await {
            Ok(found) => findings.extend(found),
            Err(error) => findings.push(wrong(
                "readers",
                format!("{error:#}"),
                "see the database's log, and run this again",
            )),
        }
    }
    let read = elsewhere.as_mut().unwrap_or(&mut store);
    findings.push(keys::look(read, &target.keys_url).await);
    findings.push(tasks::look(&mut store).await.unwrap_or_else(|error| {
        wrong(
            "tasks of the sagas",
            format!("{error:#}"),
            "see the database's log, and run this again",
        )
    }));
}

/// How far the readers are; those that are behind are looked at twice, to tell the slow from those
/// that stand still.
async fn follow(
    store: &mut PgConnection,
    mut elsewhere: Option<&mut PgConnection>,
    target: &Target,
) -> anyhow::Result<Vec<Finding>> {
    let mut look = async || {
        let read = elsewhere.as_deref_mut();
        let readers = readers::all(store, read, target.bus.as_ref()).await?;
        // Last: whoever reads this head has been given all that the readers were seen to have read.
        let head = database::head(store).await?;
        anyhow::Ok((readers, head))
    };
    let (first, before) = look().await?;
    let moving = first.iter().all(|reader| reader.is_at(before));
    let (now, head) = match moving {
        true => (first.clone(), before),
        false => {
            sleep(SECOND_LOOK).await;
            look().await?
        }
    };
    let mut findings = vec![finding::well(
        "event store",
        format!("{} events", head.position),
    )];
    findings.extend(readers::missing(&now));
    findings.extend(now.into_iter().map(|reader| {
        let earlier = first.iter().find(|other| other.is_same(&reader));
        let stood_still = !moving && earlier.is_some_and(|it| it.has_not_moved(&reader, before));
        Reader::judge(reader, head, stood_still)
    }));
    Ok(findings)
}

fn show(findings: &[Finding]) {
    for Finding {
        what,
        ok,
        detail,
        advice,
    } in findings
    {
        print(&format!(
            "{} {what}: {detail}",
            if *ok { "ok   " } else { "WRONG" }
        ));
        if let Some(advice) = advice {
            print(&format!("        -> {advice}"));
        }
    }
    match findings.iter().filter(|finding| !finding.ok).count() {
        0 => say("All is well."),
        wrong => say(&format!("{wrong} of {} things are wrong.", findings.len())),
    }
}

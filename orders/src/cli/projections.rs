//! `orders projections`

use super::{
    ProjectionApi, print, say,
    table::{table, text, time},
};
use clap::{Args, Subcommand};
use comfy_table::Cell;
use serde_json::{Value, json};

/// What is done with read models.
#[derive(Debug, Subcommand)]
pub(super) enum Projections {
    /// Tell what each read model is doing, how far it is behind the events, and how much is parked.
    List(ListArgs),
    /// List what is parked of a read model: sequences that wait behind an event that cannot be read or
    /// folded.
    Parked(ParkedArgs),
    /// List the events that were left out of a read model.
    Skipped(ParkedArgs),
    /// Have a parked sequence tried again: what waits is folded in its order.
    Retry(WhichArgs),
    /// Leave the event that stops a sequence out of the read model, for good, and go on with what waits
    /// behind it.
    Skip(SkipArgs),
    /// Have a read model built anew from all events: it stays readable meanwhile. `list` says how far that is.
    Rebuild(NameArgs),
    /// Put back what the last rebuild of a read model replaced. It goes on from where it was then.
    Rollback(NameArgs),
    /// Remove what is kept of a read model for a rollback.
    Forget(NameArgs),
}

/// All read models.
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    api: ProjectionApi,
}

/// Of which read model.
#[derive(Debug, Args)]
pub(super) struct ParkedArgs {
    /// The read model: see `orders projections list`.
    projection: String,
    /// How many at most.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    limit: u32,
    #[command(flatten)]
    api: ProjectionApi,
}

/// Which read model.
#[derive(Debug, Args)]
pub(super) struct NameArgs {
    /// The read model: see `orders projections list`.
    projection: String,
    #[command(flatten)]
    api: ProjectionApi,
}

/// Which sequence.
#[derive(Debug, Args)]
pub(super) struct WhichArgs {
    /// The read model: see `orders projections list`.
    projection: String,
    /// The position at which the sequence stops: see `orders projections parked`.
    #[arg(value_parser = clap::value_parser!(i64).range(1..))]
    position: i64,
    #[command(flatten)]
    api: ProjectionApi,
}

/// Which event, and why.
#[derive(Debug, Args)]
pub(super) struct SkipArgs {
    #[command(flatten)]
    which: WhichArgs,
    /// Why it is left out.
    #[arg(long)]
    reason: String,
    /// Who says so.
    #[arg(long, env = "USER")]
    by: String,
}

pub(super) async fn run(command: Projections) -> anyhow::Result<()> {
    match command {
        Projections::List(args) => list(&args.api).await,
        Projections::Parked(args) => parked(args).await,
        Projections::Skipped(args) => skipped(args).await,
        Projections::Retry(args) => retry(args).await,
        Projections::Skip(args) => skip(args).await,
        Projections::Rebuild(args) => rebuild(args).await,
        Projections::Rollback(args) => roll_back(args).await,
        Projections::Forget(args) => forget(args).await,
    }
}

async fn list(api: &ProjectionApi) -> anyhow::Result<()> {
    let answer = api.client()?.get("/v1/projections", &[], None).await?;
    if api.json {
        print(&serde_json::to_string_pretty(&answer)?);
        return Ok(());
    }
    let mut rows = table(&[
        "projection",
        "state",
        "position",
        "behind",
        "for",
        "parked",
        "kept for a rollback",
        "",
    ]);
    for status in items(&answer, "projections") {
        let seconds = status["lag_seconds"].as_f64();
        rows.add_row(vec![
            text(&status["name"]),
            Cell::new(doing(status)),
            text(&status["position"]),
            text(&status["lag_events"]),
            Cell::new(seconds.map_or_else(String::new, |seconds| format!("{seconds:.1} s"))),
            text(&status["parked"]["sequences"]),
            text(&status["replaced"]["position"]),
            text(&status["problem"]["reason"]),
        ]);
    }
    print(&rows.to_string());
    Ok(())
}

/// What it is doing, and how much of its rebuild is done, if one is under way.
fn doing(status: &Value) -> String {
    let state = status["state"].as_str().unwrap_or_default();
    match status["rebuild"]["percent"].as_f64() {
        Some(percent) if state == "rebuilding" => format!("{state}, {percent:.0} %"),
        Some(percent) => format!("{state}, rebuilding, {percent:.0} %"),
        None => state.to_owned(),
    }
}

async fn parked(args: ParkedArgs) -> anyhow::Result<()> {
    let Some(answer) = listed(&args, "parked").await? else {
        return Ok(());
    };
    let mut rows = table(&["position", "sequence", "waiting", "tried", "since", "error"]);
    for parked in items(&answer, "items") {
        rows.add_row(vec![
            text(&parked["position"]),
            text(&parked["sequence"]),
            text(&parked["queued"]),
            text(&parked["attempts"]),
            time(&parked["since"]),
            text(&parked["error"]),
        ]);
    }
    print(&rows.to_string());
    Ok(())
}

async fn skipped(args: ParkedArgs) -> anyhow::Result<()> {
    let Some(answer) = listed(&args, "skipped").await? else {
        return Ok(());
    };
    let mut rows = table(&[
        "position", "stream", "version", "type", "when", "by", "reason",
    ]);
    for event in items(&answer, "items") {
        rows.add_row(vec![
            text(&event["position"]),
            text(&event["stream"]),
            text(&event["version"]),
            text(&event["event_type"]),
            time(&event["skipped_at"]),
            text(&event["skipped_by"]),
            text(&event["reason"]),
        ]);
    }
    print(&rows.to_string());
    Ok(())
}

/// What was listed, unless it was printed as it came.
async fn listed(args: &ParkedArgs, what: &str) -> anyhow::Result<Option<Value>> {
    let path = format!("/v1/projections/{}/{what}", args.projection);
    let limit = [("limit", args.limit.to_string())];
    let answer = args.api.client()?.get(&path, &limit, None).await?;
    if args.api.json {
        print(&serde_json::to_string_pretty(&answer)?);
        return Ok(None);
    }
    if answer["has_more"] == Value::Bool(true) {
        say(&format!("There are more than {}.", args.limit));
    }
    Ok(Some(answer))
}

fn items<'a>(answer: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    answer[name].as_array().into_iter().flatten()
}

async fn retry(args: WhichArgs) -> anyhow::Result<()> {
    let answer = act(&args, "retry", &json!({})).await?;
    if !args.api.json {
        say(&format!(
            "{} is tried again.",
            answer["sequence"].as_str().unwrap_or_default()
        ));
    }
    Ok(())
}

async fn skip(args: SkipArgs) -> anyhow::Result<()> {
    let body = json!({ "reason": args.reason, "by": args.by });
    act(&args.which, "skip", &body).await?;
    if !args.which.api.json {
        say(&format!(
            "The event at position {} is left out of {}.",
            args.which.position, args.which.projection
        ));
    }
    Ok(())
}

async fn act(args: &WhichArgs, what: &str, body: &Value) -> anyhow::Result<Value> {
    let WhichArgs {
        projection,
        position,
        api,
    } = args;
    let path = format!("/v1/projections/{projection}/parked/{position}/{what}");
    let written = api.client()?.post(&path, None, body).await?;
    if api.json {
        print(&serde_json::to_string_pretty(&written.body)?);
    }
    Ok(written.body)
}

async fn rebuild(args: NameArgs) -> anyhow::Result<()> {
    let NameArgs { projection, api } = args;
    let path = format!("/v1/projections/{projection}/rebuild");
    let written = api.client()?.post(&path, None, &json!({})).await?;
    match api.json {
        true => print(&serde_json::to_string_pretty(&written.body)?),
        false => say(&format!(
            "{projection} is built anew: see `orders projections list`."
        )),
    }
    Ok(())
}

async fn roll_back(args: NameArgs) -> anyhow::Result<()> {
    let NameArgs { projection, api } = args;
    let path = format!("/v1/projections/{projection}/rollback");
    let written = api.client()?.post(&path, None, &json!({})).await?;
    match api.json {
        true => print(&serde_json::to_string_pretty(&written.body)?),
        false => say(&format!(
            "{projection} is rolled back to position {}, and goes on from there.",
            written.body["position"]
        )),
    }
    Ok(())
}

async fn forget(args: NameArgs) -> anyhow::Result<()> {
    let NameArgs { projection, api } = args;
    let path = format!("/v1/projections/{projection}/replaced");
    let written = api.client()?.delete(&path).await?;
    match api.json {
        true => print(&serde_json::to_string_pretty(&written.body)?),
        false => say(&format!(
            "Nothing is kept of {projection} for a rollback any more."
        )),
    }
    Ok(())
}

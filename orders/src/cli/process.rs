//! `orders process` and `orders processes`

use super::{
    Api,
    client::ApiClient,
    print, say,
    table::{table, text, time},
};
use clap::Args;
use comfy_table::Cell;
use serde_json::Value;
use uuid::Uuid;

/// Tell where an order is on its way.
#[derive(Debug, Args)]
pub(super) struct ProcessArgs {
    /// The order.
    order_id: Uuid,
    #[command(flatten)]
    api: Api,
}

/// List orders that are on their way.
#[derive(Debug, Args)]
pub(super) struct ProcessesArgs {
    /// Only those of which something should have happened by now, what is longest due first.
    #[arg(long, conflicts_with = "parked")]
    overdue: bool,
    /// Only those that wait for an operator.
    #[arg(long)]
    parked: bool,
    /// How many.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=200))]
    limit: u32,
    /// Where the page before ended.
    #[arg(long, allow_hyphen_values = true)]
    cursor: Option<String>,
    #[command(flatten)]
    api: Api,
}

pub(super) async fn show(args: ProcessArgs) -> anyhow::Result<()> {
    let client = ApiClient::new(&args.api)?;
    let path = format!("/v1/orders/{}/process", args.order_id);
    let process = client.get(&path, &[], None).await?;
    if args.api.json {
        print(&serde_json::to_string_pretty(&process)?);
        return Ok(());
    }
    let mut happened = table(&["happened", "why", "by", "when"]);
    for milestone in process["milestones"].as_array().into_iter().flatten() {
        happened.add_row(vec![
            text(&milestone["type"]),
            text(&milestone["reason"]),
            text(&milestone["actor"]),
            time(&milestone["at"]),
        ]);
    }
    print(&happened.to_string());
    let mut expected = table(&["expected", "of", "by", "since", "until", ""]);
    for next in process["expected"].as_array().into_iter().flatten() {
        expected.add_row(vec![
            text(&next["what"]),
            text(&next["of"]),
            text(&next["who"]),
            time(&next["since"]),
            time(&next["until"]),
            overdue(next),
        ]);
    }
    let stage = process["stage"].as_str().unwrap_or("-");
    match expected.is_empty() {
        true => say(&format!("The order is {stage}: nothing is expected.")),
        false => {
            print(&expected.to_string());
            say(&format!("The order is {stage}."));
        }
    }
    for waits in process["given_up"].as_array().into_iter().flatten() {
        let reason = waits["problem"].as_str().unwrap_or("-");
        let of = waits["of"].as_str();
        let of = of.map(|of| format!(" ({of})")).unwrap_or_default();
        let task = waits["task_id"].as_str();
        let task = task.map(|task| format!(", {task}")).unwrap_or_default();
        say(&format!("It waits for an operator: {reason}{of}{task}"));
    }
    Ok(())
}

pub(super) async fn list(args: ProcessesArgs) -> anyhow::Result<()> {
    let client = ApiClient::new(&args.api)?;
    let state = match (args.overdue, args.parked) {
        (true, _) => "overdue",
        (false, true) => "parked",
        (false, false) => "open",
    };
    let mut query = vec![
        ("limit", args.limit.to_string()),
        ("state", state.to_owned()),
    ];
    query.extend(args.cursor.map(|cursor| ("cursor", cursor)));
    let page = client.get("/v1/processes", &query, None).await?;
    if args.api.json {
        print(&serde_json::to_string_pretty(&page)?);
        return Ok(());
    }
    let mut processes = table(&[
        "order", "status", "stage", "expected", "by", "due", "", "parked",
    ]);
    for process in page["items"].as_array().into_iter().flatten() {
        let next = first_due(process);
        processes.add_row(vec![
            text(&process["order_id"]),
            text(&process["status"]),
            text(&process["stage"]),
            text(&next["what"]),
            text(&next["who"]),
            time(&process["due_at"]),
            overdue(process),
            text(&process["parked"]),
        ]);
    }
    print(&processes.to_string());
    if let Some(cursor) = page["next_cursor"].as_str() {
        say(&format!(
            "more: orders processes --cursor {cursor} (with the same options)"
        ));
    }
    Ok(())
}

/// Of what is expected, what is due first; what has no limit comes last.
fn first_due(process: &Value) -> &Value {
    let expected = process["expected"].as_array().into_iter().flatten();
    let due = expected.min_by_key(|next| next["until"].as_str().unwrap_or("~"));
    due.unwrap_or(&Value::Null)
}

fn overdue(value: &Value) -> Cell {
    Cell::new(match value["overdue"].as_bool() {
        Some(true) => "overdue",
        _ => "",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_due_first_is_told() {
        let process = json!({"expected": [
            {"what": "release", "until": null},
            {"what": "delivery", "until": "2026-01-09T00:00:00Z"},
            {"what": "packing", "until": "2026-01-02T00:00:00Z"},
        ]});
        assert_eq!(first_due(&process)["what"], "packing");
        assert_eq!(first_due(&json!({"expected": []})), &Value::Null);
    }
}

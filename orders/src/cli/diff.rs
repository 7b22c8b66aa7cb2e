//! `orders diff`

use super::{
    Api,
    client::ApiClient,
    get::history,
    print, say,
    table::{number, table, text, time},
};
use clap::Args;
use comfy_table::Cell;
use serde_json::Value;
use uuid::Uuid;

/// The longest value that is shown to people, in characters.
const LONGEST: usize = 80;

/// Tell what became of an order from one moment to another.
#[derive(Debug, Args)]
pub(super) struct DiffArgs {
    /// The order.
    order_id: Uuid,
    /// From when: a version, such as 1, or a time, such as 2010-12-01T08:26:00Z.
    #[arg(long, value_name = "VERSION|TIME")]
    from: String,
    /// To when: a version or a time; now, if it is left out.
    #[arg(long, value_name = "VERSION|TIME")]
    to: Option<String>,
    #[command(flatten)]
    api: Api,
}

pub(super) async fn run(args: DiffArgs) -> anyhow::Result<()> {
    let client = ApiClient::new(&args.api)?;
    let mut query = vec![("from", args.from)];
    query.extend(args.to.map(|to| ("to", to)));
    let path = format!("/v1/orders/{}/diff", args.order_id);
    let diff = client.get(&path, &query, None).await?;
    if args.api.json {
        print(&serde_json::to_string_pretty(&diff)?);
        return Ok(());
    }
    let mut moments = table(&["", "version", "time", "position"]);
    for name in ["from", "to"] {
        let moment = &diff[name];
        moments.add_row(vec![
            Cell::new(name),
            number(&moment["version"]),
            time(&moment["time"]),
            number(&moment["position"]),
        ]);
    }
    print(&moments.to_string());
    let mut changes = table(&["field", "before", "after"]);
    for change in diff["changes"].as_array().into_iter().flatten() {
        changes.add_row(vec![
            text(&change["path"]),
            Cell::new(value(change.get("before"))),
            Cell::new(value(change.get("after"))),
        ]);
    }
    print(&changes.to_string());
    if let Some(items) = diff["events"].as_array() {
        print(&history(items).to_string());
    }
    if let Some(more @ 1..) = diff["events_left_off"].as_u64() {
        say(&format!(
            "{more} more events are not shown: orders get {} --events has them",
            args.order_id
        ));
    }
    Ok(())
}

/// A value as people read it: a text as it is, what is long cut off, a dash where there is nothing.
fn value(value: Option<&Value>) -> String {
    let text = match value {
        None | Some(Value::Null) => return "-".into(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_value_is_shown_as_people_read_it() {
        for (given, shown) in [
            (None, "-"),
            (Some(json!(null)), "-"),
            (Some(json!("placed")), "placed"),
            (Some(json!(3)), "3"),
            (Some(json!([{"hold": "a"}])), r#"[{"hold":"a"}]"#),
        ] {
            assert_eq!(value(given.as_ref()), shown);
        }
        let long = "é".repeat(LONGEST + 1);
        assert_eq!(value(Some(&json!(long))).chars().count(), LONGEST + 1);
    }
}

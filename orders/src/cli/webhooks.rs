//! `orders webhooks`

use super::{
    NotificationApi, print, say,
    table::{number, table, text, time},
};
use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

/// What is done with webhooks.
#[derive(Debug, Subcommand)]
pub(super) enum Webhooks {
    /// Have somebody told of what happens from now on. Prints the secret, this once.
    Create(CreateArgs),
    /// List webhooks, the oldest first.
    List(ListArgs),
    /// Show a webhook.
    Show(NamedArgs),
    /// Change where a webhook goes, what it is told of, or what people call it; what is not named stays.
    Change(ChangeArgs),
    /// Send nothing more to a webhook for now.
    Disable(ActArgs),
    /// Send to a webhook again.
    Enable(ActArgs),
    /// Delete a webhook, with its secrets and its log.
    Delete(NamedArgs),
    /// Replace what signs for a webhook. Prints the new secret, this once.
    Rotate(RotateArgs),
    /// List what was sent to a webhook, and what is to be: the latest events first.
    Deliveries(DeliveriesArgs),
    /// Send something once more: one delivery, or what a webhook missed within a time.
    Redeliver(RedeliverArgs),
}

/// Who is told of what.
#[derive(Debug, Args)]
pub(super) struct CreateArgs {
    /// Where to: https://….
    to: String,
    /// Only of this: order.confirmed, order.dispatched, order.refunded, order.cancelled or
    /// order.parcel_cancelled; may be given several times.
    #[arg(long = "event")]
    events: Vec<String>,
    /// What people call it.
    #[arg(long)]
    description: Option<String>,
    /// The request's key: sent again with the same key, nothing more happens.
    #[arg(long)]
    idempotency_key: Option<String>,
    #[command(flatten)]
    api: NotificationApi,
}

/// Which page.
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// How many.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=200))]
    limit: u32,
    /// Where the page before ended.
    #[arg(long, allow_hyphen_values = true)]
    cursor: Option<String>,
    #[command(flatten)]
    api: NotificationApi,
}

/// Which webhook.
#[derive(Debug, Args)]
pub(super) struct NamedArgs {
    /// The webhook.
    webhook_id: Uuid,
    #[command(flatten)]
    api: NotificationApi,
}

/// What is to be otherwise of a webhook.
#[derive(Debug, Args)]
#[group(id = "change", required = true, multiple = true, args = ["to", "events", "all", "description"])]
pub(super) struct ChangeArgs {
    /// The webhook.
    webhook_id: Uuid,
    /// Where to: https://…. Deliveries that wait go there as well.
    #[arg(long)]
    to: Option<String>,
    /// Only of this from now on: order.confirmed, order.dispatched, order.refunded, order.cancelled or
    /// order.parcel_cancelled; may be given several times.
    #[arg(long = "event")]
    events: Vec<String>,
    /// Of everything from now on.
    #[arg(long, conflicts_with = "events")]
    all: bool,
    /// What people call it; an empty text for nothing.
    #[arg(long)]
    description: Option<String>,
    /// The request's key: sent again with the same key, nothing more happens.
    #[arg(long)]
    idempotency_key: Option<String>,
    #[command(flatten)]
    api: NotificationApi,
}

/// Which webhook, and under which key.
#[derive(Debug, Args)]
pub(super) struct ActArgs {
    /// The webhook.
    webhook_id: Uuid,
    /// The request's key: sent again with the same key, nothing more happens.
    #[arg(long)]
    idempotency_key: Option<String>,
    #[command(flatten)]
    api: NotificationApi,
}

/// How a secret is replaced.
#[derive(Debug, Args)]
pub(super) struct RotateArgs {
    #[command(flatten)]
    act: ActArgs,
    /// For so many seconds the secret of before signs as well; 0 for one that got out.
    #[arg(long)]
    overlap: Option<u64>,
}

/// Which deliveries.
#[derive(Debug, Args)]
pub(super) struct DeliveriesArgs {
    /// The webhook.
    webhook_id: Uuid,
    /// Only those of this status: pending, delivered, failed or skipped.
    #[arg(long)]
    status: Option<String>,
    #[command(flatten)]
    page: ListArgs,
}

/// What is sent once more.
#[derive(Debug, Args)]
pub(super) struct RedeliverArgs {
    /// A delivery; with --from and --to, a webhook.
    id: Uuid,
    /// What happened from then on, such as 2026-01-02T00:00:00Z.
    #[arg(long, requires = "to")]
    from: Option<String>,
    /// What happened before then.
    #[arg(long, requires = "from")]
    to: Option<String>,
    /// Also what was delivered; else only what was given up or skipped.
    #[arg(long, requires = "from")]
    all: bool,
    /// The request's key: sent again with the same key, nothing more happens.
    #[arg(long)]
    idempotency_key: Option<String>,
    #[command(flatten)]
    api: NotificationApi,
}

pub(super) async fn run(command: Webhooks) -> anyhow::Result<()> {
    match command {
        Webhooks::Create(args) => create(args).await,
        Webhooks::List(args) => list(args).await,
        Webhooks::Show(args) => show(args).await,
        Webhooks::Change(args) => change(args).await,
        Webhooks::Disable(args) => act(args, "disable", &json!({})).await,
        Webhooks::Enable(args) => act(args, "enable", &json!({})).await,
        Webhooks::Delete(args) => delete(args).await,
        Webhooks::Rotate(RotateArgs { act: args, overlap }) => {
            let body = match overlap {
                Some(overlap) => json!({ "overlap_s": overlap }),
                None => json!({}),
            };
            act(args, "rotate", &body).await
        }
        Webhooks::Deliveries(args) => deliveries(args).await,
        Webhooks::Redeliver(args) => redeliver(args).await,
    }
}

async fn create(args: CreateArgs) -> anyhow::Result<()> {
    let body = json!({
        "url": args.to,
        "events": args.events,
        "description": args.description,
    });
    let key = args.idempotency_key.as_deref();
    let written = args.api.client()?.post("/v1/webhooks", key, &body).await?;
    tell(&args.api, &written.body)
}

async fn show(args: NamedArgs) -> anyhow::Result<()> {
    let path = format!("/v1/webhooks/{}", args.webhook_id);
    let webhook = args.api.client()?.get(&path, &[], None).await?;
    tell(&args.api, &webhook)
}

async fn change(args: ChangeArgs) -> anyhow::Result<()> {
    let path = format!("/v1/webhooks/{}", args.webhook_id);
    let mut body = serde_json::Map::new();
    body.extend(args.to.map(|to| ("url".to_owned(), to.into())));
    if args.all || !args.events.is_empty() {
        body.insert("events".to_owned(), args.events.into());
    }
    let description = args.description;
    body.extend(description.map(|text| ("description".to_owned(), text.into())));
    let key = args.idempotency_key.as_deref();
    let client = args.api.client()?;
    let written = client
        .write(Method::PATCH, &path, key, &Value::Object(body))
        .await?;
    tell(&args.api, &written.body)
}

async fn act(args: ActArgs, what: &str, body: &Value) -> anyhow::Result<()> {
    let path = format!("/v1/webhooks/{}/{what}", args.webhook_id);
    let key = args.idempotency_key.as_deref();
    let written = args.api.client()?.post(&path, key, body).await?;
    tell(&args.api, &written.body)
}

async fn delete(args: NamedArgs) -> anyhow::Result<()> {
    let path = format!("/v1/webhooks/{}", args.webhook_id);
    let client = args.api.client()?;
    let done = client
        .write(Method::DELETE, &path, None, &json!({}))
        .await?;
    if args.api.json {
        print(&serde_json::to_string_pretty(&done.body)?);
    } else {
        say(&format!("Webhook {} is deleted.", args.webhook_id));
    }
    Ok(())
}

/// Shows a webhook, and its secret where that is shown.
fn tell(api: &NotificationApi, webhook: &Value) -> anyhow::Result<()> {
    if api.json {
        print(&serde_json::to_string_pretty(webhook)?);
        return Ok(());
    }
    print(&webhooks(std::slice::from_ref(webhook)));
    if let Some(secret) = webhook["secret"].as_str() {
        say("The secret, which is shown this once:");
        print(secret);
    }
    Ok(())
}

fn webhooks(webhooks: &[Value]) -> String {
    let mut rows = table(&[
        "webhook",
        "to",
        "events",
        "status",
        "reason",
        "description",
        "created",
    ]);
    for webhook in webhooks {
        let events = webhook["events"].as_array().into_iter().flatten();
        let events: Vec<_> = events.filter_map(Value::as_str).collect();
        let events = match events.is_empty() {
            true => "all".to_owned(),
            false => events.join(", "),
        };
        rows.add_row(vec![
            text(&webhook["webhook_id"]),
            text(&webhook["url"]),
            text(&Value::String(events)),
            text(&webhook["status"]),
            text(&webhook["disabled_reason"]),
            text(&webhook["description"]),
            time(&webhook["created_at"]),
        ]);
    }
    rows.to_string()
}

async fn list(args: ListArgs) -> anyhow::Result<()> {
    let page = page(&args, "/v1/webhooks", None).await?;
    if args.api.json {
        print(&serde_json::to_string_pretty(&page)?);
        return Ok(());
    }
    print(&webhooks(
        page["items"].as_array().map_or(&[], Vec::as_slice),
    ));
    tell_more(&page, "orders webhooks list");
    Ok(())
}

async fn deliveries(args: DeliveriesArgs) -> anyhow::Result<()> {
    let path = format!("/v1/webhooks/{}/deliveries", args.webhook_id);
    let command = format!("orders webhooks deliveries {}", args.webhook_id);
    log(&args.page, &path, args.status, &command).await
}

/// A page of a log of deliveries.
pub(super) async fn log(
    args: &ListArgs,
    path: &str,
    status: Option<String>,
    command: &str,
) -> anyhow::Result<()> {
    let page = page(args, path, status).await?;
    if args.api.json {
        print(&serde_json::to_string_pretty(&page)?);
        return Ok(());
    }
    let mut rows = table(&[
        "delivery", "type", "order", "status", "tries", "answer", "problem", "happened", "next try",
    ]);
    for delivery in page["items"].as_array().into_iter().flatten() {
        rows.add_row(vec![
            text(&delivery["delivery_id"]),
            text(&delivery["type"]),
            text(&delivery["order_id"]),
            text(&delivery["status"]),
            number(&delivery["attempts"]),
            text(&delivery["last_status"]),
            text(&delivery["problem"]),
            time(&delivery["occurred_at"]),
            time(&delivery["next_attempt_at"]),
        ]);
    }
    print(&rows.to_string());
    tell_more(&page, command);
    Ok(())
}

async fn page(args: &ListArgs, path: &str, status: Option<String>) -> anyhow::Result<Value> {
    let mut query = vec![("limit", args.limit.to_string())];
    query.extend(status.map(|status| ("status", status)));
    query.extend(args.cursor.clone().map(|cursor| ("cursor", cursor)));
    args.api.client()?.get(path, &query, None).await
}

fn tell_more(page: &Value, command: &str) {
    if let Some(cursor) = page["next_cursor"].as_str() {
        say(&format!(
            "more: {command} --cursor {cursor} (with the same filters)"
        ));
    }
}

async fn redeliver(args: RedeliverArgs) -> anyhow::Result<()> {
    if let (Some(from), Some(to)) = (&args.from, &args.to) {
        let path = format!("/v1/webhooks/{}/redeliver", args.id);
        let range = json!({"from": from, "to": to, "include_delivered": args.all});
        return range_again(&args.api, &path, args.idempotency_key, range, "deliveries").await;
    }
    let path = format!("/v1/webhooks/deliveries/{}/redeliver", args.id);
    let key = args.idempotency_key.as_deref();
    let written = args.api.client()?.post(&path, key, &json!({})).await?;
    tell_redelivered(&args.api, &written.body)
}

/// Has all of a time sent again, one request after another until nothing is left of it, and shows how many
/// of `them` that is.
pub(super) async fn range_again(
    api: &NotificationApi,
    path: &str,
    key: Option<String>,
    mut range: Value,
    them: &str,
) -> anyhow::Result<()> {
    let client = api.client()?;
    let first = key.unwrap_or_else(|| Uuid::now_v7().to_string());
    let (mut key, mut count) = (first.clone(), 0_u64);
    loop {
        let written = match client.post(path, Some(&key), &range).await {
            Ok(written) => written,
            Err(error) if key == first => return Err(error),
            Err(error) => {
                return Err(error.context(format!(
                    "{count} {them} are sent again so far; the same command with \
                     --idempotency-key {first} goes on"
                )));
            }
        };
        count = count.saturating_add(written.body["redelivered"].as_u64().unwrap_or_default());
        let Some(after) = written.body["next_after"].as_i64() else {
            break;
        };
        range["after"] = json!(after);
        // The same for the same: so that the whole of it can be repeated under its first key.
        let next = format!("{first} after {after}");
        key = Uuid::new_v5(&Uuid::NAMESPACE_OID, next.as_bytes()).to_string();
    }
    if api.json {
        let done = json!({"redelivered": count, "has_more": false});
        print(&serde_json::to_string_pretty(&done)?);
    } else {
        say(&format!("{count} {them} are sent again."));
    }
    Ok(())
}

/// Shows the delivery that is sent again.
pub(super) fn tell_redelivered(api: &NotificationApi, delivery: &Value) -> anyhow::Result<()> {
    if api.json {
        print(&serde_json::to_string_pretty(delivery)?);
    } else {
        let id = delivery["delivery_id"].as_str().unwrap_or_default();
        say(&format!("Delivery {id} is sent again."));
    }
    Ok(())
}

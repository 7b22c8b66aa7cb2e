//! `orders note`

use super::{Api, client::ApiClient, print, say};
use clap::Args;
use serde_json::json;
use uuid::Uuid;

/// Write a note on an order: it is kept in the order's history.
#[derive(Debug, Args)]
pub(super) struct NoteArgs {
    /// The order.
    order_id: Uuid,
    /// What to write, for people.
    text: String,
    /// The request's key: sent again with the same key, nothing more happens.
    #[arg(long)]
    idempotency_key: Option<String>,
    #[command(flatten)]
    api: Api,
}

pub(super) async fn run(args: NoteArgs) -> anyhow::Result<()> {
    let client = ApiClient::new(&args.api)?;
    let path = format!("/v1/orders/{}/notes", args.order_id);
    let body = json!({ "text": args.text });
    let key = args.idempotency_key.as_deref();
    let written = client.post(&path, key, &body).await?;
    if args.api.json {
        print(&serde_json::to_string_pretty(&written.body)?);
    } else {
        say(&format!("The note is written on order {}.", args.order_id));
    }
    Ok(())
}

//! `orders emails`

use super::{
    NotificationApi, print, say,
    webhooks::{ListArgs, log},
};
use clap::{Args, Subcommand};
use serde_json::json;
use uuid::Uuid;

/// What is done with e-mails.
#[derive(Debug, Subcommand)]
pub(super) enum Emails {
    /// List e-mails: the latest events first.
    List(ListEmailsArgs),
    /// Send an e-mail once more, to the address that the customer has now.
    Redeliver(RedeliverArgs),
}

/// Which e-mails.
#[derive(Debug, Args)]
pub(super) struct ListEmailsArgs {
    /// Only those of this status: pending, delivered, failed or skipped.
    #[arg(long)]
    status: Option<String>,
    #[command(flatten)]
    page: ListArgs,
}

/// Which e-mail, and under which key.
#[derive(Debug, Args)]
pub(super) struct RedeliverArgs {
    /// The delivery.
    delivery_id: Uuid,
    /// The request's key: sent again with the same key, nothing more happens.
    #[arg(long)]
    idempotency_key: Option<String>,
    #[command(flatten)]
    api: NotificationApi,
}

pub(super) async fn run(command: Emails) -> anyhow::Result<()> {
    match command {
        Emails::List(args) => {
            log(&args.page, "/v1/emails", args.status, "orders emails list").await
        }
        Emails::Redeliver(args) => redeliver(args).await,
    }
}

async fn redeliver(args: RedeliverArgs) -> anyhow::Result<()> {
    let path = format!("/v1/emails/{}/redeliver", args.delivery_id);
    let key = args.idempotency_key.as_deref();
    let written = args.api.client()?.post(&path, key, &json!({})).await?;
    if args.api.json {
        print(&serde_json::to_string_pretty(&written.body)?);
    } else {
        say(&format!("E-mail {} is sent again.", args.delivery_id));
    }
    Ok(())
}

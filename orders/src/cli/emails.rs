//! `orders emails`

use super::{
    NotificationApi,
    webhooks::{ListArgs, log, tell_redelivered},
};
use clap::{Args, Subcommand};
use serde_json::json;
use uuid::Uuid;

/// What is done with e-mails.
#[derive(Debug, Subcommand)]
pub(super) enum Emails {
    /// List e-mails: the latest events first.
    List(ListEmailsArgs),
    /// Send once more, to the addresses that customers have now: one e-mail, or those that did not arrive
    /// within a time.
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

/// What is sent once more, and under which key.
#[derive(Debug, Args)]
pub(super) struct RedeliverArgs {
    /// A delivery; none with --from and --to.
    #[arg(required_unless_present = "from", conflicts_with = "from")]
    delivery_id: Option<Uuid>,
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

pub(super) async fn run(command: Emails) -> anyhow::Result<()> {
    match command {
        Emails::List(args) => {
            log(&args.page, "/v1/emails", args.status, "orders emails list").await
        }
        Emails::Redeliver(args) => redeliver(args).await,
    }
}

async fn redeliver(args: RedeliverArgs) -> anyhow::Result<()> {
    let (path, body) = match (args.delivery_id, args.from, args.to) {
        (Some(id), ..) => (format!("/v1/emails/{id}/redeliver"), json!({})),
        (None, from, to) => (
            "/v1/emails/redeliver".into(),
            json!({"from": from, "to": to, "include_delivered": args.all}),
        ),
    };
    let key = args.idempotency_key.as_deref();
    let written = args.api.client()?.post(&path, key, &body).await?;
    tell_redelivered(&args.api, &written.body, "e-mails")
}

//! `orders amendments`

use super::{
    Api,
    client::{ApiClient, Written},
    print,
    returns::{Quantity, quantities},
    say,
    table::money_text,
};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use uuid::Uuid;

/// What there is to do about amendments.
#[derive(Debug, Subcommand)]
pub(super) enum Amendments {
    /// Say what an order would be: nothing is changed yet.
    Propose(ProposeArgs),
    /// Have an order be as was proposed.
    Apply(AmendmentArgs),
    /// Take back what was proposed.
    Withdraw(AmendmentArgs),
}

/// What is to be wanted of an order.
#[derive(Debug, Args)]
pub(super) struct ProposeArgs {
    /// The order.
    order_id: Uuid,
    /// How many in all, such as 1=2 for two of line 1 and 2=0 for none of line 2; may be given several times.
    #[arg(long = "line", required = true)]
    lines: Vec<Quantity>,
    /// Why, for people.
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    request: Seen,
}

/// Which amendment.
#[derive(Debug, Args)]
pub(super) struct AmendmentArgs {
    /// The order.
    order_id: Uuid,
    /// The amendment.
    amendment_id: Uuid,
    #[command(flatten)]
    request: Seen,
}

/// A request that is about what was seen.
#[derive(Debug, Args)]
struct Seen {
    /// The version of the order that you saw: it must still be that.
    #[arg(long)]
    seen: i64,
    /// The request's key: sent again with the same key, nothing more happens.
    #[arg(long)]
    idempotency_key: Option<String>,
    #[command(flatten)]
    api: Api,
}

impl Seen {
    async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Written> {
        let client = ApiClient::new(&self.api)?;
        let key = self.idempotency_key.as_deref();
        client.post_seen(path, key, self.seen, body).await
    }
}

pub(super) async fn run(command: Amendments) -> anyhow::Result<()> {
    match command {
        Amendments::Propose(args) => propose(args).await,
        Amendments::Apply(args) => {
            let written = end(&args, "apply").await?;
            let total = money_text(&written.body["total"]);
            told(
                &args,
                &written,
                &format!("It is so: what is wanted comes to {total}."),
            )
        }
        Amendments::Withdraw(args) => {
            let written = end(&args, "withdraw").await?;
            told(&args, &written, "It is withdrawn, and the order as it was.")
        }
    }
}

async fn propose(args: ProposeArgs) -> anyhow::Result<()> {
    let path = format!("/v1/orders/{}/amendments", args.order_id);
    let body = json!({ "lines": quantities(&args.lines), "reason": args.reason });
    let written = args.request.post(&path, &body).await?;
    if args.request.api.json {
        print(&serde_json::to_string_pretty(&written.body)?);
        return Ok(());
    }
    let amendment = &written.body["amendment"];
    let id = amendment["amendment_id"].as_str().unwrap_or("-");
    let version = &written.body["version"];
    say(&format!(
        "Order {} would come to {} instead of {}, and {} of what is set aside would be let go.",
        args.order_id,
        money_text(&amendment["total"]),
        money_text(&amendment["total_before"]),
        money_text(&amendment["released"]),
    ));
    say(&format!(
        "apply it: orders amendments apply {} {id} --seen {version}",
        args.order_id
    ));
    Ok(())
}

async fn end(args: &AmendmentArgs, how: &str) -> anyhow::Result<Written> {
    let AmendmentArgs {
        order_id,
        amendment_id,
        request,
    } = args;
    let path = format!("/v1/orders/{order_id}/amendments/{amendment_id}/{how}");
    request.post(&path, &json!({})).await
}

fn told(args: &AmendmentArgs, written: &Written, sentence: &str) -> anyhow::Result<()> {
    match args.request.api.json {
        true => print(&serde_json::to_string_pretty(&written.body)?),
        false => say(sentence),
    }
    Ok(())
}

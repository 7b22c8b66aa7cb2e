//! `orders hold` and `orders release`

use super::{Api, client::ApiClient, print, say};
use clap::Args;
use domain::order::check_hold_name;
use serde_json::json;
use uuid::Uuid;

/// Put a hold on an order.
#[derive(Debug, Args)]
pub(super) struct HoldArgs {
    /// The order.
    order_id: Uuid,
    /// Which hold: a short name, by which it is released.
    #[arg(value_parser = name)]
    hold: String,
    /// Why, for people.
    #[arg(long)]
    reason: String,
    /// The request's key: sent again with the same key, nothing more happens.
    #[arg(long)]
    idempotency_key: Option<String>,
    #[command(flatten)]
    api: Api,
}

/// Take a hold off an order.
#[derive(Debug, Args)]
pub(super) struct ReleaseArgs {
    /// The order.
    order_id: Uuid,
    /// Which hold, as it was named.
    #[arg(value_parser = name)]
    hold: String,
    /// The request's key: sent again with the same key, nothing more happens.
    #[arg(long)]
    idempotency_key: Option<String>,
    #[command(flatten)]
    api: Api,
}

/// A hold's name: it stands in the request's path.
fn name(text: &str) -> Result<String, String> {
    check_hold_name(text).map_err(|error| error.to_string())?;
    Ok(text.to_owned())
}

pub(super) async fn hold(args: HoldArgs) -> anyhow::Result<()> {
    let client = ApiClient::new(&args.api)?;
    let path = format!("/v1/orders/{}/holds", args.order_id);
    let body = json!({ "hold": args.hold, "reason": args.reason });
    let key = args.idempotency_key.as_deref();
    let written = client.post(&path, key, &body).await?;
    if args.api.json {
        print(&serde_json::to_string_pretty(&written.body)?);
    } else {
        say(&format!(
            "Order {} is on hold: {}.",
            args.order_id, args.hold
        ));
    }
    Ok(())
}

pub(super) async fn release(args: ReleaseArgs) -> anyhow::Result<()> {
    let client = ApiClient::new(&args.api)?;
    let path = format!("/v1/orders/{}/holds/{}/release", args.order_id, args.hold);
    let key = args.idempotency_key.as_deref();
    let written = client.post(&path, key, &json!({})).await?;
    if args.api.json {
        print(&serde_json::to_string_pretty(&written.body)?);
    } else {
        say(&format!(
            "The hold {} is off order {}.",
            args.hold, args.order_id
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hold_has_a_name_that_may_stand_in_a_path() {
        assert_eq!(name("fraud-check"), Ok("fraud-check".into()));
        for wrong in ["", "a/b", "a b", "../notes"] {
            assert!(name(wrong).is_err(), "{wrong:?}");
        }
    }
}

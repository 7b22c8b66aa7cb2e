//! One endpoint, one file.

pub(crate) mod change_webhook;
pub(crate) mod create_webhook;
pub(crate) mod delete_webhook;
pub(crate) mod disable_webhook;
pub(crate) mod enable_webhook;
pub(crate) mod get_webhook;
pub(crate) mod list_deliveries;
pub(crate) mod list_emails;
pub(crate) mod list_webhooks;
pub(crate) mod redeliver;
pub(crate) mod redeliver_email;
pub(crate) mod redeliver_range;
pub(crate) mod rotate_secret;

use super::{NotifierApi, problem, rules};
use crate::storage::{Endpoint, endpoints};
use chassis::Problem;
use sqlx::PgConnection;
use uuid::Uuid;

/// The endpoint `id`, locked and at the version that the sender saw.
async fn locked(
    api: &NotifierApi,
    tx: &mut PgConnection,
    id: Uuid,
    seen: Option<u64>,
) -> Result<Endpoint, Problem> {
    let endpoint = endpoints::lock(tx, &api.tenant, id).await;
    let endpoint = endpoint.map_err(problem::failed)?;
    let endpoint = endpoint.ok_or_else(|| problem::no_such_webhook(id))?;
    rules::unchanged(seen, endpoint.version)?;
    Ok(endpoint)
}

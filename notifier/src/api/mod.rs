//! The management of webhooks, and the logs of deliveries.

mod answer;
mod body;
mod deliveries;
mod documentation;
mod endpoints;
mod grpc;
mod idempotency;
mod page;
mod problem;
mod request;
mod rules;
mod webhooks;

pub use grpc::SERVICES;

use crate::{notice::WebhookBody, storage::NotifyStore, webhook::Reach};
use bus::Feed;
use chassis::{problem::ProblemDetails, token::Signer};
use domain::TenantId;
use std::{sync::Arc, time::Duration};
use store::Clock;
use tokio::sync::Notify;
use tonic::service::Interceptor;
use utoipa::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};
use vault::Vault;

/// What the endpoints work with.
#[derive(Clone)]
pub(crate) struct NotifierApi(Arc<Api>);

pub(crate) struct Api {
    pub store: NotifyStore,
    pub vault: Vault,
    pub clock: Arc<dyn Clock>,
    /// Says how far the events are.
    pub feed: Arc<dyn Feed>,
    pub tenant: TenantId,
    /// Where webhooks may go.
    pub reach: Reach,
    pub max_endpoints: u32,
    /// How long a replaced secret still signs.
    pub overlap: Duration,
    /// Seals page cursors.
    pub cursors: Signer,
    pub default_limit: u32,
    pub max_limit: u32,
    /// Told that something may be due.
    pub due: Arc<Notify>,
}

impl NotifierApi {
    pub(crate) fn new(api: Api) -> Self {
        Self(Arc::new(api))
    }
}

impl std::ops::Deref for NotifierApi {
    type Target = Api;

    fn deref(&self) -> &Api {
        &self.0
    }
}

/// The management API.
#[derive(OpenApi)]
#[openapi(
    info(title = "Orders: notifications", description = "Say who is told of what happens to orders."),
    components(schemas(ProblemDetails, WebhookBody)),
    tags(
        (name = "webhooks", description = "Webhooks"),
        (name = "emails", description = "E-mails"),
    )
)]
struct Document;

fn routes() -> OpenApiRouter<NotifierApi> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(endpoints::create_webhook::create_webhook))
        .routes(routes!(endpoints::list_webhooks::list_webhooks))
        .routes(routes!(endpoints::get_webhook::get_webhook))
        .routes(routes!(endpoints::change_webhook::change_webhook))
        .routes(routes!(endpoints::delete_webhook::delete_webhook))
        .routes(routes!(endpoints::enable_webhook::enable_webhook))
        .routes(routes!(endpoints::disable_webhook::disable_webhook))
        .routes(routes!(endpoints::rotate_secret::rotate_secret))
        .routes(routes!(endpoints::list_deliveries::list_deliveries))
        .routes(routes!(endpoints::redeliver::redeliver))
        .routes(routes!(endpoints::redeliver_range::redeliver_range))
        .routes(routes!(endpoints::list_emails::list_emails))
        .routes(routes!(endpoints::redeliver_email::redeliver_email))
        .routes(routes!(endpoints::redeliver_emails::redeliver_emails))
}

/// The routes, and the calls that `authorize` lets through, whose messages have at most `max_bytes`; to be
/// wrapped by the service that serves them.
pub(crate) fn router<A>(api: NotifierApi, authorize: A, max_bytes: usize) -> axum::Router
where
    A: Interceptor + Clone + Send + Sync + 'static,
{
    let calls = grpc::router(api.clone(), authorize, max_bytes);
    routes().split_for_parts().0.with_state(api).merge(calls)
}

/// The OpenAPI document of the management of webhooks.
pub fn openapi() -> utoipa::openapi::OpenApi {
    routes().split_for_parts().1
}
